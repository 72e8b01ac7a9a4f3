#pragma once

/* The payload of CHANNEL_PINS_UPDATE; as proto/events.h says of its builders. */

#include "model/entities.h"
#include "model/event.h"
#include "model/guild_view.h"

/* last_pin_at_ms 0: nothing is pinned. guild 0: a direct message. Takes a new reference to `view`
 * (the structure that says so), may be NULL. */
struct event *event_pins_update(struct guild_id guild, struct channel_id channel,
                                int64_t last_pin_at_ms, struct guild_view *view, uint64_t actor);
