/*
 * Erasing a person: what they were to others. Direct messages of two stay with the other, groups go
 * on without the person, and whoever has the person in a list is told that they are gone from it.
 */

#include "core/dms_priv.h"
#include "core/tasks_priv.h"
#include "core/user_erase_priv.h"
#include "proto/relationship.h"
#include "store/people_removal.h"
#include "store/relationships.h"

enum { ENDED_AT_ONCE = 24 /* each locks a stream, see tx_lock */ };

static struct user_id user_of(const struct task_run *x)
{
    return (struct user_id){x->task.subject};
}

static enum err leave(struct tx *tx, struct task_run *x, struct channel_id id)
{
    struct dm_channel d;
    struct user who = {.id = user_of(x)};
    bool gone;
    enum err e = tx_lock(tx, (struct stream){STREAM_DM, id.v});
    if (e == ERR_OK)
        e = dms_find(tx_sql(tx), id, &x->arena, &d);
    if (e == ERR_UNKNOWN_CHANNEL)
        return ERR_OK; /* left and deleted since it was looked up */
    if (e == ERR_OK)
        e = dm_lock_people(tx, &d, (struct user_id){0});
    if (e == ERR_OK)
        e = people_removal_nonces(tx_sql(tx), id, who.id);
    return e == ERR_OK ? dm_depart(tx, &d, &who, &task_actor, &x->arena, &gone) : e;
}

enum err user_erase_dms(struct tx *tx, struct task_run *x)
{
    struct channel_id id;
    enum err e = dms_any_of(tx_sql(tx), user_of(x), &id);
    x->step_done = e == ERR_OK && id.v == 0;
    if (e != ERR_OK || x->step_done)
        return e;
    x->task.done_rows++;
    return leave(tx, x, id);
}

static enum err end_relation(struct tx *tx, struct task_run *x, struct user_id other)
{
    struct relationship r;
    enum err e = relationships_find(tx_sql(tx), other, user_of(x), &x->arena, &r);
    if (e != ERR_OK)
        return e;
    const char type = (char)('0' + (int)r.type);
    enum relationship_type was = r.type;
    r.type = RELATIONSHIP_NONE;
    r.ignored = false;
    e = relationships_set(tx_sql(tx), other, &r);
    return e == ERR_OK ? core_emit_delta(tx, event_relationship_remove(user_of(x), was, other, 0),
                                         &task_actor, slice_of(&type, 1))
                       : e;
}

enum err user_erase_relations(struct tx *tx, struct task_run *x)
{
    struct user_id list[ENDED_AT_ONCE];
    size_t count = 0;
    enum err e = people_removal_known_to(tx_sql(tx), user_of(x), ENDED_AT_ONCE, list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = tx_lock(tx, core_user_stream(list[i]));
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = end_relation(tx, x, list[i]);
    x->task.done_rows += count;
    x->step_done = count < ENDED_AT_ONCE;
    return e;
}

/* cursor_a: the kind of rows. */
enum err user_erase_people(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum people_part part = (enum people_part)x->task.cursor_a;
    x->step_done = part >= PEOPLE_PARTS;
    if (x->step_done)
        return ERR_OK;
    enum err e = people_removal_part(tx_sql(tx), part, user_of(x), TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->task.cursor_a += rows < TASK_ROWS;
    return e;
}
