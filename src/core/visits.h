#pragma once

/* Members for a visit: who joined by an invite for temporary membership stays as long as they have
 * a session, unless they are given a role. The gateway knows when the last session has ended. */

#include "core/core.h"

/* The visit of a user is over: they leave the guild, if they still are members for a visit and have
 * no roles. ERR_OK also if there was nothing to do. */
MUST_CHECK enum err member_temporary_leave(struct core *c, struct user_id user,
                                           struct guild_id guild);
