#pragma once

/*
 * How many of something each key has: sessions of a user, for instance, which live on different
 * loops. Shared by all threads; a lock per part, each a leaf: held for a few instructions of a map,
 * with nothing else taken under it. A key is there as long as its count is not 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"

struct counts;

/* At most max keys. NULL when memory is short. */
MUST_CHECK struct counts *counts_new(enum mem_area area, size_t max, uint64_t seed);
void counts_free(struct counts **c);
/* One more of the key (not 0); false, and nothing changed, when full or memory is short. */
MUST_CHECK bool counts_add(struct counts *c, uint64_t key);
/* One less of a key that has some; how many it has left. Of two threads that drop the last two, one
 * is told 0. */
size_t counts_drop(struct counts *c, uint64_t key);
size_t counts_get(struct counts *c, uint64_t key);
