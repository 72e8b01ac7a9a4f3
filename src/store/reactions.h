#pragma once

/* Reactions to messages: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

enum reaction_type { REACTION_NORMAL = 0, REACTION_BURST = 1, REACTION_TYPES = 2 };

/* One kind of reaction to one message. */
struct reaction_key {
    struct channel_id channel;
    struct message_id message;
    uint64_t emoji; /* custom; 0: */
    struct slice text;
};
struct reaction {
    struct reaction_key key;
    enum reaction_type type;
    struct user_id user;
};

/* *added: false if it is there already. */
MUST_CHECK enum err reactions_insert(struct sql_conn *c, const struct reaction *r, bool *added);
/* *removed: false if there is none. */
MUST_CHECK enum err reactions_delete(struct sql_conn *c, const struct reaction *r, bool *removed);
/* All of the message; of one kind. Their counts too. */
MUST_CHECK enum err reactions_delete_all(struct sql_conn *c, struct channel_id channel,
                                         struct message_id message);
MUST_CHECK enum err reactions_delete_kind(struct sql_conn *c, const struct reaction_key *key);
/* Some of one kind and type, at most `limit`; the counts follow. *rows: how many. */
MUST_CHECK enum err reactions_delete_some(struct sql_conn *c, const struct reaction_key *key,
                                          enum reaction_type type, uint64_t limit, uint64_t *rows);
/* The most frequent kind and type of the message (text in the arena), and how many reactions there
 * are in all. */
struct reaction_total {
    struct reaction_key most;
    enum reaction_type type;
    uint64_t of_most;
    uint64_t total;
};
MUST_CHECK enum err reaction_counts_total(struct sql_conn *c, struct channel_id channel,
                                          struct message_id message, struct arena *arena,
                                          struct reaction_total *out);

/* The kind as it stands; *found: false if nobody has used it. `kinds`: how many there are, and
 * *ordinal: that of a next one. */
struct reaction_standing {
    bool found;
    struct emoji_ref emoji;
    uint64_t normal;
    uint64_t burst;
    size_t kinds;
    uint64_t next_ordinal;
};
MUST_CHECK enum err reaction_counts_find(struct sql_conn *c, const struct reaction_key *key,
                                         struct arena *arena, struct reaction_standing *out);
MUST_CHECK enum err reaction_counts_insert(struct sql_conn *c, const struct reaction_key *key,
                                           const struct emoji_ref *emoji, uint64_t ordinal,
                                           enum reaction_type type);
/* So many more, or (below 0) less; a kind that nobody uses any more goes. */
MUST_CHECK enum err reaction_counts_move(struct sql_conn *c, const struct reaction_key *key,
                                         enum reaction_type type, int64_t by);

/* Of these messages, in one statement a channel, into their `reactions`; `reader` 0: nobody's own.
 */
MUST_CHECK enum err reaction_counts_read(struct sql_conn *c, struct user_id reader,
                                         struct message *const *messages, size_t count,
                                         struct arena *arena);

/* Who reacted so, ascending by id, after `after`; at most `limit`. */
MUST_CHECK enum err reactions_users(struct sql_conn *c, const struct reaction_key *key,
                                    enum reaction_type type, struct user_id after, size_t limit,
                                    struct arena *arena, struct user **out, size_t *count);
/* The user's first `room` reactions, wherever they are. */
MUST_CHECK enum err reactions_of_user(struct sql_conn *c, struct user_id user, size_t room,
                                      struct arena *arena, struct reaction *list, size_t *count);
