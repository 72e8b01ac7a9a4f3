/* Reading channels and overwrites (writing them: channels_write.c). */

#include "store/channels.h"

#include "store/forum_tags.h"
#include "store/rows.h"

#define COLUMNS                                                                                    \
    "id, guild_id, last_message_id, type, position, parent_id, nsfw, rate_limit_per_user, "        \
    "bitrate, user_limit, flags, video_quality_mode, default_auto_archive_duration, "              \
    "default_thread_rate_limit_per_user, default_sort_order, default_forum_layout, "               \
    "default_reaction_emoji_id, last_pin_at_ms, name, topic, rtc_region, "                         \
    "default_reaction_emoji_name, "                                                                \
    "voice_status"

static void read_channel(struct sql_stmt *s, struct arena *arena, struct channel *out)
{
    *out = (struct channel){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .last_message = {sql_u64(s, 2)},
        .type = (enum channel_type)sql_i64(s, 3),
        .position = (int32_t)sql_i64(s, 4),
        .parent = {sql_u64(s, 5)},
        .nsfw = sql_bool(s, 6),
        .rate_limit_per_user = (uint32_t)sql_u64(s, 7),
        .bitrate = (uint32_t)sql_u64(s, 8),
        .user_limit = (uint32_t)sql_u64(s, 9),
        .flags = sql_u64(s, 10),
        .video_quality_mode = (uint32_t)sql_u64(s, 11),
        .default_auto_archive_duration = (uint32_t)sql_u64(s, 12),
        .default_thread_rate_limit_per_user = (uint32_t)sql_u64(s, 13),
        .default_sort_order = (int32_t)sql_i64(s, 14),
        .default_forum_layout = (uint32_t)sql_u64(s, 15),
        .default_reaction_emoji = sql_u64(s, 16),
        .last_pin_at_ms = sql_i64(s, 17),
    };
    out->name = sql_text(s, 18, arena);
    out->topic = sql_text(s, 19, arena);
    out->rtc_region = sql_text(s, 20, arena);
    out->default_reaction_emoji_name = sql_text(s, 21, arena);
    out->voice_status = sql_text(s, 22, arena);
}

enum err channels_find(struct sql_conn *c, struct channel_id id, struct arena *arena,
                       struct channel *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM channels WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    struct channel ch = {0};
    bool found = sql_step(s);
    if (found)
        read_channel(s, arena, &ch);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_CHANNEL;
    *out = ch;
    return ERR_OK;
}

enum err channels_find_whole(struct sql_conn *c, struct channel_id id, struct arena *arena,
                             struct channel *out)
{
    struct channel ch = {0};
    struct overwrite *overwrites = NULL;
    enum err e = channels_find(c, id, arena, &ch);
    if (e == ERR_OK)
        e = channels_overwrites(c, id, arena, &overwrites, &ch.overwrite_count);
    ch.overwrites = overwrites;
    if (e == ERR_OK)
        e = forum_tags_of_channel(c, arena, &ch);
    if (e == ERR_OK)
        *out = ch;
    return e;
}

/* An overwrite and the channel that it belongs to: what a guild's list is read as. */
struct placed {
    uint64_t channel;
    struct overwrite overwrite;
};

static enum err read_overwrites(struct sql_stmt *s, struct arena *arena, struct rows *rows)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct placed *p = rows_push(rows, arena, sizeof *p);
        if (p == NULL) {
            e = ERR_NO_MEMORY;
            continue;
        }
        p->channel = sql_u64(s, 0);
        p->overwrite.id = sql_u64(s, 1);
        p->overwrite.type = (enum overwrite_type)sql_i64(s, 2);
        p->overwrite.allow = sql_u64(s, 3);
        p->overwrite.deny = sql_u64(s, 4);
    }
    enum err done = sql_done(s);
    return e == ERR_OK ? done : e;
}

static struct overwrite *unplace(const struct rows *rows, struct arena *arena)
{
    const struct placed *placed = rows->items;
    struct overwrite *list = arena_array(arena, rows->count, sizeof *list);
    for (size_t i = 0; list != NULL && i < rows->count; i++)
        list[i] = placed[i].overwrite;
    return list;
}

enum err channels_overwrites(struct sql_conn *c, struct channel_id id, struct arena *arena,
                             struct overwrite **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id, target_id, type, allow, deny FROM overwrites "
                     "WHERE channel_id = $1 ORDER BY target_id");
    sql_bind_u64(s, 1, id.v);
    struct rows rows = {0};
    enum err e = read_overwrites(s, arena, &rows);
    struct overwrite *list = NULL;
    if (e == ERR_OK && rows.count > 0) {
        list = unplace(&rows, arena);
        e = list == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    if (e == ERR_OK) {
        *out = list;
        *count = rows.count;
    }
    return e;
}

static enum err read_guild_channels(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                    struct rows *rows)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM channels WHERE guild_id = $1 ORDER BY id");
    sql_bind_u64(s, 1, guild.v);
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct channel *ch = rows_push(rows, arena, sizeof *ch);
        if (ch == NULL)
            e = ERR_NO_MEMORY;
        else
            read_channel(s, arena, ch);
    }
    enum err done = sql_done(s);
    return e == ERR_OK ? done : e;
}

/* Both lists are ascending by channel: one walk gives each channel its run of overwrites. */
static enum err attach_overwrites(struct rows *channels, const struct rows *rows,
                                  struct arena *arena)
{
    if (rows->count == 0)
        return ERR_OK;
    const struct placed *placed = rows->items;
    struct overwrite *list = unplace(rows, arena);
    if (list == NULL)
        return ERR_NO_MEMORY;
    struct channel *ch = channels->items;
    size_t at = 0;
    for (size_t i = 0; i < channels->count; i++) {
        size_t start = at;
        while (at < rows->count && placed[at].channel == ch[i].id.v)
            at++;
        ch[i].overwrites = at > start ? &list[start] : NULL;
        ch[i].overwrite_count = at - start;
    }
    return ERR_OK;
}

enum err channels_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                           struct channel **out, size_t *count)
{
    struct rows channels = {0}, overwrites = {0};
    enum err e = read_guild_channels(c, guild, arena, &channels);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s =
        sql_query(c, "SELECT o.channel_id, o.target_id, o.type, o.allow, o.deny FROM channels ch "
                     "JOIN overwrites o ON o.channel_id = ch.id WHERE ch.guild_id = $1 "
                     "ORDER BY ch.id, o.target_id");
    sql_bind_u64(s, 1, guild.v);
    e = read_overwrites(s, arena, &overwrites);
    if (e == ERR_OK)
        e = attach_overwrites(&channels, &overwrites, arena);
    if (e == ERR_OK)
        e = forum_tags_of_guild(c, guild, arena, channels.items, channels.count);
    if (e == ERR_OK) {
        *out = channels.items;
        *count = channels.count;
    }
    return e;
}

enum err channels_set_last_message(struct sql_conn *c, struct channel_id id,
                                   struct message_id message)
{
    struct sql_stmt *s = sql_query(c, "UPDATE channels SET last_message_id = $2 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, message.v);
    return sql_send(s);
}

enum err channels_last_messages(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                struct channel_last **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id, last_message_id FROM channels WHERE guild_id = $1 ORDER BY id");
    sql_bind_u64(s, 1, guild.v);
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct channel_last *l = rows_push(&rows, arena, sizeof *l);
        if (l == NULL)
            e = ERR_NO_MEMORY;
        else
            *l = (struct channel_last){{sql_u64(s, 0)}, {sql_u64(s, 1)}};
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = rows.items;
        *count = rows.count;
    }
    return e;
}
