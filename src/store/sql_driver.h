#pragma once

/*
 * What a database backend implements (sqlite.c, postgres.c), and the parts of connections and
 * statements that all backends have in common. Private to src/store: repositories see sql.h only.
 * sql.c keeps the statement cache, the sticky errors and the watch over lost transactions; a
 * backend only prepares, binds, steps and reads.
 */

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "store/sql.h"

enum {
    SQL_STATEMENTS_MAX = 1024, /* cached a connection; texts are static, so this is never near */
    SQL_PARAMETERS_MAX = 64    /* of one statement */
};

enum sql_type { SQL_I64, SQL_TEXT, SQL_BLOB };

struct sql_stmt {
    struct sql_conn *conn;
    enum err err; /* the first one, until sql_done */
    bool in_use;
    bool ended; /* the last step found no row: stepping on would run the text again */
    bool kept;  /* in the cache; else finalized by sql_done */
};

struct sql_conn {
    const struct sql_driver *driver;
    const struct log *log;
    struct map cache;       /* address of the text -> struct sql_stmt */
    struct sql_stmt broken; /* stands in when a statement cannot be had */
    unsigned open;          /* statements between sql_query and sql_done */
    uint64_t uses;          /* of statements, ever */
    bool in_tx;
    enum err lost; /* the database ended the transaction by itself, for this reason */
};

struct sql_driver {
    const char *name;
    const char *begin_write; /* the statements that open a transaction */
    const char *begin_read;
    const struct schema_driver *schema; /* for migrations: schema_driver.h */
    /* All writes of the installation go through one connection, one after the other: tx_lock has
     * nothing to do. */
    bool one_writer;

    /* Errors are logged by the backend, since only it has the text. */
    enum err (*prepare)(struct sql_conn *c, const char *text, bool keep, struct sql_stmt **out);
    enum err (*bind_null)(struct sql_stmt *s, int n, enum sql_type type);
    enum err (*bind_i64)(struct sql_stmt *s, int n, int64_t v);
    enum err (*bind_bytes)(struct sql_stmt *s, int n, struct slice v, bool is_text);
    enum err (*step)(struct sql_stmt *s, bool *row);
    bool (*column_null)(struct sql_stmt *s, int column);
    int64_t (*column_i64)(struct sql_stmt *s, int column);
    struct slice (*column_bytes)(struct sql_stmt *s, int column);
    /* sql_send's step; NULL: sql_run does it. */
    enum err (*send)(struct sql_stmt *s);
    void (*reset)(struct sql_stmt *s);
    void (*finalize)(struct sql_stmt *s);

    enum err (*exec)(struct sql_conn *c, const char *text);
    uint64_t (*changes)(struct sql_conn *c);
    /* Rows changed since c was opened, cascades included; NULL unless one_writer. */
    uint64_t (*total_changes)(struct sql_conn *c);
    /* False also for a transaction that has failed and only waits for its ROLLBACK. */
    bool (*in_transaction)(struct sql_conn *c);
    /* sql_rollback's work; NULL: ROLLBACK is run if in_transaction says so. */
    void (*rollback)(struct sql_conn *c);
    /* Statements fail with RETRY once the monotonic clock passes it; 0: no limit. */
    void (*set_deadline)(struct sql_conn *c, uint64_t mono_ns);
    /* Looks at the deadline more often, for what does much between two steps of its own machine
     * (text search); NULL: there is no need. */
    void (*watch_closely)(struct sql_conn *c, bool closely);
    /* Bytes of the write-ahead log as of the last commit on c; 0 where there is no such thing. */
    uint64_t (*wal_bytes)(struct sql_conn *c);
    /* Housekeeping between transactions, off the path of any waiter. */
    void (*maintain)(struct sql_conn *c);
    /* Frees what the backend made, c included. */
    void (*close)(struct sql_conn *c);
};

/* For backends: fills in the common part of a new connection. */
void sql_conn_init(struct sql_conn *c, const struct sql_driver *driver, const struct log *log);
/* Finalizes every statement and closes; NULL allowed, nulls the caller's copy. */
void sql_conn_close(struct sql_conn **c);

/*
 * Transactions, for the writer, the readers and migrations. If the database rolls back by itself
 * (full disk, I/O error, no memory) in between, every further statement fails with that reason
 * instead of running outside of a transaction, and sql_lost tells.
 */
MUST_CHECK enum err sql_begin(struct sql_conn *c, const char *begin);
/* On failure nothing is committed and the transaction is over. RETRY is tried again, a few times.
 */
MUST_CHECK enum err sql_commit(struct sql_conn *c);
/* Never fails: what cannot be rolled back was rolled back already. */
void sql_rollback(struct sql_conn *c);
enum err sql_lost(const struct sql_conn *c);
