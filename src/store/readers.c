/*
 * The pool of reading connections. A read runs on its caller's thread, in one read transaction, so
 * all that it sees is one moment. A transaction that lives long keeps the write-ahead log from
 * being emptied: after read_limit_ms its statements fail with RETRY.
 */

#include "store/sql_driver.h"
#include "store/sqlite.h"
#include "store/store_priv.h"

#include <assert.h>

enum err readers_init(struct store *s)
{
    struct readers *r = &s->readers;
    r->idle = mem_array(MEM_STORE, s->o.readers, sizeof *r->idle);
    if (r->idle == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->returned, NULL);
    return ERR_OK;
}

void readers_deinit(struct store *s)
{
    struct readers *r = &s->readers;
    if (r->idle == NULL)
        return;
    assert(r->idle_count == r->open_count && "a read is under way");
    while (r->idle_count > 0)
        sql_conn_close(&r->idle[--r->idle_count]);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->returned);
    mem_free(MEM_STORE, r->idle);
    r->idle = NULL;
}

/* An idle connection, or NULL: the caller opens one more. */
static struct sql_conn *take_idle(struct store *s)
{
    struct readers *r = &s->readers;
    struct sql_conn *c = NULL;
    pthread_mutex_lock(&r->lock);
    while (r->idle_count == 0 && r->open_count == s->o.readers)
        pthread_cond_wait(&r->returned, &r->lock);
    if (r->idle_count > 0)
        c = r->idle[--r->idle_count];
    else
        r->open_count++;
    pthread_mutex_unlock(&r->lock);
    return c;
}

/* c NULL: it could not be opened. */
static void give_back(struct readers *r, struct sql_conn *c)
{
    pthread_mutex_lock(&r->lock);
    if (c != NULL)
        r->idle[r->idle_count++] = c;
    else
        r->open_count--;
    pthread_cond_signal(&r->returned);
    pthread_mutex_unlock(&r->lock);
}

static enum err open_reader(struct store *s, struct sql_conn **out)
{
    struct sqlite_options o = {
        .file = s->db_file, .role = SQLITE_ROLE_READER, .clock = s->o.clock, .log = s->o.log};
    return sqlite_open(&o, out, NULL, 0);
}

static enum err take(struct store *s, struct sql_conn **out)
{
    struct sql_conn *c = take_idle(s);
    if (c == NULL) {
        enum err e = open_reader(s, &c);
        if (e != ERR_OK) {
            give_back(&s->readers, NULL);
            return e;
        }
    }
    *out = c;
    return ERR_OK;
}

void readers_note(struct store *s, uint64_t statements)
{
    metrics_add(s->o.metrics, METRIC_STORE_READS, 1);
    metrics_add(s->o.metrics, METRIC_STORE_READ_STATEMENTS, (int64_t)statements);
}

static enum err run_on(struct store *s, struct sql_conn *c, store_fn fn, void *ctx)
{
    enum err e = sql_begin(c, c->driver->begin_read);
    if (e != ERR_OK)
        return e;
    uint64_t deadline_ns = clock_mono_ns(s->o.clock) + (uint64_t)s->o.read_limit_ms * 1000000;
    struct tx tx = {.store = s, .sql = c, .now_ms = clock_wall_ms(s->o.clock)};
    c->driver->set_deadline(c, deadline_ns);
    uint64_t uses = c->uses;
    e = fn(&tx, ctx);
    readers_note(s, c->uses - uses);
    assert(c->open == 0 && "sql_done is missing");
    c->driver->set_deadline(c, 0);
    sql_rollback(c); /* nothing to keep; the snapshot is let go */
    if (e == ERR_RETRY && clock_mono_ns(s->o.clock) > deadline_ns)
        log_warn(s->o.log, "store", "a long read was interrupted",
                 LOG_U("limit_ms", s->o.read_limit_ms));
    return e;
}

enum err readers_run(struct store *s, store_fn fn, void *ctx)
{
    struct sql_conn *c;
    enum err e = take(s, &c);
    if (e != ERR_OK)
        return e;
    store_thread_set_inside(true);
    e = run_on(s, c, fn, ctx);
    store_thread_set_inside(false);
    give_back(&s->readers, c);
    return e;
}
