#pragma once

/* Membership: leaving a guild. Joining is invites.h's (people) and applications.h's (bots). */

#include "core/core.h"
#include "model/entities.h"

/* Emits GUILD_MEMBER_REMOVE (guild) and GUILD_DELETE (user). UNKNOWN_GUILD for who is no member,
 * INVALID_GUILD for the owner, who may only delete the guild or give it away. */
MUST_CHECK enum err member_leave(struct core *c, const struct actor *by, struct guild_id guild);
