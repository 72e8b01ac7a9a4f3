/* Members. A member and the roles held are read by one query with a row for each role, because this
 * is on the path of every authorised request. */

#include "store/members.h"

#include "store/rows.h"
#include "store/users.h"

/* Of members m, users u, member_roles r; integers first (see users.h). */
#define COLUMNS                                                                                    \
    "m.guild_id, m.joined_at_ms, m.timed_out_until_ms, m.deaf, m.mute, r.role_id, " USERS_COLUMNS  \
    ", m.nick"
#define ROLES_JOIN "LEFT JOIN member_roles r ON r.guild_id = m.guild_id AND r.user_id = m.user_id "
enum { COLUMN_ROLE = 5, COLUMN_USER = 6, COLUMN_NICK = COLUMN_USER + USERS_COLUMN_COUNT };

enum err members_insert(struct sql_conn *c, struct guild_id guild, struct user_id user,
                        int64_t joined_at_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO members (guild_id, user_id, joined_at_ms, timed_out_until_ms, "
                     "deaf, mute, nick) VALUES ($1, $2, $3, 0, 0, 0, NULL)");
    sql_bind_u64(s, 1, guild.v);
    sql_bind_u64(s, 2, user.v);
    sql_bind_i64(s, 3, joined_at_ms);
    return sql_run(s);
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

/* The current row's member but for the roles. */
static void read_member(struct sql_stmt *s, int column, struct arena *arena, struct member *m)
{
    *m = (struct member){
        .guild = {sql_u64(s, column)},
        .joined_at_ms = sql_i64(s, column + 1),
        .timed_out_until_ms = sql_i64(s, column + 2),
        .deaf = sql_bool(s, column + 3),
        .mute = sql_bool(s, column + 4),
    };
    users_read(s, column + COLUMN_USER, arena, &m->user);
    m->nick = sql_text(s, column + COLUMN_NICK, arena);
}

static bool push_role(struct rows *roles, struct arena *arena, uint64_t id)
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
    bool fits = push_role(&roles, arena, sql_u64(s, column + COLUMN_ROLE));
    read_member(s, column, arena, m);
    while (fits && sql_step(s))
        fits = push_role(&roles, arena, sql_u64(s, column + COLUMN_ROLE));
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
    uint64_t guild = sql_u64(s, 0), role = sql_u64(s, COLUMN_ROLE);
    if (list->count == 0 || all[list->count - 1].guild.v != guild) {
        struct member *m = rows_push(list, arena, sizeof *m);
        if (m == NULL)
            return ERR_NO_MEMORY;
        read_member(s, 0, arena, m);
        *roles = (struct rows){0};
        all = list->items;
    }
    if (!push_role(roles, arena, role))
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

/* Columns of a standing come after its own two. */
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
        st.is_member = sql_u64(s, 2) != 0;
        if (st.is_member)
            e = read_with_roles(s, 2, arena, &st.member);
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

#define STANDING_JOINS                                                                             \
    "LEFT JOIN members m ON m.guild_id = g.id AND m.user_id = $2 "                                 \
    "LEFT JOIN users u ON u.id = m.user_id " ROLES_JOIN

enum err members_standing_in_channel(struct sql_conn *c, struct channel_id channel,
                                     struct user_id user, struct arena *arena,
                                     struct member_standing *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT g.id, g.structure_position, " COLUMNS " FROM channels ch "
                     "JOIN guilds g ON g.id = ch.guild_id " STANDING_JOINS
                     "WHERE ch.id = $1 AND g.deleting = 0 ORDER BY r.role_id");
    return read_standing(s, channel.v, user, arena, ERR_UNKNOWN_CHANNEL, out);
}

enum err members_standing_in_guild(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                   struct arena *arena, struct member_standing *out)
{
    struct sql_stmt *s =
        sql_query(c, "SELECT g.id, g.structure_position, " COLUMNS " FROM guilds g " STANDING_JOINS
                     "WHERE g.id = $1 AND g.deleting = 0 ORDER BY r.role_id");
    return read_standing(s, guild.v, user, arena, ERR_UNKNOWN_GUILD, out);
}
