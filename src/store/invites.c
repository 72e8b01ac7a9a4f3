/* Invites. */

#include "store/invites.h"

#include "store/id_list.h"
#include "store/rows.h"
#include "store/users.h"

/* Of invites i, users u and guilds g; integers first (see users.h). */
#define COLUMNS_FROM                                                                               \
    "i.guild_id, i.channel_id, i.max_age_s, i.max_uses, i.uses, i.temporary, i.created_at_ms, "    \
    "i.expires_at_ms, i.target_type, i.flags, i.target_user_id, "                                  \
    "i.target_application_id, " USERS_COLUMNS ", i.code, i.roles FROM "
#define JOINS                                                                                      \
    "i JOIN users u ON u.id = i.inviter_id JOIN guilds g ON g.id = i.guild_id AND g.deleting = 0 "
#define COLUMNS COLUMNS_FROM "invites " JOINS
enum { COLUMN_USER = 12, COLUMN_CODE = COLUMN_USER + USERS_COLUMN_COUNT };

_Static_assert(sizeof(struct role_id) == sizeof(uint64_t), "ids are read as arrays of integers");

static enum err read_invite(struct sql_stmt *s, struct arena *arena, struct invite *out)
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
        .target_type = (uint32_t)sql_u64(s, 8),
        .flags = (uint32_t)sql_u64(s, 9),
        .target_user = {sql_u64(s, 10)},
        .target_application = {sql_u64(s, 11)},
    };
    uint64_t *roles;
    users_read(s, COLUMN_USER, arena, &out->inviter);
    out->code = sql_text(s, COLUMN_CODE, arena);
    enum err e = id_list_unpack(sql_blob(s, COLUMN_CODE + 1), arena, &roles, &out->role_count);
    out->roles = (const struct role_id *)(const void *)roles;
    return e;
}

static enum err read_one(struct sql_stmt *s, struct arena *arena, struct invite *out)
{
    struct invite i = {0};
    enum err e = ERR_OK;
    bool found = sql_step(s);
    if (found)
        e = read_invite(s, arena, &i);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_INVITE;
    *out = i;
    return ERR_OK;
}

static enum err read_list(struct sql_stmt *s, struct arena *arena, struct invite **out,
                          size_t *count)
{
    struct rows list = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s)) {
        struct invite *i = rows_push(&list, arena, sizeof *i);
        e = i == NULL ? ERR_NO_MEMORY : read_invite(s, arena, i);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = list.items;
        *count = list.count;
    }
    return e;
}

enum err invites_insert(struct sql_conn *c, const struct invite *i, struct arena *arena,
                        bool *inserted)
{
    struct slice roles;
    enum err e =
        id_list_pack((const uint64_t *)(const void *)i->roles, i->role_count, arena, &roles);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s = sql_query(
        c, "INSERT INTO invites (code, guild_id, channel_id, inviter_id, max_age_s, max_uses, "
           "uses, temporary, created_at_ms, expires_at_ms, target_type, flags, target_user_id, "
           "target_application_id, roles) "
           "VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10, $11, $12, $13, $14) "
           "ON CONFLICT (code) DO NOTHING");
    sql_bind_text(s, 1, i->code);
    sql_bind_u64(s, 2, i->guild.v);
    sql_bind_u64(s, 3, i->channel.v);
    sql_bind_u64(s, 4, i->inviter.id.v);
    sql_bind_u64(s, 5, i->max_age_s);
    sql_bind_u64(s, 6, i->max_uses);
    sql_bind_bool(s, 7, i->temporary);
    sql_bind_i64(s, 8, i->created_at_ms);
    sql_bind_i64(s, 9, i->expires_at_ms);
    sql_bind_u64(s, 10, i->target_type);
    sql_bind_u64(s, 11, i->flags);
    sql_bind_id_or_null(s, 12, i->target_user.v);
    sql_bind_id_or_null(s, 13, i->target_application.v);
    sql_bind_blob(s, 14, roles);
    e = sql_run(s);
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
           "AND (i.max_uses = 0 OR i.uses < i.max_uses) AND i.target_type = $7 AND i.flags = $8 "
           "AND COALESCE(i.target_user_id, 0) = $9 AND COALESCE(i.target_application_id, 0) = $10 "
           "AND i.roles IS NULL ORDER BY i.created_at_ms DESC LIMIT 1");
    sql_bind_u64(s, 1, like->channel.v);
    sql_bind_u64(s, 2, like->inviter.id.v);
    sql_bind_u64(s, 3, like->max_age_s);
    sql_bind_u64(s, 4, like->max_uses);
    sql_bind_bool(s, 5, like->temporary);
    sql_bind_i64(s, 6, now_ms);
    sql_bind_u64(s, 7, like->target_type);
    sql_bind_u64(s, 8, like->flags);
    sql_bind_u64(s, 9, like->target_user.v);
    sql_bind_u64(s, 10, like->target_application.v);
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

/* Lists take their rows first and then look people up: PostgreSQL would rather walk all the people.
 */
#define SOME(which) COLUMNS_FROM "(SELECT * FROM invites WHERE " which " LIMIT $3) " JOINS
#define USABLE "AND (expires_at_ms = 0 OR expires_at_ms > $2) AND (max_uses = 0 OR uses < max_uses)"

enum err invites_of_guild(struct sql_conn *c, struct guild_id guild, int64_t now_ms, size_t limit,
                          struct arena *arena, struct invite **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " SOME("guild_id = $1 " USABLE));
    sql_bind_u64(s, 1, guild.v);
    sql_bind_i64(s, 2, now_ms);
    sql_bind_u64(s, 3, limit);
    return read_list(s, arena, out, count);
}

enum err invites_of_channel(struct sql_conn *c, struct channel_id channel, int64_t now_ms,
                            size_t limit, struct arena *arena, struct invite **out, size_t *count)
{
    struct sql_stmt *s = sql_query(c, "SELECT " SOME("channel_id = $1 " USABLE));
    sql_bind_u64(s, 1, channel.v);
    sql_bind_i64(s, 2, now_ms);
    sql_bind_u64(s, 3, limit);
    return read_list(s, arena, out, count);
}

enum err invites_over(struct sql_conn *c, struct guild_id guild, int64_t now_ms, size_t limit,
                      struct arena *arena, struct invite **out, size_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT " SOME("guild_id = $1 AND ((expires_at_ms > 0 AND expires_at_ms <= $2) OR "
                          "(max_uses > 0 AND uses >= max_uses))"));
    sql_bind_u64(s, 1, guild.v);
    sql_bind_i64(s, 2, now_ms);
    sql_bind_u64(s, 3, limit);
    return read_list(s, arena, out, count);
}

enum err invites_first_expired(struct sql_conn *c, int64_t now_ms, struct guild_id *guild)
{
    /* Those of guilds that are being deleted go with them. */
    struct sql_stmt *s = sql_query(
        c, "SELECT i.guild_id FROM invites i WHERE i.expires_at_ms > 0 AND i.expires_at_ms <= $1 "
           "AND (SELECT deleting FROM guilds WHERE id = i.guild_id) = 0 "
           "ORDER BY i.expires_at_ms LIMIT 1");
    sql_bind_i64(s, 1, now_ms);
    uint64_t id = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e == ERR_OK)
        guild->v = id;
    return e;
}

enum err invites_delete(struct sql_conn *c, struct slice code, bool *deleted)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM invites WHERE code = $1");
    sql_bind_text(s, 1, code);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        *deleted = sql_changes(c) > 0;
    return e;
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
