/*
 * Making a guild, as a whole: 250 roles and 500 channels in one transaction, in which nothing is
 * looked up: the draft names things by where they stand in it, ids are given out first, and one
 * view is built at the end.
 */

#include "core/addresses.h"
#include "core/core_priv.h"
#include "core/guilds.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/joining.h"
#include "store/members.h"
#include "store/roles.h"
#include "store/templates.h"

enum {
    BITRATE_DEFAULT = 64000,
    AFK_TIMEOUT_DEFAULT_S = 300,
    /* Ids; overwrites of one channel and its tags, for as many channels as there are. */
    CREATION_BYTES_MAX = 32 * 1024 * 1024
};

struct creation {
    struct core *core;
    const struct actor *by;
    const struct guild_draft *draft;
    struct arena arena;
    struct guild_id guild;
    struct role_id *roles;       /* of the draft's, in order */
    struct channel_id *channels; /* likewise */
    struct guild_view *view;
};

/* What Discord starts a guild with: two categories and a channel in each. */
static const struct channel start_channels[] = {
    {.type = CHANNEL_TYPE_CATEGORY, .name = {"Text Channels", 13}, .default_sort_order = -1},
    {.type = CHANNEL_TYPE_CATEGORY,
     .name = {"Voice Channels", 14},
     .position = 1,
     .default_sort_order = -1},
    {.type = CHANNEL_TYPE_TEXT, .name = {"general", 7}, .parent = {1}, .default_sort_order = -1},
    {.type = CHANNEL_TYPE_VOICE, .name = {"General", 7}, .parent = {2}, .default_sort_order = -1},
};
static const struct role start_roles[] = {{.name = {"@everyone", 9}}};
enum { START_SYSTEM_CHANNEL = 3 };

static struct guild_draft with_defaults(const struct guild_draft *d)
{
    struct guild_draft full = *d;
    if (d->role_count == 0) {
        full.roles = start_roles;
        full.role_count = sizeof start_roles / sizeof *start_roles;
    }
    if (d->channel_count == 0) {
        full.channels = start_channels;
        full.channel_count = sizeof start_channels / sizeof *start_channels;
        full.system_channel = START_SYSTEM_CHANNEL;
    }
    return full;
}

static enum err give_ids(struct tx *tx, struct creation *x)
{
    const struct guild_draft *d = x->draft;
    x->guild.v = tx_id(tx);
    x->roles = arena_array(&x->arena, d->role_count, sizeof *x->roles);
    x->channels = arena_array(&x->arena, d->channel_count, sizeof *x->channels);
    if (x->roles == NULL || x->channels == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < d->role_count; i++)
        x->roles[i].v = i == 0 ? x->guild.v : tx_id(tx); /* @everyone has the guild's id */
    for (size_t i = 0; i < d->channel_count; i++)
        x->channels[i].v = tx_id(tx);
    return ERR_OK;
}

static struct channel_id channel_at(const struct creation *x, size_t place)
{
    return place == 0 ? (struct channel_id){0} : x->channels[place - 1];
}

static enum err insert_guild(struct tx *tx, const struct creation *x)
{
    const struct guild_draft *d = x->draft;
    const struct guild g = {
        .id = x->guild,
        .tenant = x->by->who->tenant,
        .name = d->name,
        .description = d->description,
        .owner = x->by->who->user,
        .icon = media_hash(d->icon),
        .afk_channel = channel_at(x, d->afk_channel),
        .system_channel = channel_at(x, d->system_channel),
        .system_channel_flags = d->system_channel_flags,
        .afk_timeout = d->afk_timeout == 0 ? AFK_TIMEOUT_DEFAULT_S : d->afk_timeout,
        .verification_level = d->verification_level,
        .default_message_notifications = d->default_message_notifications,
        .explicit_content_filter = d->explicit_content_filter,
        .preferred_locale = d->preferred_locale.data == NULL ? SLICE("en-US") : d->preferred_locale,
        .created_at_ms = tx_now_ms(tx),
    };
    enum err e = guilds_insert(tx_sql(tx), &g);
    if (e == ERR_OK && g.icon.data != NULL)
        e = media_refer(tx, d->icon, g.id, g.id.v);
    return e;
}

static enum err insert_roles(struct tx *tx, const struct creation *x)
{
    const struct guild_draft *d = x->draft;
    enum err e = ERR_OK;
    for (size_t i = 0; i < d->role_count && e == ERR_OK; i++) {
        struct role r = d->roles[i];
        r.id = x->roles[i];
        r.guild = x->guild;
        r.position = (int32_t)i;
        if (d->roles == start_roles)
            r.permissions = PERMISSIONS_DEFAULT;
        e = roles_insert(tx_sql(tx), &r);
    }
    return e;
}

