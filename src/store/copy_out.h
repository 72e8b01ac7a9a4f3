#pragma once

/* A copy of a serving store on PostgreSQL as an SQLite file: its rows as of one moment, in a
 * database of this program's schema, read back and compared. For backups. */

#include "store/store.h"
#include "store/table_copy.h"

struct copy_out {
    struct store *from;         /* on PostgreSQL */
    const char *file;           /* does not exist */
    table_progress_fn progress; /* NULL allowed */
    void *ctx;
    const struct clock *clock;
    const struct log *log;
};

/* Afterwards the file is a database without a write-ahead log, not yet synced. STOPPING: progress
 * said so; else as table_copy_run. `why` gets a sentence. */
MUST_CHECK enum err copy_out_run(const struct copy_out *o, char *why, size_t why_len);
