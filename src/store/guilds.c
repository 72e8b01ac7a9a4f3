/* Guilds. One that is being deleted (guild_removal.h) is not found here any more. */

#include "store/guilds.h"

enum err guilds_insert(struct sql_conn *c, const struct guild *g)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO guilds (id, tenant_id, owner_id, name, description, system_channel_id, "
           "afk_channel_id, afk_timeout, verification_level, default_message_notifications, "
           "explicit_content_filter, preferred_locale, perm_generation, structure_position, "
           "member_count, created_at_ms) "
           "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0, $13)");
    sql_bind_u64(s, 1, g->id.v);
    sql_bind_u64(s, 2, g->tenant.v);
    sql_bind_u64(s, 3, g->owner.v);
    sql_bind_text(s, 4, g->name);
    sql_bind_text(s, 5, g->description);
    sql_bind_id_or_null(s, 6, g->system_channel.v);
    sql_bind_id_or_null(s, 7, g->afk_channel.v);
    sql_bind_u64(s, 8, g->afk_timeout);
    sql_bind_u64(s, 9, g->verification_level);
    sql_bind_u64(s, 10, g->default_message_notifications);
    sql_bind_u64(s, 11, g->explicit_content_filter);
    sql_bind_text(s, 12, g->preferred_locale);
    sql_bind_i64(s, 13, g->created_at_ms);
    return sql_run(s);
}

static void read_guild(struct sql_stmt *s, struct arena *arena, struct guild_record *out)
{
    struct guild *g = &out->guild;
    g->id.v = sql_u64(s, 0);
    g->tenant.v = sql_u64(s, 1);
    g->owner.v = sql_u64(s, 2);
    g->system_channel.v = sql_u64(s, 3);
    g->afk_channel.v = sql_u64(s, 4);
    g->afk_timeout = (uint32_t)sql_u64(s, 5);
    g->verification_level = (uint32_t)sql_u64(s, 6);
    g->default_message_notifications = (uint32_t)sql_u64(s, 7);
    g->explicit_content_filter = (uint32_t)sql_u64(s, 8);
    g->created_at_ms = sql_i64(s, 9);
    out->permission_generation = sql_u64(s, 10);
    out->structure_position = sql_u64(s, 11);
    out->member_count = sql_u64(s, 12);
    g->name = sql_text(s, 13, arena);
    g->description = sql_text(s, 14, arena);
    g->preferred_locale = sql_text(s, 15, arena);
}

enum err guilds_find(struct sql_conn *c, struct guild_id id, struct arena *arena,
                     struct guild_record *out)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT id, tenant_id, owner_id, system_channel_id, afk_channel_id, afk_timeout, "
           "verification_level, default_message_notifications, explicit_content_filter, "
           "created_at_ms, perm_generation, structure_position, member_count, name, description, "
           "preferred_locale FROM guilds WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, id.v);
    struct guild_record r = {0};
    bool found = sql_step(s);
    if (found)
        read_guild(s, arena, &r);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_GUILD;
    *out = r;
    return ERR_OK;
}

static enum err one_number(struct sql_stmt *s, struct guild_id id, uint64_t *out)
{
    sql_bind_u64(s, 1, id.v);
    bool found = sql_step(s);
    uint64_t v = found ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_GUILD;
    *out = v;
    return ERR_OK;
}

enum err guilds_permission_generation(struct sql_conn *c, struct guild_id id, uint64_t *generation)
{
    return one_number(
        sql_query(c, "SELECT perm_generation FROM guilds WHERE id = $1 AND deleting = 0"), id,
        generation);
}

enum err guilds_member_count(struct sql_conn *c, struct guild_id id, uint64_t *count)
{
    return one_number(
        sql_query(c, "SELECT member_count FROM guilds WHERE id = $1 AND deleting = 0"), id, count);
}

enum err guilds_structure_position(struct sql_conn *c, struct guild_id id, uint64_t *position)
{
    return one_number(
        sql_query(c, "SELECT structure_position FROM guilds WHERE id = $1 AND deleting = 0"), id,
        position);
}

enum err guilds_restructure(struct sql_conn *c, struct guild_id id, uint64_t position)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET perm_generation = perm_generation + 1, "
                                      "structure_position = $2 WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, id.v);
    sql_bind_u64(s, 2, position);
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_GUILD;
    return e;
}

enum err guilds_count_member(struct sql_conn *c, struct guild_id id, int change)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET member_count = member_count + $2 "
                                      "WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, id.v);
    sql_bind_i64(s, 2, change);
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_GUILD;
    return e;
}
