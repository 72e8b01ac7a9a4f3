#pragma once

/* Deleting many messages of a guild's channel at once. */

#include "core/access.h"

/* What is not there is passed over. With one MESSAGE_DELETE_BULK and one entry of the audit log.
 * BULK_DELETE_COUNT (2 to 100 different ones), BULK_DELETE_AGE, MISSING_PERMISSIONS,
 * DM_CHANNEL. */
MUST_CHECK enum err messages_bulk_delete(struct core *c, const struct actor *by,
                                         const struct access *a, const uint64_t *ids, size_t count);
