/* Stage instances. */

#include "core/stages.h"

#include "core/channels_priv.h"
#include "proto/stage.h"
#include "store/stages.h"

/* docs, "Stage Instance": who moderates a stage has all three. */
static const uint64_t MODERATOR =
    PERMISSION_OF(MANAGE_CHANNELS) | PERMISSION_OF(MUTE_MEMBERS) | PERMISSION_OF(MOVE_MEMBERS);

struct stage_change {
    struct channel_change change; /* first */
    const struct stage_draft *d;
};

/* What there is now; NULL if the stage is not open. */
static enum err begin(struct tx *tx, struct stage_change *x, const struct stage_instance **now)
{
    struct channel_change *c = &x->change;
    enum err e = channel_change_begin(tx, c, MODERATOR);
    if (e != ERR_OK)
        return e;
    if (c->now.channel->type != CHANNEL_TYPE_STAGE)
        return ERR_CHANNEL_TYPE;
    *now = guild_view_stage(c->now.view, c->now.channel->id);
    return ERR_OK;
}

static void note_stage(struct audit_note *n, const struct stage_instance *before,
                       const struct stage_instance *after)
{
    const struct slice none = {NULL, 0};
    audit_text(n, "topic", before == NULL ? none : before->topic,
               after == NULL ? none : after->topic);
    if (before == NULL || after == NULL)
        audit_number_only(n, "privacy_level", 2, before == NULL);
}

/* Everything that is told of a change; `before` or `after` is NULL when it opens or closes. */
static enum err announce(struct tx *tx, struct stage_change *x, const struct stage_instance *before,
                         const struct stage_instance *after)
{
    struct channel_change *c = &x->change;
    const struct stage_instance *s = after != NULL ? after : before;
    enum event_kind kind = before == NULL  ? EVENT_STAGE_INSTANCE_CREATE
                           : after == NULL ? EVENT_STAGE_INSTANCE_DELETE
                                           : EVENT_STAGE_INSTANCE_UPDATE;
    enum audit_action action = before == NULL  ? AUDIT_STAGE_CREATE
                               : after == NULL ? AUDIT_STAGE_DELETE
                                               : AUDIT_STAGE_UPDATE;
    struct audit_note n;
    enum err e =
        views_restructured(tx, s->guild, (struct view_change){.parts = VIEW_EVENTS}, &c->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_stage(kind, s, c->view, c->by->who->user.v), c->by,
                                c->view);
    if (e != ERR_OK)
        return e;
    audit_note_init(&n);
    note_stage(&n, before, after);
    audit_option_id(&n, "channel_id", s->channel.v);
    e = audit_write(tx, c->by, s->guild, action, s->id.v, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err open_stage(struct tx *tx, void *ctx)
{
    struct stage_change *x = ctx;
    const struct guild_view *view;
    const struct stage_instance *now;
    enum err e = begin(tx, x, &now);
    if (e != ERR_OK)
        return e;
    view = x->change.now.view;
    if (now != NULL)
        return ERR_STAGE_OPEN;
    if (x->d->event.v != 0 && guild_view_scheduled(view, x->d->event) == NULL)
        return ERR_UNKNOWN_SCHEDULED_EVENT;
    struct stage_instance made = {.id = {tx_id(tx)},
                                  .guild = view->guild.id,
                                  .channel = x->change.now.channel->id,
                                  .topic = x->d->topic,
                                  .privacy_level = x->d->privacy_level,
                                  .event = x->d->event};
    e = stages_insert(tx_sql(tx), &made);
    return e == ERR_OK ? announce(tx, x, NULL, &made) : e;
}

static enum err edit_stage(struct tx *tx, void *ctx)
{
    struct stage_change *x = ctx;
    struct channel_change *c = &x->change;
    const struct stage_instance *now;
    enum err e = begin(tx, x, &now);
    if (e != ERR_OK || now == NULL)
        return e == ERR_OK ? ERR_UNKNOWN_STAGE : e;
    struct stage_instance after = *now;
    if (x->d->topic.data != NULL)
        after.topic = x->d->topic;
    if (slice_eq(after.topic, now->topic)) {
        guild_view_unref(&c->view);
        c->view = guild_view_ref(c->now.view);
        return ERR_OK;
    }
    e = stages_update(tx_sql(tx), &after);
    return e == ERR_OK ? announce(tx, x, now, &after) : e;
}

static enum err close_stage(struct tx *tx, void *ctx)
{
    struct stage_change *x = ctx;
    const struct stage_instance *now;
    enum err e = begin(tx, x, &now);
    if (e != ERR_OK || now == NULL)
        return e == ERR_OK ? ERR_UNKNOWN_STAGE : e;
    e = stages_delete(tx_sql(tx), now->channel);
    return e == ERR_OK ? announce(tx, x, now, NULL) : e;
}

static enum err run(struct core *c, store_fn fn, struct stage_change *x, struct guild_view **view)
{
    channel_change_init(&x->change);
    enum err e = store_write(c->store, fn, x);
    channel_change_deinit(&x->change);
    if (e == ERR_OK && view != NULL)
        *view = x->change.view;
    else
        guild_view_unref(&x->change.view);
    return e;
}

enum err stage_open(struct core *c, const struct actor *by, const struct access *a,
                    const struct stage_draft *d, struct guild_view **view)
{
    struct stage_change x = {.change = {.by = by, .a = a}, .d = d};
    return run(c, open_stage, &x, view);
}

enum err stage_edit(struct core *c, const struct actor *by, const struct access *a,
                    const struct stage_draft *d, struct guild_view **view)
{
    struct stage_change x = {.change = {.by = by, .a = a}, .d = d};
    return run(c, edit_stage, &x, view);
}

enum err stage_close(struct core *c, const struct actor *by, const struct access *a)
{
    struct stage_change x = {.change = {.by = by, .a = a}};
    return run(c, close_stage, &x, NULL);
}
