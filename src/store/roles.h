#pragma once

/* Roles: SQL to structs, no rules. Who holds them is in members.h. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err roles_insert(struct sql_conn *c, const struct role *r);
/* Everything but guild, managed and bot. */
MUST_CHECK enum err roles_update(struct sql_conn *c, const struct role *r);
MUST_CHECK enum err roles_set_position(struct sql_conn *c, struct role_id id, int32_t position);
/* From here on it is gone for every reader; its holders go in steps, then the row. */
MUST_CHECK enum err roles_mark_deleting(struct sql_conn *c, struct role_id id);
/* At most `limit`; fewer: none is left. */
MUST_CHECK enum err roles_remove_holders(struct sql_conn *c, struct role_id id, uint64_t limit,
                                         uint64_t *rows);
/* The row of a marked role. */
MUST_CHECK enum err roles_delete(struct sql_conn *c, struct role_id id);
/* How many members hold each role of the guild but @everyone; ascending. */
MUST_CHECK enum err roles_member_counts(struct sql_conn *c, struct guild_id guild,
                                        struct arena *arena, struct role_count **out,
                                        size_t *count);
/* Ascending by id. */
MUST_CHECK enum err roles_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                   struct role **out, size_t *count);
MUST_CHECK enum err roles_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
