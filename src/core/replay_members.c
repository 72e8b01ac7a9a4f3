/* Events of members and of moderation, from the log. */

#include "core/replay_priv.h"
#include "proto/events.h"
#include "proto/member_events.h"
#include "store/id_list.h"
#include "store/members.h"
#include "store/users.h"

static enum err find(struct replay *x, const struct event_row *row, struct member *out)
{
    return members_find(tx_sql(x->tx), (struct guild_id){row->guild_id},
                        (struct user_id){row->entity_id}, &x->arena, out);
}

enum err replay_member_add(struct replay *x, const struct event_row *row, struct event **out)
{
    struct member m;
    enum err e = find(x, row, &m);
    return e == ERR_OK ? replay_made(event_member_add(&m), out) : e;
}

/* Whether it changed what the member may do is not in the row: what they may do now holds in any
 * case. */
enum err replay_member_update(struct replay *x, const struct event_row *row, struct event **out)
{
    struct member m;
    enum err e = find(x, row, &m);
    return e == ERR_OK ? replay_made(event_member_update(&m, true, row->actor_id), out) : e;
}

/* Who left may still have an account; if not, nobody needs to be told. */
enum err replay_member_remove(struct replay *x, const struct event_row *row, struct event **out)
{
    struct member m = {.guild = {row->guild_id}};
    enum err e = users_find(tx_sql(x->tx), (struct user_id){row->entity_id}, &x->arena, &m.user);
    return e == ERR_OK ? replay_made(event_member_remove(&m, NULL, row->actor_id), out) : e;
}

enum err replay_ban(struct replay *x, const struct event_row *row, struct event **out)
{
    struct user user;
    struct guild_id guild = {row->guild_id};
    enum err e = users_find(tx_sql(x->tx), (struct user_id){row->entity_id}, &x->arena, &user);
    return e == ERR_OK ? replay_made(event_ban(row->kind, guild, &user, row->actor_id), out) : e;
}

/* The ids stand in the row itself. */
enum err replay_messages_deleted(struct replay *x, const struct event_row *row, struct event **out)
{
    uint64_t *ids = NULL;
    size_t count = 0;
    enum err e = id_list_unpack(row->delta, &x->arena, &ids, &count);
    if (e != ERR_OK)
        return e;
    return replay_made(event_messages_deleted((struct guild_id){row->guild_id},
                                              (struct channel_id){row->channel_id}, ids, count,
                                              row->actor_id),
                       out);
}
