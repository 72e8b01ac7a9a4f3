#pragma once

/* Events about channels that exist already (see events.h). Each takes a new reference to `view`
 * (the structure with the change), which may be NULL. */

#include "model/entities.h"
#include "model/event.h"

/* c->last_message is shown: the view's channels do not have it. */
struct event *event_channel_update(const struct channel *c, struct guild_view *view,
                                   uint64_t actor);
/* Without payload: what a session is told follows from the view that it had (audience VIEW). */
struct event *event_channel_delete(struct guild_id guild, struct channel_id channel,
                                   struct guild_view *view, uint64_t actor);
struct event *event_voice_status(const struct channel *c, struct guild_view *view, uint64_t actor);
