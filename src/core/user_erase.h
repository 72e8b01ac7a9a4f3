#pragma once

/* Erasing a person, or a bot, and all that they wrote. */

#include "core/core.h"
#include "model/ids.h"

/*
 * From the return on nothing can be done with the account: its tokens are revoked (sessions close),
 * password, e-mail and names are gone. The rest goes on in steps (tasks.h): guilds are left, or
 * given to the longest-standing other person in them, or deleted if there is none; messages are
 * deleted, with their events; applications and their bots are erased; at last the row. Other
 * people's messages stay, also where they mention the person. UNKNOWN_USER; ERR_OK if it is under
 * way already.
 */
MUST_CHECK enum err user_erase(struct core *c, struct user_id id);
