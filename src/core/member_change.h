#pragma once

/*
 * A member from one state into another: the one place that writes members, for the use-cases that
 * change them (members.c, joining, screening, AutoMod). In a closure that holds the guild's stream.
 */

#include "core/core.h"
#include "model/entities.h"

/*
 * Writes what differs between the two, roles included (both ascending), and emits
 * GUILD_MEMBER_UPDATE; sets after->standing. Nothing happens if nothing differs (*changed, which
 * may be NULL). Whether it is allowed is the caller's affair.
 */
MUST_CHECK enum err member_change(struct tx *tx, const struct actor *by,
                                  const struct member *before, struct member *after, bool *changed);
/* The audit entries of that change, after it: MEMBER_UPDATE, MEMBER_ROLE_UPDATE, as needed. The
 * view: names of the roles. */
MUST_CHECK enum err member_change_audit(struct tx *tx, const struct actor *by,
                                        const struct guild_view *view, const struct member *before,
                                        const struct member *after);
/* Copies the roles into the arena, with `added` and without `removed` (0: none). */
MUST_CHECK enum err member_roles_with(const struct member *m, struct role_id added,
                                      struct role_id removed, struct arena *arena,
                                      struct member *out);
/* Takes a member out: the row, the count, GUILD_MEMBER_REMOVE, and GUILD_DELETE to the member. */
MUST_CHECK enum err member_depart(struct tx *tx, const struct actor *by, const struct member *m);
