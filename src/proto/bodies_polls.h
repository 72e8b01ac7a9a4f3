#pragma once

/* Request bodies about messages that are there: votes, deleting many (see bodies.h). */

#include "proto/bodies.h"

struct body_poll_vote {
    uint64_t present;
    uint64_t null;
    struct body_array answer_ids; /* struct body_id_item; as numbers or texts */
};
extern const struct shape SHAPE_POLL_VOTE;

struct body_bulk_delete {
    uint64_t present;
    uint64_t null;
    struct body_array messages; /* struct body_id_item */
};
extern const struct shape SHAPE_BULK_DELETE;
