#pragma once

/* Messages: SQL to structs, no rules. Mentions and references are read as ids, and what has tables
 * of its own is not read at all; core/message_complete.c looks all that up for a whole page. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* `message` has neither mentions nor referenced filled in; the author is, as far as there is one.
 */
struct message_record {
    struct message message;
    const uint64_t *mention_ids; /* users, in order; in the arena */
    size_t mention_count;
};

/* What the row holds, of `mentions` the ids; not the nonce, and not what has tables of its own. */
MUST_CHECK enum err messages_insert(struct sql_conn *c, const struct message *m);
/* UNKNOWN_MESSAGE. */
MUST_CHECK enum err messages_find(struct sql_conn *c, struct channel_id channel,
                                  struct message_id id, struct arena *arena,
                                  struct message_record *out);
/* What an edit may change: content, embeds, components, flags, parts, edited_at_ms,
 * mention_everyone and the mentions. UNKNOWN_MESSAGE. */
MUST_CHECK enum err messages_update(struct sql_conn *c, const struct message *m);
/* With all that belongs to it (message_removal.h). UNKNOWN_MESSAGE. */
MUST_CHECK enum err messages_delete(struct sql_conn *c, struct channel_id channel,
                                    struct message_id id, int64_t now_ms);
/* Likewise those of these (packed, store/id_list.h; at most REMOVED_MESSAGES) that are there. */
MUST_CHECK enum err messages_delete_many(struct sql_conn *c, struct channel_id channel,
                                         struct slice ids, int64_t now_ms, uint64_t *deleted);
/* Of one channel, those that are there of `ids` (as store/id_list.h packs them), in no order.
 * Appended at list[*count], which has room for all. */
MUST_CHECK enum err messages_find_many(struct sql_conn *c, struct channel_id channel,
                                       struct slice ids, struct arena *arena,
                                       struct message_record *list, size_t *count);
/* The newest `limit` with id < before, newest first. Appended at list[*count], which has room. */
MUST_CHECK enum err messages_before(struct sql_conn *c, struct channel_id channel, uint64_t before,
                                    size_t limit, struct arena *arena, struct message_record *list,
                                    size_t *count);
/* The oldest `limit` with id >= from, oldest first. */
MUST_CHECK enum err messages_from(struct sql_conn *c, struct channel_id channel, uint64_t from,
                                  size_t limit, struct arena *arena, struct message_record *list,
                                  size_t *count);
/* `older` with id < around and `newer` with id >= around, the nearest ones; newest first. */
MUST_CHECK enum err messages_around(struct sql_conn *c, struct channel_id channel, uint64_t around,
                                    size_t older, size_t newer, struct arena *arena,
                                    struct message_record *list, size_t *count);

/*
 * Notes that `author` used the nonce for message `id`. If `enforce` and the nonce was used for a
 * message above `since`, nothing is noted and *first is that message; else *first is `id`.
 */
MUST_CHECK enum err nonces_use(struct sql_conn *c, const struct message *m, uint64_t since,
                               bool enforce, struct message_id *first);
/* Forgets some nonces of messages below `until`: a bounded number, in a write of somebody else. */
MUST_CHECK enum err nonces_forget(struct sql_conn *c, uint64_t until);
