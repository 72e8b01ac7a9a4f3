#pragma once

/* Invites: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* The roles are packed in the arena. *inserted: false if the code is taken. */
MUST_CHECK enum err invites_insert(struct sql_conn *c, const struct invite *i, struct arena *arena,
                                   bool *inserted);
/* With the inviter; expired and used-up ones too. UNKNOWN_INVITE. */
MUST_CHECK enum err invites_find(struct sql_conn *c, struct slice code, struct arena *arena,
                                 struct invite *out);
/* An invite like `like` (channel, inviter, age, uses, temporary, target) without roles that can be
 * used at now_ms; UNKNOWN_INVITE. */
MUST_CHECK enum err invites_find_equal(struct sql_conn *c, const struct invite *like,
                                       int64_t now_ms, struct arena *arena, struct invite *out);
MUST_CHECK enum err invites_count(struct sql_conn *c, struct guild_id guild, uint64_t *count);
/* Those that can be used at now_ms, at most `limit`. */
MUST_CHECK enum err invites_of_guild(struct sql_conn *c, struct guild_id guild, int64_t now_ms,
                                     size_t limit, struct arena *arena, struct invite **out,
                                     size_t *count);
MUST_CHECK enum err invites_of_channel(struct sql_conn *c, struct channel_id channel,
                                       int64_t now_ms, size_t limit, struct arena *arena,
                                       struct invite **out, size_t *count);
/* Some of the guild's expired and used-up invites, at most `limit`: code and channel only. */
MUST_CHECK enum err invites_over(struct sql_conn *c, struct guild_id guild, int64_t now_ms,
                                 size_t limit, struct arena *arena, struct invite **out,
                                 size_t *count);
/* The guild of the invite of this installation that expired first; 0: none has, at now_ms. */
MUST_CHECK enum err invites_first_expired(struct sql_conn *c, int64_t now_ms,
                                          struct guild_id *guild);
/* *deleted: false if there was none. */
MUST_CHECK enum err invites_delete(struct sql_conn *c, struct slice code, bool *deleted);
/* Counts a use; UNKNOWN_INVITE if none is left. */
MUST_CHECK enum err invites_use(struct sql_conn *c, struct slice code);
