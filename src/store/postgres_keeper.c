/*
 * The keeper: a thread that holds the session, connects again when the database has been away,
 * replaces what is old, checks what is idle, and keeps `min` connections open. It sleeps until it
 * is called (a connection was lost, connecting failed) and looks around once a second.
 *
 * The session's lock on the worker id is the database's; it goes with the session. Between its loss
 * and the moment when the keeper notices, at most a second if nothing else breaks with it, writes
 * go on: for ids to clash, a second server with our worker id would have to start within that
 * second.
 */

#include "store/postgres_pool_priv.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>

#include "store/sql_driver.h"

enum { KEEPER_STACK_BYTES = 512 * 1024, LOCK_TEXT_MAX = 64 };

/* ---- the session ---- */

/* The number is ours among the advisory locks of the database ("guildwrk", and the worker id); two
 * installations may share a database by schemas. */
static const char try_lock[] = "SELECT pg_try_advisory_lock(hashtextextended(coalesce("
                               "current_schema(), ''), $1))";
#define WORKER_LOCKS INT64_C(0x6775696c6477726b)

static enum err lock_worker(struct pool *p, struct sql_conn *c)
{
    bool got = false;
    struct sql_stmt *s = sql_query_text(c, try_lock);
    sql_bind_i64(s, 1, WORKER_LOCKS ^ (int64_t)p->o.worker_id);
    if (sql_step(s))
        got = sql_bool(s, 0);
    enum err e = sql_done(s);
    return e == ERR_OK && !got ? ERR_STORE_LOCKED : e;
}

/* Without limits of time: migrations run on it. */
static enum err open_session(struct pool *p, char *why, size_t why_len)
{
    enum err e = pool_connect(p, &p->session, why, why_len);
    if (e != ERR_OK)
        return e;
    e = lock_worker(p, p->session);
    if (e == ERR_OK)
        return ERR_OK;
    sql_conn_close(&p->session);
    if (e == ERR_STORE_LOCKED)
        snprintf(why, why_len,
                 "Another server uses this database with the same worker id (server.worker_id %u).",
                 p->o.worker_id);
    return e;
}

/*
 * At start. A server that is only starting is waited for; so is the end of the session of a server
 * that has just been killed, which the database may not have noticed yet.
 */
enum err keeper_connect(struct pool *p, char *why, size_t why_len)
{
    uint64_t until_ms = pool_now_ms() + p->o.acquire_ms;
    for (;;) {
        enum err e = open_session(p, why, why_len);
        bool again = e == ERR_STORE_AWAY || e == ERR_STORE_LOCKED;
        uint64_t pause_ms = pool_now_ms() + POOL_BACKOFF_MIN_MS;
        if (!again || pause_ms >= until_ms) {
            p->fence = e == ERR_OK ? FENCE_HELD : FENCE_LOST;
            return e;
        }
        pthread_mutex_lock(&p->lock);
        while (pool_now_ms() < pause_ms)
            pool_wait(p, &p->wake, pause_ms);
        pthread_mutex_unlock(&p->lock);
    }
}

static bool session_lives(struct pool *p, bool suspect)
{
    uint64_t now_ms = clock_mono_ms(p->o.clock);
    if (p->session == NULL || !postgres_idle_check(p->session))
        return false;
    if (!suspect && now_ms - p->pinged_ms < (uint64_t)p->o.check_s * 1000)
        return true;
    p->pinged_ms = now_ms;
    return postgres_ping(p->session) == ERR_OK;
}

static void drop_idle(struct pool *p, bool (*wanted)(const struct pool *, const struct pool_conn *))
{
    struct list dropped;
    list_init(&dropped);
    pool_take_idle(p, &dropped, wanted);
    pool_drop(p, &dropped);
}

/* `due`: it is renewed at once. */
static void lose_session(struct pool *p, bool due)
{
    if (p->session == NULL)
        return;
    sql_conn_close(&p->session);
    /* The others are most likely lost as well. */
    drop_idle(p, NULL);
    pool_set_fence(p, due ? FENCE_SUSPECT : FENCE_LOST);
}

/* The first refusal says little: the database may not be done yet with the session that was lost.
 */
static enum fence fence_after(struct pool *p, enum err e)
{
    p->refusals = e == ERR_STORE_LOCKED ? p->refusals + 1 : 0;
    if (e == ERR_OK)
        return FENCE_HELD;
    return p->refusals > 1 ? FENCE_TAKEN : FENCE_LOST;
}

static void renew_session(struct pool *p)
{
    char why[POOL_WHY_MAX] = "";
    enum err e = open_session(p, why, sizeof why);
    if (e == ERR_OK || e == ERR_STORE_LOCKED)
        pool_unbar(p);
    else
        pool_bar(p, e, why);
    pool_set_fence(p, fence_after(p, e));
}

/* What the keeper goes by, read under the lock. */
struct look {
    enum fence fence;
    bool due;      /* connecting may be tried (again) */
    bool short_of; /* fewer than min are open */
    bool barred;
    enum err disk;
};

static void watch_session(struct pool *p, const struct look *l)
{
    if (session_lives(p, l->fence == FENCE_SUSPECT)) {
        if (l->fence != FENCE_HELD)
            pool_set_fence(p, FENCE_HELD);
        return;
    }
    lose_session(p, l->due);
    if (l->due)
        renew_session(p);
}

