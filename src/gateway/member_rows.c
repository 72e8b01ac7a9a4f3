/* The rows of a member list, in order, and the log of their change. */
#include "gateway/member_rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void member_rows_init(struct member_rows *r)
{
    memset(r, 0, sizeof *r);
}

void member_rows_deinit(struct member_rows *r)
{
    mem_free(MEM_GATEWAY, r->places);
    mem_free(MEM_GATEWAY, r->counts);
    mem_free(MEM_GATEWAY, r->told);
    member_rows_init(r);
}

bool member_rows_reset(struct member_rows *r, uint32_t group_count)
{
    uint32_t *counts = mem_array(MEM_GATEWAY, group_count, sizeof *counts);
    uint32_t *told = mem_array(MEM_GATEWAY, group_count, sizeof *told);
    if (counts == NULL || told == NULL) {
        mem_free(MEM_GATEWAY, counts);
        mem_free(MEM_GATEWAY, told);
        return false;
    }
    mem_free(MEM_GATEWAY, r->counts);
    mem_free(MEM_GATEWAY, r->told);
    r->counts = counts;
    r->told = told;
    r->group_count = group_count;
    r->count = 0;
    r->step_count = 0;
    r->lost = true;
    return true;
}

/* --- order --- */

static int compare(const struct member_place *a, const struct member_place *b)
{
    if (a->group != b->group)
        return a->group < b->group ? -1 : 1;
    size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
    int c = n == 0 ? 0 : memcmp(a->name.data, b->name.data, n);
    if (c != 0)
        return c;
    if (a->name.len != b->name.len)
        return a->name.len < b->name.len ? -1 : 1;
    return a->user < b->user ? -1 : a->user > b->user;
}

static int by_place(const void *a, const void *b)
{
    const struct member_place *const *x = a;
    const struct member_place *const *y = b;
    return compare(*x, *y);
}

/* The first that is not before p. */
static uint32_t find(const struct member_rows *r, const struct member_place *p)
{
    uint32_t low = 0;
    uint32_t high = r->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(r->places[middle], p) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct member_rows *r, uint32_t i, const struct member_place *p)
{
    return i < r->count && compare(r->places[i], p) == 0;
}

bool member_rows_has(const struct member_rows *r, const struct member_place *p)
{
    return is_at(r, find(r, p), p);
}

/* Headers of the groups before this one; of the group itself there may be one or not. */
static uint32_t headers_before(const struct member_rows *r, uint32_t group)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < group; i++)
        n += r->counts[i] > 0;
    return n;
}

uint32_t member_rows_index(const struct member_rows *r, const struct member_place *p)
{
    uint32_t i = p->group < r->group_count ? find(r, p) : r->count;
    return is_at(r, i, p) ? i + headers_before(r, p->group) + 1 : UINT32_MAX;
}

uint32_t member_rows_total(const struct member_rows *r)
{
    return r->count + headers_before(r, r->group_count);
}

struct member_row member_rows_at(const struct member_rows *r, uint32_t index)
{
    uint32_t members = 0;
    uint32_t at = 0;
    for (uint32_t g = 0; g < r->group_count; g++) {
        if (r->counts[g] == 0)
            continue;
        if (index == at)
            return (struct member_row){NULL, g, r->counts[g]};
        if (index <= at + r->counts[g])
            return (struct member_row){r->places[members + index - at - 1], g, 0};
        at += 1 + r->counts[g];
        members += r->counts[g];
    }
    assert(false);
    return (struct member_row){0};
}

/* --- changing --- */

static void step(struct member_rows *r, struct member_step s)
{
    if (r->lost)
        return;
    if (r->step_count == MEMBER_STEPS_MAX) {
        r->lost = true;
        return;
    }
    r->steps[r->step_count++] = s;
}

static bool make_room(struct member_rows *r)
{
    if (r->count < r->capacity)
        return true;
    if (r->count >= MEMBER_ROWS_MAX)
        return false;
    uint32_t capacity = r->capacity == 0 ? 64 : r->capacity * 2;
    const struct member_place **places =
        mem_realloc(MEM_GATEWAY, r->places, capacity * sizeof *places);
    if (places == NULL)
        return false;
    r->places = places;
    r->capacity = capacity;
    return true;
}

bool member_rows_append(struct member_rows *r, const struct member_place *p)
{
    assert(p->group < r->group_count);
    if (!make_room(r))
        return false;
    r->places[r->count++] = p;
    r->counts[p->group]++;
    return true;
}

void member_rows_sort(struct member_rows *r)
{
    if (r->count > 1)
        qsort(r->places, r->count, sizeof *r->places, by_place);
}

bool member_rows_insert(struct member_rows *r, const struct member_place *p)
{
    assert(p->group < r->group_count);
    if (!make_room(r))
        return false;
    uint32_t i = find(r, p);
    assert(!is_at(r, i, p));
    uint32_t before = headers_before(r, p->group);
    memmove(&r->places[i + 1], &r->places[i], (r->count - i) * sizeof *r->places);
    r->places[i] = p;
    r->count++;
    if (++r->counts[p->group] == 1) {
        step(r, (struct member_step){MEMBER_INSERT, i + before, NULL, p->group, 1});
        r->told[p->group] = 1;
    }
    step(r, (struct member_step){MEMBER_INSERT, i + before + 1, p, p->group, 0});
    return true;
}

void member_rows_remove(struct member_rows *r, const struct member_place *p)
{
    uint32_t i = p->group < r->group_count ? find(r, p) : r->count;
    if (!is_at(r, i, p))
        return;
    uint32_t before = headers_before(r, p->group);
    step(r, (struct member_step){MEMBER_DELETE, i + before + 1, NULL, p->group, 0});
    r->count--;
    memmove(&r->places[i], &r->places[i + 1], (r->count - i) * sizeof *r->places);
    if (--r->counts[p->group] == 0)
        step(r, (struct member_step){MEMBER_DELETE, i + before, NULL, p->group, 0});
}

void member_rows_replace(struct member_rows *r, const struct member_place *p)
{
    uint32_t i = find(r, p);
    assert(is_at(r, i, p));
    r->places[i] = p;
    uint32_t index = i + headers_before(r, p->group) + 1;
    step(r, (struct member_step){MEMBER_UPDATE, index, p, p->group, 0});
}

void member_rows_count(struct member_rows *r)
{
    uint32_t index = 0;
    for (uint32_t g = 0; g < r->group_count; g++) {
        uint32_t n = r->counts[g];
        if (n > 0 && n != r->told[g])
            step(r, (struct member_step){MEMBER_UPDATE, index, NULL, g, n});
        r->told[g] = n;
        index += n > 0 ? n + 1 : 0;
    }
}

void member_rows_told(struct member_rows *r)
{
    r->step_count = 0;
    r->lost = false;
}
