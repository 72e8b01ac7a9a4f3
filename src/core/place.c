/* Places: one way of locking and telling for channels of guilds and direct messages. */

#include "core/place.h"

#include <assert.h>
#include <string.h>

/* Guild kind, its counterpart. */
static const struct {
    enum event_kind plain;
    enum event_kind direct;
} pairs[] = {
    {EVENT_MESSAGE_CREATE, EVENT_DIRECT_MESSAGE_CREATE},
    {EVENT_MESSAGE_UPDATE, EVENT_DIRECT_MESSAGE_UPDATE},
    {EVENT_MESSAGE_DELETE, EVENT_DIRECT_MESSAGE_DELETE},
    {EVENT_MESSAGE_DELETE_BULK, EVENT_DIRECT_MESSAGE_DELETE_BULK},
    {EVENT_MESSAGE_REACTION_ADD, EVENT_DIRECT_MESSAGE_REACTION_ADD},
    {EVENT_MESSAGE_REACTION_REMOVE, EVENT_DIRECT_MESSAGE_REACTION_REMOVE},
    {EVENT_MESSAGE_REACTION_REMOVE_ALL, EVENT_DIRECT_MESSAGE_REACTION_REMOVE_ALL},
    {EVENT_MESSAGE_REACTION_REMOVE_EMOJI, EVENT_DIRECT_MESSAGE_REACTION_REMOVE_EMOJI},
    {EVENT_MESSAGE_POLL_VOTE_ADD, EVENT_DIRECT_MESSAGE_POLL_VOTE_ADD},
    {EVENT_MESSAGE_POLL_VOTE_REMOVE, EVENT_DIRECT_MESSAGE_POLL_VOTE_REMOVE},
    {EVENT_CHANNEL_PINS_UPDATE, EVENT_DIRECT_CHANNEL_PINS_UPDATE},
    {EVENT_CHANNEL_CREATE, EVENT_DIRECT_CHANNEL_CREATE},
    {EVENT_CHANNEL_UPDATE, EVENT_DIRECT_CHANNEL_UPDATE},
    {EVENT_CHANNEL_DELETE, EVENT_DIRECT_CHANNEL_DELETE},
    {EVENT_TYPING_START, EVENT_DIRECT_TYPING_START},
};
enum { PAIR_COUNT = sizeof pairs / sizeof pairs[0] };

enum event_kind event_direct_kind(enum event_kind kind)
{
    for (size_t i = 0; i < PAIR_COUNT; i++)
        if (pairs[i].plain == kind)
            return pairs[i].direct;
    assert(false); /* every kind that is told of a place has a row */
    return kind;
}

enum event_kind event_plain_kind(enum event_kind kind)
{
    for (size_t i = 0; i < PAIR_COUNT; i++)
        if (pairs[i].direct == kind)
            return pairs[i].plain;
    return kind;
}

struct event *event_for_recipient(const struct event *e, struct user_id recipient)
{
    struct event *copy =
        event_new(event_direct_kind(e->kind), core_user_stream(recipient), NULL, 0);
    if (copy == NULL)
        return NULL;
    copy->at_ms = e->at_ms;
    copy->channel_id = e->channel_id;
    copy->entity_id = e->entity_id;
    copy->actor_id = e->actor_id;
    copy->payload = e->payload == NULL ? NULL : bytes_ref(e->payload);
    memcpy(copy->request_id, e->request_id, sizeof copy->request_id);
    return copy;
}

struct place place_of(const struct access *a)
{
    return (struct place){
        .channel = a->channel->id,
        .type = a->channel->type,
        .guild = a->dm != NULL ? (struct guild_id){0} : a->view->guild.id,
        .dm = a->dm,
    };
}

enum err place_lock(struct tx *tx, const struct place *p)
{
    return tx_lock(tx, p->dm != NULL ? (struct stream){STREAM_DM, p->channel.v}
                                     : core_guild_stream(p->guild));
}

/* Recipients ascend, so that two direct messages with the same people lock them in one order. */
static enum err emit_to_recipients(struct tx *tx, const struct dm_channel *dm, struct event *e,
                                   const struct actor *by, struct slice delta)
{
    enum err failed = ERR_OK;
    for (size_t i = 0; i < dm->recipient_count && failed == ERR_OK; i++)
        failed = core_emit_delta(tx, event_for_recipient(e, dm->recipients[i].id), by, delta);
    event_unref(&e);
    return failed;
}

enum err place_emit(struct tx *tx, const struct place *p, struct event *e, const struct actor *by,
                    struct slice delta)
{
    if (e == NULL)
        return ERR_NO_MEMORY;
    return p->dm == NULL ? core_emit_delta(tx, e, by, delta)
                         : emit_to_recipients(tx, p->dm, e, by, delta);
}

void place_publish(struct core *c, const struct place *p, struct event *e)
{
    if (e == NULL || p->dm == NULL) {
        if (e != NULL)
            core_publish_ephemeral(c, e);
        return;
    }
    for (size_t i = 0; i < p->dm->recipient_count; i++) {
        if (!p->dm->open[i]) /* to them the channel is not there */
            continue;
        struct event *copy = event_for_recipient(e, p->dm->recipients[i].id);
        if (copy != NULL) /* nobody is owed it */
            core_publish_ephemeral(c, copy);
    }
    event_unref(&e);
}
