#pragma once

/*
 * Ids by Discord's layout: (ms since 2015-01-01 UTC) << 22 | worker (10 bits) << 12 | increment
 * (12 bits). Thread-safe and lock-free; strictly increasing per generator, also when the wall clock
 * steps back (it then runs ahead of the clock) and when 4,096 ids a millisecond are not enough (it
 * borrows from the next one).
 */

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

enum { SNOWFLAKE_WORKER_MAX = 1023 };
#define SNOWFLAKE_EPOCH_MS INT64_C(1420070400000)

struct snowflake_gen {
    _Atomic uint64_t last; /* (ms since the epoch) << 12 | increment */
    uint64_t worker;
    const struct clock *clock;
};

/* worker <= SNOWFLAKE_WORKER_MAX, asserted. */
void snowflake_init(struct snowflake_gen *g, unsigned worker, const struct clock *clock);
uint64_t snowflake_next(struct snowflake_gen *g);
/* Never below `floor`: the next id will be greater than it (ids above the stored maximum). */
void snowflake_raise(struct snowflake_gen *g, uint64_t floor);
int64_t snowflake_ms(uint64_t id); /* wall time in ms since 1970 */
/* The smallest id of a wall millisecond; 0 for moments before the epoch. */
uint64_t snowflake_at(int64_t wall_ms);
