#pragma once

/* How people want to be told of what happens in a guild, and in their direct messages. */

#include "base/arena.h"
#include "core/core.h"
#include "proto/notification_settings.h"

/* guild 0: of direct messages. Those of a guild are whole also before anything was set. */
MUST_CHECK enum err notification_settings_get(struct core *c, struct user_id user,
                                              struct guild_id guild, struct arena *arena,
                                              struct notification_settings *out);
/* All of them in one transaction; `out` has room for `count`. Emits USER_GUILD_SETTINGS_UPDATE for
 * each. INVALID_FORM: too many overrides. */
MUST_CHECK enum err notification_settings_change(struct core *c, const struct actor *by,
                                                 const struct notification_change *changes,
                                                 size_t count, struct arena *arena,
                                                 struct notification_settings *out);
