/* Ranges of a member list, and what somebody who knows them is told of a change. */
#include <string.h>

#include "base/mem.h"
#include "gateway/member_rows.h"

static void drop(struct member_ranges *r, uint32_t i)
{
    r->count--;
    memmove(&r->list[i], &r->list[i + 1], (r->count - i) * sizeof r->list[0]);
}

bool member_ranges_add(struct member_ranges *r, struct member_range one)
{
    struct member_ranges out = *r;
    uint32_t i = 0;
    while (i < out.count) {
        struct member_range *x = &out.list[i];
        bool meets = one.first <= x->last && x->first <= one.last;
        if (!meets) {
            i++;
            continue;
        }
        one.first = x->first < one.first ? x->first : one.first;
        one.last = x->last > one.last ? x->last : one.last;
        drop(&out, i);
    }
    if (out.count == MEMBER_RANGES_MAX)
        return false;
    for (i = out.count; i > 0 && out.list[i - 1].first > one.first; i--)
        out.list[i] = out.list[i - 1];
    out.list[i] = one;
    out.count++;
    *r = out;
    return true;
}

bool member_ranges_equal(const struct member_ranges *a, const struct member_ranges *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->list[i].first != b->list[i].first || a->list[i].last != b->list[i].last)
            return false;
    return true;
}

bool member_ranges_hold(const struct member_ranges *r, uint32_t index)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (index >= r->list[i].first && index <= r->list[i].last)
            return true;
    return false;
}

/* What a client knows: a mark a row, up to the end of its last range. */
struct known {
    char *rows;
    uint32_t size;
};

static void apply(struct known *k, const struct member_step *s)
{
    char *at = k->rows + s->index;
    size_t rest = k->size - s->index - 1;
    switch (s->kind) {
    case MEMBER_INSERT:
        memmove(at + 1, at, rest);
        *at = 1;
        return;
    case MEMBER_DELETE:
        memmove(at, at + 1, rest);
        k->rows[k->size - 1] = 0; /* from beyond what is marked */
        return;
    case MEMBER_UPDATE:
        *at = 1;
        return;
    }
}

static void note_unknown(const struct known *k, const struct member_ranges *ranges, uint32_t total,
                         struct member_telling *out)
{
    enum { UNKNOWN_MAX = sizeof out->unknown / sizeof out->unknown[0] };
    for (uint32_t i = 0; i < ranges->count; i++) {
        const struct member_range *r = &ranges->list[i];
        struct member_range *run = NULL;
        for (uint32_t row = r->first; row <= r->last && row < total; row++) {
            if (k->rows[row] != 0) {
                run = NULL;
            } else if (run != NULL || out->unknown_count == UNKNOWN_MAX) {
                /* Too many: the last one goes on over rows that are known. */
                run = &out->unknown[out->unknown_count - 1];
                run->last = row;
            } else {
                run = &out->unknown[out->unknown_count++];
                *run = (struct member_range){row, row};
            }
        }
    }
}

bool member_rows_tell(const struct member_rows *r, const struct member_ranges *ranges,
                      uint32_t before, struct member_telling *out)
{
    memset(out, 0, sizeof *out);
    uint32_t total = member_rows_total(r);
    uint32_t most = (before > total ? before : total) + MEMBER_STEPS_MAX;
    uint32_t end = ranges->count == 0 ? 0 : ranges->list[ranges->count - 1].last + 1;
    struct known k = {.size = end < most ? end : most};
    if (k.size == 0)
        return true;
    k.rows = mem_zalloc(MEM_GATEWAY, k.size);
    if (k.rows == NULL)
        return false;
    for (uint32_t i = 0; i < k.size && i < before; i++)
        k.rows[i] = (char)member_ranges_hold(ranges, i);
    for (uint32_t i = 0; i < r->step_count; i++) {
        out->steps[i] = r->steps[i].index < k.size;
        out->step_count += out->steps[i];
        if (out->steps[i])
            apply(&k, &r->steps[i]);
    }
    note_unknown(&k, ranges, total, out);
    mem_free(MEM_GATEWAY, k.rows);
    return true;
}
