#pragma once

/* What the files about invites share. */

#include "core/access.h"
#include "core/core_priv.h"
#include "core/invites.h"

/* Whether somebody could join by it now. */
bool invite_usable(const struct invite *i, int64_t now_ms);
/* In a closure that holds the guild's stream: the row, and INVITE_DELETE. */
MUST_CHECK enum err invite_remove(struct tx *tx, const struct actor *by, const struct invite *i);
/* Removes some of the guild's invites that are over; *count: how many. */
MUST_CHECK enum err invite_remove_over(struct tx *tx, const struct actor *by, struct guild_id guild,
                                       struct arena *arena, size_t *count);
/* What the invite targets, as far as it still exists. */
MUST_CHECK enum err invite_read_target(struct sql_conn *sql, struct arena *arena,
                                       struct invite_sheet *s);
/* In a closure that holds the guild's stream: gives s->invite, which is whole but for it, a code
 * that nobody has, stores it, and tells of it. MAX_INVITES. */
MUST_CHECK enum err invite_make(struct tx *tx, struct core *c, const struct actor *by,
                                struct invite_sheet *s, struct arena *arena);
/* Nobody gives away by an invite what they could not give by hand. `now`: the maker's, of the
 * guild. INVALID_ROLE, MISSING_PERMISSIONS. */
MUST_CHECK enum err invite_check_role(const struct access *now, struct role_id id);
/* In a closure that holds the guild's stream: leaves those of the invite's roles that its maker may
 * still give. */
MUST_CHECK enum err invite_keep_roles(struct tx *tx, struct arena *arena, struct invite *i);
/* The usable invite or vanity code. UNKNOWN_INVITE. */
MUST_CHECK enum err invite_find_usable(struct tx *tx, struct slice code, struct arena *arena,
                                       struct invite_sheet *out);
