/* Walking through messages, along their key. */

#include "store/message_walk.h"

enum err message_walk_channel(struct sql_conn *c, struct channel_id after,
                              struct channel_id *channel, struct guild_id *guild)
{
    struct sql_stmt *s = sql_query(c, "SELECT channel_id, guild_id FROM messages "
                                      "WHERE channel_id > $1 ORDER BY channel_id, id LIMIT 1");
    sql_bind_u64(s, 1, after.v);
    struct channel_id found = {0};
    struct guild_id of = {0};
    if (sql_step(s)) {
        found.v = sql_u64(s, 0);
        of.v = sql_u64(s, 1);
    }
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    *channel = found;
    *guild = of;
    return ERR_OK;
}

enum err message_walk_old(struct sql_conn *c, struct channel_id channel, uint64_t below,
                          size_t limit, uint64_t *ids, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT id FROM messages WHERE channel_id = $1 AND id < $2 "
                                      "AND pinned_at_ms = 0 ORDER BY id LIMIT $3");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, below > INT64_MAX ? INT64_MAX : below);
    sql_bind_u64(s, 3, limit);
    size_t n = 0;
    while (n < limit && sql_step(s))
        ids[n++] = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}
