/*
 * The common half of the SQL driver: caching, sticky errors, and one difficulty that every backend
 * shares. A database may end a transaction by itself in the middle of a closure; a statement issued
 * after that would run, and commit, alone. So each failure is followed by a look at the
 * transaction, and once it is gone nothing runs on the connection until its owner has called
 * sql_rollback.
 */

#include "store/sql_driver.h"

#include <assert.h>

enum { COMMIT_TRIES = 3 };

static void note_loss(struct sql_conn *c, enum err e)
{
    if (c->in_tx && c->lost == ERR_OK && !c->driver->in_transaction(c))
        c->lost = e;
}

static void fail(struct sql_stmt *s, enum err e)
{
    if (s->err == ERR_OK)
        s->err = e;
    note_loss(s->conn, e);
}

static struct sql_stmt *use(struct sql_stmt *s, enum err e)
{
    s->err = e;
    s->ended = false;
    s->in_use = true;
    s->conn->open++;
    s->conn->uses++;
    return s;
}

void sql_conn_init(struct sql_conn *c, const struct sql_driver *driver, const struct log *log)
{
    *c = (struct sql_conn){.driver = driver, .log = log};
    c->broken.conn = c;
    /* Keys are addresses of our own texts, never a client's choice: no secret seed is needed. */
    map_init(&c->cache, MEM_STORE, SQL_STATEMENTS_MAX, 0);
}

void sql_conn_close(struct sql_conn **cp)
{
    struct sql_conn *c = *cp;
    if (c == NULL)
        return;
    assert(c->open == 0);
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&c->cache, &cursor, &key, &value)) {
        struct sql_stmt *s = value;
        c->driver->finalize(s);
    }
    map_deinit(&c->cache);
    c->driver->close(c);
    *cp = NULL;
}

struct sql_stmt *sql_query_text(struct sql_conn *c, const char *text)
{
    assert(text != NULL);
    if (c->lost != ERR_OK)
        return use(&c->broken, c->lost);
    uint64_t key = (uintptr_t)text;
    struct sql_stmt *s = map_get(&c->cache, key);
    if (s != NULL && !s->in_use)
        return use(s, ERR_OK);
    /* The same text inside its own loop: a second statement, for this once. */
    bool keep = s == NULL;
    enum err e = c->driver->prepare(c, text, keep, &s);
    if (e != ERR_OK) {
        note_loss(c, e);
        return use(&c->broken, e);
    }
    s->kept = keep && map_put(&c->cache, key, s);
    return use(s, ERR_OK);
}

static bool bindable(const struct sql_stmt *s, int n)
{
    assert(s->in_use);
    assert(n >= 1 && n <= SQL_PARAMETERS_MAX);
    return s->err == ERR_OK;
}

void sql_bind_u64(struct sql_stmt *s, int n, uint64_t v)
{
    /* Databases know signed integers only; the bits come back as they went (sql_u64). */
    sql_bind_i64(s, n, (int64_t)v);
}

void sql_bind_i64(struct sql_stmt *s, int n, int64_t v)
{
    if (!bindable(s, n))
        return;
    enum err e = s->conn->driver->bind_i64(s, n, v);
    if (e != ERR_OK)
        fail(s, e);
}

static void bind_null(struct sql_stmt *s, int n, enum sql_type type)
{
    if (!bindable(s, n))
        return;
    enum err e = s->conn->driver->bind_null(s, n, type);
    if (e != ERR_OK)
        fail(s, e);
}

void sql_bind_id_or_null(struct sql_stmt *s, int n, uint64_t v)
{
    if (v == 0)
        bind_null(s, n, SQL_I64);
    else
        sql_bind_u64(s, n, v);
}

static void bind_bytes(struct sql_stmt *s, int n, struct slice v, bool is_text)
{
    if (v.data == NULL) {
        bind_null(s, n, is_text ? SQL_TEXT : SQL_BLOB);
        return;
    }
    if (!bindable(s, n))
        return;
    enum err e = s->conn->driver->bind_bytes(s, n, v, is_text);
    if (e != ERR_OK)
        fail(s, e);
}

void sql_bind_text(struct sql_stmt *s, int n, struct slice v)
{
    bind_bytes(s, n, v, true);
}

void sql_bind_blob(struct sql_stmt *s, int n, struct slice v)
{
    bind_bytes(s, n, v, false);
}

void sql_bind_bool(struct sql_stmt *s, int n, bool v)
{
    sql_bind_i64(s, n, v ? 1 : 0);
}

