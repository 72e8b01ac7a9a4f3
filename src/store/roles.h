#pragma once

/* Roles: SQL to structs, no rules. Who holds them is in members.h. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err roles_insert(struct sql_conn *c, const struct role *r);
/* Ascending by id. */
MUST_CHECK enum err roles_of_guild(struct sql_conn *c, struct guild_id guild, struct arena *arena,
                                   struct role **out, size_t *count);
MUST_CHECK enum err roles_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
