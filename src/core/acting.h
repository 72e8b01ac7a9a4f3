#pragma once

/* Questions about who acts and on whom, inside a closure, that are more than bits: ranks. `now` is
 * access_renew's. */

#include "core/access_renew.h"

/* access_renew for closures that may run again: empties the arena and ends the `now` of the last
 * run. `now` is zeroed before the first. */
MUST_CHECK enum err acting_begin(struct tx *tx, const struct access *a, uint64_t need,
                                 struct arena *arena, struct access *now);
/* A member of the guild. UNKNOWN_MEMBER. */
MUST_CHECK enum err acting_target(struct tx *tx, const struct access *now, struct user_id user,
                                  struct arena *arena, struct member *out);
/* May the actor kick, ban, time out ... that member? */
bool acting_outranks(const struct access *now, const struct member *target);
/* ERR_OK if the actor may give and take the role. UNKNOWN_ROLE, INVALID_ROLE (@everyone, or
 * managed), MISSING_PERMISSIONS. */
MUST_CHECK enum err acting_role(const struct access *now, struct role_id id);
