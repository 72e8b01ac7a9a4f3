/* Members, changed: one statement writes what any change touches, since the row is rewritten as a
 * whole in any case. */

#include "store/member_edit.h"

enum err member_update(struct sql_conn *c, const struct member *m)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE members SET nick = $3, timed_out_until_ms = $4, deaf = $5, mute = $6, "
                     "pending = $7, temporary = $8, flags = $9, standing = $10, avatar = $11, "
                     "banner = $12 WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, m->guild.v);
    sql_bind_u64(s, 2, m->user.id.v);
    sql_bind_text(s, 3, m->nick);
    sql_bind_i64(s, 4, m->timed_out_until_ms);
    sql_bind_bool(s, 5, m->deaf);
    sql_bind_bool(s, 6, m->mute);
    sql_bind_bool(s, 7, m->pending);
    sql_bind_bool(s, 8, m->temporary);
    sql_bind_u64(s, 9, m->flags);
    sql_bind_u64(s, 10, m->standing);
    sql_bind_text(s, 11, m->avatar);
    sql_bind_text(s, 12, m->banner);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_MEMBER : e;
}

enum err member_drop_role(struct sql_conn *c, struct guild_id guild, struct user_id user,
                          struct role_id role)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM member_roles WHERE guild_id = $1 AND user_id = $2 AND role_id = $3");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, role.v);
    return sql_send(s);
}
