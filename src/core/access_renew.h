#pragma once

/*
 * Access as of a closure. Rules that are more than bits (hierarchy, grants, what an overwrite may
 * become) need the structure and the actor's roles as they are in the transaction, not as they were
 * when the request was authorised.
 */

#include "core/access.h"

/*
 * In a write closure: locks the guild's stream and gives who a->subject is and what the structure
 * is now; `need` (bits in a->channel, or in the guild) is checked on that. What `now` holds ends
 * with access_end, but the member, which is in the arena. A closure that may run again ends the
 * `now` of its last run first. Errors: access_recheck.
 */
MUST_CHECK enum err access_renew(struct tx *tx, const struct access *a, uint64_t need,
                                 struct arena *arena, struct access *now);
