/*
 * The heap's one door. Counting must not cost a header per block, so the allocator is asked for the
 * size of a block when it is made and again when it goes. The counters are process-wide like the
 * heap itself: this is one of the few places with mutable globals.
 */

#include "base/mem.h"

#include <assert.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CACHE_LINE = 64 };

/* A line each, so that two areas never slow each other down. */
struct area_count {
    _Alignas(CACHE_LINE) _Atomic size_t bytes;
    _Atomic size_t limit; /* 0: none */
};

/* Relaxed everywhere: the counters are statistics and order nothing. */
static struct area_count counts[MEM_AREA_COUNT];

static const char *const area_names[MEM_AREA_COUNT] = {
    [MEM_BASE] = "base",     [MEM_WIRE] = "wire",   [MEM_JSON] = "json", [MEM_NET] = "net",
    [MEM_STORE] = "store",   [MEM_CORE] = "core",   [MEM_API] = "api",   [MEM_GATEWAY] = "gateway",
    [MEM_EVENTS] = "events", [MEM_VIEWS] = "views", [MEM_MAIN] = "main",
};

/* The injected failure: allocation number `skip` (from 0) and the `failures - 1` after it fail. */
static struct {
    _Atomic bool armed; /* release after the others are set, acquire before they are read */
    _Atomic uint64_t calls;
    _Atomic uint64_t skip;
    _Atomic uint64_t failures;
} injected;

static bool fails_now(void)
{
    if (LIKELY(!atomic_load_explicit(&injected.armed, memory_order_acquire)))
        return false;
    uint64_t call = atomic_fetch_add_explicit(&injected.calls, 1, memory_order_relaxed);
    uint64_t skip = atomic_load_explicit(&injected.skip, memory_order_relaxed);
    return call >= skip &&
           call - skip < atomic_load_explicit(&injected.failures, memory_order_relaxed);
}

/* Two that are made at once may both pass: the limit is one of magnitude. */
static bool beyond_limit(enum mem_area area, size_t size)
{
    if (LIKELY(size < MEM_LARGE_BYTES))
        return false;
    size_t limit = atomic_load_explicit(&counts[area].limit, memory_order_relaxed);
    size_t held = atomic_load_explicit(&counts[area].bytes, memory_order_relaxed);
    return limit != 0 && (size > limit || held > limit - size);
}

static void count_in(enum mem_area area, void *ptr)
{
    atomic_fetch_add_explicit(&counts[area].bytes, malloc_usable_size(ptr), memory_order_relaxed);
}

static void count_out(enum mem_area area, size_t size)
{
    atomic_fetch_sub_explicit(&counts[area].bytes, size, memory_order_relaxed);
}

void *mem_alloc(enum mem_area area, size_t size)
{
    assert(area < MEM_AREA_COUNT && size > 0);
    void *ptr = fails_now() || beyond_limit(area, size) ? NULL : malloc(size);
    if (ptr != NULL)
        count_in(area, ptr);
    return ptr;
}

void *mem_zalloc(enum mem_area area, size_t size)
{
    return mem_array(area, 1, size);
}

void *mem_array(enum mem_area area, size_t count, size_t size)
{
    assert(area < MEM_AREA_COUNT && count > 0 && size > 0);
    size_t bytes; /* checked here: sanitizers abort where calloc would give NULL */
    if (__builtin_mul_overflow(count, size, &bytes) || fails_now() || beyond_limit(area, bytes))
        return NULL;
    void *ptr = calloc(1, bytes);
    if (ptr != NULL)
        count_in(area, ptr);
    return ptr;
}

void *mem_realloc(enum mem_area area, void *ptr, size_t size)
{
    assert(area < MEM_AREA_COUNT && size > 0);
    if (fails_now() || beyond_limit(area, size))
        return NULL;
    size_t old = malloc_usable_size(ptr);
    void *moved = realloc(ptr, size);
    if (moved == NULL)
        return NULL;
    count_out(area, old);
    count_in(area, moved);
    return moved;
}

/* Injected failures spare it: they are for code that can go on without memory. */
void *mem_must(enum mem_area area, size_t size)
{
    assert(area < MEM_AREA_COUNT && size > 0);
    void *ptr = calloc(1, size);
    if (ptr == NULL) {
        fprintf(stderr, "guildhall: out of memory: %zu bytes for %s\n", size, area_names[area]);
        abort();
    }
    count_in(area, ptr);
    return ptr;
}

void mem_free(enum mem_area area, void *ptr)
{
    assert(area < MEM_AREA_COUNT);
    if (ptr == NULL)
        return;
    count_out(area, malloc_usable_size(ptr));
    free(ptr);
}

char *mem_strndup(enum mem_area area, const char *s, size_t len)
{
    assert(s != NULL || len == 0);
    assert(len < SIZE_MAX);
    char *copy = mem_alloc(area, len + 1);
    if (copy == NULL)
        return NULL;
    if (len > 0)
        memcpy(copy, s, len);
    copy[len] = '\0';
    return copy;
}

void mem_limit(enum mem_area area, size_t bytes)
{
    assert(area < MEM_AREA_COUNT);
    atomic_store_explicit(&counts[area].limit, bytes, memory_order_relaxed);
}

size_t mem_bytes(enum mem_area area)
{
    assert(area < MEM_AREA_COUNT);
    return atomic_load_explicit(&counts[area].bytes, memory_order_relaxed);
}

const char *mem_area_name(enum mem_area area)
{
    assert(area < MEM_AREA_COUNT);
    return area_names[area];
}

void mem_fail_after(uint64_t n, uint64_t failures)
{
    mem_fail_never();
    atomic_store_explicit(&injected.calls, 0, memory_order_relaxed);
    atomic_store_explicit(&injected.skip, n, memory_order_relaxed);
    atomic_store_explicit(&injected.failures, failures, memory_order_relaxed);
    atomic_store_explicit(&injected.armed, true, memory_order_release);
}

void mem_fail_never(void)
{
    atomic_store_explicit(&injected.armed, false, memory_order_release);
}
