#pragma once

/* What postgres_pool.c (threads that need a connection) and postgres_keeper.c (the thread that
 * looks after them) share. */

#include <pthread.h>

#include "store/postgres.h"
#include "store/postgres_pool.h"

enum {
    POOL_TICK_MS = 1000,       /* how often the keeper looks around */
    POOL_BACKOFF_MIN_MS = 100, /* between two tries to connect; doubled each time */
    POOL_BACKOFF_MAX_MS = 10000,
    POOL_STATEMENT_MS = 30000, /* one statement of a closure */
    POOL_IDLE_TX_MS = 30000,   /* a closure that hangs between two statements */
    POOL_WHY_MAX = 512
};

/* Whether the session holds the lock on the worker id. */
enum fence {
    FENCE_HELD,
    FENCE_SUSPECT, /* a connection was lost: the keeper looks; writers wait */
    FENCE_LOST,    /* and could not be taken again yet */
    FENCE_TAKEN    /* another server has it */
};

/* A thread in pool_acquire, on its stack. */
struct waiter {
    struct list node;
    pthread_cond_t wake;
    enum pool_use use;
    uint64_t turn;
    bool served;
    enum err err;
    struct pool_conn *conn; /* served with ERR_OK and NULL: it opens one itself */
};

/* The queue is by kind, since writers may have to wait where readers need not. */
enum { QUEUE_READ, QUEUE_WRITE, QUEUES };

struct pool {
    struct pool_options o; /* url is `url` here */
    char *url;
    pthread_t keeper;
    bool started;
    /* The keeper's alone once it runs. */
    struct sql_conn *session; /* NULL: not connected */
    uint64_t pinged_ms;
    unsigned refusals; /* of the lock, one after the other */

    pthread_mutex_t lock; /* guards what follows; not held across SQL, connecting, or closing */
    pthread_cond_t wake;  /* the keeper */
    bool stopping;
    bool called;      /* the keeper is to look around now */
    struct list idle; /* of struct pool_conn; the last used one first */
    unsigned idle_count;
    unsigned open_count;        /* idle, in use, or being opened */
    unsigned writing;           /* in use for writing */
    struct list queues[QUEUES]; /* of struct waiter */
    unsigned waiting;
    uint64_t turn;
    enum fence fence;
    enum err disk; /* pool_note_disk */
    /* Connecting failed, for this reason: nobody but the keeper tries until it succeeds. */
    enum err barred;
    unsigned backoff_ms;
    uint64_t retry_ms; /* when; the machine's clock */
    bool away;         /* was logged */
};

/* The machine's monotonic clock: the one of condition variables, whatever o.clock is. */
uint64_t pool_now_ms(void);
/* Waits for p->wake, or until then. The lock is held. */
void pool_wait(struct pool *p, pthread_cond_t *wake, uint64_t until_ms);

/* A connection like those of the pool. Not under the lock. */
MUST_CHECK enum err pool_new_conn(struct pool *p, struct pool_conn **out, char *why,
                                  size_t why_len);
void pool_free_conn(struct pool_conn **c);
/* Connecting failed: begins or prolongs the back-off. */
void pool_bar(struct pool *p, enum err e, const char *why);
/* Connecting works. */
void pool_unbar(struct pool *p);
void pool_set_fence(struct pool *p, enum fence fence);
/* An opened or checked connection goes to the idle ones; NULL: it could not be had. */
void pool_put(struct pool *p, struct pool_conn *c);
/* Takes the idle connections that `wanted` wants out of the pool, into `out`. They count as open.
 */
void pool_take_idle(struct pool *p, struct list *out,
                    bool (*wanted)(const struct pool *p, const struct pool_conn *c));
/* Closes those of the list for good. */
void pool_drop(struct pool *p, struct list *conns);

MUST_CHECK enum err keeper_connect(struct pool *p, char *why, size_t why_len);
MUST_CHECK enum err keeper_start(struct pool *p);
void keeper_stop(struct pool *p);
