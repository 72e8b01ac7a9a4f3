/* Guilds written. */

#include "store/guilds.h"

/* The columns that both statements set, from number 2 on. */
static void bind_settings(struct sql_stmt *s, const struct guild *g)
{
    sql_bind_u64(s, 1, g->id.v);
    sql_bind_u64(s, 2, g->owner.v);
    sql_bind_text(s, 3, g->name);
    sql_bind_text(s, 4, g->description);
    sql_bind_id_or_null(s, 5, g->system_channel.v);
    sql_bind_id_or_null(s, 6, g->afk_channel.v);
    sql_bind_u64(s, 7, g->afk_timeout);
    sql_bind_u64(s, 8, g->verification_level);
    sql_bind_u64(s, 9, g->default_message_notifications);
    sql_bind_u64(s, 10, g->explicit_content_filter);
    sql_bind_text(s, 11, g->preferred_locale);
    sql_bind_text(s, 12, g->icon);
    sql_bind_text(s, 13, g->banner);
    sql_bind_text(s, 14, g->splash);
    sql_bind_text(s, 15, g->discovery_splash);
    sql_bind_text(s, 16, g->home_header);
    sql_bind_u64(s, 17, g->features);
    sql_bind_u64(s, 18, g->system_channel_flags);
    sql_bind_id_or_null(s, 19, g->rules_channel.v);
    sql_bind_id_or_null(s, 20, g->public_updates_channel.v);
    sql_bind_id_or_null(s, 21, g->safety_alerts_channel.v);
    sql_bind_bool(s, 22, g->premium_progress_bar);
}

enum err guilds_insert(struct sql_conn *c, const struct guild *g)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO guilds (id, owner_id, name, description, system_channel_id, "
           "afk_channel_id, afk_timeout, verification_level, default_message_notifications, "
           "explicit_content_filter, preferred_locale, icon, banner, splash, discovery_splash, "
           "home_header, features, system_channel_flags, rules_channel_id, "
           "public_updates_channel_id, safety_alerts_channel_id, premium_progress_bar_enabled, "
           "tenant_id, created_at_ms, perm_generation, structure_position, member_count) "
           "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
           "$18, $19, $20, $21, $22, $23, $24, 0, 0, 0)");
    bind_settings(s, g);
    sql_bind_u64(s, 23, g->tenant.v);
    sql_bind_i64(s, 24, g->created_at_ms);
    return sql_run(s);
}

enum err guilds_update(struct sql_conn *c, const struct guild *g)
{
    struct sql_stmt *s = sql_query(
        c, "UPDATE guilds SET owner_id = $2, name = $3, description = $4, system_channel_id = $5, "
           "afk_channel_id = $6, afk_timeout = $7, verification_level = $8, "
           "default_message_notifications = $9, explicit_content_filter = $10, "
           "preferred_locale = $11, icon = $12, banner = $13, splash = $14, "
           "discovery_splash = $15, home_header = $16, features = $17, "
           "system_channel_flags = $18, rules_channel_id = $19, public_updates_channel_id = $20, "
           "safety_alerts_channel_id = $21, premium_progress_bar_enabled = $22 "
           "WHERE id = $1 AND deleting = 0");
    bind_settings(s, g);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_GUILD : e;
}
