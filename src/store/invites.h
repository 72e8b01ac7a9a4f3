#pragma once

/* Invites: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* *inserted: false if the code is taken. */
MUST_CHECK enum err invites_insert(struct sql_conn *c, const struct invite *i, bool *inserted);
/* With the inviter; expired and used-up ones too. UNKNOWN_INVITE. */
MUST_CHECK enum err invites_find(struct sql_conn *c, struct slice code, struct arena *arena,
                                 struct invite *out);
/* An invite like `like` (channel, inviter, age, uses, temporary) that can be used at now_ms;
 * UNKNOWN_INVITE. */
MUST_CHECK enum err invites_find_equal(struct sql_conn *c, const struct invite *like,
                                       int64_t now_ms, struct arena *arena, struct invite *out);
MUST_CHECK enum err invites_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
/* Deletes the guild's expired and used-up invites. */
MUST_CHECK enum err invites_purge(struct sql_conn *c, struct guild_id guild, int64_t now_ms);
/* Counts a use; UNKNOWN_INVITE if none is left. */
MUST_CHECK enum err invites_use(struct sql_conn *c, struct slice code);
