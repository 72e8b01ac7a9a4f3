/* Events of polls. */

#include "proto/poll_events.h"

#include "proto/event_draft.h"

struct event *event_poll_vote(enum event_kind kind, const struct poll_vote_note *n)
{
    struct event *e = event_of_guild(kind, n->guild, n->message.v, n->user.v);
    if (e == NULL)
        return NULL;
    e->channel_id = n->channel.v;
    struct event_draft d;
    event_draft_begin(&d, kind);
    json_kv_id(&d.w, "user_id", n->user.v);
    json_kv_id(&d.w, "channel_id", n->channel.v);
    json_kv_id(&d.w, "message_id", n->message.v);
    if (n->guild.v != 0)
        json_kv_id(&d.w, "guild_id", n->guild.v);
    json_kv_u64(&d.w, "answer_id", n->answer);
    return event_with_payload(e, &d);
}
