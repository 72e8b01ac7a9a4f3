/*
 * Fairness is the difficulty: a step with much to do must not starve the others, and all of them
 * together must not take the disk from the people. So the steps that are due run in turn, one step
 * each, and a pause follows that grows with what the step took.
 */

#include "main/upkeep.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    UPKEEP_NICE = 10,
    STACK_BYTES = 1024 * 1024,
    PAUSE_MIN_NS = 1000 * 1000,
    PAUSE_MAX_NS = 500 * 1000 * 1000,
    PAUSE_FACTOR = 4 /* busy at most a fifth of the time */
};

struct row {
    uint64_t due_ns;
    enum err said; /* the error in the log */
};

struct upkeep {
    struct upkeep_options o;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool stopping;
    uint32_t woken;                    /* a bit for each row that somebody has work for */
    struct row rows[UPKEEP_STEPS_MAX]; /* the thread's alone */
};

static struct timespec deadline(uint64_t wait_ns)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ns = (uint64_t)t.tv_nsec + wait_ns;
    t.tv_sec += (time_t)(ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

/* Until the time is over, or (if `until_woken`) somebody has work; false: stop. */
static bool pause_for(struct upkeep *u, uint64_t wait_ns, bool until_woken)
{
    struct timespec until = deadline(wait_ns);
    int rc = 0;
    pthread_mutex_lock(&u->lock);
    while (!u->stopping && rc != ETIMEDOUT && !(until_woken && u->woken != 0))
        rc = pthread_cond_timedwait(&u->wake, &u->lock, &until);
    uint32_t due = until_woken ? u->woken : 0;
    u->woken &= ~due;
    bool go_on = !u->stopping;
    pthread_mutex_unlock(&u->lock);
    for (size_t i = 0; i < u->o.step_count; i++)
        if ((due >> i & 1) != 0)
            u->rows[i].due_ns = 0;
    return go_on;
}

static void note(struct upkeep *u, size_t i, enum err e)
{
    struct row *row = &u->rows[i];
    if (e == row->said)
        return;
    if (e != ERR_OK)
        log_warn(u->o.log, "upkeep", "a step failed, it will be tried again",
                 LOG_S("step", u->o.steps[i].name), LOG_S("error", err_info(e)->name));
    else
        log_info(u->o.log, "upkeep", "a step works again", LOG_S("step", u->o.steps[i].name));
    row->said = e;
}

/* One step of row i. */
static void run_step(struct upkeep *u, size_t i)
{
    const struct upkeep_step *step = &u->o.steps[i];
    bool more = false;
    enum err e = step->fn(step->ctx, &more);
    if (e != ERR_STOPPING)
        note(u, i, e);
    uint64_t now_ns = clock_mono_ns(u->o.clock);
    u->rows[i].due_ns = e == ERR_OK && more ? now_ns : now_ns + step->period_ms * 1000000;
}

static uint64_t pause_after(uint64_t took_ns)
{
    uint64_t pause_ns = PAUSE_MIN_NS + PAUSE_FACTOR * took_ns;
    return pause_ns < PAUSE_MAX_NS ? pause_ns : PAUSE_MAX_NS;
}

/* Each row that is due, once; false: stop. *wait_ns: until the next one is due. */
static bool run_due(struct upkeep *u, uint64_t *wait_ns)
{
    uint64_t next_ns = UINT64_MAX;
    for (size_t i = 0; i < u->o.step_count; i++) {
        uint64_t begun_ns = clock_mono_ns(u->o.clock);
        if (u->rows[i].due_ns <= begun_ns) {
            run_step(u, i);
            uint64_t took_ns = clock_mono_ns(u->o.clock) - begun_ns;
            if (!pause_for(u, pause_after(took_ns), false))
                return false;
        }
        next_ns = u->rows[i].due_ns < next_ns ? u->rows[i].due_ns : next_ns;
    }
    uint64_t now_ns = clock_mono_ns(u->o.clock);
    *wait_ns = next_ns > now_ns ? next_ns - now_ns : 0;
    return true;
}

static void *upkeep_main(void *ctx)
{
    struct upkeep *u = ctx;
    /* On Linux this is of the calling thread alone. */
    (void)setpriority(PRIO_PROCESS, 0, UPKEEP_NICE);
    uint64_t wait_ns = 0;
    while (run_due(u, &wait_ns) && pause_for(u, wait_ns, true))
        continue;
    return NULL;
}

static int start_thread(struct upkeep *u)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&u->thread, &attr, upkeep_main, u);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        pthread_setname_np(u->thread, u->o.thread_name);
    return rc;
}

enum err upkeep_start(const struct upkeep_options *o, struct upkeep **out)
{
    assert(o->step_count > 0 && o->step_count <= UPKEEP_STEPS_MAX);
    struct upkeep *u = mem_zalloc(MEM_MAIN, sizeof *u);
    if (u == NULL)
        return ERR_NO_MEMORY;
    u->o = *o;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&u->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&u->lock, NULL);
    *out = u; /* before the thread, whose steps may ask upkeep_is_stopping */
    if (start_thread(u) == 0)
        return ERR_OK;
    *out = NULL;
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->lock);
    mem_free(MEM_MAIN, u);
    return ERR_NO_MEMORY;
}

static void wake(struct upkeep *u, uint32_t rows)
{
    pthread_mutex_lock(&u->lock);
    u->woken |= rows;
    pthread_cond_signal(&u->wake);
    pthread_mutex_unlock(&u->lock);
}

void upkeep_wake(struct upkeep *u)
{
    wake(u, UINT32_MAX);
}

void upkeep_wake_step(struct upkeep *u, size_t step)
{
    wake(u, UINT32_C(1) << step);
}

bool upkeep_is_stopping(struct upkeep *u)
{
    pthread_mutex_lock(&u->lock);
    bool stopping = u->stopping;
    pthread_mutex_unlock(&u->lock);
    return stopping;
}

void upkeep_stop(struct upkeep **up)
{
    struct upkeep *u = *up;
    if (u == NULL)
        return;
    pthread_mutex_lock(&u->lock);
    u->stopping = true;
    pthread_cond_signal(&u->wake);
    pthread_mutex_unlock(&u->lock);
    pthread_join(u->thread, NULL);
    pthread_cond_destroy(&u->wake);
    pthread_mutex_destroy(&u->lock);
    mem_free(MEM_MAIN, u);
    *up = NULL;
}
