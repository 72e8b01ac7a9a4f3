/*
 * PostgreSQL's engine: each closure on its caller's thread, in a transaction of its own, on a
 * connection of the pool. The difficulty is the connection that breaks:
 *
 *   acquire ─▶ BEGIN ─ closure ─┬─ error ─▶ ROLLBACK ─▶ answer        (RETRY: again, a few times)
 *                               ├─ connection lost ─▶ nothing is left of it: once more
 *                               └─ ok ─▶ enters the queue of announcements ─▶ COMMIT ─┐
 *      ┌──────────────────────────────────────────────────────────────────────────────┘
 *      ├─ ok ─▶ release ─▶ on_commit, in turn ─▶ answer
 *      ├─ error ─▶ leaves the queue ─▶ answer
 *      └─ connection lost: nobody knows ─▶ settle: ask the log ─┬─ committed: as ok
 *                                                               ├─ undone: once more
 *                                                               └─ cannot be asked: STORE_AWAY; the
 *                                                                  keeper asks again and announces
 */

#include "store/engine.h"
#include "store/migrate.h"
#include "store/postgres.h"
#include "store/postgres_pool.h"
#include "store/postgres_publish.h"
#include "store/postgres_settle.h"
#include "store/sql_driver.h"

#include <assert.h>
#include <time.h>

#include "base/mem.h"
#include "base/random.h"

enum {
    POOL_MIN = 2,
    POOL_MAX = 16,
    POOL_ACQUIRE_MS = 5000,
    POOL_LIFETIME_S = 1800,
    POOL_CHECK_S = 30,
    PAUSE_MS = 2,       /* before running a closure again: up to this, doubled each time */
    RUNS_AGAIN_MAX = 5, /* of a closure that met RETRY */
    WHY_MAX = 512
};

struct postgres {
    struct pool *pool;
    struct publisher publisher;
    uint64_t acquire_ms;
    struct unsettled unsettled;
};

/* One run of a closure; on its thread's stack. */
struct attempt {
    struct store *s;
    struct pool_conn *conn;
    struct event_list events;
    struct publication publication;
    bool announces; /* the publication is in the queue */
    bool unknown;   /* the connection was lost while COMMIT was under way */
    bool undone;    /* it was lost, and nothing is left */
    struct tx tx;   /* last: not cleared, for its 64 streams */
};

/* The keeper's, when it has the database. */
static void on_tick(void *ctx)
{
    struct store *s = ctx;
    unsettled_retry(&s->postgres->unsettled, s->postgres->pool, &s->postgres->publisher);
}

/* ---- one attempt ---- */

static void tx_begin(struct attempt *a)
{
    struct tx *tx = &a->tx;
    tx->store = a->s;
    tx->sql = a->conn->sql;
    tx->now_ms = clock_wall_ms(a->s->o.clock);
    tx->events = &a->events;
    tx->events_before = 0;
    tx->heads = NULL;
    tx->last_id = 0;
    tx->leased = 0;
    tx->failed = ERR_OK;
    tx->stream_count = 0;
}

static enum err run_closure(struct attempt *a, store_fn fn, void *ctx)
{
    struct sql_conn *c = a->conn->sql;
    enum err e = sql_begin(c, c->driver->begin_write);
    if (e != ERR_OK)
        return e;
    tx_begin(a);
    store_thread_set_inside(true);
    e = fn(&a->tx, ctx);
    store_thread_set_inside(false);
    assert(c->open == 0 && "sql_done is missing");
    if (e == ERR_OK)
        e = tx_finish(&a->tx);
    return e == ERR_OK ? sql_lost(c) : e;
}

static void undo(struct attempt *a)
{
    if (a->conn->sql->in_tx)
        sql_rollback(a->conn->sql);
    a->undone = postgres_broken(a->conn->sql);
    metrics_add(a->s->o.metrics, METRIC_STORE_ROLLBACKS, 1);
}

static void note_commit(struct attempt *a, uint64_t begun_ns)
{
    const struct store_options *o = &a->s->o;
    uint64_t took_us = (clock_mono_ns(o->clock) - begun_ns) / 1000;
    tx_committed(&a->tx);
    metrics_add(o->metrics, METRIC_STORE_COMMITS, 1);
    metrics_add(o->metrics, METRIC_STORE_TRANSACTIONS, 1);
    metrics_observe_us(o->metrics, METRIC_STORE_COMMIT_US, took_us);
}

