/*
 * Statements on SQLite. Placeholders are written $1, $2 ...: SQLite takes "$1" for a name and
 * numbers names by first appearance, so each statement keeps a table from our numbers to SQLite's.
 */

#include "store/schema_driver.h"
#include "store/sqlite_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#define SQLITE_STMT_MAGIC UINT32_C(0x53515354)

struct sqlite_stmt {
    struct sql_stmt base; /* first: struct sql_stmt * is cast back */
    uint32_t magic;
    sqlite3_stmt *stmt;
    uint8_t index[SQL_PARAMETERS_MAX + 1]; /* 0: the text does not have it */
};

static struct sqlite_conn *conn_of(struct sql_conn *c)
{
    struct sqlite_conn *conn = (struct sqlite_conn *)(void *)c;
    assert(conn->magic == SQLITE_CONN_MAGIC);
    return conn;
}

static struct sqlite_stmt *stmt_of(struct sql_stmt *s)
{
    struct sqlite_stmt *stmt = (struct sqlite_stmt *)(void *)s;
    assert(stmt->magic == SQLITE_STMT_MAGIC);
    return stmt;
}

/* SQLite says FULL only where it writes a file; elsewhere (its shared memory, a file that it makes,
 * one that it cuts) the errno tells a full or read-only disk from a failing one. */
enum err sqlite_disk_error(int rc, int number)
{
    if ((rc & 0xff) == SQLITE_NOMEM || rc == SQLITE_IOERR_NOMEM)
        return ERR_NO_MEMORY;
    if ((rc & 0xff) == SQLITE_FULL || number == ENOSPC || number == EDQUOT)
        return ERR_STORE_FULL;
    if ((rc & 0xff) == SQLITE_READONLY || number == EROFS)
        return ERR_STORE_READONLY;
    return ERR_STORE_IO;
}

static bool is_conflict(int extended)
{
    return extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
           extended == SQLITE_CONSTRAINT_ROWID || extended == SQLITE_CONSTRAINT_FOREIGNKEY;
}

static enum err classify(int rc, int number)
{
    switch (rc & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
        return sqlite_disk_error(rc, 0);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return sqlite_disk_error(rc, number);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return ERR_RETRY;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_CONSTRAINT:
        return is_conflict(rc) ? ERR_STORE_CONFLICT : ERR_STORE;
    default:
        return ERR_STORE;
    }
}

/* What the operator has to look after; NULL: nothing. */
static const char *complaint(enum err e)
{
    switch (e) {
    case ERR_STORE:
        return "the database failed";
    case ERR_STORE_IO:
        return "the disk failed";
    case ERR_STORE_FULL:
        return "the disk is full";
    case ERR_STORE_READONLY:
        return "the disk is read-only";
    default:
        return NULL;
    }
}

enum err sqlite_error(struct sqlite_conn *c, int rc, const char *what)
{
    /* SQLite keeps it too, but not that of a failed COMMIT. */
    int number = errno != 0 ? errno : sqlite3_system_errno(c->db);
    enum err e = classify(rc, number);
    if (complaint(e) != NULL)
        log_error(c->base.log, "store", complaint(e), LOG_S("call", what), LOG_I("code", rc),
                  LOG_I("errno", number), LOG_S("error", sqlite3_errmsg(c->db)));
    return e;
}

bool sqlite_expired(const struct sqlite_conn *c)
{
    return c->deadline_ns != 0 && clock_mono_ns(c->clock) > c->deadline_ns;
}

static void number_parameters(struct sqlite_stmt *s)
{
    int count = sqlite3_bind_parameter_count(s->stmt);
    assert(count <= SQL_PARAMETERS_MAX);
    for (int n = 1; n <= SQL_PARAMETERS_MAX && count > 0; n++) {
        char name[8];
        snprintf(name, sizeof name, "$%d", n);
        s->index[n] = (uint8_t)sqlite3_bind_parameter_index(s->stmt, name);
        count -= s->index[n] != 0;
    }
    assert(count == 0 && "placeholders are $1, $2 ...");
}

static enum err prepare(struct sql_conn *base, const char *text, bool keep, struct sql_stmt **out)
{
    struct sqlite_conn *c = conn_of(base);
    struct sqlite_stmt *s = mem_zalloc(MEM_STORE, sizeof *s);
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->base.conn = base;
    s->magic = SQLITE_STMT_MAGIC;
    const char *tail = "";
    unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0;
    int rc = sqlite3_prepare_v3(c->db, text, -1, flags, &s->stmt, &tail);
    if (rc != SQLITE_OK) {
        enum err e = sqlite_error(c, rc, "prepare");
        mem_free(MEM_STORE, s);
        return e;
    }
    assert(s->stmt != NULL && tail[0] == '\0' && "one statement a text");
    number_parameters(s);
    *out = &s->base;
    return ERR_OK;
}

