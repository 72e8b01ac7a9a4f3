/* Members. A member and the roles held are read by one query with a row for each role, because this
 * is on the path of every authorised request. */

#include "store/members.h"

#include "store/member_names.h"
#include "store/members_priv.h"

#define COLUMNS MEMBERS_COLUMNS
#define ROLES_JOIN MEMBERS_ROLES_JOIN

enum err members_insert(struct sql_conn *c, struct guild_id guild, struct user_id user,
                        int64_t joined_at_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, "
                     "deaf, mute, nick) VALUES ($1, $2, $3, 0, 0, 0, NULL)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_i64(s, 3, joined_at_ms);
    enum err e = sql_run(s);
    return e == ERR_OK ? member_names_set(c, guild, user, (struct slice){NULL, 0}) : e;
}

enum err members_remove(struct sql_conn *c, struct guild_id guild, struct user_id user)
{
    struct sql_stmt *s = sql_query(c, "DELETE FROM members WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    return sql_run(s);
}

enum err members_add_role(struct sql_conn *c, struct guild_id guild, struct user_id user,
                          struct role_id role)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO member_roles (guild_id, user_id, role_id) VALUES ($1, $2, $3)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, role.v);
    return sql_run(s);
}

enum err members_exists(struct sql_conn *c, struct guild_id guild, struct user_id user,
                        bool *exists)
{
    struct sql_stmt *s = sql_query(c, "SELECT 1 FROM members WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *exists = found;
    return e;
}

void members_read(struct sql_stmt *s, int column, struct arena *arena, struct member *m)
{
    *m = (struct member){
        .guild = {sql_u64(s, column)},
        .joined_at_ms = sql_i64(s, column + 1),
        .timed_out_until_ms = sql_i64(s, column + 2),
        .deaf = sql_bool(s, column + 3),
        .mute = sql_bool(s, column + 4),
        .pending = sql_bool(s, column + 6),
        .temporary = sql_bool(s, column + 7),
        .flags = sql_u64(s, column + 8),
        .standing = sql_u64(s, column + 9),
    };
    users_read(s, column + MEMBERS_COLUMN_USER, arena, &m->user);
    m->nick = sql_text(s, column + MEMBERS_COLUMN_NICK, arena);
    m->avatar = sql_text(s, column + MEMBERS_COLUMN_NICK + 1, arena);
    m->banner = sql_text(s, column + MEMBERS_COLUMN_NICK + 2, arena);
}

bool members_push_role(struct rows *roles, struct arena *arena, uint64_t id)
{
    if (id == 0)
        return true;
    struct role_id *role = rows_push(roles, arena, sizeof *role);
    if (role == NULL)
        return false;
    role->v = id;
    return true;
}

/* The current row and the ones after it, all of the same member. */
static enum err read_with_roles(struct sql_stmt *s, int column, struct arena *arena,
                                struct member *m)
{
    struct rows roles = {0};
    bool fits = members_push_role(&roles, arena, sql_u64(s, column + MEMBERS_COLUMN_ROLE));
    members_read(s, column, arena, m);
    while (fits && sql_step(s))
        fits = members_push_role(&roles, arena, sql_u64(s, column + MEMBERS_COLUMN_ROLE));
    m->roles = roles.items;
    m->role_count = roles.count;
    return fits ? ERR_OK : ERR_NO_MEMORY;
}

enum err members_find(struct sql_conn *c, struct guild_id guild, struct user_id user,
                      struct arena *arena, struct member *out)
{
    struct sql_stmt *s = sql_query(
        c, "SELECT " COLUMNS " FROM members m JOIN users u ON u.id = m.user_id " ROLES_JOIN
           "WHERE m.guild_id = $1 AND m.user_id = $2 ORDER BY r.role_id");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    struct member m = {0};
    enum err e = ERR_OK;
    bool found = sql_step(s);
    if (found)
        e = read_with_roles(s, 0, arena, &m);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_MEMBER;
    *out = m;
    return ERR_OK;
}

/* One more row of a list: of a new member, or a further role of the last. Role arrays are closed
 * when their member ends, since the arena moves them while they grow. */
static enum err add_row(struct sql_stmt *s, struct arena *arena, struct rows *list,
                        struct rows *roles)
{
    struct member *all = list->items;
    uint64_t guild = sql_u64(s, 0), role = sql_u64(s, MEMBERS_COLUMN_ROLE);
    if (list->count == 0 || all[list->count - 1].guild.v != guild) {
        struct member *m = rows_push(list, arena, sizeof *m);
        if (m == NULL)
            return ERR_NO_MEMORY;
        members_read(s, 0, arena, m);
        *roles = (struct rows){0};
        all = list->items;
    }
    if (!members_push_role(roles, arena, role))
        return ERR_NO_MEMORY;
    all[list->count - 1].roles = roles->items;
    all[list->count - 1].role_count = roles->count;
    return ERR_OK;
}

enum err members_of_user(struct sql_conn *c, struct user_id user, struct arena *arena,
                         struct member **out, size_t *count)
{
    /* Not a join with guilds: PostgreSQL would read all of them as long as there are few. */
    struct sql_stmt *s = sql_query(c, "SELECT " COLUMNS
                                      " FROM members m JOIN users u ON u.id = m.user_id " ROLES_JOIN
                                      "WHERE m.user_id = $1 AND "
                                      "(SELECT deleting FROM guilds WHERE id = m.guild_id) = 0 "
                                      "ORDER BY m.guild_id, r.role_id");
    sql_bind_u64(s, 1, user.v);
    struct rows list = {0}, roles = {0};
    enum err e = ERR_OK;
    while (e == ERR_OK && sql_step(s))
        e = add_row(s, arena, &list, &roles);
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e == ERR_OK) {
        *out = list.items;
        *count = list.count;
    }
    return e;
}

