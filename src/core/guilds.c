/* Guilds: making one, and reading what is known of one at one moment. */

#include "core/guilds.h"

#include "core/core_priv.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/members.h"
#include "store/roles.h"

enum { BITRATE_DEFAULT = 64000, AFK_TIMEOUT_DEFAULT_S = 300, START_CHANNELS = 4 };

struct creation {
    const struct actor *by;
    const struct guild_draft *draft;
    struct arena arena;
    struct guild_view *view;
};

/* What Discord starts a guild with: two categories and a channel in each. */
static void start_channels(struct tx *tx, struct guild_id guild, struct channel out[START_CHANNELS])
{
    static const struct {
        enum channel_type type;
        const char *name;
        int parent; /* index, -1: none */
    } start[START_CHANNELS] = {{CHANNEL_TYPE_CATEGORY, "Text Channels", -1},
                               {CHANNEL_TYPE_CATEGORY, "Voice Channels", -1},
                               {CHANNEL_TYPE_TEXT, "general", 0},
                               {CHANNEL_TYPE_VOICE, "General", 1}};
    for (int i = 0; i < START_CHANNELS; i++) {
        out[i] = (struct channel){.id = {tx_id(tx)},
                                  .guild = guild,
                                  .type = start[i].type,
                                  .position = start[i].parent < 0 ? i : 0,
                                  .name = slice_from(start[i].name)};
        if (start[i].parent >= 0)
            out[i].parent = out[start[i].parent].id;
        if (start[i].type == CHANNEL_TYPE_VOICE)
            out[i].bitrate = BITRATE_DEFAULT;
    }
}

static enum err insert_channels(struct sql_conn *sql, const struct channel list[START_CHANNELS])
{
    enum err e = ERR_OK;
    for (int i = 0; i < START_CHANNELS && e == ERR_OK; i++)
        e = channels_insert(sql, &list[i]);
    return e;
}

static struct guild guild_of(struct tx *tx, const struct creation *x)
{
    const struct guild_draft *d = x->draft;
    return (struct guild){
        .id = {tx_id(tx)},
        .tenant = x->by->who->tenant,
        .name = d->name,
        .description = d->description,
        .owner = x->by->who->user,
        .afk_timeout = AFK_TIMEOUT_DEFAULT_S,
        .verification_level = d->verification_level,
        .default_message_notifications = d->default_message_notifications,
        .explicit_content_filter = d->explicit_content_filter,
        .preferred_locale = d->preferred_locale.data == NULL ? SLICE("en-US") : d->preferred_locale,
        .created_at_ms = tx_now_ms(tx),
    };
}

static enum err insert_guild(struct tx *tx, const struct guild *g,
                             const struct channel channels[START_CHANNELS])
{
    struct sql_conn *sql = tx_sql(tx);
    struct role everyone = {.id = {g->id.v},
                            .guild = g->id,
                            .name = SLICE("@everyone"),
                            .permissions = PERMISSIONS_DEFAULT};
    enum err e = guilds_insert(sql, g);
    if (e == ERR_OK)
        e = roles_insert(sql, &everyone);
    if (e == ERR_OK)
        e = insert_channels(sql, channels);
    if (e == ERR_OK)
        e = members_insert(sql, g->id, g->owner, tx_now_ms(tx));
    if (e == ERR_OK)
        e = guilds_count_member(sql, g->id, 1);
    return e;
}

/* The guild's stream begins with its owner joining; that event carries the first view. */
static enum err announce(struct tx *tx, struct creation *x, const struct guild *g)
{
    struct member owner;
    enum err e = members_find(tx_sql(tx), g->id, g->owner, &x->arena, &owner);
    if (e == ERR_OK)
        e = views_restructured(tx, g->id, &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_member_add(&owner), x->by, x->view);
    if (e == ERR_OK)
        e = core_emit(tx, event_guild_joined(g->owner, g->id), x->by);
    return e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct creation *x = ctx;
    struct channel channels[START_CHANNELS];
    struct guild g = guild_of(tx, x);
    start_channels(tx, g.id, channels);
    g.system_channel = channels[2].id;
    enum err e = insert_guild(tx, &g, channels);
    return e == ERR_OK ? announce(tx, x, &g) : e;
}

enum err guild_create(struct core *c, const struct actor *by, const struct guild_draft *d,
                      struct guild_view **view)
{
    struct creation x = {.by = by, .draft = d};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, create, &x);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        *view = x.view;
    else
        guild_view_unref(&x.view);
    return e;
}

struct snapshot_read {
    struct core *core;
    struct guild_id id;
    struct arena *arena;
    struct guild_snapshot out;
    bool missed;
};

static enum err read_snapshot(struct tx *tx, void *ctx)
{
    struct snapshot_read *x = ctx;
    struct guild_snapshot *s = &x->out;
    struct guild_record r;
    guild_view_unref(&s->view);
    enum err e = guilds_find(tx_sql(tx), x->id, x->arena, &r);
    if (e == ERR_OK)
        e = tx_stream_head(tx, core_guild_stream(x->id), &s->position);
    if (e == ERR_OK)
        e = views_at(x->core, tx, x->id, r.structure_position, &s->view, &x->missed);
    if (e == ERR_OK)
        e = channel_last_messages_at(tx, s->view, x->arena, &s->last_messages);
    if (e == ERR_OK)
        s->member_count = r.member_count;
    return e;
}

enum err guild_snapshot_load(struct core *c, struct guild_id id, struct arena *arena,
                             struct guild_snapshot *out)
{
    struct snapshot_read x = {.core = c, .id = id, .arena = arena};
    enum err e = store_read(c->store, read_snapshot, &x);
    if (e != ERR_OK) {
        guild_view_unref(&x.out.view);
        return e;
    }
    if (x.missed)
        views_warm(c, id);
    *out = x.out;
    return ERR_OK;
}

struct count_read {
    struct guild_id id;
    uint64_t count;
};

static enum err read_count(struct tx *tx, void *ctx)
{
    struct count_read *x = ctx;
    return guilds_member_count(tx_sql(tx), x->id, &x->count);
}

enum err guild_member_count(struct core *c, struct guild_id id, uint64_t *count)
{
    struct count_read x = {.id = id};
    enum err e = store_read(c->store, read_count, &x);
    if (e == ERR_OK)
        *count = x.count;
    return e;
}
