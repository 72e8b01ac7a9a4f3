#pragma once

/* Telling that a stored message is not what it was: of use-cases that change something beside its
 * text. */

#include "core/place.h"

/* In a closure that holds the place's stream: reads the message as it is now (*out, in the arena,
 * with nobody's own reactions) and emits MESSAGE_UPDATE. *author: who wrote it, as far as that is
 * known; both may be NULL. UNKNOWN_MESSAGE. */
MUST_CHECK enum err message_updated(struct core *c, struct tx *tx, const struct place *p,
                                    const struct actor *by, struct message_id id,
                                    struct arena *arena, struct message *out,
                                    struct member *author);
