/* Payloads of events of invites. An invite is known by its code, which fits into no id: the entity
 * is its channel, and the code goes into the row of the log. */

#include "proto/invite_events.h"

#include "proto/event_draft.h"
#include "proto/user.h"

struct event *event_invite_create(const struct invite_sheet *s, uint64_t actor)
{
    const struct invite *i = &s->invite;
    struct event *e = event_of_guild(EVENT_INVITE_CREATE, i->guild, i->channel.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = i->channel.v;
    e->at_ms = i->created_at_ms;
    struct event_draft d;
    event_draft_begin(&d, EVENT_INVITE_CREATE);
    json_kv_str(&d.w, "code", i->code);
    json_kv_u64(&d.w, "type", 0);
    json_kv_id(&d.w, "guild_id", i->guild.v);
    json_kv_id(&d.w, "channel_id", i->channel.v);
    if (i->inviter.id.v != 0) {
        json_key(&d.w, "inviter");
        proto_user(&d.w, &i->inviter);
    }
    proto_invite_limits(&d.w, i);
    proto_invite_target(&d.w, s);
    if (i->flags != 0)
        json_kv_u64(&d.w, "flags", i->flags);
    json_kv_time_or_null(&d.w, "expires_at", i->expires_at_ms);
    return event_with_payload(e, &d);
}

struct event *event_invite_delete(struct guild_id guild, struct channel_id channel,
                                  struct slice code, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_INVITE_DELETE, guild, channel.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    struct event_draft d;
    event_draft_begin(&d, EVENT_INVITE_DELETE);
    json_kv_str(&d.w, "code", code);
    json_kv_id(&d.w, "guild_id", guild.v);
    json_kv_id(&d.w, "channel_id", channel.v);
    return event_with_payload(e, &d);
}
