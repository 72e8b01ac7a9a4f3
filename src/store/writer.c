/*
 * The writer thread: group commit. The difficulty is to let many closures share one commit, and so
 * one fsync, without sharing each other's failures.
 *
 *   BEGIN ─▶ SAVEPOINT ─ closure ─┬─ ok ──▶ RELEASE ──────────────┐
 *               ▲                 └─ error ▶ ROLLBACK TO, RELEASE ─┤   (its events are dropped)
 *               └───────── while closures wait, up to batch_max ◀──┘
 *            ─▶ COMMIT ─▶ on_commit(all events) ─▶ wake the waiters ─▶ checkpoint if due
 *
 * If the database ends the transaction by itself (full disk, I/O error, no memory), or COMMIT
 * fails, every closure of the batch that had succeeded gets that error, and no event is published.
 * A closure that comes alone is committed at once; batches form by themselves while a commit is
 * under way.
 */

#include "store/sql_driver.h"
#include "store/store_priv.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

enum { WRITER_STACK_BYTES = 1024 * 1024 };

struct batch {
    struct list jobs; /* taken; none of their callers is awake yet */
    unsigned taken;
    unsigned succeeded;
    uint64_t last_id; /* the highest one given out */
    enum err err;     /* of the whole batch */
};

static void set_failing(struct store *s, enum err e)
{
    bool disk = e == ERR_STORE || e == ERR_STORE_FULL;
    atomic_store_explicit(&s->writer.failing, disk, memory_order_relaxed);
}

/* ---- the queue ---- */

static struct write_job *take_job(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    struct list *node = list_pop_front(&w->queue);
    if (node != NULL)
        w->queued--;
    pthread_mutex_unlock(&w->lock);
    return node == NULL ? NULL : LIST_OWNER(node, struct write_job, node);
}

static struct timespec probe_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += STORE_PROBE_MS / 1000;
    return t;
}

enum wait_result { WAIT_JOBS, WAIT_PROBE, WAIT_STOP };

static enum wait_result wait_for_jobs(struct writer *w)
{
    bool failing = atomic_load_explicit(&w->failing, memory_order_relaxed);
    struct timespec until = probe_time();
    int rc = 0;
    pthread_mutex_lock(&w->lock);
    while (list_empty(&w->queue) && !w->stopping && rc != ETIMEDOUT)
        rc = failing ? pthread_cond_timedwait(&w->wake, &w->lock, &until)
                     : pthread_cond_wait(&w->wake, &w->lock);
    enum wait_result result = WAIT_JOBS;
    if (list_empty(&w->queue))
        result = w->stopping ? WAIT_STOP : WAIT_PROBE;
    pthread_mutex_unlock(&w->lock);
    return result;
}

