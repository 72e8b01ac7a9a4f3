/* Events of read states and notification settings, from the log of the reader's own stream: the
 * mark, or the setting, as it is now. */

#include "core/replay_priv.h"

#include "core/read_state_counts.h"
#include "proto/notification_settings.h"
#include "proto/read_state.h"
#include "store/notification_settings.h"
#include "store/read_states.h"

static enum err find(struct replay *x, enum read_state_type type, uint64_t entity,
                     struct read_state *s)
{
    bool found;
    struct user_id reader = {x->stream.id};
    enum err e = read_states_find(tx_sql(x->tx), reader, type, entity, s, &found);
    return e == ERR_OK && !found ? ERR_UNKNOWN_CHANNEL : e;
}

/* Mentions are counted for a reader who is in the place; whoever resumes counts from READY on. */
enum err replay_message_ack(struct replay *x, const struct event_row *row, struct event **out)
{
    struct read_state s;
    bool manual = row->delta.len == 1 && row->delta.data[0] == 'm';
    enum err e = find(x, READ_STATE_CHANNEL, row->entity_id, &s);
    return e == ERR_OK
               ? replay_made(event_message_ack((struct user_id){x->stream.id}, &s, manual), out)
               : e;
}

enum err replay_pins_ack(struct replay *x, const struct event_row *row, struct event **out)
{
    struct read_state s;
    enum err e = find(x, READ_STATE_CHANNEL, row->entity_id, &s);
    return e == ERR_OK ? replay_made(event_pins_ack((struct user_id){x->stream.id}, &s), out) : e;
}

enum err replay_item_ack(struct replay *x, const struct event_row *row, struct event **out)
{
    struct read_state s;
    int type = row->delta.len == 1 ? row->delta.data[0] - '0' : 0;
    enum err e = find(x, (enum read_state_type)type, row->entity_id, &s);
    return e == ERR_OK ? replay_made(event_item_ack((struct user_id){x->stream.id}, &s), out) : e;
}

enum err replay_notification_settings(struct replay *x, const struct event_row *row,
                                      struct event **out)
{
    struct notification_settings s;
    struct user_id reader = {x->stream.id};
    enum err e = notification_settings_find(tx_sql(x->tx), reader,
                                            (struct guild_id){row->entity_id}, &x->arena, &s);
    if (e == ERR_OK && s.document.data == NULL)
        e = ERR_UNKNOWN_GUILD;
    return e == ERR_OK ? replay_made(event_notification_settings(reader, &s), out) : e;
}

enum err replay_recent_mention_delete(struct replay *x, const struct event_row *row,
                                      struct event **out)
{
    return replay_made(event_recent_mention_delete((struct user_id){x->stream.id},
                                                   (struct channel_id){row->channel_id},
                                                   (struct message_id){row->entity_id}),
                       out);
}
