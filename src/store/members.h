#pragma once

/* Members of guilds and the roles they hold: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* STORE_CONFLICT if the user is a member already. Roles are added one by one. */
MUST_CHECK enum err members_insert(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                   int64_t joined_at_ms);
MUST_CHECK enum err members_add_role(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                     struct role_id role);
/* With the roles they hold; nothing if there is no such member. */
MUST_CHECK enum err members_remove(struct sql_conn *c, struct guild_id guild, struct user_id user);
/* The position of the event, emitted next, that changes what the member may do. */
MUST_CHECK enum err members_set_standing(struct sql_conn *c, struct guild_id guild,
                                         struct user_id user, uint64_t standing);
MUST_CHECK enum err members_exists(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                   bool *exists);
/* With user and roles. UNKNOWN_MEMBER. */
MUST_CHECK enum err members_find(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                 struct arena *arena, struct member *out);
/* The user's memberships, ascending by guild, with roles; not in guilds that are being deleted. */
MUST_CHECK enum err members_of_user(struct sql_conn *c, struct user_id user, struct arena *arena,
                                    struct member **out, size_t *count);

/* What an authorisation needs to know, in one look-up: where a channel is, and who somebody is
 * there. */
struct member_standing {
    struct guild_id guild;
    uint64_t structure_position; /* of the guild, at this moment */
    uint64_t automod_position;   /* of the last event about its AutoMod rules; 0: it has none */
    bool is_member;
    struct member member; /* if is_member; the roles may include some that are being deleted */
};
/* UNKNOWN_CHANNEL. */
MUST_CHECK enum err members_standing_in_channel(struct sql_conn *c, struct channel_id channel,
                                                struct user_id user, struct arena *arena,
                                                struct member_standing *out);
/* UNKNOWN_GUILD. */
MUST_CHECK enum err members_standing_in_guild(struct sql_conn *c, struct guild_id guild,
                                              struct user_id user, struct arena *arena,
                                              struct member_standing *out);

/* Whether an authorisation is still up to date: what it was made from, as it is now. */
struct member_now {
    uint64_t permission_generation; /* of the guild */
    bool is_member;
    uint64_t standing;
    uint64_t automod_position;
};
/* UNKNOWN_GUILD. */
MUST_CHECK enum err members_now(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                struct member_now *out);
