/* Joining guilds. */

#include "store/joining.h"

#include "store/member_names.h"

static enum err one_u64(struct sql_stmt *s, enum err unknown, uint64_t *out)
{
    bool found = sql_step(s);
    uint64_t v = found ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return unknown;
    *out = v;
    return ERR_OK;
}

static enum err changed(struct sql_conn *c, struct sql_stmt *s, enum err unknown)
{
    enum err e = sql_run(s);
    return e == ERR_OK && sql_changes(c) == 0 ? unknown : e;
}

enum err joining_insert(struct sql_conn *c, const struct member *m)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, "
                     "deaf, mute, nick, standing, flags, pending, temporary) "
                     "VALUES ($1, $2, $3, $11, $4, $5, $6, $7, $8, $9, $10)");
    sql_bind_u64(s, 1, m->guild.v);
    sql_bind_u64(s, 2, m->user.id.v);
    sql_bind_i64(s, 3, m->joined_at_ms);
    sql_bind_bool(s, 4, m->deaf);
    sql_bind_bool(s, 5, m->mute);
    sql_bind_text(s, 6, m->nick);
    sql_bind_u64(s, 7, m->standing);
    sql_bind_u64(s, 8, m->flags);
    sql_bind_bool(s, 9, m->pending);
    sql_bind_bool(s, 10, m->temporary);
    sql_bind_i64(s, 11, m->timed_out_until_ms);
    enum err e = sql_run(s);
    return e == ERR_OK ? member_names_set(c, m->guild, m->user.id, m->nick) : e;
}

enum err joining_give_role(struct sql_conn *c, struct guild_id guild, struct user_id user,
                           struct role_id role)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO member_roles (guild_id, user_id, role_id) SELECT guild_id, $2, "
                     "id FROM roles WHERE id = $3 AND guild_id = $1 AND deleting = 0 "
                     "ON CONFLICT (guild_id, user_id, role_id) DO NOTHING");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, role.v);
    return sql_run(s);
}

enum err joining_take_role(struct sql_conn *c, struct guild_id guild, struct user_id user,
                           struct role_id role)
{
    struct sql_stmt *s = sql_query(
        c, "DELETE FROM member_roles WHERE guild_id = $1 AND user_id = $2 AND role_id = $3");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, role.v);
    return sql_run(s);
}

enum err joining_guilds_of_user(struct sql_conn *c, struct user_id user, uint64_t most,
                                uint64_t *count)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT COUNT(*) FROM (SELECT 1 FROM members WHERE user_id = $1 LIMIT $2) AS found");
    sql_bind_u64(s, 1, user.v);
    sql_bind_u64(s, 2, most);
    return one_u64(s, ERR_STORE, count);
}

enum err joining_update(struct sql_conn *c, const struct member *m)
{
    struct sql_stmt *s = sql_query(c, "UPDATE members SET pending = $3, flags = $4, standing = $5 "
                                      "WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, m->guild.v);
    sql_bind_u64(s, 2, m->user.id.v);
    sql_bind_bool(s, 3, m->pending);
    sql_bind_u64(s, 4, m->flags);
    sql_bind_u64(s, 5, m->standing);
    return changed(c, s, ERR_UNKNOWN_MEMBER);
}

enum err joining_pending(struct sql_conn *c, struct guild_id guild, size_t limit,
                         struct user_id *out, size_t *count)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT user_id FROM members WHERE guild_id = $1 AND pending <> 0 LIMIT $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, limit);
    size_t n = 0;
    while (n < limit && sql_step(s))
        out[n++].v = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

enum err joining_set_features(struct sql_conn *c, struct guild_id guild, uint64_t add,
                              uint64_t remove)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET features = (features | $2) & $3 "
                                      "WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, add);
    sql_bind_u64(s, 3, ~remove);
    return changed(c, s, ERR_UNKNOWN_GUILD);
}

/* ---- vanity codes ---- */

enum err vanity_find(struct sql_conn *c, struct slice code, struct guild_id *guild, uint64_t *uses)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT id, vanity_uses FROM guilds WHERE vanity_code = $1 AND deleting = 0");
    sql_bind_text(s, 1, code);
    bool found = sql_step(s);
    uint64_t id = found ? sql_u64(s, 0) : 0, n = found ? sql_u64(s, 1) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_INVITE;
    guild->v = id;
    *uses = n;
    return ERR_OK;
}

enum err vanity_uses(struct sql_conn *c, struct guild_id guild, uint64_t *uses)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT vanity_uses FROM guilds WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    return one_u64(s, ERR_UNKNOWN_GUILD, uses);
}

enum err vanity_use(struct sql_conn *c, struct guild_id guild, struct slice code)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET vanity_uses = vanity_uses + 1 "
                                      "WHERE id = $1 AND vanity_code = $2 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_text(s, 2, code);
    return changed(c, s, ERR_UNKNOWN_INVITE);
}

enum err vanity_set(struct sql_conn *c, struct guild_id guild, struct slice code)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET vanity_code = $2, vanity_uses = 0 "
                                      "WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_text(s, 2, code);
    return changed(c, s, ERR_UNKNOWN_GUILD);
}

enum err vanity_is_invite(struct sql_conn *c, struct slice code, bool *taken)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM invites WHERE code = $1");
    sql_bind_text(s, 1, code);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *taken = found;
    return e;
}

/* ---- the widget ---- */

enum err widget_set(struct sql_conn *c, struct guild_id guild, bool enabled,
                    struct channel_id channel)
{
    struct sql_stmt *s = sql_query(c, "UPDATE guilds SET widget_enabled = $2, "
                                      "widget_channel_id = $3 WHERE id = $1 AND deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_bool(s, 2, enabled);
    sql_bind_id_or_null(s, 3, channel.v);
    return changed(c, s, ERR_UNKNOWN_GUILD);
}

enum err widget_invite(struct sql_conn *c, struct channel_id channel, struct arena *arena,
                       struct slice *code)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT code FROM invites WHERE channel_id = $1 AND max_age_s = 0 AND max_uses = 0 "
           "AND temporary = 0 AND target_type = 0 AND flags = 0 AND roles IS NULL LIMIT 1");
    sql_bind_u64(s, 1, channel.v);
    struct slice text = sql_step(s) ? sql_text(s, 0, arena) : (struct slice){NULL, 0};
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *code = text;
    return e;
}
