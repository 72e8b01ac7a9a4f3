#pragma once

/*
 * The pool of connections to PostgreSQL, and the keeper, the thread that looks after it. Any thread
 * acquires; it has the connection for itself until it releases it. Private to src/store; start
 * reading at postgres_pool.c.
 *
 * One more connection than `max` is the session: it belongs to the keeper and holds, for as long as
 * the pool lives, the database's lock on our worker id, so that no second server makes the same
 * ids. Without it nothing is acquired for writing.
 */

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/sql.h"

struct pool;

struct pool_options {
    const char *url; /* copied */
    unsigned worker_id;
    unsigned min;        /* connections kept open */
    unsigned max;        /* at once; some of them never for writing (pool_writers_max) */
    unsigned acquire_ms; /* longest wait for one */
    unsigned lifetime_s;
    unsigned check_s;
    unsigned queue_max; /* threads waiting for one */
    const struct clock *clock;
    const struct log *log;
    struct metrics *metrics;
    /* On the keeper's thread, now and then, while the database can be reached; NULL allowed. */
    void (*on_tick)(void *ctx);
    void *on_tick_ctx;
};

enum pool_use {
    POOL_READ,
    POOL_WRITE,
    POOL_SETTLE /* as READ, but waits while the database is away */
};

struct pool_conn {
    struct list node; /* in the pool, while idle */
    struct sql_conn *sql;
    enum pool_use use;
    bool spoilt; /* set by its user: not to be used again */
    uint64_t dies_ms;
    uint64_t used_ms; /* or checked */
};

/*
 * Connects the session, waiting for acquire_ms if the database is away, and takes the lock.
 * STORE_AWAY, STORE (refused), STORE_LOCKED, NO_MEMORY; `why` gets a sentence. No keeper runs yet:
 * meanwhile the session is the caller's, for migrations.
 */
MUST_CHECK enum err pool_open(const struct pool_options *o, struct pool **out, char *why,
                              size_t why_len);
struct sql_conn *pool_session(struct pool *p);
/* Starts the keeper. NO_MEMORY. */
MUST_CHECK enum err pool_start(struct pool *p);
/* All connections must have been released. NULL allowed. */
void pool_close(struct pool **p);

/*
 * STORE_AWAY: the database is away, at once. OVERLOADED: none was free for acquire_ms, or queue_max
 * threads wait. NO_MEMORY. Waiters are served in their order.
 */
MUST_CHECK enum err pool_acquire(struct pool *p, enum pool_use use, struct pool_conn **out);
/* Outside of a transaction. A lost connection is closed, and with it all idle ones: whatever broke
 * it has most likely broken them. */
void pool_release(struct pool *p, struct pool_conn **c);
/* A connection beside the pool's, without limits of time. As postgres_open. */
MUST_CHECK enum err pool_connect(struct pool *p, struct sql_conn **out, char *why, size_t why_len);
/* Of `max`, how many may write: readers always find one. */
unsigned pool_writers_max(unsigned max);

/* Writing failed because of the server's disk (STORE_FULL, STORE_IO, STORE_READONLY) or works
 * (ERR_OK). The keeper tries until it works again. */
void pool_note_disk(struct pool *p, enum err e);
/* ERR_OK, or why nothing can be written: STORE_AWAY, STORE_LOCKED, or what was noted. */
enum err pool_trouble(struct pool *p);
