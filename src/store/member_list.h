#pragma once

/* Many members of one guild, with users and roles, ascending by user id. Lists live in the arena.
 */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* The first `limit` with id > after. */
MUST_CHECK enum err members_page(struct sql_conn *c, struct guild_id guild, uint64_t after,
                                 uint64_t limit, struct arena *arena, struct member **out,
                                 size_t *count);
/* At most `limit` of those that have a name beginning with `prefix`, which is folded
 * (member_name_fold) and not empty. */
MUST_CHECK enum err members_named(struct sql_conn *c, struct guild_id guild, struct slice prefix,
                                  uint64_t limit, struct arena *arena, struct member **out,
                                  size_t *count);
/* Those of the ids (id_list_pack) who are members. */
MUST_CHECK enum err members_among(struct sql_conn *c, struct guild_id guild, struct slice ids,
                                  struct arena *arena, struct member **out, size_t *count);
