#pragma once

/* Scheduled events of guilds and who is interested: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

MUST_CHECK enum err scheduled_events_insert(struct sql_conn *c, const struct scheduled_event *x);
/* Everything but creator and user_count. */
MUST_CHECK enum err scheduled_events_update(struct sql_conn *c, const struct scheduled_event *x);
MUST_CHECK enum err scheduled_events_delete(struct sql_conn *c, struct scheduled_event_id id);
/* Those that have not ended, ascending by id; user_count is left 0, because views hold them. */
MUST_CHECK enum err scheduled_events_of_guild(struct sql_conn *c, struct guild_id guild,
                                              struct arena *arena, struct scheduled_event **out,
                                              size_t *count);
/* UNKNOWN_SCHEDULED_EVENT, also in another guild. */
MUST_CHECK enum err scheduled_events_find(struct sql_conn *c, struct guild_id guild,
                                          struct scheduled_event_id id, struct arena *arena,
                                          struct scheduled_event *out);
/* Those that have not ended. */
MUST_CHECK enum err scheduled_events_count(struct sql_conn *c, struct guild_id guild,
                                           uint64_t *count);

/* Of the events that have not ended, in the order of scheduled_events_of_guild. */
struct scheduled_interest {
    struct scheduled_event_id event;
    uint64_t user_count;
};
MUST_CHECK enum err scheduled_events_interest(struct sql_conn *c, struct guild_id guild,
                                              struct arena *arena, struct scheduled_interest **out,
                                              size_t *count);

/* *changed false: they were, or were not, interested already. Keeps user_count. */
MUST_CHECK enum err scheduled_events_add_user(struct sql_conn *c, struct scheduled_event_id id,
                                              struct user_id user, bool *changed);
MUST_CHECK enum err scheduled_events_remove_user(struct sql_conn *c, struct scheduled_event_id id,
                                                 struct user_id user, bool *changed);
/* Who leaves the guild is not interested in what it has before it any more. */
MUST_CHECK enum err scheduled_events_forget_user(struct sql_conn *c, struct guild_id guild,
                                                 struct user_id user);
/* Ids of users after `after` ascending; with `before` (not 0) those below it, the highest of them,
 * also ascending. */
MUST_CHECK enum err scheduled_events_users(struct sql_conn *c, struct scheduled_event_id id,
                                           uint64_t before, uint64_t after, unsigned limit,
                                           struct arena *arena, struct user_id **out,
                                           size_t *count);
