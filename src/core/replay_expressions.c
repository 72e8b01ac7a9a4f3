/* Events of emojis, stickers, sounds and scheduled events, from the log. */

#include "core/replay_priv.h"
#include "proto/event_draft.h"
#include "proto/expressions.h"
#include "proto/scheduled_event.h"
#include "store/scheduled_events.h"
#include "store/sounds.h"

/* Lists are as they are now. */
enum err replay_emojis(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    return replay_made(event_emojis_update(x->view, row->entity_id, row->actor_id), out);
}

enum err replay_stickers(struct replay *x, const struct event_row *row, struct event **out)
{
    enum err e = replay_need_view(x, (struct guild_id){row->guild_id});
    if (e != ERR_OK)
        return e;
    return replay_made(event_stickers_update(x->view, row->entity_id, row->actor_id), out);
}

enum err replay_sound(struct replay *x, const struct event_row *row, struct event **out)
{
    struct sound sound;
    enum err e = sounds_find(tx_sql(x->tx), (struct guild_id){row->guild_id},
                             (struct sound_id){row->entity_id}, &x->arena, &sound);
    if (e != ERR_OK)
        return e;
    return replay_made(event_sound(row->kind, &sound, NULL, row->actor_id), out);
}

enum err replay_sound_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    return replay_made(event_sound_delete((struct guild_id){row->guild_id},
                                          (struct sound_id){row->entity_id}, row->actor_id),
                       out);
}

enum err replay_scheduled_event(struct replay *x, const struct event_row *row, struct event **out)
{
    struct scheduled_event event;
    enum err e =
        scheduled_events_find(tx_sql(x->tx), (struct guild_id){row->guild_id},
                              (struct scheduled_event_id){row->entity_id}, &x->arena, &event);
    if (e != ERR_OK)
        return e;
    return replay_made(event_scheduled_event(row->kind, &event, row->actor_id), out);
}

/* The object as it was last is in the row. */
enum err replay_scheduled_delete(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    if (row->delta.data == NULL)
        return ERR_UNKNOWN_SCHEDULED_EVENT;
    return replay_made(event_scheduled_gone(
                           (struct guild_id){row->guild_id}, (struct channel_id){row->channel_id},
                           (struct scheduled_event_id){row->entity_id}, row->actor_id, row->delta),
                       out);
}

enum err replay_scheduled_user(struct replay *x, const struct event_row *row, struct event **out)
{
    (void)x;
    return replay_made(event_scheduled_user(row->kind, (struct guild_id){row->guild_id},
                                            (struct channel_id){row->channel_id},
                                            (struct scheduled_event_id){row->entity_id},
                                            (struct user_id){row->actor_id}),
                       out);
}
