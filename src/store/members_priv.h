#pragma once

/* How members are read, for the files that do (members.c one or a user's, member_list.c many of a
 * guild): one row for each role that a member holds. */

#include "store/members.h"
#include "store/rows.h"
#include "store/users.h"

/* Of members m, users u, and what says which role a row stands for; integers first (see users.h).
 */
#define MEMBERS_COLUMNS_WITH(role)                                                                 \
    "m.guild_id, m.joined_at_ms, m.timed_out_until_ms, m.deaf, m.mute, " role ", m.pending, "      \
    "m.temporary, m.flags, m.standing, " USERS_COLUMNS ", m.nick, m.avatar, m.banner"
#define MEMBERS_HELD_JOIN                                                                          \
    "LEFT JOIN member_roles r ON r.guild_id = m.guild_id AND r.user_id = m.user_id "
/* Roles that are being deleted are left out: their rows in member_roles go later. To be ordered by
 * r.role_id. */
#define MEMBERS_COLUMNS MEMBERS_COLUMNS_WITH("held.id")
#define MEMBERS_ROLES_JOIN                                                                         \
    MEMBERS_HELD_JOIN "LEFT JOIN roles held ON held.id = r.role_id AND held.deleting = 0 "
enum {
    MEMBERS_COLUMN_ROLE = 5,
    MEMBERS_COLUMN_USER = 10,
    MEMBERS_COLUMN_NICK = MEMBERS_COLUMN_USER + USERS_COLUMN_COUNT
};

/* The current row's member but for the roles; `column`: of its first column. */
void members_read(struct sql_stmt *s, int column, struct arena *arena, struct member *m);
/* 0: nothing to push. False when the arena is full. */
bool members_push_role(struct rows *roles, struct arena *arena, uint64_t id);
