/* Writing roles. */

#include "store/roles.h"

static void bind_color_or_null(struct sql_stmt *s, int n, uint32_t color)
{
    if ((color & ROLE_COLOR_SET) == 0)
        sql_bind_id_or_null(s, n, 0); /* NULL */
    else
        sql_bind_u64(s, n, color & ~(uint32_t)ROLE_COLOR_SET);
}

static void bind_role(struct sql_stmt *s, const struct role *r)
{
    sql_bind_u64(s, 1, r->id.v);
    sql_bind_u64(s, 2, r->permissions);
    sql_bind_i64(s, 3, r->position);
    sql_bind_u64(s, 4, r->color);
    sql_bind_bool(s, 5, r->hoist);
    sql_bind_bool(s, 6, r->mentionable);
    sql_bind_text(s, 7, r->name);
    bind_color_or_null(s, 8, r->secondary_color);
    bind_color_or_null(s, 9, r->tertiary_color);
    sql_bind_text(s, 10, r->icon);
    sql_bind_text(s, 11, r->unicode_emoji);
    sql_bind_u64(s, 12, r->flags);
}

enum err roles_insert(struct sql_conn *c, const struct role *r)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO roles (id, permissions, position, color, hoist, mentionable, name, "
           "secondary_color, tertiary_color, icon, unicode_emoji, flags, guild_id, managed, "
           "bot_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    bind_role(s, r);
    sql_bind_u64(s, 13, r->guild.v);
    sql_bind_bool(s, 14, r->managed);
    sql_bind_id_or_null(s, 15, r->bot.v);
    return sql_run(s);
}

enum err roles_update(struct sql_conn *c, const struct role *r)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE roles SET permissions = $2, position = $3, color = $4, hoist = $5, "
           "mentionable = $6, name = $7, secondary_color = $8, tertiary_color = $9, icon = $10, "
           "unicode_emoji = $11, flags = $12 WHERE id = $1");
    bind_role(s, r);
    return sql_send(s);
}

enum err roles_set_position(struct sql_conn *c, struct role_id id, int32_t position)
{
    struct sql_stmt *s = sql_query(c, "UPDATE roles SET position = $2 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    sql_bind_i64(s, 2, position);
    return sql_send(s);
}

enum err roles_mark_deleting(struct sql_conn *c, struct role_id id)
{
    struct sql_stmt *s = sql_query(c, "UPDATE roles SET deleting = 1 WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_send(s);
}

/* A few holders by the index of the role, their rows by the key: also of the last of 100,000. */
enum err roles_remove_holders(struct sql_conn *c, struct role_id id, uint64_t limit, uint64_t *rows)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM member_roles WHERE role_id = $1 AND "
                     "guild_id = (SELECT guild_id FROM roles WHERE id = $1) AND "
                     "user_id IN (SELECT user_id FROM member_roles WHERE role_id = $1 LIMIT $2)");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err roles_delete(struct sql_conn *c, struct role_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM roles WHERE id = $1 AND deleting = 1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}
