/* Events about channels, roles and stages, from the log. Each of them may be the one that changed
 * the structure, so each carries it. */

#include "core/replay_priv.h"
#include "proto/channel_events.h"
#include "proto/role_events.h"
#include "proto/stage.h"
#include "store/channels.h"

enum err replay_channel_update(struct replay *x, const struct event_row *row, struct event **out)
{
    struct channel stored;
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e == ERR_OK)
        e = channels_find(tx_sql(x->tx), (struct channel_id){row->entity_id}, &x->arena, &stored);
    if (e != ERR_OK)
        return e;
    const struct channel *ch = guild_view_channel(x->view, stored.id);
    if (ch == NULL)
        return ERR_UNKNOWN_CHANNEL;
    struct channel shown = *ch;
    shown.last_message = stored.last_message;
    return replay_made(event_channel_update(&shown, x->view, row->actor_id), out);
}

enum err replay_channel_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    return replay_made(event_channel_delete((struct guild_id){row->guild_id},
                                            (struct channel_id){row->entity_id}, x->view,
                                            row->actor_id),
                       out);
}

enum err replay_voice_status(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct channel *ch = guild_view_channel(x->view, (struct channel_id){row->entity_id});
    if (ch == NULL)
        return ERR_UNKNOWN_CHANNEL;
    return replay_made(event_voice_status(ch, x->view, row->actor_id), out);
}

enum err replay_role_update(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct role *role = guild_view_role(x->view, (struct role_id){row->entity_id});
    if (role == NULL)
        return ERR_UNKNOWN_ROLE;
    return replay_made(event_role_update(role, x->view, row->actor_id), out);
}

enum err replay_role_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    return replay_made(event_role_delete((struct guild_id){row->guild_id},
                                         (struct role_id){row->entity_id}, x->view, row->actor_id),
                       out);
}

enum err replay_stage(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    const struct stage_instance *s =
        guild_view_stage(x->view, (struct channel_id){row->channel_id});
    if (s == NULL || s->id.v != row->entity_id)
        return ERR_UNKNOWN_STAGE;
    return replay_made(event_stage(row->kind, s, x->view, row->actor_id), out);
}

/* Its topic is gone with it. */
enum err replay_stage_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    const struct stage_instance gone = {.id = {row->entity_id},
                                        .guild = {row->guild_id},
                                        .channel = {row->channel_id},
                                        .topic = SLICE(""),
                                        .privacy_level = 2};
    enum err e = replay_need_view(x, gone.guild);
    if (e != ERR_OK)
        return e;
    return replay_made(event_stage(row->kind, &gone, x->view, row->actor_id), out);
}
