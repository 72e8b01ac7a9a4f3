#pragma once

/* Direct message channels: of two people, and of groups. A message in one is a message in a place
 * (place.h); this is about who is in it and who may write. */

#include "core/access.h"
#include "core/place.h"

/*
 * In the closure of a post, after access_recheck: may `by` write here, and has everybody the
 * channel in their list? To whom it was closed CHANNEL_CREATE goes before the message does. Between
 * two: CANNOT_MESSAGE_USER (one has blocked the other, or the other wants no messages),
 * NO_MUTUAL_GUILDS. Afterwards a->dm->open is all true.
 */
MUST_CHECK enum err dm_before_message(struct tx *tx, const struct access *a,
                                      const struct actor *by);
/* Likewise, of what says something without being a new message (an edit): nobody's list changes. */
MUST_CHECK enum err dm_before_edit(struct tx *tx, const struct access *a);
/* In a closure, after access_recheck: whether the other of a pair has blocked the caller, so that
 * nothing of theirs may reach them. In a group nobody has. */
MUST_CHECK enum err dm_is_blocked(struct tx *tx, const struct access *a, bool *blocked);
/* The same question as of a message, before something that is kept nowhere (typing). */
MUST_CHECK enum err dm_check(struct core *c, const struct access *a);
/* The direct message with `other`, made if there is none, open for the caller. INVALID_RECIPIENTS;
 * CANNOT_MESSAGE_USER: a bot to a bot. Whether the other wants messages shows with the first. */
MUST_CHECK enum err dm_open(struct core *c, const struct actor *by, struct user_id other,
                            struct arena *arena, struct dm_channel *out);
/* Out of the caller's list; of a pair. */
MUST_CHECK enum err dm_close(struct core *c, const struct actor *by, const struct access *a);
/* What the user has open, newest first, up to LIMIT_OPEN_DMS. */
MUST_CHECK enum err dm_list(struct core *c, struct user_id user, struct arena *arena,
                            struct dm_channel **out, size_t *count);
/* UNKNOWN_CHANNEL: there is none. */
MUST_CHECK enum err dm_with(struct core *c, struct user_id user, struct user_id other,
                            struct arena *arena, struct dm_channel *out);
/* May `from` write to `to`? In any transaction; errors as above. */
MUST_CHECK enum err dm_may_write(struct sql_conn *sql, const struct user *from,
                                 const struct user *to, int64_t now_ms, struct arena *arena);
