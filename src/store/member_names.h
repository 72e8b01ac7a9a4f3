#pragma once

/*
 * The names that a member is found by: user name, display name and nick, in small letters (ASCII
 * only, as on both backends). Kept by members_insert and members_update, gone with the member.
 */

#include "base/arena.h"
#include "model/ids.h"
#include "store/sql.h"

/* The user's own names are read; the member's row exists. nick: data NULL: none. */
MUST_CHECK enum err member_names_set(struct sql_conn *c, struct guild_id guild, struct user_id user,
                                     struct slice nick);
/* In small letters; data NULL when the arena is full. */
struct slice member_name_fold(struct slice name, struct arena *arena);
