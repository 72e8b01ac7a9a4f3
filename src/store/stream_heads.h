#pragma once

/*
 * The heads of the streams that a batch has moved. With one writer nobody else moves them, so they
 * are read once and written once a batch, however many events come in between. The writer thread
 * alone; private to src/store.
 */

#include "base/map.h"
#include "model/event.h"
#include "store/sql.h"

enum { STREAM_HEADS_MAX = 4096 }; /* a batch ends when as many are near */

struct stream_head {
    struct stream stream;
    uint64_t head;            /* with the events of this batch */
    uint64_t stored;          /* what the row says */
    struct stream_head *next; /* of the same key */
};

struct stream_heads {
    struct stream_head *items; /* STREAM_HEADS_MAX, made with the first use */
    unsigned count;
    struct map by_key;
};

void stream_heads_deinit(struct stream_heads *h);
void stream_heads_clear(struct stream_heads *h);
/* True while the streams of one more closure fit. */
bool stream_heads_have_room(const struct stream_heads *h);
/* NULL: not moved, or read, in this batch. */
struct stream_head *stream_heads_find(const struct stream_heads *h, struct stream s);
/* Reads the head from c the first time. NO_MEMORY, also when the table is full. */
MUST_CHECK enum err stream_heads_get(struct stream_heads *h, struct sql_conn *c, struct stream s,
                                     struct stream_head **out);
/* Gives e's position back: e is the last event of its stream. Ephemeral events have none. */
void stream_heads_undo(struct stream_heads *h, const struct event *e);
/* Writes those that moved. */
MUST_CHECK enum err stream_heads_store(struct stream_heads *h, struct sql_conn *c);
