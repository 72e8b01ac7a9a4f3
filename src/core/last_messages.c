/* The newest message of each channel: from the view, or, what it does not know, from SQL. When each
 * is right is said in views.c. */

#include "core/channels.h"
#include "core/core_priv.h"
#include "store/channels.h"

static enum err make_list(const struct guild_view *v, struct arena *arena, struct message_id **out)
{
    *out = arena_array(arena, v->channel_count + 1, sizeof **out);
    return *out == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static bool known(const struct guild_view *v, struct message_id *list)
{
    for (size_t i = 0; i < v->channel_count; i++)
        if (!guild_view_last_message(v, i, &list[i]))
            return false;
    return true;
}

static enum err read_last(struct tx *tx, const struct guild_view *v, struct arena *arena,
                          struct message_id *list)
{
    struct channel_last *last = NULL;
    size_t count = 0;
    enum err e = channels_last_messages(tx_sql(tx), v->guild.id, arena, &last, &count);
    if (e != ERR_OK)
        return e;
    /* Both ascend by channel; the view may be of another moment, so either may have more. */
    for (size_t i = 0, k = 0; i < v->channel_count; i++) {
        while (k < count && last[k].channel.v < v->channels[i].id.v)
            k++;
        bool both = k < count && last[k].channel.v == v->channels[i].id.v;
        list[i].v = both ? last[k].message.v : 0;
    }
    return ERR_OK;
}

enum err channel_last_messages_at(struct core *c, struct tx *tx, const struct guild_view *v,
                                  uint64_t position, struct arena *arena, struct message_id **out)
{
    struct message_id *list;
    enum err e = make_list(v, arena, &list);
    if (e != ERR_OK)
        return e;
    if (!views_messages_reach(c, v, position) || !known(v, list))
        e = read_last(tx, v, arena, list);
    if (e == ERR_OK)
        *out = list;
    return e;
}

struct last_read {
    const struct guild_view *view;
    struct arena *arena;
    struct message_id *list;
    uint64_t position;
};

static enum err read_last_and_head(struct tx *tx, void *ctx)
{
    struct last_read *x = ctx;
    enum err e = tx_stream_head(tx, core_guild_stream(x->view->guild.id), &x->position);
    return e == ERR_OK ? read_last(tx, x->view, x->arena, x->list) : e;
}

enum err channel_last_messages(struct core *c, const struct guild_view *v, struct arena *arena,
                               struct message_id **out)
{
    struct last_read x = {.view = v, .arena = arena};
    enum err e = make_list(v, arena, &x.list);
    if (e != ERR_OK)
        return e;
    if (!known(v, x.list)) {
        bool cached = views_is_cached(c, v); /* before the read begins */
        e = store_read(c->store, read_last_and_head, &x);
        if (e == ERR_OK && cached)
            views_learn_messages(c, v, x.list, x.position);
    }
    if (e == ERR_OK)
        *out = x.list;
    return e;
}
