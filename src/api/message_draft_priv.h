#pragma once

/* What the files about drafts of messages share. */

#include "api/message_draft.h"
#include "proto/bodies_messages.h"

/*
 * The entries `from` (struct body_attachment) together with the files of the request, in order: an
 * entry's id is the n of its files[n]; a file without an entry gets one of its own, at the end. In
 * an edit an id that is no file's is that of an attachment that stays. INVALID_FORM,
 * MAX_ATTACHMENTS, NO_MEMORY.
 */
MUST_CHECK enum err message_draft_files(struct request *r, const struct body_array *from,
                                        bool is_edit, const struct attachment_draft **out,
                                        size_t *count);
