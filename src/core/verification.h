#pragma once

/* Verification levels: what a guild asks of members without a role before they may write. */

#include "core/access.h"
#include "core/core.h"

/*
 * VERIFICATION_LEVEL if the guild asks for more than the member has. 1: an e-mail address on the
 * account; 2: and an account older than 5 minutes; 3: and a member for longer than 10 minutes; 4:
 * as 3, since there are no phone numbers here. The owner, bots, members with a role or with the
 * flag BYPASSES_VERIFICATION are exempt. Reads the store only if it must.
 */
MUST_CHECK enum err verification_check(struct core *c, const struct access *a);