static int number_of(const struct sqlite_stmt *s, int n)
{
    assert(s->index[n] != 0 && "no such placeholder in the text");
    return s->index[n];
}

static enum err checked(struct sqlite_stmt *s, int rc, const char *what)
{
    return rc == SQLITE_OK ? ERR_OK : sqlite_error(conn_of(s->base.conn), rc, what);
}

static enum err bind_null(struct sql_stmt *base, int n, enum sql_type type)
{
    (void)type;
    struct sqlite_stmt *s = stmt_of(base);
    return checked(s, sqlite3_bind_null(s->stmt, number_of(s, n)), "bind");
}

static enum err bind_i64(struct sql_stmt *base, int n, int64_t v)
{
    struct sqlite_stmt *s = stmt_of(base);
    return checked(s, sqlite3_bind_int64(s->stmt, number_of(s, n), v), "bind");
}

static enum err bind_bytes(struct sql_stmt *base, int n, struct slice v, bool is_text)
{
    struct sqlite_stmt *s = stmt_of(base);
    int i = number_of(s, n);
    int rc = is_text ? sqlite3_bind_text64(s->stmt, i, v.data, v.len, SQLITE_STATIC, SQLITE_UTF8)
                     : sqlite3_bind_blob64(s->stmt, i, v.data, v.len, SQLITE_STATIC);
    return checked(s, rc, "bind");
}

static enum err step(struct sql_stmt *base, bool *row)
{
    struct sqlite_stmt *s = stmt_of(base);
    struct sqlite_conn *c = conn_of(base->conn);
    /* The progress handler sees long statements only; many short ones expire here. COMMIT and
     * ROLLBACK run without a deadline: their caller clears it first. */
    if (sqlite_expired(c))
        return ERR_RETRY;
    errno = 0; /* sqlite_error */
    int rc = sqlite3_step(s->stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        return sqlite_error(c, rc, "step");
    *row = rc == SQLITE_ROW;
    return ERR_OK;
}

static bool column_null(struct sql_stmt *base, int column)
{
    return sqlite3_column_type(stmt_of(base)->stmt, column) == SQLITE_NULL;
}

static int64_t column_i64(struct sql_stmt *base, int column)
{
    return sqlite3_column_int64(stmt_of(base)->stmt, column);
}

static struct slice column_bytes(struct sql_stmt *base, int column)
{
    sqlite3_stmt *stmt = stmt_of(base)->stmt;
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return (struct slice){NULL, 0};
    /* SQLite gives a NULL pointer for an empty value, which must stay apart from NULL. */
    const char *data = sqlite3_column_blob(stmt, column);
    int len = sqlite3_column_bytes(stmt, column);
    return data != NULL ? slice_of(data, (size_t)len) : SLICE("");
}

static void reset(struct sql_stmt *base)
{
    struct sqlite_stmt *s = stmt_of(base);
    sqlite3_reset(s->stmt); /* repeats the error of the last step, which is known already */
    sqlite3_clear_bindings(s->stmt);
}

static void finalize(struct sql_stmt *base)
{
    struct sqlite_stmt *s = stmt_of(base);
    sqlite3_finalize(s->stmt);
    s->magic = 0;
    mem_free(MEM_STORE, s);
}

static enum err exec(struct sql_conn *base, const char *text)
{
    struct sqlite_conn *c = conn_of(base);
    errno = 0; /* sqlite_error */
    int rc = sqlite3_exec(c->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : sqlite_error(c, rc, "exec");
}

static uint64_t changes(struct sql_conn *base)
{
    return (uint64_t)sqlite3_changes64(conn_of(base)->db);
}

static uint64_t total_changes(struct sql_conn *base)
{
    return (uint64_t)sqlite3_total_changes64(conn_of(base)->db);
}

static bool in_transaction(struct sql_conn *base)
{
    return sqlite3_get_autocommit(conn_of(base)->db) == 0;
}

static void set_deadline(struct sql_conn *base, uint64_t mono_ns)
{
    conn_of(base)->deadline_ns = mono_ns;
}

const struct sql_driver sqlite_driver = {
    .name = "sqlite",
    .begin_write = "BEGIN IMMEDIATE",
    .begin_read = "BEGIN DEFERRED",
    .schema = &sqlite_schema,
    .one_writer = true,
    .prepare = prepare,
    .bind_null = bind_null,
    .bind_i64 = bind_i64,
    .bind_bytes = bind_bytes,
    .step = step,
    .column_null = column_null,
    .column_i64 = column_i64,
    .column_bytes = column_bytes,
    .reset = reset,
    .finalize = finalize,
    .exec = exec,
    .changes = changes,
    .total_changes = total_changes,
    .in_transaction = in_transaction,
    .set_deadline = set_deadline,
    .watch_closely = sqlite_watch_closely,
    .wal_bytes = sqlite_wal_bytes,
    .maintain = sqlite_maintain,
    .close = sqlite_close,
};