static enum err commit(struct attempt *a)
{
    uint64_t begun_ns = clock_mono_ns(a->s->o.clock);
    a->announces = a->events.count > 0 && a->s->o.on_commit != NULL;
    if (a->announces)
        publish_enter(&a->s->postgres->publisher, &a->publication, &a->tx);
    enum err e = sql_commit(a->conn->sql);
    a->unknown = e == ERR_STORE_AWAY;
    if (e == ERR_OK)
        note_commit(a, begun_ns);
    else
        metrics_add(a->s->o.metrics, METRIC_STORE_ROLLBACKS, 1);
    return e;
}

static void note_disk(struct attempt *a, enum err e)
{
    if (e == ERR_STORE_FULL || e == ERR_STORE_IO || e == ERR_STORE_READONLY)
        pool_note_disk(a->s->postgres->pool, e);
    /* The server is a standby now: look for another one. */
    if (e == ERR_STORE_READONLY)
        a->conn->spoilt = true;
}

static enum err settle(struct attempt *a)
{
    struct postgres *g = a->s->postgres;
    enum fate fate = postgres_settle(g->pool, POOL_SETTLE, g->acquire_ms, &a->events);
    a->undone = fate == FATE_UNDONE;
    a->unknown = fate == FATE_UNKNOWN;
    if (fate == FATE_COMMITTED)
        tx_committed(&a->tx);
    if (a->unknown)
        log_warn(a->s->o.log, "store",
                 "the connection was lost in a commit: nobody knows whether it took place",
                 LOG_U("events", a->events.count));
    return fate == FATE_COMMITTED ? ERR_OK : ERR_STORE_AWAY;
}

static void announce(struct attempt *a, enum err e)
{
    struct publisher *p = &a->s->postgres->publisher;
    if (!a->announces)
        return;
    if (e == ERR_OK)
        publish_finish(p, &a->publication);
    else
        publish_leave(p, &a->publication);
    if (a->unknown)
        unsettled_add(&a->s->postgres->unsettled, &a->events);
}

static enum err attempt(struct attempt *a, store_fn fn, void *ctx)
{
    struct pool *pool = a->s->postgres->pool;
    enum err e = pool_acquire(pool, POOL_WRITE, &a->conn);
    if (e != ERR_OK)
        return e;
    e = run_closure(a, fn, ctx);
    if (e == ERR_OK)
        e = commit(a);
    else
        undo(a);
    note_disk(a, e);
    pool_release(pool, &a->conn); /* others need it more than the announcement does */
    if (a->unknown)
        e = settle(a);
    announce(a, e);
    event_list_deinit(&a->events);
    return e;
}

/* ---- running again ---- */

/* By chance, so that those who met in a deadlock do not meet again. */
static void pause_before(int run)
{
    uint64_t us = 1 + random_below(random_system(), (uint64_t)(PAUSE_MS * 1000) << run);
    struct timespec t = {.tv_nsec = (long)(us * 1000)};
    nanosleep(&t, NULL);
}

static enum err write_engine(struct store *s, store_fn fn, void *ctx)
{
    uint64_t until_ms = clock_mono_ms(clock_system()) + s->postgres->acquire_ms;
    bool lost = false;
    for (int run = 0;;) {
        struct attempt a;
        a.s = s;
        a.events = (struct event_list){NULL, 0, 0};
        a.announces = a.unknown = a.undone = false;
        enum err e = attempt(&a, fn, ctx);
        bool again =
            e == ERR_RETRY && run < RUNS_AGAIN_MAX && clock_mono_ms(clock_system()) < until_ms;
        if (again)
            pause_before(run++);
        else if (a.undone && e == ERR_STORE_AWAY && !lost)
            lost = true;
        else
            return e;
        metrics_add(s->o.metrics, METRIC_STORE_RETRIES, 1);
    }
}

/* ---- reading ---- */

static enum err run_read(struct store *s, struct sql_conn *c, store_fn fn, void *ctx)
{
    enum err e = sql_begin(c, c->driver->begin_read);
    if (e != ERR_OK)
        return e;
    uint64_t deadline_ns = clock_mono_ns(s->o.clock) + (uint64_t)s->o.read_limit_ms * 1000000;
    struct tx tx = {.store = s, .sql = c, .now_ms = clock_wall_ms(s->o.clock)};
    c->driver->set_deadline(c, deadline_ns);
    store_thread_set_inside(true);
    uint64_t uses = c->uses;
    e = fn(&tx, ctx);
    store_thread_set_inside(false);
    readers_note(s, c->uses - uses);
    assert(c->open == 0 && "sql_done is missing");
    c->driver->set_deadline(c, 0);
    sql_rollback(c); /* nothing to keep, nothing to wait for */
    if (e == ERR_RETRY && clock_mono_ns(s->o.clock) > deadline_ns)
        log_warn(s->o.log, "store", "a long read was interrupted",
                 LOG_U("limit_ms", s->o.read_limit_ms));
    return e;
}

