/* The shapes of votes and of bulk deletion. */

#include "proto/bodies_polls.h"

#include "base/limits.h"
#include "proto/body_rows.h"

/* Too many to delete has an error of its own, so the shape lets somewhat more pass. */
enum { BULK_READ_MAX = 10 * LIMIT_BULK_DELETE };

static const struct field vote_fields[] = {
    ARRAY("answer_ids", body_poll_vote, answer_ids, R, LIMIT_POLL_ANSWERS, &SHAPE_ID_ITEM),
};
const struct shape SHAPE_POLL_VOTE = SHAPE("Poll vote", vote_fields, body_poll_vote);

static const struct field bulk_delete_fields[] = {
    ARRAY("messages", body_bulk_delete, messages, R, BULK_READ_MAX, &SHAPE_ID_ITEM),
};
const struct shape SHAPE_BULK_DELETE = SHAPE("Bulk delete", bulk_delete_fields, body_bulk_delete);
