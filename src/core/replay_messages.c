/* Events of messages, from the log of their guild or, for a direct message, of each recipient. */

#include "core/messages_priv.h"
#include "core/replay_priv.h"
#include "proto/events.h"
#include "store/members.h"

/* Where it was written, as an event says it. */
static enum err channel_type_of(struct replay *x, const struct message *m, enum channel_type *type)
{
    if (x->dm != NULL) {
        *type = x->dm->type;
        return ERR_OK;
    }
    enum err e = replay_need_view(x, m->guild);
    if (e != ERR_OK)
        return e;
    const struct channel *channel = guild_view_channel(x->view, m->channel);
    if (channel == NULL)
        return ERR_UNKNOWN_CHANNEL;
    *type = channel->type;
    return ERR_OK;
}

static enum err make(struct replay *x, const struct event_row *row, struct message *m,
                     struct event **out)
{
    struct member author;
    enum channel_type type;
    enum err e = channel_type_of(x, m, &type);
    if (e != ERR_OK)
        return e;
    e = x->dm != NULL ? ERR_UNKNOWN_MEMBER
                      : members_find(tx_sql(x->tx), m->guild, m->author.id, &x->arena, &author);
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    const struct member *member = e == ERR_OK ? &author : NULL;
    if (row->kind == EVENT_MESSAGE_UPDATE)
        return replay_made(event_message_update(m, member, type, row->actor_id), out);
    message_nonce_from_delta(row->delta, m);
    return replay_made(event_message_create(m, member, type), out);
}

enum err replay_message(struct replay *x, const struct event_row *row, struct event **out)
{
    struct message m;
    enum err e = message_read(x->core, tx_sql(x->tx), (struct user_id){0},
                              (struct channel_id){row->channel_id},
                              (struct message_id){row->entity_id}, &x->arena, &m);
    return e == ERR_OK ? make(x, row, &m, out) : e;
}

enum err replay_message_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    return replay_made(event_message_delete((struct guild_id){row->guild_id},
                                            (struct channel_id){row->channel_id},
                                            (struct message_id){row->entity_id}, row->actor_id),
                       out);
}
