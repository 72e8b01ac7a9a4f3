/*
 * Statements on PostgreSQL. Everything travels in binary: integers in network order, text and blobs
 * as they are. The types of the parameters are known from what is bound, so a statement is prepared
 * when it runs first. All rows of an answer are there at once; reads are bounded by LIMIT in the
 * repositories.
 */

#include <assert.h>
#include <endian.h>
#include <string.h>

#include "store/postgres.h"
#include "store/postgres_priv.h"
#include "store/schema_driver.h"

/* Of pg_type.dat: fixed for ever. */
enum {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_NAME = 19,
    TYPE_INT8 = 20,
    TYPE_INT2 = 21,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_VARCHAR = 1043
};

struct postgres_conn *postgres_conn_of(struct sql_conn *base)
{
    struct postgres_conn *c = (struct postgres_conn *)(void *)base;
    assert(c->magic == POSTGRES_CONN_MAGIC);
    return c;
}

static struct postgres_stmt *stmt_of(struct sql_stmt *base)
{
    struct postgres_stmt *s = (struct postgres_stmt *)(void *)base;
    assert(s->magic == POSTGRES_STMT_MAGIC);
    return s;
}

/* ---- errors ---- */

/* A code of five characters, or the class that it begins with (PostgreSQL, appendix A). */
static const struct {
    const char *code;
    enum err err;
} classes[] = {
    {"40001", ERR_RETRY},      {"40P01", ERR_RETRY},          {"55P03", ERR_RETRY},
    {"57014", ERR_RETRY},      {"23505", ERR_STORE_CONFLICT}, {"23503", ERR_STORE_CONFLICT},
    {"53100", ERR_STORE_FULL}, {"53200", ERR_NO_MEMORY},      {"25006", ERR_STORE_READONLY},
    {"58030", ERR_STORE_IO},   {"08", ERR_STORE_AWAY},        {"57P", ERR_STORE_AWAY},
    {"53300", ERR_STORE_AWAY},
};

static enum err classify(struct slice code)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (slice_starts_with(code, slice_from(classes[i].code)))
            return classes[i].err;
    return ERR_STORE;
}

/* Details and hints quote rows, and so do the messages of class 22 (data exceptions). */
static void log_failure(struct postgres_conn *c, const PGresult *r, struct slice code,
                        const char *what)
{
    const char *text = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    if (text == NULL || slice_starts_with(code, SLICE("22")))
        text = "";
    log_error(c->base.log, "store", "the database failed", LOG_S("call", what),
              LOG_SL("sqlstate", code), LOG_S("error", text));
}

enum err postgres_error(struct postgres_conn *c, const PGresult *r, const char *what)
{
    struct slice severity = slice_from(PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED));
    struct slice code = slice_from(PQresultErrorField(r, PG_DIAG_SQLSTATE));
    bool ended = slice_eq_cstr(severity, "FATAL") || slice_eq_cstr(severity, "PANIC");
    if (ended || PQstatus(c->pg) != CONNECTION_OK)
        return postgres_break(c, what);
    enum err e = classify(code);
    if (e == ERR_STORE_AWAY)
        return postgres_break(c, what);
    if (e != ERR_RETRY && e != ERR_STORE_CONFLICT)
        log_failure(c, r, code, what);
    return e;
}

/* ---- preparing ---- */

/* The highest $n. */
static int count_parameters(const char *text)
{
    int count = 0;
    for (const char *p = strchr(text, '$'); p != NULL; p = strchr(p + 1, '$')) {
        int n = 0;
        for (const char *d = p + 1; *d >= '0' && *d <= '9' && n <= SQL_PARAMETERS_MAX; d++)
            n = n * 10 + (*d - '0');
        count = n > count ? n : count;
    }
    assert(count <= SQL_PARAMETERS_MAX);
    return count;
}

static enum postgres_kind kind_of(struct slice text)
{
    if (slice_starts_with(text, SLICE("BEGIN")))
        return POSTGRES_BEGIN;
    if (slice_eq(text, SLICE("COMMIT")))
        return POSTGRES_COMMIT;
    if (slice_eq(text, SLICE("ROLLBACK")))
        return POSTGRES_ROLLBACK;
    return POSTGRES_PLAIN;
}

