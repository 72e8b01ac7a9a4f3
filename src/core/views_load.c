/*
 * Views out of SQL: all of one, or what a closure changed laid over the view that was there before.
 * The second is what keeps a change of one channel of five hundred from reading the other 499 and
 * their overwrites on the thread that writes for all guilds. It is right as long as the view that
 * it starts from is that of the guild's stored structure position, and the closure names what it
 * changed; the contract tests compare each view that was made this way with one that was loaded
 * (tests/contract/core_fixture.h).
 */

#include "core/core_priv.h"

#include "store/channels.h"
#include "store/emojis.h"
#include "store/guilds.h"
#include "store/roles.h"
#include "store/scheduled_events.h"
#include "store/sounds.h"
#include "store/stages.h"
#include "store/stickers.h"

enum {
    /* 500 channels of 1,000 overwrites each, twice over, and their names. */
    LOAD_BYTES_MAX = 96 * 1024 * 1024,
    CHANNELS_FEW = 8,
    CHANNELS_SHARE = 8, /* and one in so many */
};

/* One reading; what it points to is in the arena. */
struct reading {
    struct sql_conn *sql;
    struct guild_id id;
    struct arena arena;
    struct guild_record record;
    struct guild_patch patch;
};

static enum err read_guild(struct reading *r)
{
    enum err e = guilds_find(r->sql, r->id, &r->arena, &r->record);
    r->patch.contents.guild = &r->record.guild;
    return e;
}

static enum err read_roles(struct reading *r)
{
    struct role *roles = NULL;
    enum err e = roles_of_guild(r->sql, r->id, &r->arena, &roles, &r->patch.contents.role_count);
    r->patch.contents.roles = roles;
    return e;
}

static enum err read_some_channels(struct reading *r)
{
    struct guild_contents *c = &r->patch.contents;
    struct channel *channels = arena_array(&r->arena, r->patch.channel_count, sizeof *channels);
    enum err e = channels == NULL ? ERR_NO_MEMORY : ERR_OK;
    c->channels = channels;
    for (size_t i = 0; e == ERR_OK && i < r->patch.channel_count; i++) {
        struct channel *to = &channels[c->channel_count];
        e = channels_find_whole(r->sql, r->patch.channels[i], &r->arena, to);
        if (e == ERR_OK && to->guild.v == r->id.v)
            c->channel_count++;
        else if (e == ERR_UNKNOWN_CHANNEL)
            e = ERR_OK; /* gone */
    }
    return e;
}

static enum err read_channels(struct reading *r)
{
    if (r->patch.channel_count > 0)
        return read_some_channels(r);
    struct channel *channels = NULL;
    enum err e =
        channels_of_guild(r->sql, r->id, &r->arena, &channels, &r->patch.contents.channel_count);
    r->patch.contents.channels = channels;
    return e;
}

static enum err read_expressions(struct reading *r)
{
    struct guild_contents *c = &r->patch.contents;
    struct emoji *emojis = NULL;
    struct sticker *stickers = NULL;
    struct sound *sounds = NULL;
    enum err e = emojis_of_guild(r->sql, r->id, &r->arena, &emojis, &c->emoji_count);
    if (e == ERR_OK)
        e = stickers_of_guild(r->sql, r->id, &r->arena, &stickers, &c->sticker_count);
    if (e == ERR_OK)
        e = sounds_of_guild(r->sql, r->id, &r->arena, &sounds, &c->sound_count);
    c->emojis = emojis;
    c->stickers = stickers;
    c->sounds = sounds;
    return e;
}

static enum err read_events(struct reading *r)
{
    struct guild_contents *c = &r->patch.contents;
    struct stage_instance *stages = NULL;
    struct scheduled_event *scheduled = NULL;
    enum err e = stages_of_guild(r->sql, r->id, &r->arena, &stages, &c->stage_count);
    if (e == ERR_OK)
        e = scheduled_events_of_guild(r->sql, r->id, &r->arena, &scheduled, &c->scheduled_count);
    c->stages = stages;
    c->scheduled = scheduled;
    return e;
}

static enum err read_parts(struct reading *r)
{
    static const struct {
        enum view_part part;
        enum err (*read)(struct reading *r);
    } parts[] = {{VIEW_GUILD, read_guild},
                 {VIEW_ROLES, read_roles},
                 {VIEW_CHANNELS, read_channels},
                 {VIEW_EXPRESSIONS, read_expressions},
                 {VIEW_EVENTS, read_events}};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < sizeof parts / sizeof *parts; i++)
        if (r->patch.parts & parts[i].part)
            e = parts[i].read(r);
    return e;
}

static enum err deliver(struct guild_view *v, struct guild_view **out)
{
    if (v == NULL)
        return ERR_NO_MEMORY;
    *out = v;
    return ERR_OK;
}

enum err views_load(struct sql_conn *sql, struct guild_id id, struct guild_view **out)
{
    struct reading r = {.sql = sql, .id = id, .patch = {.parts = VIEW_ALL}};
    arena_init(&r.arena, MEM_CORE, LOAD_BYTES_MAX);
    enum err e = read_parts(&r);
    if (e == ERR_OK)
        e = deliver(guild_view_make(&r.patch.contents, r.record.structure_position,
                                    r.record.permission_generation),
                    out);
    arena_deinit(&r.arena);
    return e;
}

/* One by one only what is few: the statements that read all channels cost less than those of many.
 */
static void list_channels(struct reading *r, const struct guild_view *from,
                          const struct view_change *change)
{
    size_t few = CHANNELS_FEW + from->channel_count / CHANNELS_SHARE;
    if (change->channel_count > few || (change->channel_count == 0 && change->channel.v == 0))
        return;
    bool list = change->channel_count > 0;
    r->patch.channels = list ? change->channels : &change->channel;
    r->patch.channel_count = list ? change->channel_count : 1;
}

/* The view before the change with the parts of the change read anew. */
static enum err patch(struct tx *tx, const struct guild_view *from, struct view_change change,
                      uint64_t position, uint64_t generation, struct guild_view **out)
{
    struct reading r = {.sql = tx_sql(tx), .id = from->guild.id, .patch = {.parts = change.parts}};
    list_channels(&r, from, &change);
    arena_init(&r.arena, MEM_CORE, LOAD_BYTES_MAX);
    enum err e = read_parts(&r);
    if (e == ERR_OK)
        e = deliver(guild_view_patch(from, &r.patch, position, generation), out);
    arena_deinit(&r.arena);
    return e;
}

enum err views_restructured(struct tx *tx, struct guild_id id, struct view_change change,
                            struct guild_view **view)
{
    uint64_t head, position, generation;
    guild_view_unref(view);
    enum err e = tx_stream_head(tx, core_guild_stream(id), &head);
    if (e == ERR_OK)
        e = guilds_books(tx_sql(tx), id, &position, &generation);
    if (e == ERR_OK)
        e = guilds_restructure(tx_sql(tx), id, head + 1);
    if (e != ERR_OK)
        return e;
    struct guild_view *before = views_known(tx, id, position);
    e = before == NULL ? views_load(tx_sql(tx), id, view)
                       : patch(tx, before, change, head + 1, generation + 1, view);
    guild_view_unref(&before);
    return e;
}

enum err views_now(struct tx *tx, struct guild_id id, struct guild_view **out)
{
    uint64_t position, generation;
    enum err e = guilds_books(tx_sql(tx), id, &position, &generation);
    if (e != ERR_OK)
        return e;
    struct guild_view *v = views_known(tx, id, position);
    if (v == NULL)
        return views_load(tx_sql(tx), id, out);
    *out = v;
    return ERR_OK;
}
