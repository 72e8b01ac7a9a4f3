#pragma once

/* What people have read, and the mentions that their unread counts are made of: SQL, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "model/read_state.h"
#include "store/sql.h"

/* *found: there is a row; *out is as without one otherwise: only type and entity. */
MUST_CHECK enum err read_states_find(struct sql_conn *c, struct user_id user,
                                     enum read_state_type type, uint64_t entity,
                                     struct read_state *out, bool *found);
/* UNKNOWN_CHANNEL: there is no such channel or direct message, or its guild is being deleted. */
MUST_CHECK enum err read_states_place(struct sql_conn *c, struct channel_id channel);
/* The row becomes this one. */
MUST_CHECK enum err read_states_set(struct sql_conn *c, struct user_id user,
                                    const struct read_state *s);
MUST_CHECK enum err read_states_delete(struct sql_conn *c, struct user_id user,
                                       enum read_state_type type, uint64_t entity, bool *deleted);
/* Ascending by type and entity, up to `max`. Of a channel whose newest message is the user's own,
 * last_acked is that message. */
MUST_CHECK enum err read_states_of(struct sql_conn *c, struct user_id user, size_t max,
                                   struct arena *arena, struct read_state **out, size_t *count);
/* Some of the user's, or of what is about an entity (a channel, a guild). */
MUST_CHECK enum err read_states_forget_user(struct sql_conn *c, struct user_id user, uint64_t limit,
                                            uint64_t *rows);
MUST_CHECK enum err read_states_forget_entity(struct sql_conn *c, uint64_t entity, uint64_t limit,
                                              uint64_t *rows);

/* A message that mentions somebody. */
struct mention_row {
    struct guild_id guild; /* of user mentions; 0: a direct message */
    struct channel_id channel;
    struct message_id message;
    struct user_id author;
    uint64_t role; /* 0: the user; the guild's id: everyone */
};
/* Mentions of the user with message < before, newest first, up to `max`. channel 0: anywhere. */
MUST_CHECK enum err mentions_of_user(struct sql_conn *c, struct user_id user, uint64_t before,
                                     size_t max, struct arena *arena, struct mention_row **out,
                                     size_t *count);
/* Of one role, after > message > before, newest first. */
MUST_CHECK enum err mentions_of_role(struct sql_conn *c, uint64_t role, uint64_t after,
                                     uint64_t before, size_t max, struct arena *arena,
                                     struct mention_row **out, size_t *count);
/* Which of the roles (store/id_list.h) were mentioned after that message; ids in the arena. */
MUST_CHECK enum err mentions_roles_after(struct sql_conn *c, struct slice roles, uint64_t after,
                                         struct arena *arena, uint64_t **out, size_t *count);
/* In one channel after `after`, oldest first: of the user, or of any role. */
MUST_CHECK enum err mentions_in_channel(struct sql_conn *c, struct user_id user,
                                        struct channel_id channel, uint64_t after, size_t max,
                                        struct arena *arena, struct mention_row **out,
                                        size_t *count);
MUST_CHECK enum err mentions_of_roles_in_channel(struct sql_conn *c, struct channel_id channel,
                                                 uint64_t after, size_t max, struct arena *arena,
                                                 struct mention_row **out, size_t *count);
/* *channel: where it was; 0: the user is not mentioned by that message. */
MUST_CHECK enum err mentions_delete(struct sql_conn *c, struct user_id user,
                                    struct message_id message, struct channel_id *channel);
/* Messages of others among the newest `max` after `after`; not of those in `except` (packed). */
MUST_CHECK enum err messages_of_others(struct sql_conn *c, struct channel_id channel,
                                       uint64_t after, struct user_id user, struct slice except,
                                       size_t max, uint64_t *count);
/* Of whom the user has blocked, ascending, up to `max`. */
MUST_CHECK enum err blocked_of(struct sql_conn *c, struct user_id user, size_t max,
                               struct arena *arena, uint64_t **out, size_t *count);
