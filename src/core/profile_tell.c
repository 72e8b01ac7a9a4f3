/*
 * Telling guilds that a member is called or looks otherwise: GUILD_MEMBER_UPDATE and the names that
 * members are found by, a guild a step (a task, since somebody may be in thousands). A change that
 * comes while one is being told begins again at the first guild.
 */

#include "core/tasks_priv.h"
#include "proto/member_events.h"
#include "store/member_names.h"
#include "store/members.h"

enum err profile_tell_begin(struct tx *tx, struct user_id user)
{
    struct task t = {.id = tx_id(tx),
                     .kind = TASK_PROFILE_TELL,
                     .subject = user.v,
                     .created_at_ms = tx_now_ms(tx)};
    bool inserted;
    enum err e = tasks_insert(tx_sql(tx), &t, &inserted);
    return e == ERR_OK && !inserted ? tasks_restart(tx_sql(tx), t.kind, t.subject) : e;
}

/* In a closure that holds the guild's stream. */
static enum err tell(struct tx *tx, struct task_run *x, struct guild_id guild)
{
    struct member m;
    struct user_id user = {x->task.subject};
    enum err e = members_find(tx_sql(tx), guild, user, &x->arena, &m);
    if (e == ERR_OK)
        e = member_names_set(tx_sql(tx), guild, user, m.nick);
    return e == ERR_OK ? core_emit(tx, event_member_update(&m, false, user.v), &task_actor) : e;
}

/* cursor_a: the next guild at the earliest. */
static enum err act_guild(struct tx *tx, struct task_run *x)
{
    struct removal_membership next;
    struct user_id user = {x->task.subject};
    enum err e = user_removal_next_guild(tx_sql(tx), user, x->task.cursor_a, &next);
    x->step_done = e == ERR_OK && next.guild.v == 0;
    if (e != ERR_OK || x->step_done)
        return e;
    x->task.cursor_a = next.guild.v + 1;
    x->task.done_rows++;
    if (next.deleting)
        return ERR_OK;
    e = tx_lock(tx, core_guild_stream(next.guild));
    if (e == ERR_OK)
        e = tell(tx, x, next.guild);
    return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e; /* left since it was looked up */
}

static const struct task_step steps[] = {{"telling guilds", NULL, act_guild, NULL}};

const struct task_plan task_profile_tell = {
    .name = "profile_tell", .steps = steps, .step_count = sizeof steps / sizeof steps[0]};
