#pragma once

/*
 * Files that were streamed into the store (media/blob.h, stages): from staged bytes to blobs with
 * their rows. Nobody refers to them yet: media_refer, or core/attachments.h, comes next, and what
 * is never referred to goes by itself after an hour (core/media.h).
 */

#include "core/core.h"
#include "media/blob.h"

enum { MEDIA_FILES_MAX = 16 };

/* A new stage. FEATURE_DISABLED (a core without a media folder), STORE_FULL, STORE_IO, NO_MEMORY.
 */
MUST_CHECK enum err media_stage_begin(struct core *c, struct blob_stage **out);
/* Announces the rows of all (finished stages) in one transaction, then makes the blobs durable. The
 * stages are gone in any case. RETRY: one of them is being removed at this moment. */
MUST_CHECK enum err media_stages_commit(struct core *c, struct blob_stage **stages, size_t count);
/* At most len bytes of a blob from offset on; *got less: it ends there. UNKNOWN_ASSET. */
MUST_CHECK enum err media_read_at(struct core *c, const char *blob, uint64_t offset, void *into,
                                  size_t len, size_t *got);
/* What is worth a media_read_at of its own (struct blob_store, read_bytes); 0: anything. */
size_t media_read_bytes(const struct core *c);
/* Upkeep: files that a crash left behind half-written. */
MUST_CHECK enum err media_sweep_step(struct core *c, bool *more);
