#pragma once

/* A message in a reply, as the caller may read it: every route that shows messages writes them with
 * this, so that no way of reading them forgets what a bot without MESSAGE_CONTENT does not get. */

#include "api/handlers.h"
#include "core/messages.h"

/* Without its nonce, which was for the sender's ears, at the time. */
void message_write(const struct request *r, struct json_writer *w, struct message *m);
