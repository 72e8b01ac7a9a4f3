#pragma once

/* The poll of a body in the form in which it is stored, which is the API's without what changes
 * (docs, "Poll Create Request Object"; proto/poll.h adds the rest). */

#include "base/arena.h"
#include "proto/bodies_messages.h"

/* `emojis`: of each answer, name data NULL for none. In the arena. NO_MEMORY. */
struct emoji_ref;
MUST_CHECK enum err poll_body_json(const struct body_poll *p, const struct emoji_ref *emojis,
                                   struct arena *arena, struct slice *out);
