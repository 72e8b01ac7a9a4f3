#pragma once

/* The SQLite backend: opens connections that sql.h then uses. Called by store.c and readers.c. */

#include "base/clock.h"
#include "base/log.h"
#include "store/sql.h"

enum sqlite_role { SQLITE_ROLE_WRITER, SQLITE_ROLE_READER, SQLITE_ROLE_SCRATCH };

struct sqlite_options {
    const char *file;
    /* The writer makes the file and sets WAL; a reader cannot write; scratch is for ":memory:". */
    enum sqlite_role role;
    uint64_t wal_alarm_bytes;
    const struct clock *clock;
    const struct log *log;
};

/* IO (cannot be opened), STORE (not a database ...), NO_MEMORY. `why` gets a sentence; NULL allowed
 * with why_len 0. Close with sql_conn_close. */
MUST_CHECK enum err sqlite_open(const struct sqlite_options *o, struct sql_conn **out, char *why,
                                size_t why_len);
/* The writer's, outside of a transaction: the whole write-ahead log into the database, and its file
 * emptied. RETRY: a reader needs it. */
MUST_CHECK enum err sqlite_empty_wal(struct sql_conn *writer);
