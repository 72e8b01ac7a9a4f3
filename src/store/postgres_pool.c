/*
 * Acquiring and releasing. The difficulty is what happens when the database goes away: hundreds of
 * threads must neither each try to connect nor each wait to the end of their patience. The first
 * that fails to connect bars the way: from then on only the keeper tries, with a back-off, and
 * whoever wants a connection while there is none at all is told at once.
 *
 * A connection that is released goes to the thread that waits longest, before any newcomer; without
 * waiters it goes on top of the idle ones, so that the warm ones go first.
 */

#include "store/postgres_pool_priv.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

#include "base/random.h"

enum { READERS_SHARE = 8 };

uint64_t pool_now_ms(void)
{
    return clock_mono_ms(clock_system());
}

void pool_wait(struct pool *p, pthread_cond_t *wake, uint64_t until_ms)
{
    struct timespec t = {.tv_sec = (time_t)(until_ms / 1000),
                         .tv_nsec = (long)(until_ms % 1000) * 1000000};
    int rc = pthread_cond_timedwait(wake, &p->lock, &t);
    assert(rc == 0 || rc == ETIMEDOUT);
    (void)rc;
}

unsigned pool_writers_max(unsigned max)
{
    unsigned kept = max / READERS_SHARE;
    return max - (kept > 0 ? kept : 1);
}

/* ---- under the lock ---- */

static unsigned queue_of(enum pool_use use)
{
    return use == POOL_WRITE ? QUEUE_WRITE : QUEUE_READ;
}

static bool may_write(const struct pool *p)
{
    return p->fence == FENCE_HELD && p->writing < pool_writers_max(p->o.max);
}

static bool is_available(const struct pool *p, enum pool_use use)
{
    if (use == POOL_WRITE && !may_write(p))
        return false;
    return p->idle_count > 0 || (p->open_count < p->o.max && p->barred == ERR_OK);
}

/* Waiting would be in vain, as far as one can tell. */
static bool is_hopeless(const struct pool *p, enum pool_use use)
{
    if (use == POOL_SETTLE)
        return false;
    if (use == POOL_WRITE && (p->fence == FENCE_LOST || p->fence == FENCE_TAKEN))
        return true;
    return p->barred != ERR_OK && p->open_count == 0;
}

static void show(const struct pool *p)
{
    metrics_set(p->o.metrics, METRIC_STORE_POOL_OPEN, p->open_count);
    metrics_set(p->o.metrics, METRIC_STORE_POOL_IDLE, p->idle_count);
}

/* Of what is available. NULL: the caller may open one. */
static struct pool_conn *take(struct pool *p, enum pool_use use)
{
    struct pool_conn *c = NULL;
    p->writing += use == POOL_WRITE;
    if (p->idle_count > 0) {
        c = LIST_OWNER(list_pop_front(&p->idle), struct pool_conn, node);
        p->idle_count--;
        c->use = use;
    } else {
        p->open_count++;
    }
    show(p);
    return c;
}

static struct waiter *first_waiter(struct pool *p, unsigned queue)
{
    struct list *head = &p->queues[queue];
    return list_empty(head) ? NULL : LIST_OWNER(head->next, struct waiter, node);
}

static void answer(struct pool *p, struct waiter *w, enum err e)
{
    list_remove(&w->node);
    p->waiting--;
    w->served = true;
    w->err = e;
    pthread_cond_signal(&w->wake);
}

/* The one that has waited longest, of those that can go on. */
static struct waiter *next_waiter(struct pool *p)
{
    struct waiter *next = NULL;
    for (unsigned i = 0; i < QUEUES; i++) {
        struct waiter *w = first_waiter(p, i);
        if (w != NULL && is_available(p, w->use) && (next == NULL || w->turn < next->turn))
            next = w;
    }
    return next;
}

static void serve(struct pool *p)
{
    struct waiter *w;
    while ((w = next_waiter(p)) != NULL) {
        w->conn = take(p, w->use);
        answer(p, w, ERR_OK);
    }
    for (unsigned i = 0; i < QUEUES; i++)
        LIST_FOREACH (node, &p->queues[i]) {
            w = LIST_OWNER(node, struct waiter, node);
            if (is_hopeless(p, w->use))
                answer(p, w, ERR_STORE_AWAY);
        }
}

static void call_keeper(struct pool *p)
{
    p->called = true;
    pthread_cond_signal(&p->wake);
}

