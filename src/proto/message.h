#pragma once

/* The message object (docs, "Message Object"). */

#include "model/entities.h"
#include "wire/json_write.h"

/* blank: what the MESSAGE_CONTENT intent guards (content, embeds, attachments, components) is
 * empty. */
void proto_message_keys(struct json_writer *w, const struct message *m, bool blank);
void proto_message(struct json_writer *w, const struct message *m, bool blank);
