/* Rules of retention. */

#include "store/retention.h"

enum err retention_list(struct sql_conn *c, struct guild_id guild, size_t max, struct arena *arena,
                        struct retention_rule **out, size_t *count)
{
    struct retention_rule *list = arena_array(arena, max + 1, sizeof *list);
    size_t n = 0;
    if (list == NULL)
        return ERR_NO_MEMORY;
    struct sql_stmt *s = sql_query(c, "SELECT channel_id, keep_s FROM message_retention "
                                      "WHERE guild_id = $1 ORDER BY channel_id LIMIT $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, max);
    while (n < max && sql_step(s)) {
        list[n].channel.v = sql_u64(s, 0);
        list[n++].keep_s = sql_u64(s, 1);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *out = list;
    *count = n;
    return ERR_OK;
}

enum err retention_find(struct sql_conn *c, struct guild_id guild, struct channel_id channel,
                        uint64_t *keep_s, bool *found)
{
    struct sql_stmt *s = sql_query(c, "SELECT keep_s FROM message_retention "
                                      "WHERE guild_id = $1 AND channel_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, channel.v);
    bool there = sql_step(s);
    uint64_t keep = there ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *keep_s = keep;
    *found = there;
    return ERR_OK;
}

enum err retention_put(struct sql_conn *c, struct guild_id guild, const struct retention_rule *rule)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO message_retention (guild_id, channel_id, keep_s) "
                     "VALUES ($1, $2, $3) ON CONFLICT (guild_id, channel_id) DO UPDATE "
                     "SET keep_s = excluded.keep_s");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, rule->channel.v);
    sql_bind_u64(s, 3, rule->keep_s);
    return sql_run(s);
}

enum err retention_delete(struct sql_conn *c, struct guild_id guild, struct channel_id channel)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM message_retention "
                                      "WHERE guild_id = $1 AND channel_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, channel.v);
    return sql_run(s);
}

enum err retention_forget(struct sql_conn *c, struct channel_id channel)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM message_retention "
                                      "WHERE channel_id = $1 AND channel_id <> 0");
    sql_bind_u64(s, 1, channel.v);
    return sql_run(s);
}

enum err retention_next_guild(struct sql_conn *c, struct guild_id after, struct guild_id *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT guild_id FROM message_retention "
                                      "WHERE guild_id > $1 ORDER BY guild_id LIMIT 1");
    sql_bind_u64(s, 1, after.v);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        out->v = id;
    return e;
}
