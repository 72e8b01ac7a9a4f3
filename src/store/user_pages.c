/* Pages of people. */

#include "store/user_pages.h"

#include <stdlib.h>

#include "store/id_list.h"
#include "store/users.h"

static int by_id(const void *a, const void *b)
{
    const struct user *x = a;
    const struct user *y = b;
    return x->id.v < y->id.v ? -1 : x->id.v > y->id.v;
}

static enum err read_ids(struct sql_stmt *s, size_t limit, struct arena *arena, struct slice *out)
{
    uint64_t *ids = arena_array(arena, limit + 1, sizeof *ids);
    size_t n = 0;
    while (ids != NULL && n < limit && sql_step(s))
        ids[n++] = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK && ids == NULL)
        e = ERR_NO_MEMORY;
    return e == ERR_OK ? id_list_pack(ids, n, arena, out) : e;
}

enum err user_page_read(struct sql_conn *c, struct sql_stmt *s, size_t limit, struct arena *arena,
                        struct user **out, size_t *count)
{
    struct slice ids = {NULL, 0};
    struct user *list = NULL;
    size_t n = 0;
    enum err e = read_ids(s, limit, arena, &ids);
    if (e == ERR_OK && ids.len > 0)
        e = users_find_many(c, ids, arena, &list, &n);
    if (e != ERR_OK)
        return e;
    if (n > 1)
        qsort(list, n, sizeof *list, by_id);
    *out = list;
    *count = n;
    return ERR_OK;
}
