/* Privacy and settings. */

#include "store/privacy.h"

#include "store/rows.h"

enum err privacy_find(struct sql_conn *c, struct user_id user, struct user_privacy *out)
{
    struct user_privacy p = {.friend_sources = FRIEND_SOURCE_ALL | FRIEND_SOURCE_MUTUAL_FRIENDS |
                                               FRIEND_SOURCE_MUTUAL_GUILDS};
    struct sql_stmt *s = sql_query(c, "SELECT guilds_restricted, strangers_allowed, friend_sources "
                                      "FROM user_settings WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    if (sql_step(s))
        p = (struct user_privacy){sql_bool(s, 0), sql_bool(s, 1), (unsigned)sql_u64(s, 2)};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = p;
    return e;
}

enum err privacy_common_guilds(struct sql_conn *c, struct user_id from, struct user_id to,
                               bool guilds_restricted, int64_t now_ms, struct privacy_guilds *out)
{
    struct privacy_guilds g = {false, false};
    struct sql_stmt *s = sql_query(
        c, "SELECT CASE WHEN g.dms_disabled_until_ms > $3 THEN 1 ELSE "
           "COALESCE((SELECT p.restricted FROM user_guild_privacy p WHERE p.user_id = $2 "
           "AND p.guild_id = m.guild_id), $4) END FROM members m JOIN members o "
           "ON o.guild_id = m.guild_id AND o.user_id = $2 JOIN guilds g ON g.id = m.guild_id "
           "WHERE m.user_id = $1 AND g.deleting = 0");
    sql_bind_u64(s, 1, from.v);
    sql_bind_u64(s, 2, to.v);
    sql_bind_i64(s, 3, now_ms);
    sql_bind_bool(s, 4, guilds_restricted);
    while (!g.allowed && sql_step(s)) {
        g.common = true;
        g.allowed = !sql_bool(s, 0);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *out = g;
    return e;
}

static enum err read_guilds(struct sql_stmt *s, struct arena *arena, struct guild_id **out,
                            size_t *count)
{
    struct rows list = {0};
    bool fits = true;
    while (fits && sql_step(s)) {
        struct guild_id *id = rows_push(&list, arena, sizeof *id);
        fits = id != NULL;
        if (fits)
            id->v = sql_u64(s, 0);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = list.items;
    *count = list.count;
    return ERR_OK;
}

enum err privacy_guilds_of_both(struct sql_conn *c, struct user_id a, struct user_id b, size_t max,
                                struct arena *arena, struct guild_id **out, struct slice **nicks,
                                size_t *count)
{
    struct rows ids = {0}, names = {0};
    bool fits = true;
    struct sql_stmt *s = sql_query(
        c, "SELECT m.guild_id, o.nick FROM members m JOIN members o ON o.guild_id = m.guild_id "
           "AND o.user_id = $2 JOIN guilds g ON g.id = m.guild_id WHERE m.user_id = $1 "
           "AND g.deleting = 0 ORDER BY m.guild_id LIMIT $3");
    sql_bind_u64(s, 1, a.v);
    sql_bind_u64(s, 2, b.v);
    sql_bind_u64(s, 3, max);
    while (fits && sql_step(s)) {
        struct guild_id *id = rows_push(&ids, arena, sizeof *id);
        struct slice *nick = rows_push(&names, arena, sizeof *nick);
        fits = id != NULL && nick != NULL;
        if (!fits)
            break;
        id->v = sql_u64(s, 0);
        *nick = sql_text(s, 1, arena);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    *out = ids.items;
    *nicks = names.items;
    *count = ids.count;
    return ERR_OK;
}

enum err user_settings_find(struct sql_conn *c, struct user_id user, struct arena *arena,
                            struct slice *document)
{
    struct slice found = {NULL, 0};
    struct sql_stmt *s = sql_query(c, "SELECT document FROM user_settings WHERE user_id = $1");
    sql_bind_u64(s, 1, user.v);
    if (sql_step(s))
        found = sql_text(s, 0, arena);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *document = found;
    return e;
}

enum err user_settings_set(struct sql_conn *c, struct user_id user, const struct user_privacy *p,
                           struct slice document)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO user_settings (user_id, guilds_restricted, strangers_allowed, "
           "friend_sources, document) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (user_id) DO UPDATE "
           "SET guilds_restricted = excluded.guilds_restricted, "
           "strangers_allowed = excluded.strangers_allowed, "
           "friend_sources = excluded.friend_sources, document = excluded.document");
    sql_bind_u64(s, 1, user.v);
    sql_bind_bool(s, 2, p->guilds_restricted);
    sql_bind_bool(s, 3, p->strangers_allowed);
    sql_bind_u64(s, 4, p->friend_sources);
    sql_bind_text(s, 5, document);
    return sql_run(s);
}

enum err guild_privacy_restricted(struct sql_conn *c, struct user_id user, bool guilds_restricted,
                                  struct arena *arena, struct guild_id **out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT m.guild_id FROM members m JOIN guilds g ON g.id = m.guild_id "
                     "LEFT JOIN user_guild_privacy p "
                     "ON p.user_id = m.user_id AND p.guild_id = m.guild_id WHERE m.user_id = $1 "
                     "AND g.deleting = 0 AND COALESCE(p.restricted, $2) = 1 ORDER BY m.guild_id");
    sql_bind_u64(s, 1, user.v);
    sql_bind_bool(s, 2, guilds_restricted);
    return read_guilds(s, arena, out, count);
}

enum err guild_privacy_keep(struct sql_conn *c, struct user_id user, bool restricted)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO user_guild_privacy (user_id, guild_id, restricted) "
                     "SELECT user_id, guild_id, $2 FROM members WHERE user_id = $1 "
                     "ON CONFLICT (user_id, guild_id) DO NOTHING");
    sql_bind_u64(s, 1, user.v);
    sql_bind_bool(s, 2, restricted);
    return sql_run(s);
}

enum err guild_privacy_set(struct sql_conn *c, struct user_id user, struct slice restricted)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO user_guild_privacy (user_id, guild_id, restricted) "
           "SELECT user_id, guild_id, CASE WHEN guild_id IN (SELECT value FROM ids($2)) "
           "THEN 1 ELSE 0 END FROM members WHERE user_id = $1 "
           "ON CONFLICT (user_id, guild_id) DO UPDATE SET restricted = excluded.restricted");
    sql_bind_u64(s, 1, user.v);
    sql_bind_blob(s, 2, restricted);
    return sql_run(s);
}
