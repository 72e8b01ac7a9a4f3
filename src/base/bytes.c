/* Shared immutable bytes: header and contents in one allocation, freed by whoever lets go last. */

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Relaxed: a statistic that caps are checked against; it orders nothing. */
static _Alignas(64) _Atomic size_t live;

static size_t size_of(const struct bytes *b)
{
    return sizeof *b + b->len;
}

struct bytes *bytes_new(struct slice s)
{
    assert(s.len <= UINT32_MAX);
    struct bytes *b = mem_alloc(MEM_EVENTS, sizeof *b + s.len);
    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    b->len = (uint32_t)s.len;
    if (s.len > 0)
        memcpy(b->data, s.data, s.len);
    atomic_fetch_add_explicit(&live, size_of(b), memory_order_relaxed);
    return b;
}

/* Relaxed: the caller has a reference, so the count is not 0. */
struct bytes *bytes_ref(struct bytes *b)
{
    uint32_t before = atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT32_MAX);
    return b;
}

/* Acquire and release: reads by other holders come before the free. */
void bytes_unref(struct bytes **b)
{
    struct bytes *gone = *b;
    *b = NULL;
    if (gone == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&gone->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    atomic_fetch_sub_explicit(&live, size_of(gone), memory_order_relaxed);
    mem_free(MEM_EVENTS, gone);
}

size_t bytes_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}
