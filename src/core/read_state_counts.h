#pragma once

/*
 * Unread mentions, counted from the mentions themselves each time they are asked for: there is no
 * counter that could drift, so they are right after a restart, after a deleted message, after a
 * role is given or taken. What is read for it is bounded: of a user the newest READ_COUNT_MENTIONS
 * mentions, of each of their roles the newest READ_COUNT_ROLE_MENTIONS.
 *
 * A message counts if it lies above what was acknowledged and above when the member
 * joined, mentions the user, a role of theirs or everyone, is not their own, and is not of
 * somebody whom they block; their settings may leave out everyone and roles. In direct messages
 * every message of others counts, but for those whom they block.
 */

#include "core/access.h"
#include "core/guilds.h"
#include "model/read_state.h"

enum { READ_COUNT_MENTIONS = 1000, READ_COUNT_ROLE_MENTIONS = 200, READ_COUNT_MAX = 999 };

/* In a read transaction, everything in the arena. `of`: user, memberships and direct messages. */
MUST_CHECK enum err read_summary_read(struct tx *tx, const struct session_snapshot *of,
                                      struct arena *arena, struct read_summary *out);
/* Of one channel, above that message. */
MUST_CHECK enum err read_state_count(struct tx *tx, const struct access *a, uint64_t after,
                                     struct arena *arena, uint64_t *count);
