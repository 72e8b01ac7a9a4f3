/*
 * Ids. The whole state is one word, (ms << 12 | increment), so that "the later of the clock and one
 * past the last id" is a single compare-and-swap; a clock that stands or steps back, and a
 * millisecond that is used up, are the same case: the word just counts on.
 */

#include "base/snowflake.h"

#include <assert.h>

enum { INCREMENT_BITS = 12, WORKER_BITS = 10, STAMP_SHIFT = INCREMENT_BITS + WORKER_BITS };
#define INCREMENT_MASK UINT64_C(0xfff)
#define STAMP_MAX ((UINT64_C(1) << 42) - 1)

void snowflake_init(struct snowflake_gen *g, unsigned worker, const struct clock *clock)
{
    assert(worker <= SNOWFLAKE_WORKER_MAX);
    atomic_init(&g->last, 0);
    g->worker = worker;
    g->clock = clock;
}

/* Relaxed in this file: uniqueness and order follow from the modification order of this one word,
 * and nothing else is published through it. */
uint64_t snowflake_next(struct snowflake_gen *g)
{
    int64_t ms = clock_wall_ms(g->clock) - SNOWFLAKE_EPOCH_MS;
    uint64_t now = ms > 0 ? (uint64_t)ms << INCREMENT_BITS : 0;
    uint64_t last = atomic_load_explicit(&g->last, memory_order_relaxed);
    uint64_t next;
    do
        next = now > last ? now : last + 1;
    while (!atomic_compare_exchange_weak_explicit(&g->last, &last, next, memory_order_relaxed,
                                                  memory_order_relaxed));
    return next >> INCREMENT_BITS << STAMP_SHIFT | g->worker << INCREMENT_BITS |
           (next & INCREMENT_MASK);
}

/*
 * The smallest `last` after which every id is above floor. Ids compare by stamp, worker, increment:
 * exactness matters, because rounding up to the next millisecond at each call would let a busy
 * generator run away from the clock.
 */
static uint64_t last_for_floor(uint64_t floor, uint64_t worker)
{
    uint64_t stamp = floor >> STAMP_SHIFT << INCREMENT_BITS;
    uint64_t floor_worker = floor >> INCREMENT_BITS & SNOWFLAKE_WORKER_MAX;
    if (worker < floor_worker)
        return stamp | INCREMENT_MASK;
    if (worker == floor_worker)
        return stamp | (floor & INCREMENT_MASK);
    return stamp > 0 ? stamp - 1 : 0;
}

void snowflake_raise(struct snowflake_gen *g, uint64_t floor)
{
    uint64_t want = last_for_floor(floor, g->worker);
    uint64_t last = atomic_load_explicit(&g->last, memory_order_relaxed);
    while (last < want && !atomic_compare_exchange_weak_explicit(
                              &g->last, &last, want, memory_order_relaxed, memory_order_relaxed))
        ;
}

int64_t snowflake_ms(uint64_t id)
{
    return (int64_t)(id >> STAMP_SHIFT) + SNOWFLAKE_EPOCH_MS;
}

uint64_t snowflake_at(int64_t wall_ms)
{
    if (wall_ms <= SNOWFLAKE_EPOCH_MS)
        return 0;
    uint64_t stamp = (uint64_t)(wall_ms - SNOWFLAKE_EPOCH_MS);
    return (stamp < STAMP_MAX ? stamp : STAMP_MAX) << STAMP_SHIFT;
}
