/* Events of reactions, polls and pins, from the log. Who reacted with what is in the row: the
 * reaction itself may be gone since. */

#include "core/reactions_priv.h"
#include "core/replay_priv.h"
#include "proto/pin_events.h"
#include "proto/poll_events.h"
#include "store/members.h"
#include "store/message_heads.h"

static struct reaction_note note_of(const struct event_row *row)
{
    return (struct reaction_note){
        .guild = {row->guild_id}, .channel = {row->channel_id}, .message = {row->entity_id}};
}

enum err replay_reaction_add(struct replay *x, const struct event_row *row, struct event **out)
{
    struct reaction_note n = note_of(row);
    struct message_head m;
    struct member member;
    bool is_member = false;
    if (!reaction_from_delta(row->delta, &n))
        return ERR_STORE;
    enum err e = message_heads_find(tx_sql(x->tx), n.channel, n.message, &m);
    if (e != ERR_OK)
        return e;
    if (n.guild.v != 0) {
        e = members_find(tx_sql(x->tx), n.guild, n.user, &x->arena, &member);
        is_member = e == ERR_OK;
        if (e != ERR_OK && e != ERR_UNKNOWN_MEMBER)
            return e;
    }
    return replay_made(event_reaction_add(&n, is_member ? &member : NULL, m.author), out);
}

enum err replay_reaction_remove(struct replay *x, const struct event_row *row, struct event **out)
{
    struct reaction_note n = note_of(row);
    (void)x;
    if (!reaction_from_delta(row->delta, &n))
        return ERR_STORE;
    return replay_made(event_reaction_remove(&n, row->actor_id), out);
}

enum err replay_reactions_cleared(struct replay *x, const struct event_row *row, struct event **out)
{
    struct reaction_note n = note_of(row);
    (void)x;
    return replay_made(event_reactions_cleared(&n, row->actor_id), out);
}

enum err replay_reaction_kind_cleared(struct replay *x, const struct event_row *row,
                                      struct event **out)
{
    struct reaction_note n = note_of(row);
    (void)x;
    if (!reaction_from_delta(row->delta, &n))
        return ERR_STORE;
    return replay_made(event_reaction_kind_cleared(&n, row->actor_id), out);
}

/* "answer user" (core/polls.c). */
enum err replay_poll_vote(struct replay *x, const struct event_row *row, struct event **out)
{
    struct slice rest = row->delta;
    struct slice answer;
    uint64_t number;
    struct poll_vote_note n = {
        .guild = {row->guild_id}, .channel = {row->channel_id}, .message = {row->entity_id}};
    (void)x;
    if (!slice_next(&rest, ' ', &answer) || !slice_to_u64(answer, &number) ||
        !slice_to_u64(rest, &n.user.v))
        return ERR_STORE;
    n.answer = (unsigned)number;
    return replay_made(event_poll_vote(row->kind, &n), out);
}

/* As it is now. */
enum err replay_pins_update(struct replay *x, const struct event_row *row, struct event **out)
{
    int64_t last_ms = 0;
    struct channel_id channel = {row->channel_id};
    enum err e = pins_last_of_channel(tx_sql(x->tx), channel, &last_ms);
    if (e != ERR_OK)
        return e;
    return replay_made(
        event_pins_update((struct guild_id){row->guild_id}, channel, last_ms, NULL, row->actor_id),
        out);
}
