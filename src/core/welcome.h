#pragma once

/* What a guild shows to those who have just come in: the welcome screen, and the new member
 * welcome. */

#include "core/guild_papers.h"
#include "proto/welcome.h"

struct welcome_screen {
    struct paper paper; /* welcome_end */
    struct body_welcome screen;
};
struct new_member_welcome {
    struct paper paper;
    struct body_new_member welcome;
};

/* MISSING_PERMISSIONS while it is not enabled, for all but those with MANAGE_GUILD. */
MUST_CHECK enum err welcome_screen_get(struct core *c, const struct access *a, struct arena *arena,
                                       struct welcome_screen *out);
/* change->present: what changes. Emits GUILD_UPDATE. UNKNOWN_CHANNEL: a channel is none of the
 * guild's. */
MUST_CHECK enum err welcome_screen_change(struct core *c, const struct actor *by,
                                          const struct access *a, const struct body_welcome *change,
                                          struct arena *arena, struct welcome_screen *out);
/* out->paper.exists false: there is none. MISSING_PERMISSIONS as above. */
MUST_CHECK enum err new_member_get(struct core *c, const struct access *a, struct arena *arena,
                                   struct new_member_welcome *out);
MUST_CHECK enum err new_member_change(struct core *c, const struct actor *by,
                                      const struct access *a, const struct body_new_member *change,
                                      struct arena *arena, struct new_member_welcome *out);
