/* Roles. */

#include "store/roles.h"

#include "store/rows.h"

#define COLUMNS                                                                                    \
    "id, guild_id, permissions, position, color, hoist, managed, mentionable, bot_id, name"

enum err roles_insert(struct sql_conn *c, const struct role *r)
{
    struct sql_stmt *s = sql_query(c, "INSERT INTO roles (" COLUMNS
                                      ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)");
    sql_bind_u64(s, 1, r->id.v);
    sql_bind_u64(s, 2, r->guild.v);
    sql_bind_u64(s, 3, r->permissions);
    sql_bind_i64(s, 4, r->position);
    sql_bind_u64(s, 5, r->color);
    sql_bind_bool(s, 6, r->hoist);
    sql_bind_bool(s, 7, r->managed);
    sql_bind_bool(s, 8, r->mentionable);
    sql_bind_id_or_null(s, 9, r->bot.v);
    sql_bind_text(s, 10, r->name);
    return sql_run(s);
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
    };
    out->name = sql_text(s, 9, arena);
}

enum err roles_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                        struct role **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM roles WHERE guild_id = $1 ORDER BY id");
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
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM roles WHERE guild_id = $1");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}
