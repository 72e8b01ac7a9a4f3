/* A channel becomes another: the rows, the children of a category, the view, the events, the audit
 * log. Every way to change one channel ends here. */

#include "base/limits.h"
#include "core/channels_priv.h"
#include "proto/channel_events.h"
#include "store/channels.h"

enum {
    ANNOUNCED_MAX = 1 + LIMIT_CATEGORY_CHANNELS,
    LOOKED_UP_MAX = 8,
    ROWS_MAX = 10000, /* of overwrites; all guilds wait for a closure that writes them */
};

/* The newest messages of all channels of a guild are one query, of a few channels a few small ones:
 * what a change costs goes by what it changes. */
struct last_messages {
    struct sql_conn *sql;
    struct arena arena;
    bool all;
    struct channel_last *list; /* if all; ascending */
    size_t count;
};

static enum err last_begin(struct last_messages *l, struct sql_conn *sql, struct guild_id guild,
                           size_t wanted)
{
    *l = (struct last_messages){.sql = sql, .all = wanted > LOOKED_UP_MAX};
    arena_init(&l->arena, MEM_CORE, SCRATCH_BYTES);
    return l->all ? channels_last_messages(sql, guild, &l->arena, &l->list, &l->count) : ERR_OK;
}

static enum err last_find(struct last_messages *l, struct channel_id id, struct message_id *out)
{
    struct channel stored;
    if (!l->all) {
        arena_reset(&l->arena);
        enum err e = channels_find(l->sql, id, &l->arena, &stored);
        if (e == ERR_OK)
            *out = stored.last_message;
        return e;
    }
    size_t low = 0, high = l->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (l->list[mid].channel.v < id.v)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == l->count || l->list[low].channel.v != id.v)
        return ERR_UNKNOWN_CHANNEL;
    *out = l->list[low].message;
    return ERR_OK;
}

enum err channels_emit_updates(struct tx *tx, const struct actor *by, struct guild_view *view,
                               const struct channel_id *ids, size_t count, bool structure)
{
    struct last_messages last;
    uint64_t actor = by->who == NULL ? 0 : by->who->user.v;
    enum err e = last_begin(&last, tx_sql(tx), view->guild.id, count);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        bool first = structure && i == 0;
        const struct channel *stands = guild_view_channel(view, ids[i]);
        struct channel shown = stands == NULL ? (struct channel){.id = ids[i]} : *stands;
        e = last_find(&last, ids[i], &shown.last_message);
        if (e != ERR_OK)
            break;
        struct event *event = event_channel_update(&shown, first ? view : NULL, actor);
        e = first ? core_emit_structure(tx, event, by, view) : core_emit(tx, event, by);
    }
    arena_deinit(&last.arena);
    return e;
}

static enum err write_channel(struct tx *tx, const struct channel *before,
                              const struct channel *after)
{
    enum err e = channels_update(tx_sql(tx), after);
    if (e == ERR_OK)
        e = channels_change_overwrites(tx_sql(tx), after->id, before->overwrites,
                                       before->overwrite_count, after->overwrites,
                                       after->overwrite_count);
    if (e == ERR_OK && after->tags != before->tags)
        e = channels_replace_tags(tx_sql(tx), after->id, after->tags, after->tag_count);
    return e;
}

static bool follows(const struct channel *child, const struct channel *category)
{
    return category->type == CHANNEL_TYPE_CATEGORY && child->parent.v == category->id.v &&
           channel_in_step(child, category);
}

static enum err count_one(void *ctx, const struct overwrite *before, const struct overwrite *after)
{
    (void)before;
    (void)after;
    ++*(size_t *)ctx;
    return ERR_OK;
}

/* The category's rows, and as many for each child that follows. One overwrite for all of them is
 * always little enough. */
static enum err few_enough(const struct guild_view *view, const struct channel *before,
                           const struct channel *after)
{
    size_t rows = 0, channels = 1;
    enum err e = overwrites_compare(before, after, count_one, &rows);
    for (size_t i = 0; i < view->channel_count; i++)
        channels += follows(&view->channels[i], before);
    if (e == ERR_OK && channels > 1 && rows * channels > ROWS_MAX)
        e = ERR_ENTITY_TOO_LARGE;
    return e;
}

/* There is no inheritance at run time: whoever was in step is written anew (surface §3.8). */
static enum err push_overwrites(struct tx *tx, const struct guild_view *view,
                                const struct channel *before, const struct channel *after,
                                bool *pushed)
{
    enum err e = ERR_OK;
    *pushed = false;
    for (size_t i = 0; i < view->channel_count && e == ERR_OK; i++) {
        const struct channel *child = &view->channels[i];
        if (!follows(child, before))
            continue;
        *pushed = true;
        e = channels_change_overwrites(tx_sql(tx), child->id, child->overwrites,
                                       child->overwrite_count, after->overwrites,
                                       after->overwrite_count);
    }
    return e;
}

static enum err announce(struct tx *tx, struct channel_change *x, const struct channel *before,
                         const struct channel *after, bool pushed)
{
    const struct guild_view *old = x->now.view;
    struct channel_id ids[ANNOUNCED_MAX];
    size_t n = 0;
    ids[n++] = before->id;
    for (size_t i = 0; pushed && i < old->channel_count && n < ANNOUNCED_MAX; i++)
        if (follows(&old->channels[i], before))
            ids[n++] = old->channels[i].id;
    enum err e = views_restructured(
        tx, before->guild,
        (struct view_change){.parts = VIEW_CHANNELS, .channels = ids, .channel_count = n},
        &x->view);
    if (e == ERR_OK)
        e = channels_emit_updates(tx, x->by, x->view, ids, n, true);
    if (e == ERR_OK)
        e = channel_audit(tx, x->by, before, after);
    if (e == ERR_OK)
        e = channel_audit_overwrites(tx, x->by, x->view, before, after);
    return e;
}

enum err channel_apply(struct tx *tx, struct channel_change *x, const struct channel *after)
{
    const struct channel *before = x->now.channel;
    bool in_step = channel_in_step(before, after);
    bool pushed = false;
    if (in_step && !channel_settings_differ(before, after)) {
        guild_view_unref(&x->view);
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    enum err e = in_step ? ERR_OK : few_enough(x->now.view, before, after);
    if (e == ERR_OK)
        e = write_channel(tx, before, after);
    if (e == ERR_OK && !in_step)
        e = push_overwrites(tx, x->now.view, before, after, &pushed);
    return e == ERR_OK ? announce(tx, x, before, after, pushed) : e;
}
