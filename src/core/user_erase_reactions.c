/*
 * What an erased person has left at the messages of others: reactions and votes. They are found by
 * an index, some of one channel a step, and taken back as if by themselves, so that whoever looks
 * at such a message sees its counts go down.
 */

#include "core/polls_priv.h"
#include "core/reactions_priv.h"
#include "core/user_erase_priv.h"

enum { TAKEN_BACK = 16 }; /* a step; in a direct message each is told to ten people at most */

/* The place of what was found, its stream held. */
static enum err hold(struct tx *tx, struct task_run *x, struct channel_id channel,
                     struct dm_channel *dm, struct place *p, bool *there)
{
    enum err e = place_find(tx, channel, &x->arena, dm, p, there);
    return e == ERR_OK && *there ? place_lock(tx, p) : e;
}

/* Of a place that is going nobody is told anything. */
static enum err drop_reaction(struct tx *tx, const struct reaction *r)
{
    bool removed = false;
    return reactions_delete(tx_sql(tx), r, &removed);
}

enum err user_erase_reactions(struct tx *tx, struct task_run *x)
{
    struct reaction list[TAKEN_BACK];
    struct dm_channel dm;
    struct place p;
    size_t count = 0;
    bool there = false;
    bool removed;
    struct user_id user = {x->task.subject};
    enum err e = reactions_of_user(tx_sql(tx), user, TAKEN_BACK, &x->arena, list, &count);
    if (e == ERR_OK && count > 0)
        e = hold(tx, x, list[0].key.channel, &dm, &p, &there);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        if (list[i].key.channel.v != list[0].key.channel.v)
            break;
        e = there ? reaction_take_back(tx, &p, &task_actor, &list[i], &x->arena, &removed)
                  : drop_reaction(tx, &list[i]);
        x->task.done_rows++;
    }
    x->step_done = count == 0;
    return e;
}

static enum err drop_vote(struct tx *tx, const struct poll_vote *v)
{
    bool changed = false;
    return poll_votes_delete(tx_sql(tx), v, &changed);
}

enum err user_erase_votes(struct tx *tx, struct task_run *x)
{
    struct poll_vote list[TAKEN_BACK];
    struct dm_channel dm;
    struct place p;
    size_t count = 0;
    bool there = false;
    struct user_id user = {x->task.subject};
    enum err e = poll_votes_of_user(tx_sql(tx), user, TAKEN_BACK, list, &count);
    if (e == ERR_OK && count > 0)
        e = hold(tx, x, list[0].channel, &dm, &p, &there);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        if (list[i].channel.v != list[0].channel.v)
            break;
        e = there ? poll_take_back(tx, &p, &task_actor, &list[i]) : drop_vote(tx, &list[i]);
        x->task.done_rows++;
    }
    x->step_done = count == 0;
    return e;
}
