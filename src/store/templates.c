/* Templates of guilds. */

#include "store/templates.h"

#include "store/users.h"

/* Of templates t, their sources g and creators u; integers first (see users.h). */
#define COLUMNS                                                                                    \
    "SELECT t.guild_id, t.creator_id, t.usage_count, t.created_at_ms, t.updated_at_ms, "           \
    "t.structure_position, g.structure_position, " USERS_COLUMNS ", t.code, t.name, "              \
    "t.description, t.document FROM templates t JOIN guilds g ON g.id = t.guild_id "               \
    "AND g.deleting = 0 LEFT JOIN users u ON u.id = t.creator_id "
enum { COLUMN_USER = 7, COLUMN_CODE = COLUMN_USER + USERS_COLUMN_COUNT };

static void read_template(struct sql_stmt *s, struct arena *arena, struct guild_template *out)
{
    *out = (struct guild_template){
        .guild = {sql_u64(s, 0)},
        .creator_id = {sql_u64(s, 1)},
        .usage_count = sql_u64(s, 2),
        .created_at_ms = sql_i64(s, 3),
        .updated_at_ms = sql_i64(s, 4),
        .structure_position = sql_u64(s, 5),
        .dirty = sql_u64(s, 5) != sql_u64(s, 6),
    };
    if (sql_u64(s, COLUMN_USER) != 0)
        users_read(s, COLUMN_USER, arena, &out->creator);
    out->code = sql_text(s, COLUMN_CODE, arena);
    out->name = sql_text(s, COLUMN_CODE + 1, arena);
    out->description = sql_text(s, COLUMN_CODE + 2, arena);
    out->document = sql_text(s, COLUMN_CODE + 3, arena);
}

static enum err read_one(struct sql_stmt *s, struct arena *arena, struct guild_template *out)
{
    struct guild_template t;
    bool found = sql_step(s);
    if (found)
        read_template(s, arena, &t);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_TEMPLATE;
    *out = t;
    return ERR_OK;
}

static enum err run_on_one(struct sql_conn *c, struct sql_stmt *s)
{
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_TEMPLATE : e;
}

enum err templates_insert(struct sql_conn *c, const struct guild_template *t, bool *inserted)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO templates (code, guild_id, creator_id, usage_count, created_at_ms, "
           "updated_at_ms, structure_position, name, description, document) "
           "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING");
    sql_bind_text(s, 1, t->code);
    sql_bind_u64(s, 2, t->guild.v);
    sql_bind_u64(s, 3, t->creator_id.v);
    sql_bind_u64(s, 4, t->usage_count);
    sql_bind_i64(s, 5, t->created_at_ms);
    sql_bind_i64(s, 6, t->updated_at_ms);
    sql_bind_u64(s, 7, t->structure_position);
    sql_bind_text(s, 8, t->name);
    sql_bind_text(s, 9, t->description);
    sql_bind_text(s, 10, t->document);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *inserted = sql_changes(c) != 0;
    return e;
}

enum err templates_find(struct sql_conn *c, struct slice code, struct arena *arena,
                        struct guild_template *out)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "WHERE t.code = $1");
    sql_bind_text(s, 1, code);
    return read_one(s, arena, out);
}

enum err templates_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                            struct guild_template *out)
{
    struct sql_stmt *s = sql_query(c, COLUMNS "WHERE t.guild_id = $1");
    sql_bind_u64(s, 1, guild.v);
    return read_one(s, arena, out);
}

enum err templates_rename(struct sql_conn *c, const struct guild_template *t)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE templates SET name = $2, description = $3 WHERE code = $1");
    sql_bind_text(s, 1, t->code);
    sql_bind_text(s, 2, t->name);
    sql_bind_text(s, 3, t->description);
    return run_on_one(c, s);
}

enum err templates_sync(struct sql_conn *c, const struct guild_template *t)
{
    struct sql_stmt *s = sql_query(c, "UPDATE templates SET document = $2, structure_position = "
                                      "$3, updated_at_ms = $4 WHERE code = $1");
    sql_bind_text(s, 1, t->code);
    sql_bind_text(s, 2, t->document);
    sql_bind_u64(s, 3, t->structure_position);
    sql_bind_i64(s, 4, t->updated_at_ms);
    return run_on_one(c, s);
}

enum err templates_use(struct sql_conn *c, struct slice code)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE templates SET usage_count = usage_count + 1 WHERE code = $1");
    sql_bind_text(s, 1, code);
    return run_on_one(c, s);
}

enum err templates_delete(struct sql_conn *c, struct guild_id guild, struct slice code)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM templates WHERE code = $1 AND guild_id = $2");
    sql_bind_text(s, 1, code);
    sql_bind_u64(s, 2, guild.v);
    return run_on_one(c, s);
}
