#pragma once

/* Polls: asked with a message, voted on, closed by time or by their author. */

#include "core/access.h"
#include "model/entities.h"

struct poll_draft {
    struct slice json; /* {question, answers, allow_multiselect, layout_type}, normalised */
    unsigned answer_count;
    bool multiselect;
    int64_t duration_ms;
};

/* May they ask there? POLL_CHANNEL_TYPE, MISSING_PERMISSIONS (SEND_POLLS). */
MUST_CHECK enum err poll_check(const struct access *a);
/* In the closure that stores the message. */
MUST_CHECK enum err polls_store(struct tx *tx, const struct message *m, const struct poll_draft *d);
/* Of these messages, in one statement a channel, into their `poll_state`; `reader` 0: nobody's
 * votes. */
MUST_CHECK enum err polls_of_messages(struct sql_conn *sql, struct user_id reader,
                                      struct message *const *messages, size_t count,
                                      struct arena *arena);

/* The actor's votes become these answers; none: they are taken back. UNKNOWN_MESSAGE (also of one
 * that is no poll), POLL_EXPIRED, POLL_VOTING_BLOCKED (bots, and who is blocked by the author),
 * MISSING_PERMISSIONS; INVALID_FORM: several of a poll that takes one, or one that is not there,
 * *wrong (may be NULL) is its index. */
MUST_CHECK enum err poll_vote(struct core *c, const struct actor *by, const struct access *a,
                              struct message_id message, const uint64_t *answers, size_t count,
                              size_t *wrong);
/* Who voted for it, ascending by id. UNKNOWN_MESSAGE, also for an answer that is not there. */
MUST_CHECK enum err poll_voters(struct core *c, const struct access *a, struct message_id message,
                                uint64_t answer, struct user_id after, size_t limit,
                                struct arena *arena, struct user **out, size_t *count);
/* Ends it now; *out: the message as it is then. NOT_A_POLL, POLL_EXPIRED, EDIT_OTHERS_MESSAGE,
 * UNKNOWN_MESSAGE. */
MUST_CHECK enum err poll_end(struct core *c, const struct actor *by, const struct access *a,
                             struct message_id message, struct arena *arena, struct message *out);
/* Upkeep: ends some polls whose time has come. *more: there is more to do now. */
MUST_CHECK enum err poll_end_step(struct core *c, bool *more);