/* ---- the others ---- */

static bool is_old(const struct pool *p, const struct pool_conn *c)
{
    return clock_mono_ms(p->o.clock) >= c->dies_ms;
}

static bool is_unchecked(const struct pool *p, const struct pool_conn *c)
{
    return clock_mono_ms(p->o.clock) - c->used_ms >= (uint64_t)p->o.check_s * 1000;
}

/* Those that rest too long for anybody to know whether they work. */
static void check_idle(struct pool *p)
{
    struct list unchecked, dead;
    struct list *node;
    list_init(&unchecked);
    list_init(&dead);
    pool_take_idle(p, &unchecked, is_unchecked);
    while ((node = list_pop_front(&unchecked)) != NULL) {
        struct pool_conn *c = LIST_OWNER(node, struct pool_conn, node);
        c->used_ms = clock_mono_ms(p->o.clock);
        if (postgres_ping(c->sql) == ERR_OK)
            pool_put(p, c);
        else
            list_push_back(&dead, &c->node);
    }
    pool_drop(p, &dead);
}

static bool begin_opening(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool wanted = !p->stopping && p->open_count < p->o.min;
    p->open_count += wanted;
    pthread_mutex_unlock(&p->lock);
    return wanted;
}

static void open_more(struct pool *p)
{
    while (begin_opening(p)) {
        char why[POOL_WHY_MAX] = "";
        struct pool_conn *c = NULL;
        enum err e = pool_new_conn(p, &c, why, sizeof why);
        pool_put(p, e == ERR_OK ? c : NULL);
        if (e == ERR_OK) {
            pool_unbar(p);
            continue;
        }
        pool_bar(p, e, why);
        return;
    }
}

/* Barred while the session works: the server has no room for more of us, perhaps. */
static void try_opening(struct pool *p)
{
    char why[POOL_WHY_MAX] = "";
    struct pool_conn *c = NULL;
    pthread_mutex_lock(&p->lock);
    bool room = p->open_count < p->o.max;
    p->open_count += room;
    pthread_mutex_unlock(&p->lock);
    if (!room)
        return;
    enum err e = pool_new_conn(p, &c, why, sizeof why);
    pool_put(p, e == ERR_OK ? c : NULL);
    if (e == ERR_OK)
        pool_unbar(p);
    else
        pool_bar(p, e, why);
}

/* Without traffic only a write can tell whether the server's disk works again. */
static void probe_disk(struct pool *p)
{
    static const char probe[] = "UPDATE meta SET number = number WHERE name = 'id_floor'";
    enum err e = sql_begin(p->session, p->session->driver->begin_write);
    if (e == ERR_OK) {
        e = sql_run(sql_query_text(p->session, probe));
        if (e == ERR_OK)
            e = sql_commit(p->session);
        else
            sql_rollback(p->session);
    }
    if (e == ERR_STORE_READONLY)
        lose_session(p, true); /* a standby by now: look whether the url leads to another server */
    if (e != ERR_OK)
        return;
    pool_note_disk(p, ERR_OK);
    log_info(p->o.log, "store", "the database accepts writes again",
             LOG_U("worker_id", p->o.worker_id));
}

/* ---- the thread ---- */

static bool wait_for_work(struct pool *p, struct look *l)
{
    uint64_t until_ms = pool_now_ms() + POOL_TICK_MS;
    pthread_mutex_lock(&p->lock);
    if (p->retry_ms > pool_now_ms() && p->retry_ms < until_ms)
        until_ms = p->retry_ms;
    while (!p->stopping && !p->called && pool_now_ms() < until_ms)
        pool_wait(p, &p->wake, until_ms);
    p->called = false;
    bool going = !p->stopping;
    *l = (struct look){.fence = p->fence,
                       .due = p->barred == ERR_OK || pool_now_ms() >= p->retry_ms,
                       .short_of = p->open_count < p->o.min,
                       .barred = p->barred != ERR_OK,
                       .disk = p->disk};
    pthread_mutex_unlock(&p->lock);
    return going;
}

static void look_after(struct pool *p, const struct look *l)
{
    watch_session(p, l);
    if (p->session == NULL)
        return;
    if (l->barred && l->due)
        try_opening(p);
    drop_idle(p, is_old);
    check_idle(p);
    if (!l->barred && l->short_of)
        open_more(p);
    if (l->disk != ERR_OK)
        probe_disk(p);
    if (p->session != NULL && p->o.on_tick != NULL)
        p->o.on_tick(p->o.on_tick_ctx);
}

static void *keeper_main(void *ctx)
{
    struct pool *p = ctx;
    struct look l;
    while (wait_for_work(p, &l))
        look_after(p, &l);
    return NULL;
}

/* Signals belong to main's loop: threads are born with all of them blocked. */
static int create_thread(struct pool *p)
{
    sigset_t all, before;
    pthread_attr_t attr;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, KEEPER_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&p->keeper, &attr, keeper_main, p);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

enum err keeper_start(struct pool *p)
{
    p->called = true; /* to open the first few */
    p->started = create_thread(p) == 0;
    if (!p->started)
        return ERR_NO_MEMORY;
    pthread_setname_np(p->keeper, "store-keeper");
    return ERR_OK;
}

void keeper_stop(struct pool *p)
{
    if (!p->started)
        return;
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->keeper, NULL);
    p->started = false;
}
