#pragma once

/* What the settings around joining share: a change of the guild's row, told as GUILD_UPDATE and
 * kept in the audit log. */

#include "core/access.h"
#include "core/audit.h"

/* In a closure that has written the row: restructures the view, emits GUILD_UPDATE and writes the
 * entry (note NULL: no changes in it). Replaces *view, which the caller unrefs. */
MUST_CHECK enum err guild_settings_tell(struct tx *tx, const struct actor *by,
                                        struct guild_id guild, enum audit_action action,
                                        struct audit_note *note, struct guild_view **view);
