/*
 * A keeper is a thread with at most one process. It takes questions from the hatch one by one, so
 * that everything about a process (its socket, its clock, its end) is one thread's business.
 *
 *        no process ──a question──▶ begun ──hello──▶ ready ◀──answer── asked
 *            ▲  pauses, if it        │                 │ idle, old        │
 *            └──keeps failing────────┴─────────────────┴──────────────────┘ died, time
 *
 * A process may die between two questions for reasons of its own; so a question that finds a dead
 * one is asked once more of a new one. If that dies too, the question is at fault.
 */

#include "media/image_pool.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/hatch.h"
#include "base/mem.h"
#include "media/image_child.h"
#include "media/image_source.h"

enum {
    START_MS = 10000, /* an empty disk cache, sanitizers */
    IDLE_MS = 60000,
    ASKS_MAX = 500, /* of one process: what libraries leak goes with it */
    CPU_S_MAX = 3600,
    FAILURES_FREE = 3, /* in a row, before there are pauses */
    PAUSE_MS = 100,
    PAUSE_DOUBLINGS = 7,
    STACK_BYTES = 256 * 1024
};

struct question {
    struct hatch_ticket ticket; /* first */
    const struct image_question *q;
    struct image_said said;
    struct buf *out;
    enum err end;
};

struct keeper {
    struct image_pool *pool;
    pthread_t thread;
    struct image_child child;
    unsigned failures; /* in a row */
    uint64_t pause_until_ms;
};

struct image_pool {
    struct image_pool_options o;
    struct hatch *hatch;
    int stop_fd; /* readable: stop */
    /* How many keepers there are; raised by whoever wants one more (acquire and release: the
     * keeper's place is written before it is counted as joined). */
    _Atomic unsigned claimed;
    _Atomic unsigned running;
    _Atomic bool broken; /* relaxed: a question more or less */
    struct keeper keepers[IMAGE_PROCESSES_MAX];
};

/* ---- one process ---- */

static void note_failure(struct keeper *k)
{
    k->failures++;
    unsigned beyond = k->failures > FAILURES_FREE ? k->failures - FAILURES_FREE : 0;
    unsigned doublings = beyond > PAUSE_DOUBLINGS ? (unsigned)PAUSE_DOUBLINGS : beyond;
    k->pause_until_ms = beyond == 0 ? 0 : image_child_now_ms() + ((uint64_t)PAUSE_MS << doublings);
}

static void give_up(struct image_pool *p, const char *why)
{
    if (!atomic_exchange_explicit(&p->broken, true, memory_order_relaxed))
        log_warn(p->o.log, "images", "pictures are served as they are, none are made smaller",
                 LOG_S("why", why));
}

static enum err begin(struct keeper *k)
{
    struct image_pool *p = k->pool;
    const struct image_child_options o = {p->o.memory_bytes_max, CPU_S_MAX};
    if (k->child.pid != 0 && k->child.asked >= ASKS_MAX)
        image_child_end(&k->child);
    if (k->child.pid != 0)
        return ERR_OK;
    if (image_child_now_ms() < k->pause_until_ms)
        return ERR_OVERLOADED;
    switch (image_child_start(&k->child, &o, image_child_now_ms() + START_MS, p->stop_fd)) {
    case IMAGE_CHILD_OK:
        metrics_add(p->o.metrics, METRIC_IMAGE_STARTS, 1);
        return ERR_OK;
    case IMAGE_CHILD_SHUT:
        return ERR_FEATURE_DISABLED;
    case IMAGE_CHILD_NO_LIBRARY:
        give_up(p, "libvips.so.42 cannot be loaded");
        return ERR_FEATURE_DISABLED;
    case IMAGE_CHILD_NO_SANDBOX:
        give_up(p, "the sandbox cannot be entered");
        return ERR_FEATURE_DISABLED;
    default:
        log_warn(p->o.log, "images", "the process of images did not begin",
                 LOG_U("failures", k->failures + 1));
        note_failure(k);
        return ERR_OVERLOADED;
    }
}

static enum err died(struct keeper *k, enum image_child_end end)
{
    struct image_pool *p = k->pool;
    bool time = end == IMAGE_CHILD_TIME;
    if (end == IMAGE_CHILD_SHUT || end == IMAGE_CHILD_NO_MEMORY)
        return end == IMAGE_CHILD_SHUT ? ERR_FEATURE_DISABLED : ERR_NO_MEMORY;
    metrics_add(p->o.metrics, time ? METRIC_IMAGE_TIMEOUTS : METRIC_IMAGE_DEATHS, 1);
    log_warn(p->o.log, "images", "a picture ended the process of images",
             LOG_S("how", time ? "it took too long" : "it died"));
    note_failure(k);
    return ERR_UNSUPPORTED_MEDIA_TYPE;
}

static enum err outcome(struct keeper *k, const struct image_said *said)
{
    k->failures = 0;
    if (said->outcome == IMAGE_OUTCOME_MADE || said->outcome == IMAGE_OUTCOME_ALREADY)
        return ERR_OK;
    metrics_add(k->pool->o.metrics, METRIC_IMAGE_REFUSALS, 1);
    return ERR_UNSUPPORTED_MEDIA_TYPE;
}

/* ---- one question ---- */

static uint64_t until(const struct image_pool *p, const struct question *x)
{
    uint64_t now_ms = image_child_now_ms();
    uint64_t time_ms = x->q->time_ms == 0 ? p->o.time_ms_max : x->q->time_ms;
    return now_ms + time_ms;
}

