#pragma once

/* What a guild has paused against a raid. */

#include "model/ids.h"
#include "store/sql.h"

/* 0: not paused. UNKNOWN_GUILD. */
MUST_CHECK enum err incidents_update(struct sql_conn *c, struct guild_id guild,
                                     int64_t invites_disabled_until_ms,
                                     int64_t dms_disabled_until_ms);
