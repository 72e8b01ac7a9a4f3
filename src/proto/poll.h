#pragma once

/* The poll object of a message (docs, "Poll Object"). */

#include "base/errors.h"
#include "model/entities.h"
#include "wire/json_write.h"

/* m->poll, with when it ends and how it stands (m->poll_state; NULL: nobody knows). */
void proto_poll(struct json_writer *w, const struct message *m);

/* The embeds of the message that says how m->poll ended (docs, "Poll Results"): one of the type
 * poll_result. Of a draw no answer is named. NO_MEMORY; STORE: what is stored is no poll. */
MUST_CHECK enum err proto_poll_result(struct buf *out, const struct message *m);
