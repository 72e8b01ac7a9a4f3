/* Making connections and the pool itself. */

#include "store/postgres_pool_priv.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/sql_driver.h"

enum { LIFETIME_JITTER_PERCENT = 10 };

/* ---- one connection ---- */

static uint64_t age_out_ms(const struct pool *p)
{
    uint64_t life_ms = (uint64_t)p->o.lifetime_s * 1000;
    uint64_t spread_ms = life_ms * LIFETIME_JITTER_PERCENT / 100 + 1;
    /* Those that were opened together do not end together. */
    return clock_mono_ms(p->o.clock) + life_ms - random_below(random_system(), spread_ms);
}

static enum err open_sql(struct pool *p, struct sql_conn **out, char *why, size_t why_len)
{
    struct postgres_options o = {.url = p->url,
                                 .connect_ms = p->o.acquire_ms,
                                 .statement_ms = POOL_STATEMENT_MS,
                                 .lock_ms = p->o.acquire_ms,
                                 .idle_tx_ms = POOL_IDLE_TX_MS,
                                 .clock = p->o.clock,
                                 .log = p->o.log};
    return postgres_open(&o, out, why, why_len);
}

enum err pool_new_conn(struct pool *p, struct pool_conn **out, char *why, size_t why_len)
{
    struct pool_conn *c = mem_zalloc(MEM_STORE, sizeof *c);
    if (c == NULL)
        return ERR_NO_MEMORY;
    enum err e = open_sql(p, &c->sql, why, why_len);
    if (e != ERR_OK) {
        mem_free(MEM_STORE, c);
        return e;
    }
    c->dies_ms = age_out_ms(p);
    c->used_ms = clock_mono_ms(p->o.clock);
    *out = c;
    return ERR_OK;
}

void pool_free_conn(struct pool_conn **cp)
{
    struct pool_conn *c = *cp;
    sql_conn_close(&c->sql);
    mem_free(MEM_STORE, c);
    *cp = NULL;
}

enum err pool_connect(struct pool *p, struct sql_conn **out, char *why, size_t why_len)
{
    struct postgres_options o = {
        .url = p->url, .connect_ms = p->o.acquire_ms, .clock = p->o.clock, .log = p->o.log};
    return postgres_open(&o, out, why, why_len);
}

/* ---- the pool ---- */

static void init_sync(struct pool *p)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&p->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&p->lock, NULL);
    list_init(&p->idle);
    for (unsigned i = 0; i < QUEUES; i++)
        list_init(&p->queues[i]);
}

enum err pool_open(const struct pool_options *o, struct pool **out, char *why, size_t why_len)
{
    assert(o->max >= 2 && o->min <= o->max && o->acquire_ms > 0);
    struct pool *p = mem_zalloc(MEM_STORE, sizeof *p);
    if (p == NULL)
        return ERR_NO_MEMORY;
    p->o = *o;
    init_sync(p);
    p->url = mem_strndup(MEM_STORE, o->url, strlen(o->url));
    p->o.url = p->url;
    enum err e = p->url != NULL ? keeper_connect(p, why, why_len) : ERR_NO_MEMORY;
    if (e == ERR_OK)
        *out = p;
    else
        pool_close(&p);
    return e;
}

struct sql_conn *pool_session(struct pool *p)
{
    assert(!p->started);
    return p->session;
}

enum err pool_start(struct pool *p)
{
    return keeper_start(p);
}

static void forget_url(struct pool *p)
{
    if (p->url != NULL)
        explicit_bzero(p->url, strlen(p->url)); /* it has a password */
    mem_free(MEM_STORE, p->url);
}

void pool_close(struct pool **pp)
{
    struct pool *p = *pp;
    struct list idle;
    if (p == NULL)
        return;
    keeper_stop(p);
    assert(p->waiting == 0 && p->idle_count == p->open_count && "a connection is in use");
    list_init(&idle);
    pool_take_idle(p, &idle, NULL);
    pool_drop(p, &idle);
    sql_conn_close(&p->session);
    forget_url(p);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    mem_free(MEM_STORE, p);
    *pp = NULL;
}
