/*
 * Cancelling a statement. libpq asks on a connection of its own and waits for the server to close
 * it, for as long as that takes: a server that has stopped without being gone (a machine that is
 * paused, a disk that hangs) would hold the asker for ever. So a thread asks, and is left to itself
 * if it needs too long; as its connection is given up then, there are never more of them than
 * connections.
 */

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "store/postgres_priv.h"

enum { CANCEL_STACK_BYTES = 256 * 1024, CANCEL_ERROR_MAX = 256 };

/* Shared by the thread and whoever waits for it; the last of the two frees it. */
struct question {
    PGcancel *handle;
    _Atomic bool
        asked; /* release and acquire: the semaphore orders it already, but not for all who check */
    sem_t answered;
    _Atomic int holders; /* acquire and release: the last one sees all that the other did */
};

static void let_go(struct question *q)
{
    if (atomic_fetch_sub_explicit(&q->holders, 1, memory_order_acq_rel) > 1)
        return;
    PQfreeCancel(q->handle);
    sem_destroy(&q->answered);
    mem_free(MEM_STORE, q);
}

static void *ask(void *ctx)
{
    struct question *q = ctx;
    char error[CANCEL_ERROR_MAX];
    bool asked = PQcancel(q->handle, error, sizeof error) != 0;
    atomic_store_explicit(&q->asked, asked, memory_order_release);
    sem_post(&q->answered);
    let_go(q);
    return NULL;
}

/* Signals belong to main's loop: threads are born with all of them blocked. */
static bool start(struct question *q)
{
    sigset_t all, before;
    pthread_attr_t attr;
    pthread_t thread;
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, CANCEL_STACK_BYTES);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&thread, &attr, ask, q);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc == 0;
}

static struct question *question_new(struct postgres_conn *c)
{
    struct question *q = mem_zalloc(MEM_STORE, sizeof *q);
    if (q == NULL)
        return NULL;
    q->handle = PQgetCancel(c->pg);
    sem_init(&q->answered, 0, 0);
    atomic_init(&q->holders, 2);
    if (q->handle != NULL && start(q))
        return q;
    atomic_init(&q->holders, 1);
    let_go(q);
    return NULL;
}

static bool await_answer(struct question *q)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += POSTGRES_GRACE_MS / 1000;
    int rc;
    do
        rc = sem_clockwait(&q->answered, CLOCK_MONOTONIC, &until);
    while (rc != 0 && errno == EINTR);
    return rc == 0 && atomic_load_explicit(&q->asked, memory_order_acquire);
}

bool postgres_cancel(struct postgres_conn *c)
{
    struct question *q = question_new(c);
    bool good = q != NULL && await_answer(q);
    if (q != NULL)
        let_go(q);
    if (!good)
        log_warn(c->base.log, "store", "a long statement cannot be cancelled",
                 LOG_I("backend", PQbackendPID(c->pg)));
    return good;
}
