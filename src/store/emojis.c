/* Custom emojis. */

#include "store/emojis.h"

#include "store/id_list.h"
#include "store/rows.h"

#define COLUMNS "id, guild_id, creator_id, animated, available, name, hash, roles"

static enum err pack_roles(const struct emoji *e, struct arena *arena, struct slice *out)
{
    uint64_t *ids = arena_array(arena, e->role_count + 1, sizeof *ids);
    if (ids == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < e->role_count; i++)
        ids[i] = e->roles[i].v;
    return id_list_pack(ids, e->role_count, arena, out);
}

static bool unpack_roles(struct slice packed, struct arena *arena, struct emoji *out)
{
    uint64_t *ids;
    size_t count;
    if (id_list_unpack(packed, arena, &ids, &count) != ERR_OK)
        return false;
    struct role_id *roles = arena_array(arena, count + 1, sizeof *roles);
    if (roles == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        roles[i].v = ids[i];
    out->roles = roles;
    out->role_count = count;
    return true;
}

enum err emojis_insert(struct sql_conn *c, const struct emoji *e, struct arena *arena)
{
    struct slice roles;
    enum err failed = pack_roles(e, arena, &roles);
    if (failed != ERR_OK)
        return failed;
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO emojis (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    sql_bind_u64(s, 1, e->id.v);
    sql_bind_u64(s, 2, e->guild.v);
    sql_bind_u64(s, 3, e->creator.v);
    sql_bind_bool(s, 4, e->animated);
    sql_bind_bool(s, 5, e->available);
    sql_bind_text(s, 6, e->name);
    sql_bind_text(s, 7, e->hash);
    sql_bind_blob(s, 8, roles);
    return sql_run(s);
}

enum err emojis_update(struct sql_conn *c, const struct emoji *e, struct arena *arena)
{
    struct slice roles;
    enum err failed = pack_roles(e, arena, &roles);
    if (failed != ERR_OK)
        return failed;
    struct sql_stmt *s = sql_query(c, "UPDATE emojis SET name = $2, roles = $3 WHERE id = $1");
    sql_bind_u64(s, 1, e->id.v);
    sql_bind_text(s, 2, e->name);
    sql_bind_blob(s, 3, roles);
    return sql_run(s);
}

enum err emojis_delete(struct sql_conn *c, struct emoji_id id)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM emojis WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return sql_run(s);
}

static bool read_emoji(struct sql_stmt *s, struct arena *arena, struct emoji *out)
{
    *out = (struct emoji){
        .id = {sql_u64(s, 0)},
        .guild = {sql_u64(s, 1)},
        .creator = {sql_u64(s, 2)},
        .animated = sql_bool(s, 3),
        .available = sql_bool(s, 4),
    };
    out->name = sql_text(s, 5, arena);
    out->hash = sql_text(s, 6, arena);
    return unpack_roles(sql_blob(s, 7), arena, out);
}

enum err emojis_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                         struct emoji **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM emojis WHERE guild_id = $1 ORDER BY id");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, guild.v);
    while (e == ERR_OK && sql_step(s)) {
        struct emoji *emoji = rows_push(&rows, arena, sizeof *emoji);
        if (emoji == NULL || !read_emoji(s, arena, emoji))
            e = ERR_NO_MEMORY;
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

static enum err read_one(struct sql_stmt *s, struct arena *arena, struct emoji *out)
{
    struct emoji found = {0};
    bool any = sql_step(s);
    bool read = !any || read_emoji(s, arena, &found);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        e = !any ? ERR_UNKNOWN_EMOJI : read ? ERR_OK : ERR_NO_MEMORY;
    if (e == ERR_OK)
        *out = found;
    return e;
}

enum err emojis_find(struct sql_conn *c, struct guild_id guild, struct emoji_id id,
                     struct arena *arena, struct emoji *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT " COLUMNS " FROM emojis WHERE id = $1 AND guild_id = $2");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, guild.v);
    return read_one(s, arena, out);
}

enum err emojis_find_any(struct sql_conn *c, struct emoji_id id, struct arena *arena,
                         struct emoji *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS " FROM emojis WHERE id = $1");
    sql_bind_u64(s, 1, id.v);
    return read_one(s, arena, out);
}

enum err emojis_count(struct sql_conn *c, struct guild_id guild, bool animated, uint64_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT COUNT(*) FROM emojis WHERE guild_id = $1 AND animated = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_bool(s, 2, animated);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}
