#pragma once

/* Pinned messages. */

#include "core/place.h"

struct pinned_message {
    int64_t at_ms;
    struct message message;
};

/* With CHANNEL_PINS_UPDATE, MESSAGE_UPDATE, an entry of the audit log and (pinning) a message that
 * says so; nothing if it is so already. MAX_PINS, SYSTEM_MESSAGE, UNKNOWN_MESSAGE,
 * MISSING_PERMISSIONS (PIN_MESSAGES). */
MUST_CHECK enum err pin_set(struct core *c, const struct actor *by, const struct access *a,
                            struct message_id message, bool pinned);
/* Pinned before that (INT64_MAX: all), newest first, up to `limit` <= LIMIT_PINS_PAGE. *more: there
 * are others. */
MUST_CHECK enum err pin_list(struct core *c, const struct actor *by, const struct access *a,
                             int64_t before_ms, size_t limit, struct arena *arena,
                             struct pinned_message **out, size_t *count, bool *more);
/* In a closure that holds the place's stream, after pinned messages were deleted: when the channel
 * was last pinned in may have changed. */
MUST_CHECK enum err pins_deleted(struct tx *tx, const struct place *p, const struct actor *by);
