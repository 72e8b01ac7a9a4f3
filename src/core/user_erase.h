#pragma once

/* Erasing a person, or a bot, and all that they wrote. */

#include "base/arena.h"
#include "core/core.h"
#include "model/entities.h"
#include "model/ids.h"
#include "store/store.h"

/*
 * From the return on nothing can be done with the account: its tokens are revoked (sessions close),
 * password, e-mail and names are gone. The rest goes on in steps (tasks.h): guilds are left, or
 * given to the longest-standing other person in them, or deleted if there is none; messages are
 * deleted, with their events; applications and their bots are erased; at last the row. Other
 * people's messages stay, also where they mention the person. UNKNOWN_USER; ERR_OK if it is under
 * way already.
 */
MUST_CHECK enum err user_erase(struct core *c, struct user_id id);
/* In a closure that holds the user's stream: users_find, but whoever is being erased is unknown, so
 * that nothing new ties them to others behind the back of the steps that undo such ties. */
MUST_CHECK enum err user_find_staying(struct tx *tx, struct user_id id, struct arena *arena,
                                      struct user *out);
