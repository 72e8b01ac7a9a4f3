/* Invites. */

#include "store/invites.h"

#include "store/users.h"

/* Of invites i, users u and guilds g; integers first (see users.h). */
#define COLUMNS                                                                                    \
    "i.guild_id, i.channel_id, i.max_age_s, i.max_uses, i.uses, i.temporary, i.created_at_ms, "    \
    "i.expires_at_ms, " USERS_COLUMNS ", i.code FROM invites i JOIN users u ON "                   \
    "u.id = i.inviter_id JOIN guilds g ON g.id = i.guild_id AND g.deleting = 0 "
enum { COLUMN_USER = 8, COLUMN_CODE = COLUMN_USER + USERS_COLUMN_COUNT };

static void read_invite(struct sql_stmt *s, struct arena *arena, struct invite *out)
{
    *out = (struct invite){
        .guild = {sql_u64(s, 0)},
        .channel = {sql_u64(s, 1)},
        .max_age_s = (uint32_t)sql_u64(s, 2),
        .max_uses = (uint32_t)sql_u64(s, 3),
        .uses = (uint32_t)sql_u64(s, 4),
        .temporary = sql_bool(s, 5),
        .created_at_ms = sql_i64(s, 6),
        .expires_at_ms = sql_i64(s, 7),
    };
    users_read(s, COLUMN_USER, arena, &out->inviter);
    out->code = sql_text(s, COLUMN_CODE, arena);
}

static enum err read_one(struct sql_stmt *s, struct arena *arena, struct invite *out)
{
    struct invite i = {0};
    bool found = sql_step(s);
    if (found)
        read_invite(s, arena, &i);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_INVITE;
    *out = i;
    return ERR_OK;
}

enum err invites_insert(struct sql_conn *c, const struct invite *i, bool *inserted)
{
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO invites (code, guild_id, channel_id, inviter_id, max_age_s, max_uses, "
           "uses, temporary, created_at_ms, expires_at_ms) "
           "VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9) ON CONFLICT (code) DO NOTHING");
    sql_bind_text(s, 1, i->code);
    sql_bind_u64(s, 2, i->guild.v);
    sql_bind_u64(s, 3, i->channel.v);
    sql_bind_u64(s, 4, i->inviter.id.v);
    sql_bind_u64(s, 5, i->max_age_s);
    sql_bind_u64(s, 6, i->max_uses);
    sql_bind_bool(s, 7, i->temporary);
    sql_bind_i64(s, 8, i->created_at_ms);
    sql_bind_i64(s, 9, i->expires_at_ms);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *inserted = sql_changes(c) > 0;
    return e;
}

enum err invites_find(struct sql_conn *c, struct slice code, struct arena *arena,
                      struct invite *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS "WHERE i.code = $1");
    sql_bind_text(s, 1, code);
    return read_one(s, arena, out);
}

enum err invites_find_equal(struct sql_conn *c, const struct invite *like, int64_t now_ms,
                            struct arena *arena, struct invite *out)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT " COLUMNS "WHERE i.channel_id = $1 AND i.inviter_id = $2 AND i.max_age_s = $3 "
           "AND i.max_uses = $4 AND i.temporary = $5 "
           "AND (i.expires_at_ms = 0 OR i.expires_at_ms > $6) "
           "AND (i.max_uses = 0 OR i.uses < i.max_uses) ORDER BY i.created_at_ms DESC LIMIT 1");
    sql_bind_u64(s, 1, like->channel.v);
    sql_bind_u64(s, 2, like->inviter.id.v);
    sql_bind_u64(s, 3, like->max_age_s);
    sql_bind_u64(s, 4, like->max_uses);
    sql_bind_bool(s, 5, like->temporary);
    sql_bind_i64(s, 6, now_ms);
    return read_one(s, arena, out);
}

enum err invites_count(struct sql_conn *c, struct guild_id guild, uint64_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT COUNT(*) FROM invites WHERE guild_id = $1");
    sql_bind_u64(s, 1, guild.v);
    uint64_t n = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err invites_purge(struct sql_conn *c, struct guild_id guild, int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "DELETE FROM invites WHERE guild_id = $1 AND ((expires_at_ms > 0 AND "
                     "expires_at_ms <= $2) OR (max_uses > 0 AND uses >= max_uses))");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_i64(s, 2, now_ms);
    return sql_run(s);
}

enum err invites_use(struct sql_conn *c, struct slice code)
{
    struct sql_stmt *s = sql_query(c, "UPDATE invites SET uses = uses + 1 WHERE code = $1 AND "
                                      "(max_uses = 0 OR uses < max_uses)");
    sql_bind_text(s, 1, code);
    enum err e = sql_run(s);
    if (e == ERR_OK && sql_changes(c) == 0)
        e = ERR_UNKNOWN_INVITE;
    return e;
}
