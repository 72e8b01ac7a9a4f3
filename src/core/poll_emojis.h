#pragma once

/* The emojis of a poll's answers: those of Unicode in the form in which they are stored, custom
 * ones with the name that they have. */

#include "core/access.h"

/* Fills in `emojis` (id 0 and name data NULL: none), names in the arena. POLL_EMOJI: no emoji, or
 * one that they may not use here. One read if there is a custom one. */
MUST_CHECK enum err poll_emojis_resolve(struct core *c, const struct actor *by,
                                        const struct access *a, struct emoji_ref *emojis,
                                        size_t count, struct arena *arena);
