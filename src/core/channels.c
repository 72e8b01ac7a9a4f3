/* Channels of guilds: making and editing them, and what is read of them beside the view. */

#include "core/channels.h"

#include "base/limits.h"
#include "core/channels_priv.h"
#include "core/dms.h"
#include "core/place.h"
#include "proto/events.h"
#include "store/channels.h"

enum { BITRATE_DEFAULT = 64000 };

/* ---- making ---- */

struct channel_creation {
    struct channel_change change; /* first */
    struct channel_id id;
};

static int32_t position_next(const struct guild_view *view)
{
    int64_t next = 0;
    for (size_t i = 0; i < view->channel_count; i++)
        if (view->channels[i].position >= next)
            next = (int64_t)view->channels[i].position + 1;
    return next < INT32_MAX ? (int32_t)next : INT32_MAX;
}

static struct channel blank(struct tx *tx, const struct channel_change *x)
{
    bool voice = x->d->type == CHANNEL_TYPE_VOICE || x->d->type == CHANNEL_TYPE_STAGE;
    return (struct channel){
        .id = {tx_id(tx)},
        .guild = x->now.view->guild.id,
        .type = x->d->type,
        .position = position_next(x->now.view),
        .bitrate = voice ? BITRATE_DEFAULT : 0,
        .video_quality_mode = 1,
        .default_sort_order = -1,
    };
}

/* What is given, and whatever else is not better left at its default. */
static uint32_t sets_of(const struct channel_draft *d)
{
    uint32_t all = ~(CHANNEL_SETS(POSITION) | CHANNEL_SETS(SORT_ORDER) | CHANNEL_SETS(BITRATE) |
                     CHANNEL_SETS(VIDEO_QUALITY));
    if (d->bitrate != 0)
        all |= CHANNEL_SETS(BITRATE);
    if (d->video_quality_mode != 0)
        all |= CHANNEL_SETS(VIDEO_QUALITY);
    return all | d->set;
}

static enum err announce_channel(struct tx *tx, struct channel_creation *x)
{
    struct channel_change *c = &x->change;
    const struct channel *made = guild_view_channel(c->view, x->id);
    enum err e = core_emit_structure(tx, event_channel_create(made, c->view, c->by->who->user.v),
                                     c->by, c->view);
    return e == ERR_OK ? channel_audit(tx, c->by, NULL, made) : e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct channel_creation *x = ctx;
    struct channel_change *c = &x->change;
    enum err e = channel_change_begin(tx, c, PERMISSION_MANAGE_CHANNELS);
    if (e != ERR_OK)
        return e;
    if (c->now.view->channel_count >= LIMIT_GUILD_CHANNELS)
        return ERR_MAX_CHANNELS;
    struct channel ch = blank(tx, c);
    e = channel_compose(tx, c, sets_of(c->d), true, &ch);
    if (e == ERR_OK)
        e = channels_insert(tx_sql(tx), &ch);
    if (e == ERR_OK)
        e = views_restructured(
            tx, ch.guild, (struct view_change){.parts = VIEW_CHANNELS, .channel = ch.id}, &c->view);
    x->id = ch.id;
    return e == ERR_OK ? announce_channel(tx, x) : e;
}

enum err channel_create(struct core *c, const struct actor *by, const struct access *a,
                        const struct channel_draft *d, struct channel_id *id,
                        struct guild_view **view, struct draft_problem *problem)
{
    struct channel_creation x = {.change = {.by = by, .a = a, .d = d}};
    channel_change_init(&x.change);
    enum err e = store_write(c->store, create, &x);
    channel_change_deinit(&x.change);
    if (e == ERR_INVALID_FORM)
        *problem = x.change.problem;
    if (e != ERR_OK) {
        guild_view_unref(&x.change.view);
        return e;
    }
    *id = x.id;
    *view = x.change.view;
    return ERR_OK;
}

/* ---- editing ---- */

struct channel_editing {
    struct channel_change change; /* first */
    struct message_id last;
};

static uint64_t need_of(const struct channel_draft *d)
{
    bool overwrites = (d->set & CHANNEL_SETS(OVERWRITES)) != 0 || d->lock_permissions;
    return PERMISSION_MANAGE_CHANNELS | (overwrites ? PERMISSION_MANAGE_ROLES : 0);
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct channel_editing *x = ctx;
    struct channel_change *c = &x->change;
    struct channel stored;
    enum err e = channel_change_begin(tx, c, need_of(c->d));
    if (e != ERR_OK)
        return e;
    struct channel after = *c->now.channel;
    e = channel_compose(tx, c, c->d->set, false, &after);
    if (e == ERR_OK)
        e = channel_apply(tx, c, &after);
    if (e == ERR_OK)
        e = channels_find(tx_sql(tx), after.id, &c->arena, &stored);
    if (e == ERR_OK)
        x->last = stored.last_message;
    return e;
}

enum err channel_edit(struct core *c, const struct actor *by, const struct access *a,
                      const struct channel_draft *d, struct guild_view **view,
                      struct message_id *last, struct draft_problem *problem)
{
    struct channel_editing x = {.change = {.by = by, .a = a, .d = d}};
    channel_change_init(&x.change);
    enum err e = store_write(c->store, edit, &x);
    channel_change_deinit(&x.change);
    if (e == ERR_INVALID_FORM)
        *problem = x.change.problem;
    if (e != ERR_OK) {
        guild_view_unref(&x.change.view);
        return e;
    }
    *last = x.last;
    *view = x.change.view;
    return ERR_OK;
}

/* ---- reading ---- */

enum err channel_typing(struct core *c, const struct access *a)
{
    enum err failed = a->dm != NULL ? dm_check(c, a) : ERR_OK;
    if (failed != ERR_OK)
        return failed;
    struct event *e = event_typing_start(&a->member, a->channel->id, clock_wall_ms(c->o.clock));
    if (e == NULL)
        return ERR_NO_MEMORY;
    const struct place p = place_of(a);
    place_publish(c, &p, e);
    return ERR_OK;
}
