#pragma once

/* Files of messages, and how many bytes of them somebody and a guild have: SQL, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* Stored (blob_references.kind); also of core/media.h, which the store does not see. */
enum { ATTACHMENT_REFERENCE = 13, UPLOAD_REFERENCE = 14 };

/* The row alone; its blob is referred to beside it (store/blobs.h). */
MUST_CHECK enum err attachments_insert(struct sql_conn *c, const struct attachment *a);
/* Title, description and flags. */
MUST_CHECK enum err attachments_update(struct sql_conn *c, const struct attachment *a);
/* The row alone. */
MUST_CHECK enum err attachments_delete(struct sql_conn *c, const struct attachment *a);
/* UNKNOWN_ASSET. */
MUST_CHECK enum err attachments_find(struct sql_conn *c, uint64_t id, struct arena *arena,
                                     struct attachment *out);
/* Those of the channel's messages in `messages` (packed, store/id_list.h), ascending by message,
 * then id. */
MUST_CHECK enum err attachments_of(struct sql_conn *c, struct channel_id channel,
                                   struct slice messages, struct arena *arena,
                                   struct attachment **out, size_t *count);
/* All of these messages of the channel (packed, store/id_list.h), with what they use: their blobs
 * are let go, their bytes no longer counted. */
MUST_CHECK enum err attachments_remove(struct sql_conn *c, struct channel_id channel,
                                       struct slice messages, int64_t now_ms);

/* Whose bytes are counted; stored (media_usage.kind). */
enum usage_kind { USAGE_USER = 1, USAGE_GUILD = 2 };
/* Adds (or, less than 0, takes away); *bytes: what there is now. */
MUST_CHECK enum err usage_add(struct sql_conn *c, enum usage_kind kind, uint64_t id, int64_t change,
                              uint64_t *bytes);
/* 0 for who has none. */
MUST_CHECK enum err usage_find(struct sql_conn *c, enum usage_kind kind, uint64_t id,
                               uint64_t *bytes);
/* Nobody counts for them any more. */
MUST_CHECK enum err usage_forget(struct sql_conn *c, enum usage_kind kind, uint64_t id);
