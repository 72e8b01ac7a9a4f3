#pragma once

/* Reading the event log: rows of one stream in order of position. */

#include "base/errors.h"
#include "model/event.h"
#include "store/store.h"

struct event_row {
    struct stream stream;
    uint64_t position;
    enum event_kind kind; /* may be a number that this version does not know */
    uint64_t guild_id;
    uint64_t channel_id;
    uint64_t entity_id;
    uint64_t actor_id;
    int64_t at_ms;
    struct slice delta; /* borrowed until the next row; data NULL: none */
};

/* Calls fn for rows with position > after, at most `max`, until it returns an error. */
MUST_CHECK enum err event_log_read(struct tx *tx, struct stream s, uint64_t after, unsigned max,
                                   enum err (*fn)(void *ctx, const struct event_row *row),
                                   void *ctx);
