#pragma once

/* What the files about messages share: making whole messages of stored ones, and mentions. */

#include "base/map.h"
#include "core/core_priv.h"
#include "core/messages.h"
#include "store/messages.h"

/* Looks up the mentioned users and, if with_reference, the message replied to. */
MUST_CHECK enum err message_complete(struct sql_conn *sql, const struct message_record *r,
                                     bool with_reference, struct arena *arena, struct message *out);
/* messages_find and message_complete. UNKNOWN_MESSAGE. */
MUST_CHECK enum err message_read(struct sql_conn *sql, struct channel_id channel,
                                 struct message_id id, struct arena *arena, struct message *out);

/* Who may be mentioned, from the draft's allowed_mentions. */
struct mentions {
    struct user *users; /* room for LIMIT_MENTIONS */
    size_t user_count;
    struct role_id *roles;
    size_t role_count;
    bool everyone;
};
/* What `d->content` mentions, of what it may; `replied`: the author replied to, mentioned too
 * unless the draft says otherwise; NULL: none. Everything in the arena. */
MUST_CHECK enum err mentions_resolve(struct sql_conn *sql, const struct access *a,
                                     const struct message_draft *d, const struct user *replied,
                                     struct arena *arena, struct mentions *out);
void mentions_apply(const struct mentions *from, struct message *to);

/* The nonce as the log row of a MESSAGE_CREATE keeps it; borrowed from `delta`. */
void message_nonce_from_delta(struct slice delta, struct message *m);
