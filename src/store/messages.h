#pragma once

/* Messages: SQL to structs, no rules. Mentions and references are read as ids; core/message_read.c
 * looks the users and the messages up. */

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

/* message->mentions (their ids), mention_roles and reference are stored; nonce is not. */
MUST_CHECK enum err messages_insert(struct sql_conn *c, const struct message *m);
/* UNKNOWN_MESSAGE. */
MUST_CHECK enum err messages_find(struct sql_conn *c, struct channel_id channel,
                                  struct message_id id, struct arena *arena,
                                  struct message_record *out);
/* Content, flags, edited_at_ms, mention_everyone and the mentions. UNKNOWN_MESSAGE. */
MUST_CHECK enum err messages_update(struct sql_conn *c, const struct message *m);
/* UNKNOWN_MESSAGE. */
MUST_CHECK enum err messages_delete(struct sql_conn *c, struct channel_id channel,
                                    struct message_id id);
/* The newest `limit` with id < before, newest first. Appended at list[*count], which has room. */
MUST_CHECK enum err messages_before(struct sql_conn *c, struct channel_id channel, uint64_t before,
                                    size_t limit, struct arena *arena, struct message_record *list,
                                    size_t *count);
/* The oldest `limit` with id >= from, oldest first. */
MUST_CHECK enum err messages_from(struct sql_conn *c, struct channel_id channel, uint64_t from,
                                  size_t limit, struct arena *arena, struct message_record *list,
                                  size_t *count);

/*
 * Notes that `author` used the nonce for message `id`. If `enforce` and the nonce was used for a
 * message above `since`, nothing is noted and *first is that message; else *first is `id`.
 */
MUST_CHECK enum err nonces_use(struct sql_conn *c, const struct message *m, uint64_t since,
                               bool enforce, struct message_id *first);
/* Forgets some nonces of messages below `until`: a bounded number, in a write of somebody else. */
MUST_CHECK enum err nonces_forget(struct sql_conn *c, uint64_t until);