bool sql_step(struct sql_stmt *s)
{
    assert(s->in_use);
    if (s->err != ERR_OK || s->ended)
        return false;
    if (s->conn->lost != ERR_OK) {
        s->err = s->conn->lost;
        return false;
    }
    bool row = false;
    enum err e = s->conn->driver->step(s, &row);
    if (e != ERR_OK) {
        fail(s, e);
        return false;
    }
    s->ended = !row;
    return row;
}

int64_t sql_i64(struct sql_stmt *s, int column)
{
    assert(s->in_use);
    /* After sql_text ran out of memory the rest of the row reads as NULL. */
    return s->err == ERR_OK ? s->conn->driver->column_i64(s, column) : 0;
}

uint64_t sql_u64(struct sql_stmt *s, int column)
{
    return (uint64_t)sql_i64(s, column);
}

bool sql_bool(struct sql_stmt *s, int column)
{
    return sql_i64(s, column) != 0;
}

bool sql_null(struct sql_stmt *s, int column)
{
    assert(s->in_use);
    return s->err != ERR_OK || s->conn->driver->column_null(s, column);
}

struct slice sql_blob(struct sql_stmt *s, int column)
{
    static const struct slice none = {NULL, 0};
    assert(s->in_use);
    return s->err == ERR_OK ? s->conn->driver->column_bytes(s, column) : none;
}

struct slice sql_text(struct sql_stmt *s, int column, struct arena *arena)
{
    struct slice v = sql_blob(s, column);
    if (v.data == NULL)
        return v;
    struct slice copy = arena_dup(arena, v);
    if (copy.data == NULL)
        fail(s, ERR_NO_MEMORY);
    return copy;
}

enum err sql_done(struct sql_stmt *s)
{
    struct sql_conn *c = s->conn;
    enum err e = s->err;
    assert(c->open > 0 && s->in_use);
    c->open--;
    if (s == &c->broken)
        return e;
    c->driver->reset(s);
    s->in_use = false;
    s->err = ERR_OK;
    if (!s->kept)
        c->driver->finalize(s);
    return e;
}

enum err sql_run(struct sql_stmt *s)
{
    while (sql_step(s))
        ;
    return sql_done(s);
}

enum err sql_send(struct sql_stmt *s)
{
    struct sql_conn *c = s->conn;
    if (c->driver->send == NULL)
        return sql_run(s);
    if (s->err == ERR_OK && c->lost != ERR_OK)
        s->err = c->lost;
    if (s->err == ERR_OK) {
        enum err e = c->driver->send(s);
        if (e != ERR_OK)
            fail(s, e);
    }
    return sql_done(s);
}

uint64_t sql_changes(struct sql_conn *c)
{
    return c->driver->changes(c);
}

enum err sql_exec(struct sql_conn *c, const char *text)
{
    if (c->lost != ERR_OK)
        return c->lost;
    enum err e = c->driver->exec(c, text);
    if (e != ERR_OK)
        note_loss(c, e);
    return e;
}

enum err sql_begin(struct sql_conn *c, const char *begin)
{
    assert(!c->in_tx && c->open == 0);
    enum err e = sql_send(sql_query_text(c, begin));
    c->in_tx = e == ERR_OK;
    return e;
}

enum err sql_commit(struct sql_conn *c)
{
    assert(c->in_tx && c->open == 0);
    enum err e = ERR_RETRY;
    /* A COMMIT outside of a transaction would succeed, and say nothing about ours. */
    for (int i = 0; i < COMMIT_TRIES && e == ERR_RETRY && c->lost == ERR_OK; i++)
        e = sql_run(sql_query_text(c, "COMMIT"));
    if (c->lost != ERR_OK)
        e = c->lost;
    if (e != ERR_OK) {
        sql_rollback(c);
        return e;
    }
    c->in_tx = false;
    return ERR_OK;
}

void sql_rollback(struct sql_conn *c)
{
    assert(c->open == 0);
    c->lost = ERR_OK;
    if (c->driver->rollback != NULL) {
        c->driver->rollback(c);
        c->in_tx = false;
        return;
    }
    /* An error here means that the rollback is finished by whoever opens the database next; the
     * in_transaction test keeps the usual case, "no transaction is active", out of the log. */
    if (c->driver->in_transaction(c)) {
        enum err ignored = sql_run(sql_query_text(c, "ROLLBACK"));
        (void)ignored;
    }
    c->in_tx = false;
    c->lost = ERR_OK;
}

enum err sql_lost(const struct sql_conn *c)
{
    return c->lost;
}
