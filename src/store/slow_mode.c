/* When somebody last wrote in a channel with slow mode. */

#include "store/slow_mode.h"

static enum err find(struct sql_conn *c, struct channel_id channel, struct user_id user,
                     int64_t *last_ms)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT posted_at_ms FROM slow_mode_posts WHERE channel_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, user.v);
    int64_t last = sql_step(s) ? sql_i64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *last_ms = last;
    return e;
}

enum err slow_mode_note(struct sql_conn *c, struct channel_id channel, struct user_id user,
                        int64_t since_ms, int64_t now_ms, int64_t *last_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO slow_mode_posts (channel_id, user_id, posted_at_ms) "
                     "VALUES ($1, $2, $3) ON CONFLICT (channel_id, user_id) DO UPDATE "
                     "SET posted_at_ms = excluded.posted_at_ms "
                     "WHERE slow_mode_posts.posted_at_ms <= $4");
    sql_bind_u64(s, 1, channel.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_i64(s, 3, now_ms);
    sql_bind_i64(s, 4, since_ms);
    enum err e = sql_run(s);
    if (e != ERR_OK || sql_changes(c) == 0)
        return e == ERR_OK ? find(c, channel, user, last_ms) : e;
    *last_ms = 0;
    return ERR_OK;
}

enum err slow_mode_forget(struct sql_conn *c, struct user_id user, uint64_t limit, uint64_t *rows)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM slow_mode_posts WHERE user_id = $1 AND channel_id IN (SELECT "
                     "channel_id FROM slow_mode_posts WHERE user_id = $1 LIMIT $2)");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}
