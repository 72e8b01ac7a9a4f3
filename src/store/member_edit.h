#pragma once

/* Writing what is known of a member. The caller holds the guild's stream and has read the member
 * under it. */

#include "model/entities.h"
#include "store/sql.h"

/* Everything but names and roles: nick, time-out, deaf, mute, pending, temporary, flags, standing,
 * avatar and banner as m says. UNKNOWN_MEMBER. */
MUST_CHECK enum err member_update(struct sql_conn *c, const struct member *m);
/* Nothing if it is not held. Giving one is members_add_role. */
MUST_CHECK enum err member_drop_role(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                     struct role_id role);
