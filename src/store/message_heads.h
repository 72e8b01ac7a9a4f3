#pragma once

/* What reactions, pins and polls need to know of a message, and what they change in its row: SQL,
 * no rules. Whole messages are store/messages.h. */

#include "model/entities.h"
#include "store/sql.h"

struct message_head {
    struct message_id id;
    struct user_id author;
    enum message_type type;
    uint64_t flags;
    unsigned parts; /* of enum message_part */
    int64_t pinned_at_ms;
};

/* UNKNOWN_MESSAGE. */
MUST_CHECK enum err message_heads_find(struct sql_conn *c, struct channel_id channel,
                                       struct message_id id, struct message_head *out);
/* Of those with these ids that are there, in no order; `list` has room for all. */
MUST_CHECK enum err message_heads_of(struct sql_conn *c, struct channel_id channel,
                                     struct slice ids, struct message_head *list, size_t *count);
MUST_CHECK enum err message_heads_add_part(struct sql_conn *c, struct channel_id channel,
                                           const struct message_head *m, enum message_part part);
MUST_CHECK enum err message_heads_set_flags(struct sql_conn *c, struct channel_id channel,
                                            struct message_id id, uint64_t flags);

/* at_ms 0: not pinned. */
MUST_CHECK enum err pins_set(struct sql_conn *c, struct channel_id channel, struct message_id id,
                             int64_t at_ms);
/* Of the channel; `at_most` are looked at. */
MUST_CHECK enum err pins_count(struct sql_conn *c, struct channel_id channel, size_t at_most,
                               size_t *count);
/* When the newest was pinned; 0: there is none. */
MUST_CHECK enum err pins_newest(struct sql_conn *c, struct channel_id channel, int64_t *at_ms);
struct pin {
    struct message_id message;
    int64_t at_ms;
};
/* Pinned before that, newest first. */
MUST_CHECK enum err pins_before(struct sql_conn *c, struct channel_id channel, int64_t before_ms,
                                size_t limit, struct pin *list, size_t *count);
/* When something was last pinned there: of a guild's channel, of a direct message. */
MUST_CHECK enum err pins_set_last(struct sql_conn *c, struct channel_id channel, bool direct,
                                  int64_t at_ms);
/* As it was set, of either; 0: never. */
MUST_CHECK enum err pins_last_of_channel(struct sql_conn *c, struct channel_id channel,
                                         int64_t *at_ms);
