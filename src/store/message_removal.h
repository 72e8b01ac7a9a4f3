#pragma once

/*
 * Removing messages with all that belongs to them: files, reactions, polls, mentions, the search
 * index. Every way of deleting a message goes through here. SQL, no rules.
 *
 * What a message may have without bound, reactions and votes, goes at once as long as it is little.
 * More of it is left where it is, and to a task that is begun in the same transaction
 * (TASK_MESSAGE_PARTS; core/message_removal.c): without its message and its counts nobody can come
 * upon it, and the transaction is short, whatever people have done to the message.
 */

#include "model/ids.h"
#include "store/sql.h"

enum {
    REMOVED_MESSAGES = 400, /* in one call */
    REMOVED_ROWS = 2000     /* reactions and votes of all of them */
};

/* What belongs to these messages of the channel (packed, store/id_list.h); not they themselves. */
MUST_CHECK enum err message_parts_remove(struct sql_conn *c, struct channel_id channel,
                                         struct slice messages, int64_t now_ms);
/* Some of the reactions and votes that were left; *rows 0: there are none. */
MUST_CHECK enum err message_parts_remove_some(struct sql_conn *c, struct channel_id channel,
                                              struct message_id message, uint64_t limit,
                                              uint64_t *rows);
/* How many of the first ones of the channel may go in one call, at least one if there are any:
 * ascending, packed in `room` (for REMOVED_MESSAGES * ID_LIST_BYTES bytes). */
MUST_CHECK enum err message_parts_batch(struct sql_conn *c, struct channel_id channel, size_t limit,
                                        char *room, struct slice *messages);
