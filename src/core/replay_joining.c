/* Events of invites and of requests to join, from the log. The row of one that is gone has all that
 * its event says: the code of the invite, the user of the request. */

#include "core/replay_priv.h"

#include "core/invites_priv.h"
#include "proto/invite_events.h"
#include "proto/join_request.h"
#include "store/invites.h"
#include "store/join_requests.h"

enum err replay_invite_create(struct replay *x, const struct event_row *row, struct event **out)
{
    struct invite_sheet s = {.view = NULL};
    enum err e = invites_find(tx_sql(x->tx), row->delta, &x->arena, &s.invite);
    s.invite.uses = 0; /* as it was */
    if (e == ERR_OK)
        e = invite_read_target(tx_sql(x->tx), &x->arena, &s);
    return e == ERR_OK ? replay_made(event_invite_create(&s, row->actor_id), out) : e;
}

enum err replay_invite_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    return replay_made(event_invite_delete((struct guild_id){row->guild_id},
                                           (struct channel_id){row->channel_id}, row->delta,
                                           row->actor_id),
                       out);
}

enum err replay_join_request(struct replay *x, const struct event_row *row, struct event **out)
{
    struct join_request r;
    enum err e = join_requests_find_id(tx_sql(x->tx), row->entity_id, &x->arena, &r);
    return e == ERR_OK ? replay_made(event_join_request(row->kind, &r, row->actor_id), out) : e;
}

/* Only its maker takes a request away. */
enum err replay_join_request_delete(struct replay *x, const struct event_row *row,
                                    struct event **out)
{
    (void)x;
    return replay_made(event_join_request_delete((struct guild_id){row->guild_id}, row->entity_id,
                                                 (struct user_id){row->actor_id}),
                       out);
}
