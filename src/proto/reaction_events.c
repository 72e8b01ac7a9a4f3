/* Events of reactions. */

#include "proto/reaction_events.h"

#include "proto/event_draft.h"
#include "proto/guild.h"
#include "proto/reaction.h"

static struct event *begin(struct event_draft *d, enum event_kind kind,
                           const struct reaction_note *n, uint64_t actor)
{
    struct event *e = event_of_guild(kind, n->guild, n->message.v, actor);
    if (e == NULL)
        return NULL;
    e->channel_id = n->channel.v;
    event_draft_begin(d, kind);
    json_kv_id(&d->w, "channel_id", n->channel.v);
    json_kv_id(&d->w, "message_id", n->message.v);
    if (n->guild.v != 0)
        json_kv_id(&d->w, "guild_id", n->guild.v);
    return e;
}

static void emoji(struct json_writer *w, const struct reaction_note *n)
{
    json_key(w, "emoji");
    proto_emoji_ref(w, &n->emoji);
}

static void reaction(struct json_writer *w, const struct reaction_note *n)
{
    json_kv_id(w, "user_id", n->user.v);
    emoji(w, n);
    json_kv_bool(w, "burst", n->burst);
    json_kv_u64(w, "type", n->burst ? 1 : 0);
}

struct event *event_reaction_add(const struct reaction_note *n, const struct member *member,
                                 struct user_id message_author)
{
    struct event_draft d;
    struct event *e = begin(&d, EVENT_MESSAGE_REACTION_ADD, n, n->user.v);
    if (e == NULL)
        return NULL;
    reaction(&d.w, n);
    if (n->burst)
        json_kv_raw(&d.w, "burst_colors", "[]");
    json_kv_id(&d.w, "message_author_id", message_author.v);
    if (member != NULL) {
        json_key(&d.w, "member");
        proto_member(&d.w, member, true);
    }
    return event_with_payload(e, &d);
}

struct event *event_reaction_remove(const struct reaction_note *n, uint64_t actor)
{
    struct event_draft d;
    struct event *e = begin(&d, EVENT_MESSAGE_REACTION_REMOVE, n, actor);
    if (e == NULL)
        return NULL;
    reaction(&d.w, n);
    return event_with_payload(e, &d);
}

struct event *event_reactions_cleared(const struct reaction_note *n, uint64_t actor)
{
    struct event_draft d;
    struct event *e = begin(&d, EVENT_MESSAGE_REACTION_REMOVE_ALL, n, actor);
    return e == NULL ? NULL : event_with_payload(e, &d);
}

struct event *event_reaction_kind_cleared(const struct reaction_note *n, uint64_t actor)
{
    struct event_draft d;
    struct event *e = begin(&d, EVENT_MESSAGE_REACTION_REMOVE_EMOJI, n, actor);
    if (e == NULL)
        return NULL;
    emoji(&d.w, n);
    return event_with_payload(e, &d);
}
