/* Events of members and of moderation. */

#include "proto/member_events.h"

#include "proto/event_draft.h"
#include "proto/guild.h"
#include "proto/user.h"

struct event *event_member_update(const struct member *m, bool with_standing, uint64_t actor)
{
    struct event *e = event_of_guild(EVENT_GUILD_MEMBER_UPDATE, m->guild, m->user.id.v, actor);
    if (e == NULL)
        return NULL;
    if (with_standing && (e->standing = standing_new(m)) == NULL) {
        event_unref(&e);
        return NULL;
    }
    struct event_draft d;
    event_draft_begin(&d, EVENT_GUILD_MEMBER_UPDATE);
    proto_member_keys(&d.w, m, true);
    json_kv_id(&d.w, "guild_id", m->guild.v);
    return event_with_payload(e, &d);
}

struct event *event_ban(enum event_kind kind, struct guild_id guild, const struct user *user,
                        uint64_t actor)
{
    struct event *e = event_of_guild(kind, guild, user->id.v, actor);
    if (e == NULL)
        return NULL;
    struct event_draft d;
    event_draft_begin(&d, kind);
    json_kv_id(&d.w, "guild_id", guild.v);
    json_key(&d.w, "user");
    proto_user(&d.w, user);
    return event_with_payload(e, &d);
}

struct event *event_messages_deleted(struct guild_id guild, struct channel_id channel,
                                     const uint64_t *ids, size_t count, uint64_t actor)
{
    struct event *e =
        event_of_guild(EVENT_MESSAGE_DELETE_BULK, guild, count > 0 ? ids[0] : 0, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = channel.v;
    struct event_draft d;
    event_draft_begin(&d, EVENT_MESSAGE_DELETE_BULK);
    json_key(&d.w, "ids");
    json_array_begin(&d.w);
    for (size_t i = 0; i < count; i++)
        json_id(&d.w, ids[i]);
    json_array_end(&d.w);
    json_kv_id(&d.w, "channel_id", channel.v);
    json_kv_id(&d.w, "guild_id", guild.v);
    return event_with_payload(e, &d);
}
