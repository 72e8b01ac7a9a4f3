#pragma once

/* What the handlers about channels share. */

#include "api/request.h"
#include "core/channels.h"

/* The request's struct body_channel as a draft, for a channel of that type. INVALID_FORM. */
MUST_CHECK enum err channel_draft_take(struct request *r, enum channel_type type,
                                       struct channel_draft *out);
/* What the routes of channels do with a direct message (r->access.dm): show, change and close it.
 */
enum err dm_reply(struct request *r);
enum err dm_reply_edited(struct request *r);
enum err dm_reply_closed(struct request *r);
/* Returns e; adds the form error that the use-case speaks of. */
enum err channels_problem(struct request *r, enum err e, const struct draft_problem *problem);
