#pragma once

/* What the files about direct messages share. */

#include "core/core_priv.h"
#include "core/dms.h"
#include "store/dms.h"

/* Holds the streams of all recipients, and of `more` (0: nobody), in ascending order. */
MUST_CHECK enum err dm_lock_people(struct tx *tx, const struct dm_channel *d, struct user_id more);
/* EVENT_DIRECT_CHANNEL_CREATE or _UPDATE to one. */
MUST_CHECK enum err dm_tell(struct tx *tx, const struct dm_channel *d, enum event_kind kind,
                            struct user_id reader, const struct actor *by);
/*
 * Under the lock of the channel and of everybody in it: `who` is not in it any more; *d is as it is
 * then. The others of a group are told, and the last one takes the channel along (*gone: then a
 * task has begun).
 */
MUST_CHECK enum err dm_depart(struct tx *tx, struct dm_channel *d, const struct user *who,
                              const struct actor *by, struct arena *arena, bool *gone);
/* EVENT_DIRECT_CHANNEL_DELETE to one. */
MUST_CHECK enum err dm_tell_gone(struct tx *tx, const struct dm_channel *d, struct user_id reader,
                                 const struct actor *by);
