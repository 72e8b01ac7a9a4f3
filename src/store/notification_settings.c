/* Notification settings. */

#include "store/notification_settings.h"

#include "store/rows.h"

enum err notification_settings_find(struct sql_conn *c, struct user_id user, struct guild_id guild,
                                    struct arena *arena, struct notification_settings *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT version, document FROM user_guild_settings WHERE "
                                      "user_id = $1 AND guild_id = $2");
    struct notification_settings row = {.guild = guild, .document = {NULL, 0}};
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, guild.v);
    if (sql_step(s)) {
        row.version = sql_u64(s, 0);
        row.document = sql_text(s, 1, arena);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = row;
    return e;
}

enum err notification_settings_set(struct sql_conn *c, struct user_id user,
                                   const struct notification_settings *x)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO user_guild_settings (user_id, guild_id, version, document) VALUES "
           "($1, $2, $3, $4) ON CONFLICT (user_id, guild_id) DO UPDATE SET version = "
           "excluded.version, document = excluded.document");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, x->guild.v);
    sql_bind_u64(s, 3, x->version);
    sql_bind_text(s, 4, x->document);
    return sql_send(s);
}

enum err notification_settings_of(struct sql_conn *c, struct user_id user, size_t max,
                                  struct arena *arena, struct notification_settings **out,
                                  size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT guild_id, version, document FROM user_guild_settings "
                                      "WHERE user_id = $1 ORDER BY guild_id LIMIT $2");
    struct rows rows = {0};
    enum err e = ERR_OK;
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, max);
    while (e == ERR_OK && sql_step(s)) {
        struct notification_settings *x = rows_push(&rows, arena, sizeof *x);
        if (x == NULL)
            e = ERR_NO_MEMORY;
        else
            *x = (struct notification_settings){
                {sql_u64(s, 0)}, sql_u64(s, 1), sql_text(s, 2, arena)};
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

static enum err run_some(struct sql_conn *c, struct sql_stmt *s, uint64_t id, uint64_t limit,
                         uint64_t *rows)
{
    sql_bind_u64(s, 1, id);
    sql_bind_u64(s, 2, limit);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *rows = sql_changes(c);
    return e;
}

enum err notification_settings_forget_user(struct sql_conn *c, struct user_id user, uint64_t limit,
                                           uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM user_guild_settings WHERE (user_id, guild_id) IN (SELECT user_id, "
           "guild_id FROM user_guild_settings WHERE user_id = $1 LIMIT $2)");
    return run_some(c, s, user.v, limit, rows);
}

enum err notification_settings_forget_guild(struct sql_conn *c, struct guild_id guild,
                                            uint64_t limit, uint64_t *rows)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM user_guild_settings WHERE (user_id, guild_id) IN (SELECT user_id, "
           "guild_id FROM user_guild_settings WHERE guild_id = $1 LIMIT $2)");
    return run_some(c, s, guild.v, limit, rows);
}
