#pragma once

/* Bans of people: SQL to structs, no rules. */

#include "base/arena.h"
#include "model/entities.h"
#include "store/sql.h"

/* *inserted: false if the user was banned already; then nothing changes. */
MUST_CHECK enum err bans_insert(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                struct user_id by, int64_t now_ms, struct slice reason,
                                bool *inserted);
/* UNKNOWN_BAN. */
MUST_CHECK enum err bans_remove(struct sql_conn *c, struct guild_id guild, struct user_id user);
MUST_CHECK enum err bans_exists(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                bool *exists);
/* UNKNOWN_BAN. */
MUST_CHECK enum err bans_find(struct sql_conn *c, struct guild_id guild, struct user_id user,
                              struct arena *arena, struct ban *out);
/* Ascending by user: the first `limit` with id > after; with before (not 0) the last `limit` of
 * those with id < before. */
MUST_CHECK enum err bans_page(struct sql_conn *c, struct guild_id guild, uint64_t before,
                              uint64_t after, uint64_t limit, struct arena *arena, struct ban **out,
                              size_t *count);
