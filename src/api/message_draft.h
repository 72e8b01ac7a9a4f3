#pragma once

/* Messages as bodies have them, as drafts for core/messages.h: checked as far as it goes without
 * the store. Everything lives in the request. */

#include "api/request.h"
#include "core/messages.h"

/* Of SHAPE_MESSAGE_CREATE and the files that came with it. INVALID_FORM, EMPTY_MESSAGE,
 * MAX_ATTACHMENTS, POLL_EMOJI, NO_MEMORY. d->problem is set up: the handler tells it
 * (message_draft_problem) when core/messages.h says INVALID_FORM. */
MUST_CHECK enum err message_draft_read(struct request *r, struct message_draft *out);
/* Of SHAPE_MESSAGE_EDIT. */
MUST_CHECK enum err message_edit_read(struct request *r, struct message_edit *out);
/* What core/messages.h says is wrong with the body, if it failed with INVALID_FORM. */
struct draft_problem;
void message_draft_problem(struct request *r, enum err e, const struct draft_problem *problem);
