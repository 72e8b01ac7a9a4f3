/* Guilds. One that is being deleted (guild_removal.h) is not found here any more. */

#include "store/guilds.h"

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
    g->features = sql_u64(s, 13);
    g->system_channel_flags = (uint32_t)sql_u64(s, 14);
    g->rules_channel.v = sql_u64(s, 15);
    g->public_updates_channel.v = sql_u64(s, 16);
    g->safety_alerts_channel.v = sql_u64(s, 17);
    g->widget_enabled = sql_bool(s, 18);
    g->widget_channel.v = sql_u64(s, 19);
    g->nsfw_level = (uint32_t)sql_u64(s, 20);
    g->premium_progress_bar = sql_bool(s, 21);
    g->invites_disabled_until_ms = sql_i64(s, 22);
    g->dms_disabled_until_ms = sql_i64(s, 23);
    g->join_policy = (enum guild_join_policy)sql_i64(s, 24);
    struct slice *const texts[] = {
        &g->name,   &g->description,      &g->preferred_locale, &g->icon,       &g->banner,
        &g->splash, &g->discovery_splash, &g->home_header,      &g->vanity_code};
    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++)
        *texts[i] = sql_text(s, 25 + i, arena);
}

enum err guilds_find(struct sql_conn *c, struct guild_id id, struct arena *arena,
                     struct guild_record *out)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT id, tenant_id, owner_id, system_channel_id, afk_channel_id, afk_timeout, "
           "verification_level, default_message_notifications, explicit_content_filter, "
           "created_at_ms, perm_generation, structure_position, member_count, features, "
           "system_channel_flags, rules_channel_id, public_updates_channel_id, "
           "safety_alerts_channel_id, widget_enabled, widget_channel_id, nsfw_level, "
           "premium_progress_bar_enabled, invites_disabled_until_ms, dms_disabled_until_ms, "
           "join_policy, name, description, preferred_locale, icon, banner, splash, "
           "discovery_splash, home_header, vanity_code "
           "FROM guilds WHERE id = $1 AND deleting = 0");
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

enum err guilds_books(struct sql_conn *c, struct guild_id id, uint64_t *structure_position,
                      uint64_t *permission_generation)
{
    struct sql_stmt *s = sql_query(c, "SELECT structure_position, perm_generation FROM guilds "
                                      "WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, id.v);
    bool found = sql_step(s);
    uint64_t position = found ? sql_u64(s, 0) : 0, generation = found ? sql_u64(s, 1) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_GUILD;
    *structure_position = position;
    *permission_generation = generation;
    return ERR_OK;
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

#define OF_USER                                                                                    \
    "SELECT m.guild_id, g.member_count FROM members m JOIN guilds g ON g.id = m.guild_id "         \
    "AND g.deleting = 0 WHERE m.user_id = $1 AND m.guild_id > $2 AND m.guild_id < $3 "             \
    "ORDER BY m.guild_id "

static void reverse(struct guild_of_user *list, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct guild_of_user swapped = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = swapped;
    }
}

enum err guilds_of_user(struct sql_conn *c, struct user_id user, const struct guild_range *r,
                        struct guild_of_user *list, size_t *count)
{
    struct sql_stmt *s =
        r->last ? sql_query(c, OF_USER "DESC LIMIT $4") : sql_query(c, OF_USER "LIMIT $4");
    size_t n = 0;
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, r->after);
    sql_bind_u64(s, 3, r->before);
    sql_bind_u64(s, 4, r->limit);
    while (n < r->limit && sql_step(s))
        list[n++] = (struct guild_of_user){{sql_u64(s, 0)}, sql_u64(s, 1)};
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (r->last)
        reverse(list, n);
    *count = n;
    return ERR_OK;
}
