#pragma once

/* Attachments (docs, "Attachment Object"; MessageAttachmentResponse of the schema). */

#include "model/entities.h"
#include "wire/json_write.h"

/* One; its url is made already. */
void proto_attachment(struct json_writer *w, const struct attachment *a);
/* The value of "proxy_url". */
void proto_attachment_proxy(struct json_writer *w, const struct attachment *a);
/* The key "attachments" with those of the message; an array of none if `blank`. */
void proto_attachments(struct json_writer *w, const struct message *m, bool blank);
