#pragma once

/* The message object (docs, "Message Object"). */

#include "model/entities.h"
#include "wire/json_write.h"

/* Blank: what the MESSAGE_CONTENT intent guards (content, embeds, attachments, components, poll,
 * and all that of what it forwards) is empty or left out. A message replied to is guarded by
 * itself: else whoever may write could read anything by replying to it. */
enum message_shown {
    MESSAGE_SHOWN_WHOLE,
    MESSAGE_SHOWN_BLANK, /* and what it replies to */
    MESSAGE_SHOWN_OWN    /* whole, but for what it replies to, which is blank */
};
void proto_message_keys(struct json_writer *w, const struct message *m, enum message_shown shown);
void proto_message(struct json_writer *w, const struct message *m, enum message_shown shown);
/* Whether there is anything to leave out, in it or in what it replies to; in it alone. */
bool proto_message_has_content(const struct message *m);
bool proto_message_has_own_content(const struct message *m);
/* JSON that was made elsewhere, with the addresses of the message's files in place of
 * attachment://<name>. */
void proto_with_files(struct json_writer *w, struct slice json, const struct message *m);
