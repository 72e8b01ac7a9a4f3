/* Reading a schema, and telling two apart. */

#include "store/schema.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"

#include <stdlib.h>
#include <string.h>

static int compare(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int by_key(const void *a, const void *b)
{
    const struct schema_item *x = a;
    const struct schema_item *y = b;
    int order = compare(x->key, y->key);
    return order != 0 ? order : compare(x->value, y->value);
}

enum err schema_list(struct sql_conn *c, struct arena *arena, struct schema *out)
{
    struct schema all = {arena_array(arena, SCHEMA_ITEMS_MAX, sizeof *all.items), 0};
    if (all.items == NULL)
        return ERR_NO_MEMORY;
    struct sql_stmt *s = sql_query_text(c, c->driver->schema->list);
    bool full = false;
    while (!full && sql_step(s)) {
        struct schema_item *item = &all.items[all.count];
        item->key = sql_text(s, 0, arena);
        item->value = sql_text(s, 1, arena);
        full = ++all.count == SCHEMA_ITEMS_MAX;
    }
    enum err e = sql_done(s);
    if (e != ERR_OK || full)
        return e != ERR_OK ? e : ERR_NO_MEMORY;
    if (all.count > 1)
        qsort(all.items, all.count, sizeof *all.items, by_key);
    *out = all;
    return ERR_OK;
}

size_t schema_diff(const struct schema *a, const struct schema *b, schema_diff_fn fn, void *ctx)
{
    size_t i = 0;
    size_t j = 0;
    size_t found = 0;
    while (i < a->count || j < b->count) {
        const struct schema_item *x = i < a->count ? &a->items[i] : NULL;
        const struct schema_item *y = j < b->count ? &b->items[j] : NULL;
        int order = x == NULL ? 1 : y == NULL ? -1 : compare(x->key, y->key);
        i += order <= 0;
        j += order >= 0;
        if (order == 0 && compare(x->value, y->value) == 0)
            continue;
        found++;
        fn(ctx, order <= 0 ? x : NULL, order >= 0 ? y : NULL);
    }
    return found;
}
