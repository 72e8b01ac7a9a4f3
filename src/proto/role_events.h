#pragma once

/* Events about roles that exist already (see events.h). Each takes a new reference to `view` (the
 * structure with the change), which may be NULL. */

#include "model/entities.h"
#include "model/event.h"

struct event *event_role_update(const struct role *r, struct guild_view *view, uint64_t actor);
struct event *event_role_delete(struct guild_id guild, struct role_id role, struct guild_view *view,
                                uint64_t actor);
