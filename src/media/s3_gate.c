/* The difficulty is to tell a store that is slow from one that hangs, before those inside know it:
 * their own limits are many seconds. Hence the moment at which anything last moved. */

#include "media/s3_gate.h"

#include <assert.h>
#include <errno.h>
#include <time.h>

void s3_gate_init(struct s3_gate *g, const struct s3_gate_options *o)
{
    pthread_condattr_t attr;
    *g = (struct s3_gate){.o = *o};
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&g->left, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&g->mutex, NULL);
}

void s3_gate_deinit(struct s3_gate *g)
{
    assert(g->inside == 0 && g->waiting == 0);
    pthread_cond_destroy(&g->left);
    pthread_mutex_destroy(&g->mutex);
}

void s3_gate_note(struct s3_gate *g)
{
    atomic_store_explicit(&g->moved_ms, clock_mono_ms(g->o.clock), memory_order_relaxed);
}

static struct timespec moment_in(uint64_t wait_ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    uint64_t ns = (uint64_t)t.tv_nsec + wait_ms % 1000 * 1000000;
    t.tv_sec += (time_t)(wait_ms / 1000 + ns / 1000000000);
    t.tv_nsec = (long)(ns % 1000000000);
    return t;
}

static bool is_stuck(const struct s3_gate *g)
{
    uint64_t moved_ms = atomic_load_explicit(&g->moved_ms, memory_order_relaxed);
    return clock_mono_ms(g->o.clock) >= moved_ms + g->o.stuck_ms;
}

/* Under the mutex. Whoever waits looks again each stuck_ms at the latest. */
static void wait_for_room(struct s3_gate *g)
{
    uint64_t left_ms = g->o.wait_ms;
    g->waiting++;
    while (g->inside == g->o.inside_max && !g->away && !is_stuck(g) && left_ms > 0) {
        uint64_t nap_ms = left_ms < g->o.stuck_ms ? left_ms : g->o.stuck_ms;
        struct timespec until = moment_in(nap_ms);
        if (pthread_cond_timedwait(&g->left, &g->mutex, &until) == ETIMEDOUT)
            left_ms -= nap_ms;
    }
    g->waiting--;
}

static bool may_probe(struct s3_gate *g)
{
    uint64_t now_ms = clock_mono_ms(g->o.clock);
    if (now_ms < g->next_probe_ms)
        return false;
    g->next_probe_ms = now_ms + g->o.probe_ms;
    return true;
}

bool s3_gate_enter(struct s3_gate *g)
{
    pthread_mutex_lock(&g->mutex);
    if (g->inside == 0)
        s3_gate_note(g); /* nothing could have moved */
    if (g->inside == g->o.inside_max)
        wait_for_room(g);
    bool in = g->inside < g->o.inside_max && (!g->away || g->inside == 0 || may_probe(g));
    g->inside += in ? 1 : 0;
    pthread_mutex_unlock(&g->mutex);
    return in;
}

void s3_gate_leave(struct s3_gate *g, bool answered)
{
    pthread_mutex_lock(&g->mutex);
    assert(g->inside > 0);
    g->inside--;
    if (answered)
        s3_gate_note(g);
    else if (!g->away)
        g->next_probe_ms = clock_mono_ms(g->o.clock) + g->o.probe_ms;
    g->away = !answered;
    /* All: those who wait for an answer have one, too, if it is that there will be none. */
    pthread_cond_broadcast(&g->left);
    pthread_mutex_unlock(&g->mutex);
}