static void stop_opening(struct pool *p, enum pool_use use)
{
    pthread_mutex_lock(&p->lock);
    p->open_count--;
    p->writing -= use == POOL_WRITE;
    show(p);
    serve(p);
    pthread_mutex_unlock(&p->lock);
}

/* ---- state ---- */

static uint64_t backoff_until(struct pool *p)
{
    p->backoff_ms = p->backoff_ms == 0 ? POOL_BACKOFF_MIN_MS : p->backoff_ms * 2;
    if (p->backoff_ms > POOL_BACKOFF_MAX_MS)
        p->backoff_ms = POOL_BACKOFF_MAX_MS;
    unsigned half = p->backoff_ms / 2;
    return pool_now_ms() + half + random_below(random_system(), half + 1);
}

/* True: somebody must tell. The last connection may end before or after connecting has failed. */
static bool becomes_away(struct pool *p)
{
    bool tell = !p->away && is_hopeless(p, POOL_READ);
    p->away |= tell;
    return tell;
}

void pool_bar(struct pool *p, enum err e, const char *why)
{
    pthread_mutex_lock(&p->lock);
    /* Several may fail at once: that is one failure. */
    if (p->barred == ERR_OK || pool_now_ms() >= p->retry_ms)
        p->retry_ms = backoff_until(p);
    p->barred = e;
    bool tell = becomes_away(p);
    call_keeper(p);
    serve(p);
    pthread_mutex_unlock(&p->lock);
    if (tell)
        log_error(p->o.log, "store", "the database is away", LOG_S("reason", why));
}

void pool_unbar(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    bool tell = p->away;
    if (tell)
        metrics_add(p->o.metrics, METRIC_STORE_POOL_RECONNECTS, 1);
    p->away = false;
    p->barred = ERR_OK;
    p->backoff_ms = 0;
    serve(p);
    pthread_mutex_unlock(&p->lock);
    if (tell)
        log_info(p->o.log, "store", "the database is back", LOG_U("worker_id", p->o.worker_id));
}

void pool_set_fence(struct pool *p, enum fence fence)
{
    pthread_mutex_lock(&p->lock);
    bool taken = fence == FENCE_TAKEN && p->fence != FENCE_TAKEN;
    p->fence = fence;
    serve(p);
    pthread_mutex_unlock(&p->lock);
    if (taken)
        log_error(p->o.log, "store",
                  "another session holds the lock on this server's worker id: nothing is written",
                  LOG_U("worker_id", p->o.worker_id));
}

void pool_note_disk(struct pool *p, enum err e)
{
    pthread_mutex_lock(&p->lock);
    p->disk = e;
    pthread_mutex_unlock(&p->lock);
}

enum err pool_trouble(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    enum err e = p->disk;
    if (p->fence == FENCE_TAKEN)
        e = ERR_STORE_LOCKED;
    else if (is_hopeless(p, POOL_WRITE))
        e = ERR_STORE_AWAY;
    pthread_mutex_unlock(&p->lock);
    return e;
}

/* ---- acquiring ---- */

static enum err line_up(struct pool *p, struct waiter *w, uint64_t until_ms)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    w->turn = p->turn++;
    list_push_back(&p->queues[queue_of(w->use)], &w->node);
    p->waiting++;
    metrics_add(p->o.metrics, METRIC_STORE_POOL_WAITS, 1);
    while (!w->served && pool_now_ms() < until_ms)
        pool_wait(p, &w->wake, until_ms);
    if (!w->served)
        answer(p, w, ERR_OVERLOADED);
    pthread_cond_destroy(&w->wake);
    return w->err;
}

/* A connection, or the permission to open one (*out NULL). */
static enum err admit(struct pool *p, enum pool_use use, uint64_t until_ms, struct pool_conn **out)
{
    struct waiter w = {.use = use};
    enum err e = ERR_OK;
    pthread_mutex_lock(&p->lock);
    bool first = list_empty(&p->queues[queue_of(use)]);
    if (first && is_available(p, use))
        w.conn = take(p, use);
    else if (is_hopeless(p, use))
        e = ERR_STORE_AWAY;
    else if (p->waiting >= p->o.queue_max)
        e = ERR_OVERLOADED;
    else
        e = line_up(p, &w, until_ms);
    pthread_mutex_unlock(&p->lock);
    if (e == ERR_OK)
        *out = w.conn;
    return e;
}

