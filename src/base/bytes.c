/* Shared immutable bytes: header and contents in one allocation, freed by whoever lets go last. */

#include "base/bytes.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Relaxed: a statistic that caps are checked against; it orders nothing. */
static _Alignas(64) _Atomic size_t live;

struct bytes_forms {
    _Atomic(struct bytes *) at[BYTES_FORM_COUNT];
};

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
    b->note = 0;
    b->shared = NULL;
    b->next = NULL;
    atomic_init(&b->forms, NULL);
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

void bytes_ref_many(struct bytes *b, uint32_t count)
{
    uint32_t before = atomic_fetch_add_explicit(&b->refs, count, memory_order_relaxed);
    assert(before > 0 && before <= UINT32_MAX - count);
    (void)before;
}

/* True if that was the last reference. Acquire and release: reads by other holders come before the
 * free. */
static bool let_go(struct bytes *b)
{
    uint32_t before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

/* Nobody else can see them any more: the last reference is gone. */
static void forms_free(struct bytes_forms *f)
{
    for (size_t i = 0; f != NULL && i < BYTES_FORM_COUNT; i++) {
        struct bytes *b = atomic_load_explicit(&f->at[i], memory_order_relaxed);
        bytes_unref(&b); /* a form of a form of a shared part at most: so deep and no deeper */
    }
    if (f != NULL)
        atomic_fetch_sub_explicit(&live, sizeof *f, memory_order_relaxed);
    mem_free(MEM_EVENTS, f);
}

void bytes_unref(struct bytes **b)
{
    struct bytes *at = *b;
    *b = NULL;
    while (at != NULL && let_go(at)) {
        struct bytes *gone = at;
        at = gone->next;
        bytes_unref(&gone->shared); /* plain, so this goes no deeper */
        if (UNLIKELY(atomic_load_explicit(&gone->forms, memory_order_relaxed) != NULL))
            forms_free(atomic_load_explicit(&gone->forms, memory_order_relaxed));
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

/* The table, made if there is none. Release: who sees the pointer sees a table of NULLs. */
static struct bytes_forms *forms_of(struct bytes *b)
{
    struct bytes_forms *f = atomic_load_explicit(&b->forms, memory_order_acquire);
    if (f != NULL)
        return f;
    f = mem_zalloc(MEM_EVENTS, sizeof *f);
    if (f == NULL)
        return NULL;
    struct bytes_forms *first = NULL;
    if (!atomic_compare_exchange_strong_explicit(&b->forms, &first, f, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        mem_free(MEM_EVENTS, f);
        return first;
    }
    atomic_fetch_add_explicit(&live, sizeof *f, memory_order_relaxed);
    return f;
}

struct bytes *bytes_form_peek(const struct bytes *b, enum bytes_form form)
{
    const struct bytes_forms *f = atomic_load_explicit(&b->forms, memory_order_acquire);
    /* Acquire: the contents were written before the pointer was installed. */
    return f == NULL ? NULL : atomic_load_explicit(&f->at[form], memory_order_acquire);
}

struct bytes *bytes_form(struct bytes *b, enum bytes_form form, bytes_make_fn *make, void *ctx)
{
    struct bytes *made = bytes_form_peek(b, form);
    if (LIKELY(made != NULL))
        return made;
    struct bytes_forms *f = forms_of(b);
    made = f == NULL ? NULL : make(ctx, b);
    if (made == NULL)
        return NULL;
    struct bytes *first = NULL;
    if (!atomic_compare_exchange_strong_explicit(&f->at[form], &first, made, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        bytes_unref(&made);
        made = first;
    }
    return made;
}
