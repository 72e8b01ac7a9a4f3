#pragma once

/* Deleting a guild with all that is in it. */

#include "core/core.h"
#include "model/ids.h"

/*
 * From the return on the guild is gone for everybody: requests are answered as for a guild that
 * never was, no event comes from it any more, and its members hear GUILD_DELETE, which together
 * with the erasing of its rows goes on in steps (tasks.h). UNKNOWN_GUILD; ERR_OK if it is being
 * deleted already.
 */
MUST_CHECK enum err guild_delete(struct core *c, struct guild_id id);
