#pragma once

/* Direct message channels and who is in them: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* With all recipients. UNKNOWN_CHANNEL; *out stays then. */
MUST_CHECK enum err dms_find(struct sql_conn *c, struct channel_id id, struct arena *arena,
                             struct dm_channel *out);
/* Whether d's recipients, and who has it open, are still those (dms_find reads them again). */
MUST_CHECK enum err dms_recipients_same(struct sql_conn *c, const struct dm_channel *d, bool *same);
/* The channels that the user has open, newest first, up to `max`. */
MUST_CHECK enum err dms_open_of(struct sql_conn *c, struct user_id user, size_t max,
                                struct arena *arena, struct dm_channel **out, size_t *count);
/* Some that the user is in, open or not; id 0: none. */
MUST_CHECK enum err dms_any_of(struct sql_conn *c, struct user_id user, struct channel_id *out);
/* How many groups the user owns, counted up to `max`. */
MUST_CHECK enum err dms_owned_groups(struct sql_conn *c, struct user_id user, size_t max,
                                     size_t *count);

/* The row alone. */
MUST_CHECK enum err dms_insert(struct sql_conn *c, const struct dm_channel *d);
/* Name, icon and owner. */
MUST_CHECK enum err dms_update(struct sql_conn *c, const struct dm_channel *d);
/* With its recipients, and as a pair. */
MUST_CHECK enum err dms_delete(struct sql_conn *c, struct channel_id id);
MUST_CHECK enum err dms_set_last_message(struct sql_conn *c, struct channel_id id,
                                         struct message_id message);

/* The direct message of the two; 0: they have none. */
MUST_CHECK enum err dms_pair_find(struct sql_conn *c, struct user_id a, struct user_id b,
                                  struct channel_id *out);
/* STORE_CONFLICT if they have one. */
MUST_CHECK enum err dms_pair_insert(struct sql_conn *c, struct user_id a, struct user_id b,
                                    struct channel_id channel);

/* The two find a new one next time. */
MUST_CHECK enum err dms_pair_delete(struct sql_conn *c, struct channel_id channel);

/* nick: data NULL: none. */
MUST_CHECK enum err dms_recipient_add(struct sql_conn *c, struct channel_id channel,
                                      struct user_id user, int64_t added_at_ms, struct slice nick);
MUST_CHECK enum err dms_recipient_remove(struct sql_conn *c, struct channel_id channel,
                                         struct user_id user);
MUST_CHECK enum err dms_recipient_set_open(struct sql_conn *c, struct channel_id channel,
                                           struct user_id user, bool open);
/* The recipient who has been in it longest; id 0: nobody. */
MUST_CHECK enum err dms_eldest(struct sql_conn *c, struct channel_id channel, struct user_id *out);
