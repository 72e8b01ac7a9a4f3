/* Writing channels, overwrites and forum tags. */

#include "store/channels.h"

static void bind_settings(struct sql_stmt *s, const struct channel *ch)
{
    sql_bind_u64(s, 1, ch->id.v);
    sql_bind_i64(s, 2, (int64_t)ch->type);
    sql_bind_i64(s, 3, ch->position);
    sql_bind_id_or_null(s, 4, ch->parent.v);
    sql_bind_bool(s, 5, ch->nsfw);
    sql_bind_u64(s, 6, ch->rate_limit_per_user);
    sql_bind_u64(s, 7, ch->bitrate);
    sql_bind_u64(s, 8, ch->user_limit);
    sql_bind_text(s, 9, ch->name);
    sql_bind_text(s, 10, ch->topic);
    sql_bind_u64(s, 11, ch->flags);
    sql_bind_text(s, 12, ch->rtc_region);
    sql_bind_u64(s, 13, ch->video_quality_mode == 0 ? 1 : ch->video_quality_mode);
    sql_bind_u64(s, 14, ch->default_auto_archive_duration);
    sql_bind_u64(s, 15, ch->default_thread_rate_limit_per_user);
    sql_bind_i64(s, 16, ch->default_sort_order);
    sql_bind_u64(s, 17, ch->default_forum_layout);
    sql_bind_id_or_null(s, 18, ch->default_reaction_emoji);
    sql_bind_text(s, 19, ch->default_reaction_emoji_name);
    sql_bind_text(s, 20, ch->voice_status);
}

static enum err insert_row(struct sql_conn *c, const struct channel *ch)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO channels (id, type, position, parent_id, nsfw, rate_limit_per_user, "
           "bitrate, user_limit, name, topic, flags, rtc_region, video_quality_mode, "
           "default_auto_archive_duration, default_thread_rate_limit_per_user, "
           "default_sort_order, default_forum_layout, default_reaction_emoji_id, "
           "default_reaction_emoji_name, voice_status, guild_id, last_message_id) "
           "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
           "$18, $19, $20, $21, $22)");
    bind_settings(s, ch);
    sql_bind_u64(s, 21, ch->guild.v);
    sql_bind_u64(s, 22, ch->last_message.v);
    return sql_run(s);
}

enum err channels_update(struct sql_conn *c, const struct channel *ch)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE channels SET type = $2, position = $3, parent_id = $4, nsfw = $5, "
           "rate_limit_per_user = $6, bitrate = $7, user_limit = $8, name = $9, topic = $10, "
           "flags = $11, rtc_region = $12, video_quality_mode = $13, "
           "default_auto_archive_duration = $14, default_thread_rate_limit_per_user = $15, "
           "default_sort_order = $16, default_forum_layout = $17, "
           "default_reaction_emoji_id = $18, default_reaction_emoji_name = $19, "
           "voice_status = $20 WHERE id = $1");
    bind_settings(s, ch);
    return sql_run(s);
}

enum err channels_put_overwrite(struct sql_conn *c, struct channel_id id, const struct overwrite *o)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO overwrites (channel_id, target_id, type, allow, deny) "
                     "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (channel_id, target_id) DO UPDATE "
                     "SET type = excluded.type, allow = excluded.allow, deny = excluded.deny");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, o->id);
    sql_bind_i64(s, 3, (int64_t)o->type);
    sql_bind_u64(s, 4, o->allow);
    sql_bind_u64(s, 5, o->deny);
    return sql_send(s);
}

enum err channels_delete_overwrite(struct sql_conn *c, struct channel_id id, uint64_t target)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM overwrites WHERE channel_id = $1 AND target_id = $2");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, target);
    return sql_send(s);
}

static bool same(const struct overwrite *a, const struct overwrite *b)
{
    return a->id == b->id && a->type == b->type && a->allow == b->allow && a->deny == b->deny;
}

