#pragma once

/* Stickers on messages: who may send which, and what the message keeps of them. */

#include "core/access.h"
#include "store/sql.h"

/*
 * The stickers as the message keeps them: a JSON array of sticker items (id, name, format_type) in
 * the arena. Those of the guild itself go; those of another with USE_EXTERNAL_STICKERS and
 * membership there. INVALID_STICKER, MISSING_PERMISSIONS, NO_MEMORY.
 */
MUST_CHECK enum err message_stickers_resolve(struct core *c, struct sql_conn *sql,
                                             const struct actor *by, const struct access *a,
                                             const uint64_t *ids, size_t count, struct arena *arena,
                                             struct slice *json);