static enum err enqueue(struct store *s, struct write_job *job)
{
    struct writer *w = &s->writer;
    enum err e = ERR_OK;
    pthread_mutex_lock(&w->lock);
    if (w->stopping) {
        e = ERR_STOPPING;
    } else if (w->queued >= s->o.queue_max) {
        e = ERR_OVERLOADED;
    } else {
        list_push_back(&w->queue, &job->node);
        if (w->queued++ == 0)
            pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return e;
}

enum err writer_submit(struct store *s, store_fn fn, void *ctx)
{
    struct write_job job = {.fn = fn, .ctx = ctx};
    sem_init(&job.done, 0, 0);
    enum err e = enqueue(s, &job);
    if (e == ERR_OK) {
        while (sem_wait(&job.done) != 0)
            assert(errno == EINTR);
        e = job.result;
    }
    sem_destroy(&job.done);
    return e;
}

/* ---- one closure ---- */

static enum err run_fn(struct store *s, struct batch *b, const struct write_job *job)
{
    struct tx tx = {.store = s,
                    .sql = s->writer.sql,
                    .now_ms = clock_wall_ms(s->o.clock),
                    .events = &s->writer.events,
                    .events_before = s->writer.events.count};
    enum err e = job->fn(&tx, job->ctx);
    assert(s->writer.sql->open == 0 && "sql_done is missing");
    if (tx.last_id > b->last_id)
        b->last_id = tx.last_id;
    /* A closure may have overlooked these two; then its success is not one. */
    if (e == ERR_OK)
        e = tx.failed;
    return e == ERR_OK ? sql_lost(s->writer.sql) : e;
}

static enum err undo(struct sql_conn *c)
{
    enum err e = sql_run(sql_query(c, "ROLLBACK TO closure"));
    return e == ERR_OK ? sql_run(sql_query(c, "RELEASE closure")) : e;
}

static enum err run_once(struct store *s, struct batch *b, const struct write_job *job)
{
    struct sql_conn *c = s->writer.sql;
    size_t events_before = s->writer.events.count;
    enum err e = sql_run(sql_query(c, "SAVEPOINT closure"));
    if (e != ERR_OK) {
        b->err = e;
        return e;
    }
    e = run_fn(s, b, job);
    if (e == ERR_OK)
        e = sql_run(sql_query(c, "RELEASE closure"));
    if (e == ERR_OK)
        return ERR_OK;
    event_list_cut(&s->writer.events, events_before);
    metrics_add(s->o.metrics, METRIC_STORE_ROLLBACKS, 1);
    enum err undone = sql_lost(c) != ERR_OK ? sql_lost(c) : undo(c);
    if (undone != ERR_OK)
        b->err = undone; /* nobody can say what is left of this closure */
    return e;
}

static void run_job(struct store *s, struct batch *b, struct write_job *job)
{
    for (int run = 0; run <= STORE_RETRIES_MAX; run++) {
        job->result = run_once(s, b, job);
        if (job->result != ERR_RETRY || b->err != ERR_OK)
            break;
    }
    b->succeeded += job->result == ERR_OK;
}

/* ---- one batch ---- */

static void run_jobs(struct store *s, struct batch *b)
{
    while (b->taken < s->o.batch_max && s->writer.events.count < STORE_EVENTS_BATCH_MAX) {
        struct write_job *job = take_job(&s->writer);
        if (job == NULL)
            break;
        b->taken++;
        list_push_back(&b->jobs, &job->node);
        if (b->err == ERR_OK)
            run_job(s, b, job);
        else
            job->result = b->err;
    }
}

/* Ids given out in this batch will never be given out again, whatever the clock says after a
 * restart. */
static enum err store_id_floor(struct store *s, const struct batch *b)
{
    if (b->last_id <= s->id_floor)
        return ERR_OK;
    struct sql_stmt *q =
        sql_query(s->writer.sql, "UPDATE meta SET number = $1 WHERE name = 'id_floor'");
    sql_bind_u64(q, 1, b->last_id);
    return sql_run(q);
}

static enum err commit(struct store *s, struct batch *b)
{
    uint64_t begun_ns = clock_mono_ns(s->o.clock);
    enum err e = store_id_floor(s, b);
    if (e == ERR_OK)
        e = sql_commit(s->writer.sql);
    else
        sql_rollback(s->writer.sql);
    if (e != ERR_OK)
        return e;
    if (b->last_id > s->id_floor)
        s->id_floor = b->last_id;
    uint64_t took_us = (clock_mono_ns(s->o.clock) - begun_ns) / 1000;
    metrics_add(s->o.metrics, METRIC_STORE_COMMITS, 1);
    metrics_add(s->o.metrics, METRIC_STORE_TRANSACTIONS, b->succeeded);
    metrics_observe_us(s->o.metrics, METRIC_STORE_COMMIT_US, took_us);
    return ERR_OK;
}

static void fail_batch(struct store *s, struct batch *b)
{
    event_list_cut(&s->writer.events, 0);
    LIST_FOREACH (node, &b->jobs) {
        struct write_job *job = LIST_OWNER(node, struct write_job, node);
        if (job->result == ERR_OK)
            job->result = b->err;
    }
    log_error(s->o.log, "store", "a batch of transactions failed",
              LOG_S("error", err_info(b->err)->name), LOG_U("transactions", b->taken));
}

static void finish_batch(struct store *s, struct batch *b)
{
    if (b->err == ERR_OK && b->succeeded > 0) {
        b->err = commit(s, b);
        set_failing(s, b->err);
    } else {
        if (b->err != ERR_OK)
            set_failing(s, b->err);
        sql_rollback(s->writer.sql);
    }
    if (b->err != ERR_OK)
        fail_batch(s, b);
}

static void publish(struct store *s)
{
    struct event_list *l = &s->writer.events;
    if (l->count > 0 && s->o.on_commit != NULL)
        s->o.on_commit(s->o.on_commit_ctx, l->items, l->count);
    event_list_cut(l, 0);
}

static void wake_all(struct batch *b)
{
    LIST_FOREACH (node, &b->jobs) {
        struct write_job *job = LIST_OWNER(node, struct write_job, node);
        sem_post(&job->done); /* the job is gone from here on */
    }
}

static void run_batch(struct store *s)
{
    struct batch b = {.err = ERR_OK};
    list_init(&b.jobs);
    b.err = sql_begin(s->writer.sql, s->writer.sql->driver->begin_write);
    run_jobs(s, &b);
    finish_batch(s, &b);
    publish(s);
    wake_all(&b);
    s->writer.sql->driver->maintain(s->writer.sql);
    metrics_set(s->o.metrics, METRIC_STORE_WAL_BYTES,
                (int64_t)s->writer.sql->driver->wal_bytes(s->writer.sql));
}

/* After a failure of the disk and without traffic, only a write can tell that it works again. */
static void probe(struct store *s)
{
    struct sql_conn *c = s->writer.sql;
    enum err e = sql_begin(c, c->driver->begin_write);
    if (e == ERR_OK) {
        e = sql_run(sql_query(c, "UPDATE meta SET number = number WHERE name = 'id_floor'"));
        if (e == ERR_OK)
            e = sql_commit(c);
        else
            sql_rollback(c);
    }
    if (e == ERR_OK) {
        set_failing(s, ERR_OK);
        log_info(s->o.log, "store", "the disk accepts writes again", LOG_S("file", s->db_file));
    }
}

/* ---- the thread ---- */

static void *writer_main(void *ctx)
{
    struct store *s = ctx;
    assert(s->magic == STORE_MAGIC);
    store_thread_set_inside(true);
    for (;;) {
        enum wait_result got = wait_for_jobs(&s->writer);
        if (got == WAIT_STOP)
            return NULL;
        if (got == WAIT_PROBE)
            probe(s);
        else
            run_batch(s);
    }
}

/* Signals belong to main's loop: threads are born with all of them blocked. */
static int create_thread(struct store *s)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, WRITER_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&s->writer.thread, &attr, writer_main, s);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

enum err writer_start(struct store *s)
{
    struct writer *w = &s->writer;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&w->lock, NULL);
    list_init(&w->queue);
    w->started = create_thread(s) == 0;
    if (w->started) {
        pthread_setname_np(w->thread, "store-writer");
        return ERR_OK;
    }
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    return ERR_NO_MEMORY;
}

void writer_stop(struct store *s)
{
    struct writer *w = &s->writer;
    if (!w->started)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    event_list_deinit(&w->events);
    w->started = false;
}
