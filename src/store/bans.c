/* Bans. */

#include "store/bans.h"

#include "store/rows.h"
#include "store/users.h"

#define COLUMNS USERS_COLUMNS ", b.reason FROM bans b JOIN users u ON u.id = b.user_id "

enum err bans_insert(struct sql_conn *c, struct guild_id guild, struct user_id user,
                     struct user_id by, int64_t now_ms, struct slice reason, bool *inserted)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO bans (guild_id, user_id, banned_by, created_at_ms, reason) "
                     "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (guild_id, user_id) DO NOTHING");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, by.v);
    sql_bind_i64(s, 4, now_ms);
    sql_bind_text(s, 5, reason);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *inserted = sql_changes(c) > 0;
    return e;
}

enum err bans_remove(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM bans WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? ERR_UNKNOWN_BAN : e;
}

enum err bans_exists(struct sql_conn *c, struct guild_id guild, struct user_id user, bool *exists)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM bans WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *exists = found;
    return e;
}

static void read_ban(struct sql_stmt *s, struct arena *arena, struct ban *out)
{
    users_read(s, 0, arena, &out->user);
    out->reason = sql_text(s, USERS_COLUMN_COUNT, arena);
}

enum err bans_find(struct sql_conn *c, struct guild_id guild, struct user_id user,
                   struct arena *arena, struct ban *out)
{
    struct ban ban = {0};
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE b.guild_id = $1 AND b.user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    bool found = sql_step(s);
    if (found)
        read_ban(s, arena, &ban);
    enum err e = sql_done(s);
    if (e == ERR_OK && !found)
        e = ERR_UNKNOWN_BAN;
    if (e == ERR_OK)
        *out = ban;
    return e;
}

static void turn_round(struct ban *list, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        struct ban kept = list[i];
        list[i] = list[count - 1 - i];
        list[count - 1 - i] = kept;
    }
}

enum err bans_page(struct sql_conn *c, struct guild_id guild, uint64_t before, uint64_t after,
                   uint64_t limit, struct arena *arena, struct ban **out, size_t *count)
{
    struct rows list = {0};
    struct ban *ban = NULL;
    struct sql_stmt *s =
        before != 0 ? sql_query(c, "SELECT " COLUMNS "WHERE b.guild_id = $1 AND b.user_id < $2 "
                                   "ORDER BY b.user_id DESC LIMIT $3")
                    : sql_query(c, "SELECT " COLUMNS "WHERE b.guild_id = $1 AND b.user_id > $2 "
                                   "ORDER BY b.user_id LIMIT $3");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, before != 0 ? before : after);
    sql_bind_u64(s, 3, limit);
    bool fits = true;
    while (fits && sql_step(s)) {
        ban = rows_push(&list, arena, sizeof *ban);
        fits = ban != NULL;
        if (fits)
            read_ban(s, arena, ban);
    }
    enum err e = sql_done(s);
    if (e == ERR_OK && !fits)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        return e;
    if (before != 0)
        turn_round(list.items, list.count);
    *out = list.items;
    *count = list.count;
    return ERR_OK;
}
