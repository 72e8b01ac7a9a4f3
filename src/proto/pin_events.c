/* Events of pins. */

#include "proto/pin_events.h"

#include "proto/event_draft.h"

struct event *event_pins_update(struct guild_id guild, struct channel_id channel,
                                int64_t last_pin_at_ms, struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_CHANNEL_PINS_UPDATE, guild, channel.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    if (view != NULL)
        e->view = guild_view_ref(view);
    struct event_draft d;
    event_draft_begin(&d, EVENT_CHANNEL_PINS_UPDATE);
    if (guild.v != 0)
        json_kv_id(&d.w, "guild_id", guild.v);
    json_kv_id(&d.w, "channel_id", channel.v);
    json_kv_time_or_null(&d.w, "last_pin_timestamp", last_pin_at_ms);
    return event_with_payload(e, &d);
}
