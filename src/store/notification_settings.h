#pragma once

/* Notification settings of people, a JSON document for each guild and one for direct messages
 * (guild 0): SQL, no rules. */

#include "base/arena.h"
#include "model/read_state.h"
#include "store/sql.h"

/* document data NULL: there is none. */
MUST_CHECK enum err notification_settings_find(struct sql_conn *c, struct user_id user,
                                               struct guild_id guild, struct arena *arena,
                                               struct notification_settings *out);
MUST_CHECK enum err notification_settings_set(struct sql_conn *c, struct user_id user,
                                              const struct notification_settings *s);
/* Ascending by guild, up to `max`. */
MUST_CHECK enum err notification_settings_of(struct sql_conn *c, struct user_id user, size_t max,
                                             struct arena *arena,
                                             struct notification_settings **out, size_t *count);
/* Some of the user's, or of a guild's. */
MUST_CHECK enum err notification_settings_forget_user(struct sql_conn *c, struct user_id user,
                                                      uint64_t limit, uint64_t *rows);
MUST_CHECK enum err notification_settings_forget_guild(struct sql_conn *c, struct guild_id guild,
                                                       uint64_t limit, uint64_t *rows);
