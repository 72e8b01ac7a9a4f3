/*
 * The difficulty is to start few threads and yet never leave a runnable job without one. All
 * decisions are made under the pool's one mutex (held across nothing but the creation of a thread),
 * from one number: the backlog, that is how many queued jobs the class caps allow to run now. A job
 * that a cap holds back is not in it; the worker whose end lifts the cap takes that job itself.
 */

#include "net/workers.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "base/mem.h"

enum { STACK_BYTES = 256 * 1024 };

struct workers {
    struct workers_options options;
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a job may be runnable, or the pool stops */
    /* All below under the mutex. */
    struct list queues[JOB_CLASS_COUNT];
    unsigned queued[JOB_CLASS_COUNT];
    unsigned running[JOB_CLASS_COUNT];
    unsigned queued_total;
    unsigned idle;       /* parked, or woken and not running yet */
    unsigned starting;   /* threads that have not reached the mutex yet */
    unsigned next_class; /* round-robin, so that no class starves another */
    bool stopping;
    unsigned thread_count;
    pthread_t threads[];
};

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many more jobs of a class may run. All others together leave the reserve to reads. */
static unsigned room(const struct workers *w, enum job_class class)
{
    if (class == JOB_READ)
        return w->options.threads_max;
    unsigned cap = w->options.threads_max - w->options.read_reserved;
    unsigned shared = cap - w->running[JOB_WRITE] - w->running[JOB_HASH] - w->running[JOB_FILE];
    if (class == JOB_WRITE)
        return shared;
    unsigned most = class == JOB_HASH ? w->options.hash_max : w->options.files_max;
    return least(shared, most - w->running[class]);
}

static unsigned backlog(const struct workers *w)
{
    unsigned hash = least(w->queued[JOB_HASH], room(w, JOB_HASH));
    unsigned file = least(w->queued[JOB_FILE], room(w, JOB_FILE));
    return w->queued[JOB_READ] + least(w->queued[JOB_WRITE] + hash + file, room(w, JOB_WRITE));
}

static struct job *take(struct workers *w)
{
    for (unsigned i = 0; i < JOB_CLASS_COUNT; i++) {
        enum job_class class = (w->next_class + i) % JOB_CLASS_COUNT;
        if (w->queued[class] == 0 || room(w, class) == 0)
            continue;
        w->next_class = (class + 1) % JOB_CLASS_COUNT;
        w->queued[class]--;
        w->queued_total--;
        w->running[class]++;
        return LIST_OWNER(list_pop_front(&w->queues[class]), struct job, node);
    }
    return NULL;
}

/* The next job, or NULL when the pool stops and nothing is left. Called with the mutex held. */
static struct job *await(struct workers *w)
{
    struct job *j;
    while (!(j = take(w))) {
        if (w->stopping && w->queued_total == 0)
            return NULL;
        w->idle++;
        pthread_cond_wait(&w->work, &w->mutex);
        w->idle--;
    }
    return j;
}

static void run(struct workers *w, struct job *j)
{
    enum job_class class = j->class; /* j dies in run */
    bool more = backlog(w) > 0;
    pthread_mutex_unlock(&w->mutex);
    if (more)
        pthread_cond_signal(&w->work);
    metrics_add(w->options.metrics, METRIC_WORKER_QUEUE, -1);
    j->run(j);
    pthread_mutex_lock(&w->mutex);
    w->running[class]--;
}

static void *run_thread(void *arg)
{
    struct workers *w = arg;
    pthread_mutex_lock(&w->mutex);
    w->starting--;
    for (struct job *j; (j = await(w));)
        run(w, j);
    /* The others may be waiting for a cap that this one's last job held. */
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->mutex);
    return NULL;
}

