#pragma once

/*
 * Running closures that wait together, in one batch where there are batches, for certain and
 * without a look inside the store: a first closure holds the one writer (PostgreSQL: the one
 * connection that may write); `count` + 1 threads write, with queue_max = count; the one that is
 * turned away with OVERLOADED proves that the others are queued. Which of them runs in which turn
 * is chance, so closures take their number from a counter when they run.
 */

#include <pthread.h>

#include "contract/store_fixture.h"

struct batch_run {
    struct store *store;
    store_fn fn; /* gets this struct */
    void *ctx;
    unsigned next;                    /* turn of the closure that runs next; the writer's only */
    enum err results[BATCH_JOBS_MAX]; /* by turn */
    struct gate gate;
    sem_t turned_away;
};

struct batch_turn {
    struct batch_run *run;
    unsigned turn;
    bool taken;
};

static enum err on_batch_turn(struct tx *tx, void *ctx)
{
    struct batch_turn *t = ctx;
    if (!t->taken) {
        t->turn = t->run->next++;
        t->taken = true;
    }
    return t->run->fn(tx, t);
}

/* A store for a run of `count` closures. */
UNUSED static void batch_open(struct fixture *f, unsigned count)
{
    f->options.queue_max = count;
    f->options.pool_max = 2;
    f->options.pool_acquire_ms = 60000;
    f->options.pool_lifetime_s = 1800;
    f->options.pool_check_s = 30;
    fixture_open(f);
}

static void *batch_gate_thread(void *ctx)
{
    struct batch_run *run = ctx;
    enum err e = store_write(run->store, on_gate, &run->gate);
    assert_true(e == ERR_OK || e == ERR_STORE_FULL);
    return NULL;
}

static void *batch_thread(void *ctx)
{
    struct batch_run *run = ctx;
    struct batch_turn t = {.run = run};
    enum err e = store_write(run->store, on_batch_turn, &t);
    if (t.taken)
        run->results[t.turn] = e;
    else if (e == ERR_OVERLOADED)
        sem_post(&run->turned_away);
    return NULL;
}

static void batch_run(struct batch_run *run, unsigned count)
{
    pthread_t gate;
    pthread_t threads[BATCH_JOBS_MAX + 1];
    assert_true(count <= BATCH_JOBS_MAX);
    sem_init(&run->gate.entered, 0, 0);
    sem_init(&run->gate.opened, 0, 0);
    sem_init(&run->turned_away, 0, 0);
    assert_int_equal(pthread_create(&gate, NULL, batch_gate_thread, run), 0);
    sem_wait(&run->gate.entered);
    for (unsigned i = 0; i <= count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, batch_thread, run), 0);
    sem_wait(&run->turned_away);
    sem_post(&run->gate.opened);
    for (unsigned i = 0; i <= count; i++)
        pthread_join(threads[i], NULL);
    pthread_join(gate, NULL);
    sem_destroy(&run->gate.entered);
    sem_destroy(&run->gate.opened);
    sem_destroy(&run->turned_away);
}
