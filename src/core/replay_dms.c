/* Events of direct message channels, from the log of the reader's own stream. */

#include "core/access_dm.h"
#include "core/replay_priv.h"
#include "proto/dm.h"
#include "store/dms.h"
#include "store/users.h"

enum err replay_dm_channel(struct replay *x, const struct event_row *row, struct event **out)
{
    struct dm_channel *d;
    struct user_id reader = {x->stream.id};
    enum err e =
        access_dm_read(tx_sql(x->tx), (struct channel_id){row->channel_id}, reader, &x->arena, &d);
    if (e == ERR_MISSING_ACCESS)
        return ERR_UNKNOWN_CHANNEL; /* left since */
    return e == ERR_OK ? replay_made(event_dm_channel(row->kind, d, reader, row->actor_id), out)
                       : e;
}

enum err replay_dm_channel_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    int type = row->delta.len == 1 ? row->delta.data[0] - '0' : CHANNEL_TYPE_DM;
    return replay_made(event_dm_channel_delete((struct channel_id){row->channel_id},
                                               (enum channel_type)type,
                                               (struct user_id){x->stream.id}, row->actor_id),
                       out);
}

enum err replay_dm_recipient(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user user;
    enum err e = users_find(tx_sql(x->tx), (struct user_id){row->entity_id}, &x->arena, &user);
    if (e != ERR_OK)
        return e;
    return replay_made(event_dm_recipient(row->kind, (struct channel_id){row->channel_id}, &user,
                                          (struct user_id){x->stream.id}, row->actor_id),
                       out);
}
