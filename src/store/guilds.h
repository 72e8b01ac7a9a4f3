#pragma once

/* Guilds: SQL to structs, no rules. Channels, roles and members have files of their own. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* A guild with the store's own books about it. */
struct guild_record {
    struct guild guild;
    uint64_t permission_generation;
    uint64_t structure_position;
    uint64_t member_count;
};

MUST_CHECK enum err guilds_insert(struct sql_conn *c, const struct guild *g);
/* UNKNOWN_GUILD, here and below. */
/* Everything but tenant, time of creation, vanity code and join policy (store/joining.h). */
MUST_CHECK enum err guilds_update(struct sql_conn *c, const struct guild *g);
MUST_CHECK enum err guilds_find(struct sql_conn *c, struct guild_id id, struct arena *arena,
                                struct guild_record *out);
MUST_CHECK enum err guilds_permission_generation(struct sql_conn *c, struct guild_id id,
                                                 uint64_t *generation);
MUST_CHECK enum err guilds_member_count(struct sql_conn *c, struct guild_id id, uint64_t *count);
MUST_CHECK enum err guilds_structure_position(struct sql_conn *c, struct guild_id id,
                                              uint64_t *position);
MUST_CHECK enum err guilds_books(struct sql_conn *c, struct guild_id id,
                                 uint64_t *structure_position, uint64_t *permission_generation);
/* Guilds of a user, ascending by id, after `after` and before `before`; `last`: the last ones of
 * them, else the first. *count at most `limit`, for which list has room. */
struct guild_of_user {
    struct guild_id id;
    uint64_t member_count;
};
struct guild_range {
    uint64_t after;
    uint64_t before;
    bool last;
    size_t limit;
};
MUST_CHECK enum err guilds_of_user(struct sql_conn *c, struct user_id user,
                                   const struct guild_range *r, struct guild_of_user *list,
                                   size_t *count);
/* Raises the permission generation and notes the position of the event that will tell of it. */
MUST_CHECK enum err guilds_restructure(struct sql_conn *c, struct guild_id id, uint64_t position);
/* One member more (1) or fewer (-1). */
MUST_CHECK enum err guilds_count_member(struct sql_conn *c, struct guild_id id, int change);
