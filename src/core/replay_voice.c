/* Voice states, from the log: as they are now, for those who see the channel of now. What a row
 * says of the past is which channel was left, so that nobody keeps seeing there who has gone. */

#include "core/replay_priv.h"
#include "proto/voice_state.h"
#include "store/id_list.h"
#include "store/members.h"
#include "store/voice_states.h"

enum err replay_voice_state(struct replay *x, const struct event_row *row, struct event **out)
{
    struct voice_state s;
    struct member m;
    bool found = false;
    struct guild_id guild = {row->guild_id};
    struct user_id user = {row->entity_id};
    struct channel_id from = {row->channel_id};
    if (id_list_count(row->delta) == 1)
        from.v = id_list_at(row->delta, 0);
    enum err e = voice_states_find(tx_sql(x->tx), guild, user, &s, &found);
    if (e != ERR_OK)
        return e;
    e = members_find(tx_sql(x->tx), guild, user, &x->arena, &m);
    if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
        return e;
    if (!found)
        s = (struct voice_state){.guild = guild, .user = user};
    return replay_made(event_voice_state(&s, from, e == ERR_OK ? &m : NULL, row->actor_id), out);
}
