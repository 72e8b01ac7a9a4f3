/* Events about channels. */

#include "proto/channel_events.h"

#include "proto/event_draft.h"
#include "proto/guild.h"

static struct event *begin(enum event_kind kind, struct guild_id guild, struct channel_id channel,
                           struct guild_view *view, uint64_t actor)
{
    struct event *e = event_of_guild(kind, guild, channel.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    e->view = view != NULL ? guild_view_ref(view) : NULL;
    return e;
}

struct event *event_channel_update(const struct channel *c, struct guild_view *view, uint64_t actor)
{
    struct event *e = begin(EVENT_CHANNEL_UPDATE, c->guild, c->id, view, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_CHANNEL_UPDATE);
    proto_channel_keys(&d.w, c, true);
    return event_with_payload(e, &d);
}

struct event *event_channel_delete(struct guild_id guild, struct channel_id channel,
                                   struct guild_view *view, uint64_t actor)
{
    return begin(EVENT_CHANNEL_DELETE, guild, channel, view, actor);
}

struct event *event_voice_status(const struct channel *c, struct guild_view *view, uint64_t actor)
{
    struct event *e = begin(EVENT_VOICE_CHANNEL_STATUS_UPDATE, c->guild, c->id, view, actor);
    struct event_draft d;
    if (e == NULL)
        return NULL;
    event_draft_begin(&d, EVENT_VOICE_CHANNEL_STATUS_UPDATE);
    json_kv_id(&d.w, "id", c->id.v);
    json_kv_id(&d.w, "guild_id", c->guild.v);
    json_kv_str_or_null(&d.w, "status", c->voice_status);
    return event_with_payload(e, &d);
}
