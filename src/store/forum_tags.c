/* Reading forum tags (writing them: channels_write.c). */

#include "store/forum_tags.h"

#include "store/rows.h"

/* A tag and the channel that it belongs to: what a guild's list is read as. */
struct placed {
    uint64_t channel;
    struct forum_tag tag;
};

static enum err read_tags(struct sql_stmt *s, struct arena *arena, struct rows *rows)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct placed *p = rows_push(rows, arena, sizeof *p);
        if (p == NULL) {
            e = ERR_NO_MEMORY;
            continue;
        }
        p->channel = sql_u64(s, 0);
        p->tag.id = sql_u64(s, 1);
        p->tag.moderated = sql_bool(s, 2);
        p->tag.emoji = sql_u64(s, 3);
        p->tag.name = sql_text(s, 4, arena);
        p->tag.emoji_name = sql_text(s, 5, arena);
    }
    enum err done = sql_done(s);
    return e == ERR_OK ? done : e;
}

/* Both lists are ascending by channel: one walk gives each channel its run of tags. */
static enum err attach(struct channel *channels, size_t count, const struct rows *rows,
                       struct arena *arena)
{
    if (rows->count == 0)
        return ERR_OK;
    const struct placed *placed = rows->items;
    struct forum_tag *list = arena_array(arena, rows->count, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0, at = 0; i < count; i++) {
        size_t start = at;
        for (; at < rows->count && placed[at].channel == channels[i].id.v; at++)
            list[at] = placed[at].tag;
        channels[i].tags = at > start ? &list[start] : NULL;
        channels[i].tag_count = at - start;
    }
    return ERR_OK;
}

static enum err read_and_attach(struct sql_stmt *s, struct channel *channels, size_t count,
                                struct arena *arena)
{
    struct rows rows = {0};
    enum err e = read_tags(s, arena, &rows);
    return e == ERR_OK ? attach(channels, count, &rows, arena) : e;
}

enum err forum_tags_of_channel(struct sql_conn *c, struct arena *arena, struct channel *channel)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT channel_id, id, moderated, emoji_id, name, emoji_name "
                     "FROM forum_tags WHERE channel_id = $1 ORDER BY position, id");
    sql_bind_u64(s, 1, channel->id.v);
    return read_and_attach(s, channel, 1, arena);
}

enum err forum_tags_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                             struct channel *channels, size_t count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT t.channel_id, t.id, t.moderated, t.emoji_id, t.name, t.emoji_name "
                     "FROM channels ch JOIN forum_tags t ON t.channel_id = ch.id "
                     "WHERE ch.guild_id = $1 ORDER BY ch.id, t.position, t.id");
    sql_bind_u64(s, 1, guild.v);
    return read_and_attach(s, channels, count, arena);
}
