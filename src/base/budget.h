#pragma once

/*
 * How much each key has had lately: a leaky bucket per key, of amounts and not of calls. So many
 * buckets, no more: keys that fall into the same one share it, which only makes it smaller. All
 * threads; one mutex, a leaf, held for some arithmetic.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"

struct budget;

struct budget_options {
    enum mem_area area;
    uint64_t amount_max; /* that a key may have at once, and in each window_ms */
    uint64_t window_ms;
    uint64_t seed;
};

/* NULL when memory is short. */
MUST_CHECK struct budget *budget_new(const struct budget_options *o);
/* NULL allowed; nulls the caller's copy. */
void budget_free(struct budget **b);
/* False, and nothing is taken: it would be too much. */
MUST_CHECK bool budget_take(struct budget *b, uint64_t key, uint64_t amount, uint64_t now_ms);
