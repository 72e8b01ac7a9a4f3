#pragma once

/*
 * The heap, through one door: counts live bytes per area (for /metrics and for leak hunting), and
 * can be told to fail the n-th allocation (for tests). All functions are thread-safe.
 * Nothing else in src/ calls malloc, calloc, realloc, free or strdup; a test checks that.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"

enum mem_area {
    MEM_BASE,
    MEM_WIRE,
    MEM_JSON,
    MEM_NET,
    MEM_STORE,
    MEM_CORE,
    MEM_API,
    MEM_GATEWAY,
    MEM_EVENTS,
    MEM_VIEWS,
    MEM_MAIN,
    MEM_AREA_COUNT
};

/* NULL when memory is short; size 0 is not allowed (asserted). Contents undefined. */
MUST_CHECK void *mem_alloc(enum mem_area area, size_t size);
/* As mem_alloc, zeroed. */
MUST_CHECK void *mem_zalloc(enum mem_area area, size_t size);
/* count × size with overflow check, zeroed. */
MUST_CHECK void *mem_array(enum mem_area area, size_t count, size_t size);
/* NULL leaves the old block valid. `area` must be the area that it was made with. */
MUST_CHECK void *mem_realloc(enum mem_area area, void *ptr, size_t size);
/* For the few fixed-size objects of start-up: never returns NULL, aborts instead. Zeroed. */
void *mem_must(enum mem_area area, size_t size);
/* NULL is allowed. `area` must be the area that it was made with. */
void mem_free(enum mem_area area, void *ptr);
/* A NUL-terminated copy of len bytes. */
MUST_CHECK char *mem_strndup(enum mem_area area, const char *s, size_t len);

/*
 * From now on allocations of MEM_LARGE_BYTES and more fail where they would take the area beyond
 * `bytes`; smaller ones never do, so that what is under way can end. 0: no limit, as at the start.
 */
enum { MEM_LARGE_BYTES = 64 * 1024 };
void mem_limit(enum mem_area area, size_t bytes);

/* Live bytes of an area, as the allocator rounds them. */
size_t mem_bytes(enum mem_area area);
const char *mem_area_name(enum mem_area area);
/* Tests: let `n` more allocations succeed and then fail `failures` of them. */
void mem_fail_after(uint64_t n, uint64_t failures);
void mem_fail_never(void);
