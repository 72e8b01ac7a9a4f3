#pragma once

/* Events about a guild as a whole (see events.h). */

#include "model/event.h"
#include "model/guild_view.h"

/* GUILD_UPDATE: the guild as `view` has it; takes a new reference to it. */
struct event *event_guild_update(struct guild_view *view, uint64_t actor);
