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
    b->total = b->len;
    b->shared = NULL;
    b->next = NULL;
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

/* True if that was the last reference. Acquire and release: reads by other holders come before the
 * free. */
static bool let_go(struct bytes *b)
{
    uint32_t before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

void bytes_unref(struct bytes **b)
{
    struct bytes *at = *b;
    *b = NULL;
    while (at != NULL && let_go(at)) {
        struct bytes *gone = at;
        at = gone->next;
        bytes_unref(&gone->shared); /* plain, so this goes no deeper */
        atomic_fetch_sub_explicit(&live, size_of(gone), memory_order_relaxed);
        mem_free(MEM_EVENTS, gone);
    }
}

void rope_add(struct rope *r, struct slice own, struct bytes *shared)
{
    assert(shared == NULL || (shared->shared == NULL && shared->next == NULL));
    struct bytes *node = r->failed ? NULL : bytes_new(own);
    if (node == NULL) {
        r->failed = true;
        return;
    }
    if (shared != NULL)
        node->shared = bytes_ref(shared);
    if (r->last == NULL)
        r->first = node;
    else
        r->last->next = node;
    r->last = node;
}

struct bytes *rope_end(struct rope *r)
{
    struct bytes *whole = r->first;
    uint64_t total = 0;
    for (struct bytes *b = whole; b != NULL; b = b->next)
        total += (uint64_t)b->len + (b->shared == NULL ? 0 : b->shared->len);
    if (r->failed || total > UINT32_MAX)
        bytes_unref(&whole);
    if (whole != NULL)
        whole->total = (uint32_t)total;
    *r = (struct rope){0};
    return whole;
}

bool bytes_part(const struct bytes **at, bool *second, struct slice *part)
{
    const struct bytes *b = *at;
    if (b == NULL)
        return false;
    if (!*second) {
        *part = (struct slice){b->data, b->len};
        *second = b->shared != NULL;
        if (!*second)
            *at = b->next;
        return true;
    }
    *part = (struct slice){b->shared->data, b->shared->len};
    *second = false;
    *at = b->next;
    return true;
}

void bytes_copy(const struct bytes *b, char *out)
{
    if (LIKELY(b->total == b->len)) {
        memcpy(out, b->data, b->len);
        return;
    }
    struct slice part;
    bool second = false;
    while (bytes_part(&b, &second, &part)) {
        if (part.len > 0)
            memcpy(out, part.data, part.len);
        out += part.len;
    }
}

size_t bytes_live(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}