/* One block: the statement, then its arrays, the widest elements first. */
static struct postgres_stmt *stmt_new(int count)
{
    size_t n = (size_t)count;
    size_t each = sizeof(uint64_t) + sizeof(char *) + 2 * sizeof(int) + sizeof(Oid);
    struct postgres_stmt *s = mem_zalloc(MEM_STORE, sizeof *s + n * each);
    if (s == NULL)
        return NULL;
    s->magic = POSTGRES_STMT_MAGIC;
    s->count = count;
    s->integers = (uint64_t *)(void *)(s + 1);
    s->values = (const char **)(void *)(s->integers + n);
    s->lengths = (int *)(void *)(s->values + n);
    s->formats = s->lengths + n;
    s->types = (Oid *)(void *)(s->formats + n);
    for (size_t i = 0; i < n; i++)
        s->formats[i] = 1;
    return s;
}

static enum err prepare(struct sql_conn *base, const char *text, bool keep, struct sql_stmt **out)
{
    struct postgres_conn *c = postgres_conn_of(base);
    struct postgres_stmt *s = stmt_new(count_parameters(text));
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->base.conn = base;
    s->text = text;
    s->kind = kind_of(slice_from(text));
    s->number = keep ? ++c->statements : 0;
    *out = &s->base;
    return ERR_OK;
}

/* ---- parameters ---- */

static void bind(struct sql_stmt *base, int n, Oid type, const char *value, size_t len)
{
    struct postgres_stmt *s = stmt_of(base);
    assert(n <= s->count && "no such placeholder in the text");
    assert(!s->prepared || s->types[n - 1] == type || s->types[n - 1] == 0);
    if (!s->prepared)
        s->types[n - 1] = type;
    s->values[n - 1] = value;
    s->lengths[n - 1] = (int)len;
}

static enum err bind_null(struct sql_stmt *base, int n, enum sql_type type)
{
    static const Oid types[] = {
        [SQL_I64] = TYPE_INT8, [SQL_TEXT] = TYPE_TEXT, [SQL_BLOB] = TYPE_BYTEA};
    bind(base, n, types[type], NULL, 0);
    return ERR_OK;
}

static enum err bind_i64(struct sql_stmt *base, int n, int64_t v)
{
    struct postgres_stmt *s = stmt_of(base);
    assert(n <= s->count && "no such placeholder in the text");
    s->integers[n - 1] = htobe64((uint64_t)v);
    bind(base, n, TYPE_INT8, (const char *)&s->integers[n - 1], sizeof(uint64_t));
    return ERR_OK;
}

static enum err bind_bytes(struct sql_stmt *base, int n, struct slice v, bool is_text)
{
    assert(v.len < INT32_MAX);
    bind(base, n, is_text ? TYPE_TEXT : TYPE_BYTEA, v.data, v.len);
    return ERR_OK;
}

/* ---- running ---- */

uint64_t postgres_changes(PGresult *r)
{
    uint64_t count = 0;
    bool counted = slice_to_u64(slice_from(PQcmdTuples(r)), &count);
    (void)counted; /* statements that change no rows have no number */
    return count;
}

static enum err run(struct postgres_conn *c, struct postgres_stmt *s)
{
    enum err e = postgres_queue(c, s);
    if (e == ERR_OK)
        e = postgres_wait(c, &s->result);
    s->ran = true;
    s->row = -1;
    if (e == ERR_OK)
        c->changes = postgres_changes(s->result);
    return e;
}

static enum err step(struct sql_stmt *base, bool *row)
{
    struct postgres_stmt *s = stmt_of(base);
    struct postgres_conn *c = postgres_conn_of(base->conn);
    if (postgres_expired(c))
        return ERR_RETRY;
    enum err e = s->ran ? ERR_OK : run(c, s);
    if (e != ERR_OK)
        return e;
    s->row++;
    *row = s->row < PQntuples(s->result);
    return ERR_OK;
}

static enum err send(struct sql_stmt *base)
{
    struct postgres_conn *c = postgres_conn_of(base->conn);
    struct postgres_stmt *s = stmt_of(base);
    if (postgres_expired(c))
        return ERR_RETRY;
    /* Alone, a statement is a transaction, and nobody else would send it off. */
    if (!c->in_tx && s->kind != POSTGRES_BEGIN)
        return run(c, s);
    return postgres_queue(c, s);
}

/* ---- columns ---- */

