#pragma once

/*
 * Reading the event log. A row stands for one event of a stream; positions begin at 1, have no gaps
 * and follow the order of commits, so a reader that goes on from the last position it has seen
 * misses nothing, also while others write. Old rows are trimmed (event_log_trim.h). Who keeps a
 * place in the log over restarts: log_readers.h. Events built again from rows: core/replay.c.
 */

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

/*
 * Calls fn for rows with position > after, at most `max`, until it returns an error. LOG_TRIMMED:
 * the next row is gone, so nothing that follows can be understood as a continuation; fn has had the
 * rows before it. The reader begins anew, from the entities.
 */
MUST_CHECK enum err event_log_read(struct tx *tx, struct stream s, uint64_t after, unsigned max,
                                   enum err (*fn)(void *ctx, const struct event_row *row),
                                   void *ctx);
/* The newest first: rows with position < before, for people to look at. Holes are not told. */
MUST_CHECK enum err event_log_read_back(struct tx *tx, struct stream s, uint64_t before,
                                        unsigned max,
                                        enum err (*fn)(void *ctx, const struct event_row *row),
                                        void *ctx);
/* The log has the positions in (trimmed, head]. Both 0: nothing was ever in it. In a write the head
 * may be that of a moment ago: tx_stream_head has the latest. */
MUST_CHECK enum err event_log_bounds(struct tx *tx, struct stream s, uint64_t *trimmed,
                                     uint64_t *head);

/* "guild", "dm", "user", "instance"; "?" for what this version does not know. Static. */
const char *stream_kind_name(enum stream_kind kind);

/* A stream as a walk over all of them finds it. */
struct stream_row {
    struct stream stream;
    uint64_t head;
    uint64_t trimmed;
    int64_t oldest_at_ms; /* of the row at trimmed + 1; 0: it is not there */
    int64_t newest_at_ms; /* of the row at head; 0: it is not there */
};
/* The streams after `cursor` in ascending order (kind, id), at most `max`; {0, 0} is before the
 * first. *count is how many fn has had. */
MUST_CHECK enum err event_log_streams(struct tx *tx, struct stream cursor, unsigned max,
                                      enum err (*fn)(void *ctx, const struct stream_row *row),
                                      void *ctx, unsigned *count);
/* The same without the times: a cheap way to see which streams have moved. */
MUST_CHECK enum err event_log_heads(struct tx *tx, struct stream cursor, unsigned max,
                                    enum err (*fn)(void *ctx, const struct stream_row *row),
                                    void *ctx, unsigned *count);