/* Both lists ascend by id; only what differs is written. */
enum err channels_change_overwrites(struct sql_conn *c, struct channel_id id,
                                    const struct overwrite *before, size_t before_count,
                                    const struct overwrite *after, size_t after_count)
{
    enum err e = ERR_OK;
    size_t i = 0, k = 0;
    while (e == ERR_OK && (i < before_count || k < after_count)) {
        if (k == after_count || (i < before_count && before[i].id < after[k].id)) {
            e = channels_delete_overwrite(c, id, before[i++].id);
            continue;
        }
        bool both = i < before_count && before[i].id == after[k].id;
        if (!both || !same(&before[i], &after[k]))
            e = channels_put_overwrite(c, id, &after[k]);
        i += both;
        k++;
    }
    return e;
}

static enum err put_tag(struct sql_conn *c, struct channel_id id, const struct forum_tag *t,
                        size_t position)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO forum_tags (channel_id, id, position, "
                                      "moderated, emoji_id, name, emoji_name) "
                                      "VALUES ($1, $2, $3, $4, $5, $6, $7)");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, t->id);
    sql_bind_u64(s, 3, position);
    sql_bind_bool(s, 4, t->moderated);
    sql_bind_id_or_null(s, 5, t->emoji);
    sql_bind_text(s, 6, t->name);
    sql_bind_text(s, 7, t->emoji_name);
    return sql_send(s);
}

enum err channels_replace_tags(struct sql_conn *c, struct channel_id id,
                               const struct forum_tag *tags, size_t count)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM forum_tags WHERE channel_id = $1");
    sql_bind_u64(s, 1, id.v);
    enum err e = sql_send(s);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = put_tag(c, id, &tags[i], i);
    return e;
}

enum err channels_insert(struct sql_conn *c, const struct channel *ch)
{
    enum err e = insert_row(c, ch);
    for (size_t i = 0; i < ch->overwrite_count && e == ERR_OK; i++)
        e = channels_put_overwrite(c, ch->id, &ch->overwrites[i]);
    for (size_t i = 0; i < ch->tag_count && e == ERR_OK; i++)
        e = put_tag(c, ch->id, &ch->tags[i], i);
    return e;
}

/* Its overwrites, tags, invites and stage go with it; children lose their parent. */
enum err channels_delete(struct sql_conn *c, struct channel_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM channels WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}

enum err channels_set_position(struct sql_conn *c, struct channel_id id, int32_t position,
                               struct channel_id parent)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE channels SET position = $2, parent_id = $3 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    sql_bind_i64(s, 2, position);
    sql_bind_id_or_null(s, 3, parent.v);
    return sql_send(s);
}

#define UNUSED_BY(column) column " = CASE WHEN " column " = $2 THEN NULL ELSE " column " END"

enum err channels_unuse(struct sql_conn *c, struct guild_id guild, struct channel_id id)
{
    struct sql_stmt *s = sql_query(
        c,
        "UPDATE guilds SET " UNUSED_BY("system_channel_id") ", " UNUSED_BY(
            "afk_"
            "chann"
            "el_"
            "id") ", " UNUSED_BY("rules_channel_id") ", " UNUSED_BY("public_updates_channel_"
                                                                    "id") ", " UNUSED_BY("sa"
                                                                                         "fe"
                                                                                         "ty"
                                                                                         "_a"
                                                                                         "le"
                                                                                         "rt"
                                                                                         "s_"
                                                                                         "ch"
                                                                                         "an"
                                                                                         "ne"
                                                                                         "l_"
                                                                                         "i"
                                                                                         "d") ","
                                                                                              " " UNUSED_BY(
                                                                                                  "wid"
                                                                                                  "get"
                                                                                                  "_ch"
                                                                                                  "ann"
                                                                                                  "el_"
                                                                                                  "id") " WHERE id = $1");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, id.v);
    return sql_run(s);
}
