#pragma once

/* Rows that belong to many messages, read by one statement: which messages as parameters of it, and
 * whose row it was. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* The messages of one channel. Begins zeroed, with what there is to go through. */
struct message_slots {
    struct message *const *messages;
    size_t count;
    struct channel_id channel;
    struct slice ids; /* for ids() (store/id_list.h) */
    size_t next;
};

/* The next channel: one for a page of a channel, a few for what a search has found. *found: false
 * when there is none left. */
MUST_CHECK enum err message_slots_next(struct message_slots *s, struct arena *arena, bool *found);
/* NULL: none of them. Rows come in groups: `*at` remembers the last answer, begin with 0. */
struct message *message_slots_find(const struct message_slots *s, uint64_t id, size_t *at);
