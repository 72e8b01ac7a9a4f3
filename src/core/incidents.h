#pragma once

/* The raid brake: pausing invites and direct messages for a while. Joining asks for it
 * (joining.h). */

#include "core/access.h"
#include "core/core.h"

struct incidents_wish {
    bool invites; /* sent; else as it is */
    bool dms;
    int64_t invites_disabled_until_ms; /* 0: not any more */
    int64_t dms_disabled_until_ms;
};
/* Emits GUILD_UPDATE. *view: an owned reference to the guild as it is then. */
MUST_CHECK enum err incidents_set(struct core *c, const struct actor *by, const struct access *a,
                                  const struct incidents_wish *wish, struct guild_view **view);
