#pragma once

/*
 * Reading a backup: every byte is looked at, and either is what the sums say or ends it with a
 * sentence. For `backup verify`, and for `restore`, which keeps what it reads. One thread.
 */

#include "ops/archive.h"
#include "ops/ops.h"
#include "ops/pace.h"
#include "store/db_check.h"

/* What is in it, as the manifest says and the contents agree. */
struct backup_contents {
    struct db_place database; /* .file is the backup's path */
    uint64_t media_files;
    uint64_t media_bytes;
    uint64_t schema;
    int64_t begun_at_s;
};

/* Takes what is read; all of them return an error of their own, with a sentence in `why`. */
struct backup_sink {
    enum err (*begin)(void *ctx, const struct archive_entry *e);
    enum err (*data)(void *ctx, struct slice data);
    enum err (*end)(void *ctx);
    void *ctx;
};

struct backup_reading {
    const char *path;
    const struct backup_sink *sink; /* NULL: only looked at */
    struct pace *pace;
    char *why; /* BACKUP_WHY_MAX */
};

/* Form, sums, and the manifest against the database. BAD_REQUEST: it is no backup, or damaged;
 * STORE_NEWER: a later program made it; STOPPING, IO, NO_MEMORY. */
MUST_CHECK enum err backup_read(const struct backup_reading *r, struct backup_contents *out);
/* All of that, and whether the database is sound by itself. */
MUST_CHECK enum err backup_verify(const struct backup_reading *r, struct backup_contents *out);