static enum err ask(struct keeper *k, struct question *x, int source, uint64_t bytes)
{
    struct image_pool *p = k->pool;
    const struct image_ask a = {.magic = IMAGE_WIRE_MAGIC,
                                .describe = x->q->describe,
                                .want = x->q->want,
                                .source_bytes = bytes,
                                .pixels_max = p->o.pixels_max};
    enum image_child_end end = IMAGE_CHILD_DIED;
    bool fresh = false;
    while (end == IMAGE_CHILD_DIED && !fresh) {
        enum err e = begin(k);
        if (e != ERR_OK)
            return e;
        fresh = k->child.asked == 0;
        end = image_child_ask(&k->child, &a, source, until(p, x), p->stop_fd, &x->said, x->out);
    }
    return end == IMAGE_CHILD_OK ? outcome(k, &x->said) : died(k, end);
}

static enum err answer(struct keeper *k, struct question *x)
{
    struct image_pool *p = k->pool;
    int source;
    uint64_t bytes;
    uint64_t begun_ms = image_child_now_ms();
    if (atomic_load_explicit(&p->broken, memory_order_relaxed))
        return ERR_FEATURE_DISABLED;
    enum err e = image_source_open(p->o.blobs, x->q->blob, IMAGE_SOURCE_BYTES_MAX, &source, &bytes);
    if (e != ERR_OK)
        return e;
    e = ask(k, x, source, bytes);
    close(source);
    metrics_observe_us(p->o.metrics, METRIC_IMAGE_US, (image_child_now_ms() - begun_ms) * 1000);
    return e;
}

static void *keep(void *arg)
{
    struct keeper *k = arg;
    struct hatch *h = k->pool->hatch;
    while (!hatch_is_shut(h)) {
        struct hatch_ticket *t = hatch_take(h, IDLE_MS);
        if (t == NULL) {
            image_child_end(&k->child);
            continue;
        }
        struct question *x = (struct question *)(void *)t;
        x->end = answer(k, x);
        hatch_serve(h, t);
    }
    image_child_end(&k->child);
    return NULL;
}

/* ---- keepers ---- */

static bool start_keeper(struct keeper *k)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    bool started = pthread_create(&k->thread, &attr, keep, k) == 0;
    pthread_attr_destroy(&attr);
    return started;
}

/* One more if all are busy. A place that has no thread to go with it is lost, not retried: the
 * machine has none left. */
static void hire(struct image_pool *p)
{
    unsigned claimed = atomic_load_explicit(&p->claimed, memory_order_acquire);
    if (claimed == p->o.processes || hatch_idle(p->hatch) > 0 || hatch_is_shut(p->hatch))
        return;
    if (!atomic_compare_exchange_strong(&p->claimed, &claimed, claimed + 1))
        return;
    struct keeper *k = &p->keepers[claimed];
    k->pool = p;
    if (start_keeper(k))
        atomic_fetch_or_explicit(&p->running, 1U << claimed, memory_order_release);
}

enum err image_pool_new(const struct image_pool_options *o, struct image_pool **out)
{
    assert(o->processes >= 1 && o->processes <= IMAGE_PROCESSES_MAX);
    struct image_pool *p = mem_zalloc(MEM_CORE, sizeof *p);
    if (p == NULL)
        return ERR_NO_MEMORY;
    p->o = *o;
    p->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    p->hatch = hatch_new(MEM_CORE, IMAGE_WAITING_MAX);
    if (p->hatch == NULL || p->stop_fd < 0) {
        image_pool_free(&p);
        return ERR_NO_MEMORY;
    }
    *out = p;
    return ERR_OK;
}

enum err image_pool_ask(struct image_pool *p, const struct image_question *q,
                        struct image_said *said, struct buf *out)
{
    struct question x = {.q = q, .out = out};
    memset(said, 0, sizeof *said);
    if (atomic_load_explicit(&p->broken, memory_order_relaxed))
        return ERR_FEATURE_DISABLED;
    hire(p);
    metrics_add(p->o.metrics, METRIC_IMAGE_JOBS, 1);
    switch (hatch_ask(p->hatch, &x.ticket, q->wait_ms)) {
    case HATCH_SERVED:
        *said = x.said;
        return x.end;
    case HATCH_SHUT:
        return ERR_FEATURE_DISABLED;
    default:
        metrics_add(p->o.metrics, METRIC_IMAGE_OVERLOADS, 1);
        return ERR_OVERLOADED;
    }
}

void image_pool_stop(struct image_pool *p)
{
    uint64_t one = 1;
    hatch_shut(p->hatch);
    ssize_t n = write(p->stop_fd, &one, sizeof one);
    (void)n; /* an eventfd takes eight bytes, or is readable already */
}

void image_pool_free(struct image_pool **p)
{
    if (*p == NULL)
        return;
    if ((*p)->hatch != NULL)
        image_pool_stop(*p);
    unsigned running = atomic_load_explicit(&(*p)->running, memory_order_acquire);
    for (unsigned i = 0; i < IMAGE_PROCESSES_MAX; i++)
        if ((running >> i & 1) != 0)
            pthread_join((*p)->keepers[i].thread, NULL);
    hatch_free(&(*p)->hatch);
    if ((*p)->stop_fd >= 0)
        close((*p)->stop_fd);
    mem_free(MEM_CORE, *p);
    *p = NULL;
}
