#pragma once

/* Time-outs of people who left a guild before the end. SQL to structs, no rules. */

#include "model/ids.h"
#include "store/sql.h"

/* In the place of what was kept before. Forgets a few of the guild's that have ended. */
MUST_CHECK enum err kept_timeouts_put(struct sql_conn *c, struct guild_id guild,
                                      struct user_id user, int64_t until_ms, int64_t now_ms);
/* Removes it. *until_ms 0: nothing was kept. */
MUST_CHECK enum err kept_timeouts_take(struct sql_conn *c, struct guild_id guild,
                                       struct user_id user, int64_t *until_ms);