/* Columns of a standing come after its own three. */
static enum err read_standing(struct sql_stmt *s, uint64_t where, struct user_id user,
                              struct arena *arena, enum err unknown, struct member_standing *out)
{
    sql_bind_u64(s, 1, where);
    sql_bind_u64(s, 2, user.v);
    struct member_standing st = {0};
    enum err e = ERR_OK;
    bool found = sql_step(s);
    if (found) {
        st.guild.v = sql_u64(s, 0);
        st.structure_position = sql_u64(s, 1);
        st.automod_position = sql_u64(s, 2);
        st.is_member = sql_u64(s, 3) != 0;
        if (st.is_member)
            e = read_with_roles(s, 3, arena, &st.member);
    }
    enum err done = sql_done(s);
    if (e == ERR_OK)
        e = done;
    if (e != ERR_OK)
        return e;
    if (!found)
        return unknown;
    *out = st;
    return ERR_OK;
}

/* On the path of every request: roles that are being deleted are not looked for, the guild's view
 * tells them (core/access.c). */
#define STANDING_COLUMNS                                                                           \
    "g.id, g.structure_position, g.automod_position, " MEMBERS_COLUMNS_WITH("r.role_id")
#define STANDING_JOINS                                                                             \
    "LEFT JOIN members m ON m.guild_id = g.id AND m.user_id = $2 "                                 \
    "LEFT JOIN users u ON u.id = m.user_id " MEMBERS_HELD_JOIN

enum err members_standing_in_channel(struct sql_conn *c, struct channel_id channel,
                                     struct user_id user, struct arena *arena,
                                     struct member_standing *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " STANDING_COLUMNS " FROM channels ch "
                                      "JOIN guilds g ON g.id = ch.guild_id " STANDING_JOINS
                                      "WHERE ch.id = $1 AND g.deleting = 0 ORDER BY r.role_id");
    return read_standing(s, channel.v, user, arena, ERR_UNKNOWN_CHANNEL, out);
}

enum err members_standing_in_guild(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                   struct arena *arena, struct member_standing *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT " STANDING_COLUMNS " FROM guilds g " STANDING_JOINS
                                      "WHERE g.id = $1 AND g.deleting = 0 ORDER BY r.role_id");
    return read_standing(s, guild.v, user, arena, ERR_UNKNOWN_GUILD, out);
}

enum err members_now(struct sql_conn *c, struct guild_id guild, struct user_id user,
                     struct member_now *out)
{
    struct sql_stmt *s = sql_query(c, "SELECT g.perm_generation, m.user_id, m.standing, "
                                      "g.automod_position FROM guilds g LEFT JOIN "
                                      "members m ON m.guild_id = g.id AND m.user_id = $2 "
                                      "WHERE g.id = $1 AND g.deleting = 0");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    struct member_now now = {0};
    bool found = sql_step(s);
    if (found)
        now = (struct member_now){sql_u64(s, 0), sql_u64(s, 1) != 0, sql_u64(s, 2), sql_u64(s, 3)};
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_UNKNOWN_GUILD;
    *out = now;
    return ERR_OK;
}

enum err members_set_standing(struct sql_conn *c, struct guild_id guild, struct user_id user,
                              uint64_t standing)
{
    struct sql_stmt *s =
        sql_query(c, "UPDATE members SET standing = $3 WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_u64(s, 3, standing);
    return sql_send(s);
}