static enum err read_engine(struct store *s, store_fn fn, void *ctx)
{
    struct pool *pool = s->postgres->pool;
    for (bool again = true;; again = false) {
        struct pool_conn *c;
        enum err e = pool_acquire(pool, POOL_READ, &c);
        if (e != ERR_OK)
            return e;
        e = run_read(s, c->sql, fn, ctx);
        bool lost = e == ERR_STORE_AWAY && postgres_broken(c->sql);
        pool_release(pool, &c);
        if (!lost || !again)
            return e;
    }
}

/* ---- opening and closing ---- */

static struct pool_options pool_options_of(struct store *s, const struct store_options *o)
{
    bool given = o->pool_max != 0;
    return (struct pool_options){.url = o->url,
                                 .worker_id = o->worker_id,
                                 .min = given ? o->pool_min : POOL_MIN,
                                 .max = given ? o->pool_max : POOL_MAX,
                                 .acquire_ms = given ? o->pool_acquire_ms : POOL_ACQUIRE_MS,
                                 .lifetime_s = given ? o->pool_lifetime_s : POOL_LIFETIME_S,
                                 .check_s = given ? o->pool_check_s : POOL_CHECK_S,
                                 .queue_max = o->queue_max,
                                 .clock = o->clock,
                                 .log = o->log,
                                 .metrics = o->metrics,
                                 .on_tick = on_tick,
                                 .on_tick_ctx = s};
}

static enum err prepare_database(struct store *s, const struct store_options *o, char *why,
                                 size_t why_len)
{
    struct sql_conn *c = pool_session(s->postgres->pool);
    struct migrate_options m = {.dir = o->migrations_dir, .clock = o->clock, .log = o->log};
    postgres_describe(c);
    enum err e = migrate(c, &m, why, why_len);
    return e == ERR_OK ? store_raise_ids(s, c) : e;
}

static enum err open_engine(struct store *s, const struct store_options *o, char *why,
                            size_t why_len)
{
    struct postgres *g = mem_zalloc(MEM_STORE, sizeof *g);
    if (g == NULL)
        return ERR_NO_MEMORY;
    s->postgres = g;
    unsettled_init(&g->unsettled);
    publisher_init(&g->publisher, o);
    struct pool_options po = pool_options_of(s, o);
    po.min = po.min < po.max ? po.min : po.max;
    g->acquire_ms = po.acquire_ms;
    enum err e = pool_open(&po, &g->pool, why, why_len);
    if (e == ERR_OK)
        e = prepare_database(s, o, why, why_len);
    return e == ERR_OK ? pool_start(g->pool) : e;
}

/*
 * The lease of ids is not given back as SQLite's engine does: the floor may stand for other
 * servers' ids too. So ids run up to two seconds ahead of the clock after a quick restart.
 */
static void close_engine(struct store *s)
{
    struct postgres *g = s->postgres;
    if (g == NULL)
        return;
    pool_close(&g->pool);
    unsettled_deinit(&g->unsettled);
    publisher_deinit(&g->publisher);
    mem_free(MEM_STORE, g);
    s->postgres = NULL;
}

static enum err connect_reader(struct store *s, struct sql_conn **out)
{
    char why[WHY_MAX] = "";
    struct sql_conn *c;
    enum err e = pool_connect(s->postgres->pool, &c, why, sizeof why);
    if (e != ERR_OK) {
        log_warn(s->o.log, "store", "no further connection to the database", LOG_S("reason", why));
        return e;
    }
    e = sql_exec(c, "SET default_transaction_read_only = on");
    if (e == ERR_OK)
        *out = c;
    else
        sql_conn_close(&c);
    return e;
}

static enum err trouble(struct store *s)
{
    return pool_trouble(s->postgres->pool);
}

const struct store_engine postgres_engine = {
    .name = "postgres",
    .open = open_engine,
    .close = close_engine,
    .write = write_engine,
    .read = read_engine,
    .connect = connect_reader,
    .trouble = trouble,
};
