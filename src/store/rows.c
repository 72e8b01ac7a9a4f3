/* Doubling inside an arena wastes as much as it uses, at most; result sets are small. */

#include "store/rows.h"

#include <stdbool.h>
#include <string.h>

enum { FIRST_CAP = 8 };

static bool grow(struct rows *r, struct arena *arena, size_t size)
{
    size_t cap = r->cap == 0 ? FIRST_CAP : r->cap * 2;
    void *items = arena_array(arena, cap, size);
    if (items == NULL)
        return false;
    if (r->count > 0)
        memcpy(items, r->items, r->count * size);
    r->items = items;
    r->cap = cap;
    return true;
}

void *rows_push(struct rows *r, struct arena *arena, size_t size)
{
    if (r->count == r->cap && !grow(r, arena, size))
        return NULL;
    return (char *)r->items + size * r->count++;
}
