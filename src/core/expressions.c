/* Emojis, stickers and sounds: what they have in common. */

#include "core/expressions_priv.h"
#include "store/users.h"

bool expression_may_change(uint64_t held, struct user_id who, struct user_id creator)
{
    if (held & PERMISSION_MANAGE_GUILD_EXPRESSIONS)
        return true;
    return (held & PERMISSION_CREATE_GUILD_EXPRESSIONS) && who.v == creator.v;
}

struct many {
    const struct user_id *ids;
    size_t count;
    struct arena *arena;
    struct user *users;
};

static enum err read_many(struct tx *tx, void *ctx)
{
    struct many *x = ctx;
    for (size_t i = 0; i < x->count; i++) {
        /* Lists come with runs of one maker. */
        if (i > 0 && x->ids[i].v == x->ids[i - 1].v) {
            x->users[i] = x->users[i - 1];
            continue;
        }
        enum err e = users_find(tx_sql(tx), x->ids[i], x->arena, &x->users[i]);
        if (e == ERR_UNKNOWN_USER)
            x->users[i] = (struct user){.id = {0}};
        else if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

enum err users_get_many(struct core *c, const struct user_id *ids, size_t count,
                        struct arena *arena, struct user **out)
{
    struct many x = {ids, count, arena, NULL};
    x.users = arena_array(arena, count + 1, sizeof *x.users);
    if (x.users == NULL)
        return ERR_NO_MEMORY;
    enum err e = count == 0 ? ERR_OK : store_read(c->store, read_many, &x);
    if (e == ERR_OK)
        *out = x.users;
    return e;
}

enum err expression_begin(struct tx *tx, struct expression_change *x, uint64_t need)
{
    access_end(&x->now);
    arena_reset(&x->arena);
    return access_renew(tx, x->a, need, &x->arena, &x->now);
}

enum err expression_restructure(struct tx *tx, struct expression_change *x)
{
    return views_restructured(tx, x->now.view->guild.id,
                              (struct view_change){.parts = VIEW_EXPRESSIONS}, &x->view);
}

enum err expression_run(struct core *c, store_fn fn, struct expression_change *x,
                        struct guild_view **view)
{
    arena_init(&x->arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, fn, x);
    access_end(&x->now);
    arena_deinit(&x->arena);
    if (e == ERR_OK && view != NULL)
        *view = x->view;
    else
        guild_view_unref(&x->view);
    return e;
}
