#pragma once

/* Access to direct messages: what access.c does with a channel that is of no guild. Its recipients
 * are in it with the same fixed rights; nobody else is. */

#include "core/access.h"
#include "store/sql.h"

/* In a transaction: the direct message, in the arena. UNKNOWN_CHANNEL; MISSING_ACCESS for those who
 * are not among its recipients. */
MUST_CHECK enum err access_dm_read(struct sql_conn *sql, struct channel_id channel,
                                   struct user_id user, struct arena *arena,
                                   struct dm_channel **out);
/* The access of `user`, who is among the recipients. */
MUST_CHECK enum err access_dm_begin(struct core *c, struct dm_channel *dm, struct user_id user,
                                    struct arena *arena, struct access *out);
/* access_recheck and access_renew. */
MUST_CHECK enum err access_dm_recheck(struct tx *tx, const struct access *a, uint64_t need);
MUST_CHECK enum err access_dm_renew(struct tx *tx, const struct access *a, uint64_t need,
                                    struct access *now);
