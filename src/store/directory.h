#pragma once

/* The directory of guilds that list themselves: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* How far a search looks, by size: what comes later is found by its invite, not by its name. */
enum { DIRECTORY_LOOKED_AT = 2000 };

/* Those of the tenant, the largest first, DIRECTORY_LOOKED_AT at most. pattern: for LIKE with '!'
 * as escape, in small letters; data NULL: all. */
MUST_CHECK enum err directory_list(struct sql_conn *c, struct tenant_id tenant,
                                   struct slice pattern, struct arena *arena, struct guild_id **out,
                                   size_t *count);
/* Whether the guild is listed for the tenant, or is the user's own. Takes the same way, and so the
 * same time, if there is no such guild. */
MUST_CHECK enum err directory_shows(struct sql_conn *c, struct guild_id guild,
                                    struct tenant_id tenant, struct user_id user, bool *shown);
/* Listed or not, and how people get in. UNKNOWN_GUILD. */
MUST_CHECK enum err directory_set_policy(struct sql_conn *c, struct guild_id guild,
                                         enum guild_join_policy policy);
