#pragma once

/*
 * A bounded arena: what one request or one dispatch allocates, dropped in one call. Blocks grow
 * geometrically from 4 KiB; past `max` bytes in total every allocation gives NULL, and so does a
 * heap without memory. Memory is 16-byte aligned. Owned by one thread at a time.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/mem.h"
#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out and wasted, in all blocks */
    size_t max;
    bool full; /* has refused something because of `max` */
    enum mem_area area;
};

void arena_init(struct arena *a, enum mem_area area, size_t max);
/* Frees everything; pointers into the arena die here. */
void arena_deinit(struct arena *a);
/* Empties it but keeps the first block. */
void arena_reset(struct arena *a);
/* What a NULL means for whoever filled the arena with what they sent: ENTITY_TOO_LARGE if it was
 * full, NO_MEMORY if the heap was. */
MUST_CHECK enum err arena_short(const struct arena *a);
MUST_CHECK void *arena_alloc(struct arena *a, size_t size);  /* undefined contents */
MUST_CHECK void *arena_zalloc(struct arena *a, size_t size); /* zeroed */
MUST_CHECK void *arena_array(struct arena *a, size_t count,
                             size_t size); /* zeroed, overflow-checked */
/* A copy, followed by a NUL that the length does not count. data NULL when memory is short. */
struct slice arena_dup(struct arena *a, struct slice s);
MUST_CHECK char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
