/* Events of guilds as a whole, from the log. */

#include "core/audit_priv.h"
#include "core/replay_priv.h"
#include "proto/guild_events.h"
#include "proto/integration.h"
#include "store/integrations.h"

enum err replay_guild_update(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    return e == ERR_OK ? replay_made(event_guild_update(x->view, row->actor_id), out) : e;
}

enum err replay_audit_entry(struct replay *x, const struct event_row *row, struct event **out)
{
    struct audit_row stored;
    enum err e = audit_find(tx_sql(x->tx), (struct guild_id){row->guild_id}, row->entity_id,
                            &x->arena, &stored);
    if (e != ERR_OK)
        return e;
    struct audit_entry entry = audit_entry_of(&stored);
    return replay_made(event_audit_entry(&entry), out);
}

enum err replay_integration_create(struct replay *x, const struct event_row *row,
                                   struct event **out)
{
    struct integration i;
    enum err e = integrations_find(tx_sql(x->tx), (struct guild_id){row->guild_id}, row->entity_id,
                                   &x->arena, &i);
    return e == ERR_OK ? replay_made(event_integration_create(&i, row->actor_id), out) : e;
}

enum err replay_integration_delete(struct replay *x, const struct event_row *row,
                                   struct event **out)
{
    struct guild_id guild = {row->guild_id};
    (void)x;
    return replay_made(event_integration_delete(guild, row->entity_id, 0, row->actor_id), out);
}

enum err replay_integrations_update(struct replay *x, const struct event_row *row,
                                    struct event **out)
{
    (void)x;
    return replay_made(event_integrations_update((struct guild_id){row->guild_id}, row->actor_id),
                       out);
}
