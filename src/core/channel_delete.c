/*
 * Deleting a channel. Its row goes at once, and with it everything that refers to it; messages
 * refer to nothing (they may be millions) and are erased in steps. Who has the channel on the
 * screen is told of what was in it (stage, events, invites) before it goes: afterwards nobody sees
 * it.
 */

#include "base/limits.h"
#include "core/channels_priv.h"
#include "core/tasks_priv.h"
#include "core/voice_states.h"
#include "model/features.h"
#include "proto/channel_events.h"
#include "proto/guild_events.h"
#include "proto/invite_events.h"
#include "proto/scheduled_event.h"
#include "proto/stage.h"
#include "store/channels.h"
#include "store/invites.h"
#include "store/read_states.h"
#include "store/retention.h"
#include "store/scheduled_events.h"

/* Of more only the deletion of the channel tells. */
enum { INVITES_TOLD = 100, VOICES_TOLD = 100 };

struct channel_deletion {
    struct channel_change change; /* first */
    struct message_id last;
};

static bool is_needed(const struct guild *g, struct channel_id id)
{
    return (g->features & FEATURE_COMMUNITY) != 0 &&
           (g->rules_channel.v == id.v || g->public_updates_channel.v == id.v);
}

/* What a guild uses a channel for. */
static bool is_used(const struct guild *g, struct channel_id id)
{
    const struct channel_id uses[] = {g->system_channel,        g->afk_channel,
                                      g->rules_channel,         g->public_updates_channel,
                                      g->safety_alerts_channel, g->widget_channel};
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++)
        if (uses[i].v == id.v)
            return true;
    return false;
}

static enum err end_stage(struct tx *tx, const struct channel_change *x)
{
    const struct stage_instance *stage = guild_view_stage(x->now.view, x->now.channel->id);
    if (stage == NULL)
        return ERR_OK; /* the row goes with the channel's */
    return core_emit(tx, event_stage(EVENT_STAGE_INSTANCE_DELETE, stage, NULL, x->by->who->user.v),
                     x->by);
}

/* What was to take place there does not. */
static enum err cancel_events(struct tx *tx, struct channel_change *x)
{
    const struct guild_view *view = x->now.view;
    enum err e = ERR_OK;
    for (size_t i = 0; i < view->scheduled_count && e == ERR_OK; i++) {
        struct scheduled_event gone;
        if (view->scheduled[i].channel.v != x->now.channel->id.v)
            continue;
        e = scheduled_events_find(tx_sql(tx), view->guild.id, view->scheduled[i].id, &x->arena,
                                  &gone);
        gone.status = SCHEDULED_CANCELED;
        if (e == ERR_OK)
            e = scheduled_events_update(tx_sql(tx), &gone);
        if (e == ERR_OK)
            e = core_emit(tx,
                          event_scheduled_event(EVENT_GUILD_SCHEDULED_EVENT_UPDATE, &gone,
                                                x->by->who->user.v),
                          x->by);
    }
    return e;
}

