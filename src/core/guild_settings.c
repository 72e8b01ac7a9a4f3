/* Changes of a guild's row. */

#include "core/guild_settings.h"

#include "core/core_priv.h"
#include "proto/guild_events.h"

enum err guild_settings_tell(struct tx *tx, const struct actor *by, struct guild_id guild,
                             enum audit_action action, struct audit_note *note,
                             struct guild_view **view)
{
    enum err e = views_restructured(tx, guild, (struct view_change){.parts = VIEW_GUILD}, view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_guild_update(*view, by->who->user.v), by, *view);
    return e == ERR_OK ? audit_write(tx, by, guild, action, guild.v, note) : e;
}
