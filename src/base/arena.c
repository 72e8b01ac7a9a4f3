/*
 * Bump allocation in blocks that double. A block never claims more than what is left under `max`,
 * so the heap that an arena holds is bounded by it too (plus one header a block).
 */

#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ARENA_ALIGN = 16, ARENA_FIRST_BYTES = 4096 };

struct arena_block {
    struct arena_block *older;
    size_t cap; /* bytes in data */
    size_t used;
    _Alignas(ARENA_ALIGN) char data[];
};

void arena_init(struct arena *a, enum mem_area area, size_t max)
{
    assert(max > 0);
    *a = (struct arena){.max = max, .area = area};
}

/* Frees blocks, newest first, until only `keep` (0 or 1) of them is left. */
static void drop_blocks(struct arena *a, size_t keep)
{
    while (a->blocks != NULL && (keep == 0 || a->blocks->older != NULL)) {
        struct arena_block *older = a->blocks->older;
        mem_free(a->area, a->blocks);
        a->blocks = older;
    }
}

void arena_deinit(struct arena *a)
{
    drop_blocks(a, 0);
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    drop_blocks(a, 1);
    if (a->blocks != NULL)
        a->blocks->used = 0;
    a->used = 0;
    a->full = false;
}

enum err arena_short(const struct arena *a)
{
    return a->full ? ERR_ENTITY_TOO_LARGE : ERR_NO_MEMORY;
}

static size_t block_cap(const struct arena *a, size_t size, size_t left)
{
    size_t cap = ARENA_FIRST_BYTES - sizeof(struct arena_block);
    if (a->blocks != NULL)
        cap = (a->blocks->cap + sizeof(struct arena_block)) * 2 - sizeof(struct arena_block);
    if (cap > left)
        cap = left;
    return cap > size ? cap : size;
}

/* A new block with room for size bytes; what the current one still has is wasted. */
static bool add_block(struct arena *a, size_t size)
{
    size_t waste = a->blocks == NULL ? 0 : a->blocks->cap - a->blocks->used;
    if (waste > a->max - a->used || size > a->max - a->used - waste) {
        a->full = true;
        return false;
    }
    size_t cap = block_cap(a, size, a->max - a->used - waste);
    struct arena_block *block = mem_alloc(a->area, sizeof *block + cap);
    if (block == NULL)
        return false;
    *block = (struct arena_block){.older = a->blocks, .cap = cap};
    a->blocks = block;
    a->used += waste;
    return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > a->max - a->used) {
        a->full = true;
        return NULL;
    }
    size = size == 0 ? ARENA_ALIGN : (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (a->blocks == NULL || size > a->blocks->cap - a->blocks->used)
        if (!add_block(a, size))
            return NULL;
    void *ptr = a->blocks->data + a->blocks->used;
    a->blocks->used += size;
    a->used += size;
    return ptr;
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *ptr = arena_alloc(a, size);
    if (ptr != NULL)
        memset(ptr, 0, size);
    return ptr;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    return arena_zalloc(a, bytes);
}

struct slice arena_dup(struct arena *a, struct slice s)
{
    char *copy = s.len == SIZE_MAX ? NULL : arena_alloc(a, s.len + 1);
    if (copy == NULL)
        return (struct slice){NULL, 0};
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return (struct slice){copy, s.len};
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    char *text = arena_alloc(a, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(args, fmt);
    vsnprintf(text, (size_t)len + 1, fmt, args);
    va_end(args);
    return text;
}
