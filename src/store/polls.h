#pragma once

/* Polls, their votes and how many each answer has: SQL to structs, no rules. What a poll asks is in
 * its message. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

struct poll {
    struct channel_id channel;
    struct message_id message;
    struct guild_id guild; /* 0: in a direct message */
    struct user_id author;
    int64_t expires_at_ms;
    bool finalized;
    bool multiselect;
    unsigned answers; /* their ids are 1 .. answers */
};
struct poll_vote {
    struct channel_id channel;
    struct message_id message;
    unsigned answer;
    struct user_id user;
};

MUST_CHECK enum err polls_insert(struct sql_conn *c, const struct poll *p);
/* *found: false if the message is no poll. */
MUST_CHECK enum err polls_find(struct sql_conn *c, struct channel_id channel,
                               struct message_id message, struct poll *out, bool *found);
/* It takes no votes any more; it ended then. */
MUST_CHECK enum err polls_finalize(struct sql_conn *c, const struct poll *p, int64_t expires_at_ms);
/* The first that are not finalized, by when they end; at most `room`. */
MUST_CHECK enum err polls_due(struct sql_conn *c, int64_t until_ms, size_t room, struct poll *list,
                              size_t *count);

/* *changed: false if it was so already. The answer's count follows. */
MUST_CHECK enum err poll_votes_insert(struct sql_conn *c, const struct poll_vote *v, bool *changed);
MUST_CHECK enum err poll_votes_delete(struct sql_conn *c, const struct poll_vote *v, bool *changed);
/* Bit n: the user has voted for answer n. */
MUST_CHECK enum err poll_votes_own(struct sql_conn *c, const struct poll *p, struct user_id user,
                                   uint64_t *answers);
/* Who voted for it, ascending by id, after `after`. */
MUST_CHECK enum err poll_votes_users(struct sql_conn *c, const struct poll_vote *v, size_t limit,
                                     struct arena *arena, struct user **out, size_t *count);
/* The user's first `room` votes, wherever they are. */
MUST_CHECK enum err poll_votes_of_user(struct sql_conn *c, struct user_id user, size_t room,
                                       struct poll_vote *list, size_t *count);

/* Of these messages, in one statement a channel, into their `poll_state`; `reader` 0: nobody's
 * votes. */
MUST_CHECK enum err poll_states_read(struct sql_conn *c, struct user_id reader,
                                     struct message *const *messages, size_t count,
                                     struct arena *arena);
