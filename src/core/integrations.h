#pragma once

/* Applications in guilds: what they are there, and how they get out. How they get in is
 * application_authorize (applications.h). */

#include "base/arena.h"
#include "core/access.h"
#include "core/core.h"

enum { INTEGRATIONS_SHOWN = 50 }; /* docs, "Get Guild Integrations": at most 50 */

/* Ascending by application, the first INTEGRATIONS_SHOWN. */
MUST_CHECK enum err integrations_list(struct core *c, struct guild_id guild, struct arena *arena,
                                      struct integration **out, size_t *count);
/* Needs MANAGE_GUILD and a rank above the bot's. The bot leaves. UNKNOWN_INTEGRATION. */
MUST_CHECK enum err integration_remove(struct core *c, const struct actor *by,
                                       const struct access *a, uint64_t id);

/*
 * In a closure that holds the guild's stream, when a bot leaves in whatever way: its integration,
 * its managed role and the overwrites for that role go. Emits GUILD_ROLE_DELETE,
 * INTEGRATION_DELETE, GUILD_INTEGRATIONS_UPDATE; nothing if it has neither. member_depart calls it.
 */
MUST_CHECK enum err integration_dissolve(struct tx *tx, const struct actor *by,
                                         struct guild_id guild, struct user_id bot);
/* In a closure, after GUILD_MEMBER_ADD of the bot: writes the integration under the id of the bot's
 * role, and tells of it. */
MUST_CHECK enum err integration_add(struct tx *tx, const struct actor *by, struct guild_id guild,
                                    struct role_id role, const struct application *app);
