#pragma once

/* A growing array in an arena, for results whose length is known only after the last row. Bounded
 * by the arena. Items move when it grows: keep indexes, not pointers, until the last push. */

#include <stddef.h>

#include "base/arena.h"
#include "base/attrs.h"

struct rows {
    void *items;
    size_t count;
    size_t cap;
};

/* The new last item, zeroed; NULL when the arena is full. `size` is the same in every call. */
MUST_CHECK void *rows_push(struct rows *r, struct arena *arena, size_t size);