static enum err open_new(struct pool *p, enum pool_use use, struct pool_conn **out)
{
    char why[POOL_WHY_MAX] = "";
    enum err e = pool_new_conn(p, out, why, sizeof why);
    if (e == ERR_OK) {
        (*out)->use = use;
        return ERR_OK;
    }
    stop_opening(p, use);
    if (e == ERR_NO_MEMORY)
        return e;
    pool_bar(p, e, why);
    return ERR_RETRY; /* others may be open, and come free */
}

/* RETRY: it cannot be used, and has been dealt with. */
static enum err make_ready(struct pool *p, enum pool_use use, struct pool_conn **c)
{
    if (*c == NULL)
        return open_new(p, use, c);
    if (postgres_idle_check((*c)->sql))
        return ERR_OK;
    pool_release(p, c);
    return ERR_RETRY;
}

enum err pool_acquire(struct pool *p, enum pool_use use, struct pool_conn **out)
{
    uint64_t begun_ns = clock_mono_ns(p->o.clock);
    uint64_t until_ms = pool_now_ms() + p->o.acquire_ms;
    struct pool_conn *c;
    enum err e = ERR_RETRY;
    while (e == ERR_RETRY) {
        c = NULL;
        e = admit(p, use, until_ms, &c);
        if (e == ERR_OK)
            e = make_ready(p, use, &c);
    }
    if (e != ERR_OK)
        return e;
    metrics_observe_us(p->o.metrics, METRIC_STORE_POOL_ACQUIRE_US,
                       (clock_mono_ns(p->o.clock) - begun_ns) / 1000);
    *out = c;
    return ERR_OK;
}

/* ---- releasing ---- */

static void move_idle(struct pool *p, struct list *out)
{
    struct list *node;
    while ((node = list_pop_front(&p->idle)) != NULL)
        list_push_back(out, node);
    p->idle_count = 0;
}

void pool_release(struct pool *p, struct pool_conn **cp)
{
    struct pool_conn *c = *cp;
    struct list dropped;
    list_init(&dropped);
    bool lost = postgres_broken(c->sql);
    uint64_t now_ms = clock_mono_ms(p->o.clock);
    *cp = NULL;
    pthread_mutex_lock(&p->lock);
    p->writing -= c->use == POOL_WRITE;
    if (lost || c->spoilt || now_ms >= c->dies_ms) {
        list_push_back(&dropped, &c->node);
    } else {
        c->used_ms = now_ms;
        list_push_front(&p->idle, &c->node);
        p->idle_count++;
    }
    if (lost) {
        move_idle(p, &dropped);
        p->fence = p->fence == FENCE_HELD ? FENCE_SUSPECT : p->fence;
        call_keeper(p);
        metrics_add(p->o.metrics, METRIC_STORE_POOL_LOST, 1);
    }
    show(p);
    serve(p);
    pthread_mutex_unlock(&p->lock);
    pool_drop(p, &dropped);
}

void pool_drop(struct pool *p, struct list *conns)
{
    struct list *node;
    unsigned count = 0;
    for (; (node = list_pop_front(conns)) != NULL; count++) {
        struct pool_conn *c = LIST_OWNER(node, struct pool_conn, node);
        pool_free_conn(&c);
    }
    if (count == 0)
        return;
    /* Only now, so that the server never sees more of us than `max`. */
    pthread_mutex_lock(&p->lock);
    p->open_count -= count;
    bool tell = becomes_away(p);
    enum err reason = p->barred;
    show(p);
    serve(p);
    pthread_mutex_unlock(&p->lock);
    if (tell)
        log_error(p->o.log, "store", "the database is away",
                  LOG_S("reason", err_info(reason)->name));
}

void pool_put(struct pool *p, struct pool_conn *c)
{
    pthread_mutex_lock(&p->lock);
    if (c != NULL) {
        /* Behind the warm ones: nobody has asked for it. */
        list_push_back(&p->idle, &c->node);
        p->idle_count++;
    } else {
        p->open_count--;
    }
    show(p);
    serve(p);
    pthread_mutex_unlock(&p->lock);
}

void pool_take_idle(struct pool *p, struct list *out,
                    bool (*wanted)(const struct pool *p, const struct pool_conn *c))
{
    pthread_mutex_lock(&p->lock);
    LIST_FOREACH (node, &p->idle) {
        struct pool_conn *c = LIST_OWNER(node, struct pool_conn, node);
        if (wanted != NULL && !wanted(p, c))
            continue;
        list_remove(&c->node);
        list_push_back(out, &c->node);
        p->idle_count--;
    }
    show(p);
    pthread_mutex_unlock(&p->lock);
}
