#pragma once

/* What the commands about the event log share. */

#include "ops/ops.h"
#include "store/event_log.h"

/* "guild:ID", "user:ID", "dm:ID" or "instance:ID". False, with a line on io, if it is none. */
MUST_CHECK bool log_parse_stream(const char *text, const struct ops_io *io, struct stream *out);
/* Says what failed; OPS_FAILED. */
enum ops_result log_failed(const struct ops_io *io, enum err e);
bool log_stopped(const struct ops_io *io);

/* Rows without their delta, which may have words that people wrote. */
struct log_rows {
    struct event_row *items;
    size_t count;
    size_t max;
};
MUST_CHECK bool log_rows_init(struct log_rows *r, size_t max);
void log_rows_deinit(struct log_rows *r);
/* By time, then by stream and position: below 0 if x is the older one. */
int log_rows_compare(const struct event_row *x, const struct event_row *y);
void log_rows_sort(struct log_rows *r);
void log_rows_print(const struct log_rows *r, bool json, const struct ops_io *io);

/* The newest `max` rows there are, ascending, of one stream or (kind 0) of all: then each stream is
 * looked at once. `heads`, if not NULL, hears of every stream and its head; no row beyond is among
 * the rows. STOPPING. */
MUST_CHECK enum err log_newest(struct store *s, struct stream one, const struct ops_io *io,
                               bool (*heads)(void *ctx, struct stream stream, uint64_t head),
                               void *ctx, struct log_rows *out);
/* Prints what is appended from now on, until nobody listens. `one` as above. `rows`: scratch. */
struct log_heads;
MUST_CHECK struct log_heads *log_heads_new(void);
void log_heads_free(struct log_heads **h);
/* For log_newest; false when memory is short. */
bool log_heads_note(void *heads, struct stream stream, uint64_t head);
MUST_CHECK enum err log_follow(struct store *s, struct stream one, struct log_heads *h, bool json,
                               const struct ops_io *io, struct log_rows *rows);
