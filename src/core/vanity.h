#pragma once

/* Vanity codes: an invite code that a guild chooses for itself. */

#include "core/access.h"

MUST_CHECK enum err vanity_get(struct core *c, const struct access *a, uint64_t *uses);
/* code: in small letters, data NULL: none from now on. Emits GUILD_UPDATE. VANITY_TAKEN: what is no
 * code (LIMIT_VANITY_MIN to _MAX of [a-z0-9-]) or leads somewhere already. */
MUST_CHECK enum err vanity_change(struct core *c, const struct actor *by, const struct access *a,
                                  struct slice code);
