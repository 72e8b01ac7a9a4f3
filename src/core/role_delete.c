/*
 * Deleting a role. It is gone for everybody with one closure: the row is marked, and the overwrites
 * for it are removed. The rows that say who held it may be as many as the guild has members and go
 * in steps; no reader sees them, since a role that is being deleted is no role.
 */

#include "base/limits.h"
#include "core/channels_priv.h"
#include "core/roles_priv.h"
#include "core/tasks_priv.h"
#include "proto/role_events.h"
#include "store/channels.h"

static bool names(const struct channel *ch, struct role_id id)
{
    for (size_t i = 0; i < ch->overwrite_count; i++)
        if (ch->overwrites[i].id == id.v && ch->overwrites[i].type == OVERWRITE_ROLE)
            return true;
    return false;
}

static enum err remove_overwrites(struct tx *tx, const struct role_change *x,
                                  struct channel_id touched[LIMIT_GUILD_CHANNELS], size_t *count)
{
    const struct guild_view *view = x->now.view;
    enum err e = ERR_OK;
    size_t n = 0;
    for (size_t i = 0; i < view->channel_count && n < LIMIT_GUILD_CHANNELS && e == ERR_OK; i++) {
        if (!names(&view->channels[i], x->id))
            continue;
        touched[n++] = view->channels[i].id;
        e = channels_delete_overwrite(tx_sql(tx), view->channels[i].id, x->id.v);
    }
    *count = n;
    return e;
}

static enum err insert_task(struct tx *tx, struct role_id id)
{
    struct task t = {
        .id = tx_id(tx), .kind = TASK_ROLE_DELETE, .subject = id.v, .created_at_ms = tx_now_ms(tx)};
    bool inserted;
    return tasks_insert(tx_sql(tx), &t, &inserted);
}

static enum err removable(const struct role_change *x, const struct role **out)
{
    const struct role *r = guild_view_role(x->now.view, x->id);
    if (r == NULL)
        return ERR_UNKNOWN_ROLE;
    if (r->id.v == r->guild.v || r->managed)
        return ERR_INVALID_ROLE;
    if (!permissions_outranks_role(x->now.view, &x->now.subject, r))
        return ERR_MISSING_PERMISSIONS;
    *out = r;
    return ERR_OK;
}

static enum err announce(struct tx *tx, struct role_change *x, const struct role *gone,
                         const struct channel_id *touched, size_t count)
{
    struct view_change change = {.parts = VIEW_ROLES, .channels = touched, .channel_count = count};
    if (count > 0)
        change.parts |= VIEW_CHANNELS;
    enum err e = views_restructured(tx, gone->guild, change, &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(
            tx, event_role_delete(gone->guild, gone->id, x->view, x->by->who->user.v), x->by,
            x->view);
    if (e == ERR_OK && count > 0)
        e = channels_emit_updates(tx, x->by, x->view, touched, count, false);
    return e == ERR_OK ? role_audit(tx, x->by, gone, NULL) : e;
}

static enum err erase(struct tx *tx, void *ctx)
{
    struct role_change *x = ctx;
    const struct role *gone;
    struct channel_id touched[LIMIT_GUILD_CHANNELS];
    size_t count = 0;
    enum err e = role_change_begin(tx, x);
    if (e == ERR_OK)
        e = removable(x, &gone);
    if (e != ERR_OK)
        return e;
    e = roles_mark_deleting(tx_sql(tx), gone->id);
    if (e == ERR_OK)
        e = remove_overwrites(tx, x, touched, &count);
    if (e == ERR_OK)
        e = media_release(tx, MEDIA_ROLE_ICON, gone->guild, gone->id.v);
    if (e == ERR_OK)
        e = insert_task(tx, gone->id);
    return e == ERR_OK ? announce(tx, x, gone, touched, count) : e;
}

enum err role_delete(struct core *c, const struct actor *by, const struct access *a,
                     struct role_id id)
{
    struct role_change x = {.by = by, .a = a, .id = id};
    enum err e = role_change_run(c, erase, &x, NULL);
    if (e == ERR_OK)
        tasks_begun(c);
    return e;
}

/* ---- the steps ---- */

static enum err act_holders(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e =
        roles_remove_holders(tx_sql(tx), (struct role_id){x->task.subject}, TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_ROWS;
    return e;
}

static enum err act_end(struct tx *tx, struct task_run *x)
{
    x->task.done_rows++;
    x->step_done = true;
    return roles_delete(tx_sql(tx), (struct role_id){x->task.subject});
}

static const struct task_step steps[] = {
    {"taking the role from its holders", NULL, act_holders, NULL},
    {"deleting the role", NULL, act_end, NULL},
};

const struct task_plan task_role_delete = {
    .name = "role_delete",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