enum err workers_new(const struct workers_options *o, struct workers **out)
{
    assert(o->threads_max > 0 && o->read_reserved < o->threads_max);
    assert(o->hash_max > 0 && o->queue_max > 0);
    struct workers *w = mem_zalloc(MEM_NET, sizeof *w + o->threads_max * sizeof w->threads[0]);
    if (!w)
        return ERR_NO_MEMORY;
    w->options = *o;
    if (w->options.stack_bytes == 0)
        w->options.stack_bytes = STACK_BYTES;
    if (w->options.files_max == 0)
        w->options.files_max = w->options.hash_max;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->work, NULL);
    for (unsigned i = 0; i < JOB_CLASS_COUNT; i++)
        list_init(&w->queues[i]);
    *out = w;
    return ERR_OK;
}

/* Signals belong to the main thread: a worker starts with all of them blocked. */
static bool create_thread(struct workers *w, pthread_t *out)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    if (pthread_attr_init(&attr) != 0)
        return false;
    pthread_attr_setstacksize(&attr, w->options.stack_bytes);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    bool ok = pthread_create(out, &attr, run_thread, w) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (ok)
        pthread_setname_np(*out, "gh-worker");
    return ok;
}

/* Creating happens under the mutex: the thread's id must be in `threads` before a stop joins them,
 * and at most threads_max creations ever happen. False if there is no worker at all. */
static bool add_thread(struct workers *w)
{
    w->starting++;
    if (create_thread(w, &w->threads[w->thread_count])) {
        w->thread_count++;
        return true;
    }
    w->starting--;
    log_warn(w->options.log, "net", "cannot start a worker", LOG_U("workers", w->thread_count));
    return w->thread_count > 0;
}

static enum err enqueue(struct workers *w, struct job *j, bool owed)
{
    if (w->stopping)
        return ERR_STOPPING;
    if (!owed && w->queued_total >= w->options.queue_max)
        return ERR_OVERLOADED;
    list_push_back(&w->queues[j->class], &j->node);
    w->queued[j->class]++;
    w->queued_total++;
    bool short_of_threads = backlog(w) > w->idle + w->starting;
    if (!short_of_threads || w->thread_count == w->options.threads_max || add_thread(w))
        return ERR_OK;
    list_remove(&j->node);
    w->queued[j->class]--;
    w->queued_total--;
    return ERR_OVERLOADED;
}

static enum err submit(struct workers *w, struct job *j, bool owed)
{
    assert(j->class < JOB_CLASS_COUNT && j->run);
    /* Before the job can run and be counted off. */
    metrics_add(w->options.metrics, METRIC_WORKER_QUEUE, 1);
    pthread_mutex_lock(&w->mutex);
    enum err e = enqueue(w, j, owed);
    bool signal = e == ERR_OK && w->idle > 0;
    pthread_mutex_unlock(&w->mutex);
    if (signal)
        pthread_cond_signal(&w->work);
    if (e == ERR_OK)
        return e;
    metrics_add(w->options.metrics, METRIC_WORKER_QUEUE, -1);
    if (e == ERR_OVERLOADED)
        metrics_add(w->options.metrics, METRIC_WORKER_REFUSED, 1);
    return e;
}

enum err workers_submit(struct workers *w, struct job *j)
{
    return submit(w, j, false);
}

enum err workers_submit_owed(struct workers *w, struct job *j)
{
    return submit(w, j, true);
}

void workers_stop(struct workers *w)
{
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    /* None is started from here on: `threads` and its count are final. */
    pthread_cond_broadcast(&w->work);
    unsigned count = w->thread_count;
    w->thread_count = 0;
    pthread_mutex_unlock(&w->mutex);
    for (unsigned i = 0; i < count; i++)
        pthread_join(w->threads[i], NULL);
}

void workers_free(struct workers **w)
{
    if (!*w)
        return;
    workers_stop(*w);
    pthread_cond_destroy(&(*w)->work);
    pthread_mutex_destroy(&(*w)->mutex);
    mem_free(MEM_NET, *w);
    *w = NULL;
}
