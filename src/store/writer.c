/*
 * The writer thread: a queue of closures, run in batches (batch.c), and the ways in and out of it.
 * A closure that comes alone is committed at once; batches form by themselves while a commit is
 * under way.
 */

#include "store/batch.h"
#include "store/sql_driver.h"
#include "store/store_priv.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <time.h>

enum { WRITER_STACK_BYTES = 1024 * 1024 };

static bool is_disk_trouble(enum err e)
{
    return e == ERR_STORE || e == ERR_STORE_FULL || e == ERR_STORE_IO || e == ERR_STORE_READONLY;
}

enum err writer_trouble(struct store *s)
{
    return (enum err)atomic_load_explicit(&s->writer.trouble, memory_order_relaxed);
}

/*
 * Only a write that is durable ends a trouble; no memory, say, tells nothing about the disk. Writes
 * go on being tried: each one overwrites in the log what the last one may have left there, so that
 * also after a failed sync nothing acknowledged rests on it (sqlite_settle.c says what does).
 */
static void set_trouble(struct store *s, enum err e)
{
    enum err before = writer_trouble(s);
    if (e == before || (e != ERR_OK && !is_disk_trouble(e)))
        return;
    atomic_store_explicit(&s->writer.trouble, (int)e, memory_order_relaxed);
    if (e == ERR_OK)
        log_info(s->o.log, "store", "the disk accepts writes again", LOG_S("file", s->db_file));
    else
        log_error(s->o.log, "store", "nothing can be written",
                  LOG_S("reason", store_trouble_text(e)), LOG_S("file", s->db_file));
}

/* ---- the queue ---- */

static struct write_job *first_job(const struct writer *w)
{
    return list_empty(&w->queue) ? NULL : LIST_OWNER(w->queue.next, struct write_job, node);
}

/* The first in line, if it is of the kind that is asked for; NULL otherwise. */
static struct write_job *take_job(struct writer *w, bool between)
{
    pthread_mutex_lock(&w->lock);
    struct write_job *job = first_job(w);
    if (job != NULL && (job->between != NULL) == between) {
        list_remove(&job->node);
        w->queued--;
    } else {
        job = NULL;
    }
    pthread_mutex_unlock(&w->lock);
    return job;
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
    bool failing = atomic_load_explicit(&w->trouble, memory_order_relaxed) != ERR_OK;
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

static enum err submit(struct store *s, struct write_job *job)
{
    sem_init(&job->done, 0, 0);
    enum err e = enqueue(s, job);
    if (e == ERR_OK) {
        while (sem_wait(&job->done) != 0)
            assert(errno == EINTR);
        e = job->result;
        for (int i = 0; i < STORE_WAKES && job->wakes[i] != NULL; i++)
            sem_post(&job->wakes[i]->done);
    }
    sem_destroy(&job->done);
    return e;
}

enum err writer_submit(struct store *s, store_fn fn, void *ctx)
{
    struct write_job job = {.fn = fn, .ctx = ctx};
    return submit(s, &job);
}

enum err writer_between(struct store *s, store_between_fn fn, void *ctx)
{
    struct write_job job = {.between = fn, .ctx = ctx};
    return submit(s, &job);
}

/* ---- one batch ---- */

/*
 * Waking costs a system call a thread, and the writer has better things to do: it wakes the first,
 * and each that wakes wakes two others (submit), in a tree laid through the list. All of them sleep
 * until the first is posted; a job is gone once it has been.
 */
static void wake_all(struct batch *b)
{
    struct list *parent = b->jobs.next;
    unsigned given = 0;
    if (list_empty(&b->jobs))
        return;
    for (struct list *it = parent->next; it != &b->jobs; it = it->next) {
        LIST_OWNER(parent, struct write_job, node)->wakes[given++] =
            LIST_OWNER(it, struct write_job, node);
        if (given == STORE_WAKES) {
            parent = parent->next;
            given = 0;
        }
    }
    sem_post(&LIST_OWNER(b->jobs.next, struct write_job, node)->done);
}

/* One that wants the connection for itself; true if it was its turn. */
static bool run_between(struct store *s)
{
    struct write_job *job = take_job(&s->writer, true);
    if (job == NULL)
        return false;
    job->result = job->between(s->writer.sql, job->ctx);
    assert(s->writer.sql->open == 0 && "sql_done is missing");
    sem_post(&job->done);
    return true;
}

static struct write_job *next_closure(void *ctx)
{
    return take_job(ctx, false);
}

static void run_batch(struct store *s)
{
    struct batch b;
    batch_run(s, &b, next_closure, &s->writer);
    if (b.err != ERR_OK || b.succeeded > 0)
        set_trouble(s, b.err);
    metrics_set(s->o.metrics, METRIC_STORE_WAL_BYTES,
                (int64_t)s->writer.sql->driver->wal_bytes(s->writer.sql));
    wake_all(&b);
    s->writer.sql->driver->maintain(s->writer.sql);
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
    set_trouble(s, e);
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
        else if (!run_between(s))
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
    stream_heads_deinit(&w->heads);
    w->started = false;
}
