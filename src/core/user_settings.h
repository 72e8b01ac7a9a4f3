#pragma once

/* Settings and privacy of people. */

#include "base/arena.h"
#include "core/core.h"
#include "proto/user_settings.h"

/* The document as the API shows it, in the arena. */
MUST_CHECK enum err user_settings_get(struct core *c, struct user_id user, struct arena *arena,
                                      struct slice *out);
/* In a transaction; what READY says. */
MUST_CHECK enum err user_settings_read(struct sql_conn *sql, struct user_id user,
                                       struct arena *arena, struct slice *out);
/* What `patch` says changes; USER_SETTINGS_UPDATE with that. *out: all of it afterwards. */
MUST_CHECK enum err user_settings_change(struct core *c, const struct actor *by,
                                         const struct body_user_settings *patch,
                                         struct arena *arena, struct slice *out);
