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
MUST_CHECK enum err guilds_find(struct sql_conn *c, struct guild_id id, struct arena *arena,
                                struct guild_record *out);
MUST_CHECK enum err guilds_permission_generation(struct sql_conn *c, struct guild_id id,
                                                 uint64_t *generation);
MUST_CHECK enum err guilds_member_count(struct sql_conn *c, struct guild_id id, uint64_t *count);
MUST_CHECK enum err guilds_structure_position(struct sql_conn *c, struct guild_id id,
                                              uint64_t *position);
/* Raises the permission generation and notes the position of the event that will tell of it. */
MUST_CHECK enum err guilds_restructure(struct sql_conn *c, struct guild_id id, uint64_t position);
/* One member more (1) or fewer (-1). */
MUST_CHECK enum err guilds_count_member(struct sql_conn *c, struct guild_id id, int change);
