/* What the handlers around joining share. */

#include "api/joining.h"

#include <stdlib.h>

#include "proto/bodies.h"

static int by_id(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

size_t joining_ids(const struct body_array *from, uint64_t *out)
{
    const struct body_id_item *items = from->items;
    size_t count = 0;
    for (size_t i = 0; i < from->count; i++)
        out[i] = items[i].value;
    qsort(out, from->count, sizeof *out, by_id);
    for (size_t i = 0; i < from->count; i++)
        if (count == 0 || out[i] != out[count - 1])
            out[count++] = out[i];
    return count;
}
