#pragma once

/* When somebody was last seen, to the day (UTC): what pruning goes by. */

#include "core/core.h"

/* The day that a wall time is in: its first millisecond. */
int64_t seen_day_ms(int64_t wall_ms);
/* The user has a session today. Writes once a day, whoever calls how often. */
MUST_CHECK enum err account_seen(struct core *c, struct user_id user);