static enum err place_overwrites(struct creation *x, struct channel *ch)
{
    struct overwrite *list = arena_array(&x->arena, ch->overwrite_count, sizeof *list);
    if (list == NULL && ch->overwrite_count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ch->overwrite_count; i++) {
        list[i] = ch->overwrites[i];
        list[i].id = x->roles[ch->overwrites[i].id].v;
    }
    ch->overwrites = list;
    return ERR_OK;
}

static enum err place_tags(struct tx *tx, struct creation *x, struct channel *ch)
{
    struct forum_tag *list = arena_array(&x->arena, ch->tag_count, sizeof *list);
    if (list == NULL && ch->tag_count > 0)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ch->tag_count; i++) {
        list[i] = ch->tags[i];
        list[i].id = tx_id(tx);
    }
    ch->tags = list;
    return ERR_OK;
}

static enum err insert_channels(struct tx *tx, struct creation *x)
{
    const struct guild_draft *d = x->draft;
    enum err e = ERR_OK;
    for (size_t i = 0; i < d->channel_count && e == ERR_OK; i++) {
        struct channel ch = d->channels[i];
        bool voice = ch.type == CHANNEL_TYPE_VOICE || ch.type == CHANNEL_TYPE_STAGE;
        ch.id = x->channels[i];
        ch.guild = x->guild;
        ch.parent = channel_at(x, d->channels[i].parent.v);
        if (voice && ch.bitrate == 0)
            ch.bitrate = BITRATE_DEFAULT;
        e = place_overwrites(x, &ch);
        if (e == ERR_OK)
            e = place_tags(tx, x, &ch);
        if (e == ERR_OK)
            e = channels_insert(tx_sql(tx), &ch);
    }
    return e;
}

/* Two guilds made at once must count each other. */
static enum err has_room(struct tx *tx, const struct creation *x)
{
    uint64_t most = x->core->o.guilds_per_user;
    struct user_id user = x->by->who->user;
    uint64_t count = 0;
    if (most == 0)
        return ERR_OK;
    enum err e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK)
        e = joining_guilds_of_user(tx_sql(tx), user, most, &count);
    return e == ERR_OK && count >= most ? ERR_MAX_GUILDS : e;
}

static enum err insert_owner(struct tx *tx, const struct creation *x)
{
    const struct member m = {.guild = x->guild,
                             .user = {.id = x->by->who->user},
                             .joined_at_ms = tx_now_ms(tx),
                             .standing = 1}; /* the stream's first event tells of it */
    enum err e = joining_insert(tx_sql(tx), &m);
    if (e == ERR_OK)
        e = guilds_count_member(tx_sql(tx), x->guild, 1);
    return e == ERR_OK ? address_note(x->core, tx, m.user.id, x->by->address) : e;
}

/* The guild's stream begins with its owner joining; that event carries the first view. */
static enum err announce(struct tx *tx, struct creation *x)
{
    struct member owner;
    enum err e = members_find(tx_sql(tx), x->guild, x->by->who->user, &x->arena, &owner);
    if (e == ERR_OK)
        e = views_restructured(tx, x->guild, (struct view_change){.parts = VIEW_ALL}, &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_member_add(&owner), x->by, x->view);
    if (e == ERR_OK)
        e = core_emit(tx, event_guild_joined(owner.user.id, x->guild), x->by);
    return e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct creation *x = ctx;
    arena_reset(&x->arena);
    enum err e = has_room(tx, x);
    if (e == ERR_OK)
        e = give_ids(tx, x);
    if (e == ERR_OK)
        e = insert_guild(tx, x);
    if (e == ERR_OK)
        e = insert_roles(tx, x);
    if (e == ERR_OK)
        e = insert_channels(tx, x);
    if (e == ERR_OK)
        e = insert_owner(tx, x);
    if (e == ERR_OK && x->draft->template_code.data != NULL)
        e = templates_use(tx_sql(tx), x->draft->template_code);
    return e == ERR_OK ? announce(tx, x) : e;
}

enum err guild_create(struct core *c, const struct actor *by, const struct guild_draft *d,
                      struct guild_view **view)
{
    struct guild_draft full = with_defaults(d);
    struct creation x = {.core = c, .by = by, .draft = &full};
    arena_init(&x.arena, MEM_CORE, CREATION_BYTES_MAX);
    enum err e = store_write(c->store, create, &x);
    if (e == ERR_NO_MEMORY)
        e = arena_short(&x.arena);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        *view = x.view;
    else
        guild_view_unref(&x.view);
    return e;
}
