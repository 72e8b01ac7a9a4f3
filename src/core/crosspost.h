#pragma once

/* Publishing messages of announcement channels. */

#include "core/access.h"

/* Once. By the author (SEND_MESSAGES) or somebody with MANAGE_MESSAGES. *out: the message as it is
 * then. CHANNEL_TYPE (no announcement channel), CROSSPOSTED, SYSTEM_MESSAGE, UNKNOWN_MESSAGE,
 * MISSING_PERMISSIONS. */
MUST_CHECK enum err message_crosspost(struct core *c, const struct actor *by,
                                      const struct access *a, struct message_id id,
                                      struct arena *arena, struct message *out);
