#pragma once

/* What property tests take from the environment: GUILDHALL_SEED=n replays a failure,
 * GUILDHALL_TEST_LONG=1 (make proof) asks for LONG_FACTOR times the rounds. Header-only; include
 * after cmocka. */

#include <stdlib.h>

#include "base/slice.h"

enum { LONG_FACTOR = 20 };

static inline uint64_t first_seed(void)
{
    uint64_t seed = 1;
    const char *given = getenv("GUILDHALL_SEED");
    if (given != NULL && !slice_to_u64(slice_from(given), &seed))
        fail_msg("GUILDHALL_SEED is not a number");
    return seed;
}

static inline uint64_t rounds(uint64_t ordinary)
{
    return getenv("GUILDHALL_TEST_LONG") != NULL ? ordinary * LONG_FACTOR : ordinary;
}
