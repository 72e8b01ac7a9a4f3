/* Reading roles (writing them: roles_write.c). */

#include "store/roles.h"

#include "store/rows.h"

#define COLUMNS                                                                                    \
    "id, guild_id, permissions, position, color, hoist, managed, mentionable, bot_id, flags, "     \
    "secondary_color, tertiary_color, name, icon, unicode_emoji"

static uint32_t read_color(struct sql_stmt *s, int column)
{
    return sql_null(s, column) ? 0 : ROLE_COLOR_SET | (uint32_t)sql_u64(s, column);
}

static void read_role(struct sql_stmt *s, struct arena *arena, struct role *out)
{
    *out = (struct role){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .permissions = sql_u64(s, 2),
        .position = (int32_t)sql_i64(s, 3),
        .color = (uint32_t)sql_u64(s, 4),
        .hoist = sql_bool(s, 5),
        .managed = sql_bool(s, 6),
        .mentionable = sql_bool(s, 7),
        .bot = {sql_u64(s, 8)},
        .flags = sql_u64(s, 9),
        .secondary_color = read_color(s, 10),
        .tertiary_color = read_color(s, 11),
    };
    out->name = sql_text(s, 12, arena);
    out->icon = sql_text(s, 13, arena);
    out->unicode_emoji = sql_text(s, 14, arena);
}

enum err roles_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                        struct role **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT " COLUMNS " FROM roles WHERE guild_id = $1 AND deleting = 0 ORDER BY id");
    sql_bind_u64(s, 1, guild.v);
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct role *r = rows_push(&rows, arena, sizeof *r);
        if (r == NULL)
            e = ERR_NO_MEMORY;
        else
            read_role(s, arena, r);
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

enum err roles_count(struct sql_conn *c, struct guild_id guild, uint64_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT COUNT(*) FROM roles WHERE guild_id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

/* Each role's holders are a range of an index; members are not looked at. */
enum err roles_member_counts(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                             struct role_count **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT r.id, (SELECT COUNT(*) FROM member_roles WHERE role_id = r.id) FROM roles r "
           "WHERE r.guild_id = $1 AND r.id <> $1 AND r.deleting = 0 ORDER BY r.id");
    sql_bind_u64(s, 1, guild.v);
    struct rows rows = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct role_count *n = rows_push(&rows, arena, sizeof *n);
        if (n == NULL)
            e = ERR_NO_MEMORY;
        else
            *n = (struct role_count){{sql_u64(s, 0)}, sql_u64(s, 1)};
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