static enum err drop_invites(struct tx *tx, struct channel_change *x)
{
    struct invite *list = NULL;
    size_t count = 0;
    struct channel_id id = x->now.channel->id;
    enum err e =
        invites_of_channel(tx_sql(tx), id, tx_now_ms(tx), INVITES_TOLD, &x->arena, &list, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = core_emit_delta(
            tx, event_invite_delete(x->now.view->guild.id, id, list[i].code, x->by->who->user.v),
            x->by, list[i].code);
    return e;
}

/* The others go in the first step; nobody who does not know of them sees them meanwhile. */
static enum err drop_voices(struct tx *tx, struct channel_change *x)
{
    uint64_t count;
    return voice_states_clear(tx, x->by, x->now.channel->id, VOICES_TOLD, &x->arena, &count);
}

static enum err insert_task(struct tx *tx, struct channel_id id)
{
    struct task t = {.id = tx_id(tx),
                     .kind = TASK_CHANNEL_DELETE,
                     .subject = id.v,
                     .created_at_ms = tx_now_ms(tx)};
    bool inserted;
    return tasks_insert(tx_sql(tx), &t, &inserted);
}

static enum err emit_children(struct tx *tx, struct channel_change *x)
{
    struct channel_id ids[LIMIT_CATEGORY_CHANNELS];
    size_t n = 0;
    const struct guild_view *old = x->now.view;
    for (size_t i = 0; i < old->channel_count && n < LIMIT_CATEGORY_CHANNELS; i++)
        if (old->channels[i].parent.v == x->now.channel->id.v)
            ids[n++] = old->channels[i].id;
    return n == 0 ? ERR_OK : channels_emit_updates(tx, x->by, x->view, ids, n, false);
}

static bool has_children(const struct channel_change *x)
{
    for (size_t i = 0; i < x->now.view->channel_count; i++)
        if (x->now.view->channels[i].parent.v == x->now.channel->id.v)
            return true;
    return false;
}

static struct view_change change_of(const struct channel_change *x, bool used)
{
    struct view_change c = {.parts = VIEW_CHANNELS | VIEW_EVENTS};
    if (used)
        c.parts |= VIEW_GUILD;
    if (!has_children(x))
        c.channel = x->now.channel->id;
    return c;
}

/* The view went with the event before. */
static enum err emit_guild(struct tx *tx, struct channel_change *x)
{
    struct event *e = event_guild_update(x->view, x->by->who->user.v);
    if (e != NULL)
        guild_view_unref(&e->view);
    return core_emit(tx, e, x->by);
}

static enum err announce(struct tx *tx, struct channel_change *x, bool used)
{
    const struct channel *gone = x->now.channel;
    uint64_t actor = x->by->who->user.v;
    enum err e = views_restructured(tx, gone->guild, change_of(x, used), &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_channel_delete(gone->guild, gone->id, x->view, actor),
                                x->by, x->view);
    if (e == ERR_OK)
        e = emit_children(tx, x);
    if (e == ERR_OK && used)
        e = emit_guild(tx, x);
    return e == ERR_OK ? channel_audit(tx, x->by, gone, NULL) : e;
}

static enum err erase(struct tx *tx, void *ctx)
{
    struct channel_deletion *x = ctx;
    struct channel_change *c = &x->change;
    struct channel stored;
    enum err e = channel_change_begin(tx, c, PERMISSION_MANAGE_CHANNELS);
    if (e != ERR_OK)
        return e;
    struct channel_id id = c->now.channel->id;
    bool used = is_used(&c->now.view->guild, id);
    if (is_needed(&c->now.view->guild, id))
        return ERR_COMMUNITY_CHANNEL;
    e = channels_find(tx_sql(tx), id, &c->arena, &stored);
    if (e != ERR_OK)
        return e;
    x->last = stored.last_message;
    e = end_stage(tx, c);
    if (e == ERR_OK)
        e = cancel_events(tx, c);
    if (e == ERR_OK)
        e = drop_invites(tx, c);
    if (e == ERR_OK)
        e = drop_voices(tx, c);
    if (e == ERR_OK && used)
        e = channels_unuse(tx_sql(tx), stored.guild, id);
    if (e == ERR_OK)
        e = retention_forget(tx_sql(tx), id);
    if (e == ERR_OK)
        e = channels_delete(tx_sql(tx), id);
    if (e == ERR_OK)
        e = insert_task(tx, id);
    return e == ERR_OK ? announce(tx, c, used) : e;
}

enum err channel_delete(struct core *c, const struct actor *by, const struct access *a,
                        struct message_id *last)
{
    struct channel_deletion x = {.change = {.by = by, .a = a}};
    channel_change_init(&x.change);
    enum err e = store_write(c->store, erase, &x);
    guild_view_unref(&x.change.view);
    channel_change_deinit(&x.change);
    if (e != ERR_OK)
        return e;
    tasks_begun(c);
    *last = x.last;
    return ERR_OK;
}

/* ---- the steps ---- */

static enum err act_messages(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    struct channel_id id = {x->task.subject};
    enum err e = guild_removal_messages(tx_sql(tx), id, TASK_ROWS, tx_now_ms(tx), &rows);
    if (e == ERR_OK && rows == 0)
        e = read_states_forget_entity(tx_sql(tx), id.v, TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows == 0;
    return e;
}

static enum err act_nonces(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    struct channel_id id = {x->task.subject};
    enum err e = guild_removal_nonces(tx_sql(tx), id, TASK_ROWS, &rows);
    x->task.done_rows += rows;
    x->step_done = rows == 0;
    return e;
}

/* All in one guild, so that one stream is held. */
static enum err act_voices(struct tx *tx, struct task_run *x)
{
    uint64_t rows = 0;
    enum err e = voice_states_clear(tx, &task_actor, (struct channel_id){x->task.subject},
                                    TASK_EVENTS, &x->arena, &rows);
    x->task.done_rows += rows;
    x->step_done = rows < TASK_EVENTS;
    return e;
}

static const struct task_step steps[] = {
    {"deleting messages", NULL, act_messages, NULL},
    {"deleting nonces", NULL, act_nonces, NULL},
    {"emptying voice", NULL, act_voices, NULL},
};

const struct task_plan task_channel_delete = {
    .name = "channel_delete",
    .steps = steps,
    .step_count = sizeof steps / sizeof steps[0],
};
