/* Time-outs that outlast a membership. Most people never come back: each that is put makes room by
 * taking two that have ended, so that a guild keeps few more than those which have not. */

#include "store/kept_timeouts.h"

static enum err forget_ended(struct sql_conn *c, struct guild_id guild, int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM kept_timeouts WHERE guild_id = $1 AND user_id IN (SELECT user_id "
                     "FROM kept_timeouts WHERE guild_id = $1 AND until_ms <= $2 "
                     "ORDER BY until_ms LIMIT 2)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_i64(s, 2, now_ms);
    return sql_run(s);
}

enum err kept_timeouts_put(struct sql_conn *c, struct guild_id guild, struct user_id user,
                           int64_t until_ms, int64_t now_ms)
{
    enum err e = forget_ended(c, guild, now_ms);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO kept_timeouts (guild_id, user_id, until_ms) VALUES ($1, $2, $3) "
                     "ON CONFLICT (guild_id, user_id) DO UPDATE SET until_ms = excluded.until_ms");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_i64(s, 3, until_ms);
    return sql_run(s);
}

enum err kept_timeouts_take(struct sql_conn *c, struct guild_id guild, struct user_id user,
                            int64_t *until_ms)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT until_ms FROM kept_timeouts WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    int64_t until = sql_step(s) ? sql_i64(s, 0) : 0;
    enum err e = sql_done(s);
    *until_ms = until;
    if (e != ERR_OK || until == 0)
        return e;
    s = sql_query(c, "DELETE FROM kept_timeouts WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    return sql_run(s);
}