int64_t postgres_integer(const PGresult *r, int row, int column)
{
    const char *value = PQgetvalue(r, row, column);
    uint64_t v8;
    uint32_t v4;
    uint16_t v2;
    if (PQgetisnull(r, row, column) == 1)
        return 0;
    switch (PQftype(r, column)) {
    case TYPE_INT8:
        memcpy(&v8, value, sizeof v8);
        return (int64_t)be64toh(v8);
    case TYPE_INT4:
        memcpy(&v4, value, sizeof v4);
        return (int32_t)be32toh(v4);
    case TYPE_INT2:
        memcpy(&v2, value, sizeof v2);
        return (int16_t)be16toh(v2);
    default:
        assert(PQftype(r, column) == TYPE_BOOL && "a column is not an integer");
        return value[0];
    }
}

static bool column_null(struct sql_stmt *base, int column)
{
    const struct postgres_stmt *s = stmt_of(base);
    return PQgetisnull(s->result, s->row, column) == 1;
}

static int64_t column_i64(struct sql_stmt *base, int column)
{
    struct postgres_stmt *s = stmt_of(base);
    return postgres_integer(s->result, s->row, column);
}

static bool is_bytes(Oid type)
{
    return type == TYPE_TEXT || type == TYPE_BYTEA || type == TYPE_VARCHAR || type == TYPE_NAME;
}

static struct slice column_bytes(struct sql_stmt *base, int column)
{
    struct postgres_stmt *s = stmt_of(base);
    if (PQgetisnull(s->result, s->row, column) == 1)
        return (struct slice){NULL, 0};
    assert(is_bytes(PQftype(s->result, column)) && "a column is not text or a blob");
    return slice_of(PQgetvalue(s->result, s->row, column),
                    (size_t)PQgetlength(s->result, s->row, column));
}

/* ---- the end of a use ---- */

static void reset(struct sql_stmt *base)
{
    struct postgres_stmt *s = stmt_of(base);
    PQclear(s->result);
    s->result = NULL;
    s->ran = false;
    for (int i = 0; i < s->count; i++) {
        s->values[i] = NULL;
        s->lengths[i] = 0;
    }
}

static void finalize(struct sql_stmt *base)
{
    struct postgres_stmt *s = stmt_of(base);
    postgres_forget(postgres_conn_of(base->conn), s);
    PQclear(s->result);
    s->magic = 0;
    mem_free(MEM_STORE, s);
}

/* ---- the connection ---- */

static enum err exec(struct sql_conn *base, const char *text)
{
    return postgres_exec(postgres_conn_of(base), text);
}

static uint64_t changes(struct sql_conn *base)
{
    return postgres_conn_of(base)->changes;
}

static bool in_transaction(struct sql_conn *base)
{
    return postgres_conn_of(base)->in_tx;
}

/* As the server sees it: a transaction that has failed is there until its ROLLBACK. */
static bool needs_rollback(const struct postgres_conn *c)
{
    return c->in_tx || (c->pending_count == 0 && PQtransactionStatus(c->pg) != PQTRANS_IDLE);
}

static void rollback(struct sql_conn *base)
{
    struct postgres_conn *c = postgres_conn_of(base);
    if (c->broken || !needs_rollback(c))
        return;
    if (c->unsynced > 0)
        postgres_sync(c); /* or it would be skipped after an error */
    struct sql_stmt *s = sql_query_text(base, "ROLLBACK");
    enum err e = s->err == ERR_OK ? postgres_queue(c, stmt_of(s)) : s->err;
    postgres_sync(c);
    enum err done = sql_done(s);
    if (e != ERR_OK || done != ERR_OK)
        (void)postgres_break(c, "rollback");
}

void postgres_wait_long(struct sql_conn *base)
{
    postgres_conn_of(base)->patient = true;
}

static void set_deadline(struct sql_conn *base, uint64_t mono_ns)
{
    postgres_conn_of(base)->deadline_ns = mono_ns;
}

static uint64_t wal_bytes(struct sql_conn *base)
{
    (void)base;
    return 0;
}

static void maintain(struct sql_conn *base)
{
    (void)base;
}

const struct sql_driver postgres_driver = {
    .name = "postgres",
    .begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
    .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    .schema = &postgres_schema,
    .one_writer = false,
    .prepare = prepare,
    .bind_null = bind_null,
    .bind_i64 = bind_i64,
    .bind_bytes = bind_bytes,
    .step = step,
    .column_null = column_null,
    .column_i64 = column_i64,
    .column_bytes = column_bytes,
    .send = send,
    .reset = reset,
    .finalize = finalize,
    .exec = exec,
    .changes = changes,
    .in_transaction = in_transaction,
    .rollback = rollback,
    .set_deadline = set_deadline,
    .wal_bytes = wal_bytes,
    .maintain = maintain,
    .close = postgres_close,
};
