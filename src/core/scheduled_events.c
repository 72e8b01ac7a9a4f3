/*
 * Scheduled events: making, editing, ending. What kind an event is decides what it must have: a
 * place and an end, or a channel of the right type. So an edit is laid over the event as it is, and
 * the whole is judged.
 *
 *   SCHEDULED ──▶ ACTIVE ──▶ COMPLETED
 *       └───────▶ CANCELED              what has ended stays as it is, and leaves the guild's view
 */

#include "core/scheduled_events.h"

#include "base/limits.h"
#include "core/access_renew.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "proto/scheduled_event.h"
#include "store/scheduled_events.h"

enum { PRIVACY_GUILD_ONLY = 2, CHANGE_BYTES = 256 * 1024, OBJECT_BYTES_MAX = 64 * 1024 };

struct change {
    const struct actor *by;
    const struct access *a;
    struct scheduled_event_id id; /* 0 at first: it is made */
    const struct scheduled_draft *d;
    struct arena arena;
    struct access now;
    struct guild_view *view;
    struct draft_problem problem;
    struct scheduled_event result;
};

static enum err invalid(struct change *x, const char *field, const char *code, const char *message)
{
    x->problem = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

static bool has_ended(const struct scheduled_event *e)
{
    return e->status == SCHEDULED_COMPLETED || e->status == SCHEDULED_CANCELED;
}

bool scheduled_event_visible(const struct access *a, const struct scheduled_event *e,
                             int64_t now_ms)
{
    if (e->channel.v == 0)
        return true;
    const struct channel *channel = guild_view_channel(a->view, e->channel);
    return channel != NULL && (permissions_in_channel(a->view, &a->subject, channel, now_ms) &
                               PERMISSION_VIEW_CHANNEL);
}

/* ---- who may ---- */

/* What the kind asks for beside the right to events. */
static uint64_t needed_there(enum scheduled_entity type)
{
    switch (type) {
    case SCHEDULED_STAGE:
        return PERMISSION_MANAGE_CHANNELS | PERMISSION_MUTE_MEMBERS | PERMISSION_MOVE_MEMBERS;
    case SCHEDULED_VOICE:
        return PERMISSION_VIEW_CHANNEL | PERMISSION_CONNECT;
    case SCHEDULED_EXTERNAL:
        break;
    }
    return 0;
}

static enum err check_right(const struct change *x, const struct scheduled_event *e, int64_t now_ms)
{
    const struct access *now = &x->now;
    uint64_t held = permissions_in_guild(now->view, &now->subject, now_ms);
    const struct channel *channel = guild_view_channel(now->view, e->channel);
    if (e->channel.v != 0 && channel != NULL)
        held = permissions_in_channel(now->view, &now->subject, channel, now_ms);
    bool own = e->creator.v == x->by->who->user.v;
    bool is_new = e->id.v == 0;
    uint64_t right = (is_new ? 0 : PERMISSION_MANAGE_EVENTS) | (own ? PERMISSION_CREATE_EVENTS : 0);
    uint64_t there = needed_there(e->entity_type);
    return (held & right) && (held & there) == there ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

/* ---- what an event must be ---- */

static enum err check_external(struct change *x, const struct scheduled_event *e)
{
    if (e->channel.v != 0)
        return invalid(x, "channel_id", "BASE_TYPE_BAD_VALUE", "Must be null for external events.");
    if (e->location.len == 0)
        return invalid(x, "entity_metadata.location", "BASE_TYPE_REQUIRED",
                       "This field is required");
    if (e->end_ms == 0)
        return invalid(x, "scheduled_end_time", "BASE_TYPE_REQUIRED", "This field is required");
    return ERR_OK;
}

static enum err check_channel(struct change *x, const struct scheduled_event *e)
{
    enum channel_type type =
        e->entity_type == SCHEDULED_STAGE ? CHANNEL_TYPE_STAGE : CHANNEL_TYPE_VOICE;
    if (e->channel.v == 0)
        return invalid(x, "channel_id", "BASE_TYPE_REQUIRED", "This field is required");
    const struct channel *channel = guild_view_channel(x->now.view, e->channel);
    if (channel == NULL)
        return invalid(x, "channel_id", "CHANNEL_INVALID", "Unknown channel.");
    if (channel->type != type)
        return invalid(x, "channel_id", "CHANNEL_INVALID_TYPE",
                       "The channel is not of the event's entity type.");
    if (e->location.data != NULL)
        return invalid(x, "entity_metadata.location", "BASE_TYPE_BAD_VALUE",
                       "Only external events have a location.");
    return ERR_OK;
}

static enum err check_times(struct change *x, const struct scheduled_event *e, int64_t now_ms)
{
    bool starts_anew = x->id.v == 0 || (x->d->set & SCHEDULED_SETS_START);
    if (starts_anew && e->status == SCHEDULED_SCHEDULED && e->start_ms <= now_ms)
        return invalid(x, "scheduled_start_time", "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST",
                       "Cannot schedule event in the past.");
    if (e->end_ms != 0 && e->end_ms <= e->start_ms)
        return invalid(x, "scheduled_end_time", "GUILD_SCHEDULED_EVENT_END_BEFORE_START",
                       "Cannot end an event before it begins.");
    return ERR_OK;
}

static enum err check_whole(struct change *x, const struct scheduled_event *e, int64_t now_ms)
{
    enum err failed = check_times(x, e, now_ms);
    if (failed != ERR_OK)
        return failed;
    return e->entity_type == SCHEDULED_EXTERNAL ? check_external(x, e) : check_channel(x, e);
}

static enum err check_status(struct change *x, enum scheduled_status before,
                             enum scheduled_status after)
{
    if (before == after ||
        (before == SCHEDULED_SCHEDULED &&
         (after == SCHEDULED_ACTIVE || after == SCHEDULED_CANCELED)) ||
        (before == SCHEDULED_ACTIVE && after == SCHEDULED_COMPLETED))
        return ERR_OK;
    return invalid(x, "status", "BASE_TYPE_CHOICES",
                   "The event cannot go from its status to this one.");
}

static void apply(const struct scheduled_draft *d, struct scheduled_event *e)
{
    if (d->set & SCHEDULED_SETS_NAME)
        e->name = d->name;
    if (d->set & SCHEDULED_SETS_DESCRIPTION)
        e->description = d->description;
    if (d->set & SCHEDULED_SETS_IMAGE)
        e->image = media_hash(d->image);
    if (d->set & SCHEDULED_SETS_START)
        e->start_ms = d->start_ms;
    if (d->set & SCHEDULED_SETS_END)
        e->end_ms = d->end_ms;
    if (d->set & SCHEDULED_SETS_STATUS)
        e->status = d->status;
    if (d->set & SCHEDULED_SETS_ENTITY_TYPE)
        e->entity_type = d->entity_type;
    if (d->set & SCHEDULED_SETS_CHANNEL)
        e->channel = d->channel;
    if (d->set & SCHEDULED_SETS_LOCATION)
        e->location = d->location;
    if (d->set & SCHEDULED_SETS_RECURRENCE)
        e->recurrence = d->recurrence;
    /* What belongs to the other kinds goes with the kind. */
    if (d->set & SCHEDULED_SETS_ENTITY_TYPE) {
        if (e->entity_type == SCHEDULED_EXTERNAL && !(d->set & SCHEDULED_SETS_CHANNEL))
            e->channel.v = 0;
        if (e->entity_type != SCHEDULED_EXTERNAL && !(d->set & SCHEDULED_SETS_LOCATION))
            e->location = (struct slice){NULL, 0};
    }
}

/* ---- the audit log ---- */

static void note(struct audit_note *n, const struct scheduled_event *a,
                 const struct scheduled_event *b)
{
    audit_text(n, "name", a->name, b->name);
    audit_text(n, "description", a->description, b->description);
    audit_text(n, "location", a->location, b->location);
    audit_text(n, "image_hash", a->image, b->image);
    audit_id(n, "channel_id", a->channel.v, b->channel.v);
    audit_number(n, "status", a->status, b->status);
    audit_number(n, "entity_type", a->entity_type, b->entity_type);
    audit_number(n, "privacy_level", a->privacy_level, b->privacy_level);
}

static enum err audit(struct tx *tx, const struct change *x, enum audit_action action,
                      const struct scheduled_event *before, const struct scheduled_event *after)
{
    struct audit_note n;
    const struct scheduled_event *e = after != NULL ? after : before;
    audit_note_init(&n);
    if (before != NULL && after != NULL) {
        note(&n, before, after);
    } else {
        audit_text_only(&n, "name", e->name, after != NULL);
        audit_number_only(&n, "status", e->status, after != NULL);
        audit_number_only(&n, "entity_type", e->entity_type, after != NULL);
        audit_number_only(&n, "privacy_level", e->privacy_level, after != NULL);
    }
    enum err failed = audit_write(tx, x->by, e->guild, action, e->id.v, &n);
    audit_note_deinit(&n);
    return failed;
}

/* ---- closures ---- */

static enum err begin(struct tx *tx, struct change *x)
{
    access_end(&x->now);
    arena_reset(&x->arena);
    return access_renew(tx, x->a, 0, &x->arena, &x->now);
}

static enum err announce(struct tx *tx, struct change *x, enum event_kind kind,
                         const struct scheduled_event *e)
{
    enum err failed =
        views_restructured(tx, e->guild, (struct view_change){.parts = VIEW_EVENTS}, &x->view);
    if (failed != ERR_OK)
        return failed;
    return core_emit_structure(tx, event_scheduled_event(kind, e, x->by->who->user.v), x->by,
                               x->view);
}

static enum err check_room(struct tx *tx, struct guild_id guild)
{
    uint64_t count = 0;
    enum err e = scheduled_events_count(tx_sql(tx), guild, &count);
    return e == ERR_OK && count >= LIMIT_SCHEDULED_EVENTS ? ERR_MAX_SCHEDULED_EVENTS : e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    x->id.v = 0;
    enum err e = begin(tx, x);
    if (e != ERR_OK)
        return e;
    struct scheduled_event made = {.guild = x->now.view->guild.id,
                                   .creator = x->by->who->user,
                                   .privacy_level = PRIVACY_GUILD_ONLY,
                                   .status = SCHEDULED_SCHEDULED};
    apply(x->d, &made);
    e = check_whole(x, &made, tx_now_ms(tx));
    if (e == ERR_OK)
        e = check_right(x, &made, tx_now_ms(tx));
    if (e == ERR_OK)
        e = check_room(tx, made.guild);
    if (e != ERR_OK)
        return e;
    x->id = made.id = (struct scheduled_event_id){tx_id(tx)};
    x->result = made;
    e = scheduled_events_insert(tx_sql(tx), &made);
    if (e == ERR_OK)
        e = media_replace(tx, x->d->image, MEDIA_EVENT_IMAGE, made.guild, made.id.v);
    if (e == ERR_OK)
        e = announce(tx, x, EVENT_GUILD_SCHEDULED_EVENT_CREATE, &made);
    return e == ERR_OK ? audit(tx, x, AUDIT_SCHEDULED_EVENT_CREATE, NULL, &made) : e;
}

/* The event, if the actor sees it and may change it as it is. */
static enum err changeable(struct tx *tx, struct change *x, struct scheduled_event *out)
{
    enum err e = begin(tx, x);
    if (e == ERR_OK)
        e = scheduled_events_find(tx_sql(tx), x->now.view->guild.id, x->id, &x->arena, out);
    if (e == ERR_OK && !scheduled_event_visible(&x->now, out, tx_now_ms(tx)))
        e = ERR_UNKNOWN_SCHEDULED_EVENT;
    return e == ERR_OK ? check_right(x, out, tx_now_ms(tx)) : e;
}

static enum err store_edit(struct tx *tx, struct change *x, const struct scheduled_event *before,
                           const struct scheduled_event *after)
{
    enum err e = scheduled_events_update(tx_sql(tx), after);
    if (e == ERR_OK && (x->d->set & SCHEDULED_SETS_IMAGE))
        e = media_replace(tx, x->d->image, MEDIA_EVENT_IMAGE, after->guild, after->id.v);
    if (e == ERR_OK)
        e = announce(tx, x, EVENT_GUILD_SCHEDULED_EVENT_UPDATE, after);
    return e == ERR_OK ? audit(tx, x, AUDIT_SCHEDULED_EVENT_UPDATE, before, after) : e;
}

/* What the caller gets must outlive the closure's arena. */
static enum err edit(struct tx *tx, void *ctx)
{
    struct change *x = ctx;
    struct scheduled_event before;
    enum err e = changeable(tx, x, &before);
    if (e == ERR_OK && has_ended(&before))
        e = ERR_EVENT_FINISHED;
    if (e != ERR_OK)
        return e;
    struct scheduled_event after = before;
    apply(x->d, &after);
    e = check_status(x, before.status, after.status);
    if (e == ERR_OK)
        e = check_whole(x, &after, tx_now_ms(tx));
    if (e == ERR_OK)
        e = check_right(x, &after, tx_now_ms(tx));
    x->result = after;
    return e == ERR_OK ? store_edit(tx, x, &before, &after) : e;
}

/* The object itself goes into the log: nothing is left to build the event from when it is read back
 * (replay_scheduled_events.c). */
static enum err emit_delete(struct tx *tx, struct change *x, const struct scheduled_event *gone)
{
    static const struct scheduled_event_extras none = {NULL, false};
    struct event *e =
        event_scheduled_event(EVENT_GUILD_SCHEDULED_EVENT_DELETE, gone, x->by->who->user.v);
    if (e == NULL)
        return ERR_NO_MEMORY;
    struct buf object;
    struct json_writer w;
    buf_init(&object, MEM_CORE, OBJECT_BYTES_MAX);
    json_begin(&w, &object);
    proto_scheduled_event(&w, gone, &none);
    e->view = guild_view_ref(x->view);
    enum err failed = ERR_NO_MEMORY;
    if (object.failed)
        event_unref(&e);
    else
        failed = core_emit_delta(tx, e, x->by, buf_slice(&object));
    buf_deinit(&object);
    return failed;
}

static enum err delete (struct tx *tx, void *ctx) {
    struct change *x = ctx; struct scheduled_event gone; enum err e = changeable(tx, x, &gone);
    if (e == ERR_OK) e = media_release(tx, MEDIA_EVENT_IMAGE, gone.guild, gone.id.v);
    if (e == ERR_OK) e = scheduled_events_delete(tx_sql(tx), gone.id);
    if (e == ERR_OK) e = views_restructured(tx, gone.guild,
                                            (struct view_change){.parts = VIEW_EVENTS}, &x->view);
    if (e == ERR_OK) e = emit_delete(tx, x, &gone);
    return e == ERR_OK ? audit(tx, x, AUDIT_SCHEDULED_EVENT_DELETE, &gone, NULL) : e;
}

/* ---- use-cases ---- */

static bool keep(struct arena *arena, struct slice *text)
{
    if (text->data == NULL)
        return true;
    *text = arena_dup(arena, *text);
    return text->data != NULL;
}

static enum err keep_result(struct arena *arena, const struct scheduled_event *from,
                            struct scheduled_event *out)
{
    struct scheduled_event kept = *from;
    struct slice *const texts[] = {&kept.name, &kept.description, &kept.location, &kept.image,
                                   &kept.recurrence};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!keep(arena, texts[i]))
            return ERR_NO_MEMORY;
    *out = kept;
    return ERR_OK;
}

/* out NULL: nobody asks. */
static enum err run(struct core *c, store_fn fn, struct change *x, struct arena *arena,
                    struct scheduled_event *out)
{
    arena_init(&x->arena, MEM_CORE, CHANGE_BYTES);
    enum err e = store_write(c->store, fn, x);
    if (e == ERR_OK && out != NULL)
        e = keep_result(arena, &x->result, out);
    access_end(&x->now);
    guild_view_unref(&x->view);
    arena_deinit(&x->arena);
    return e;
}

enum err scheduled_event_create(struct core *c, const struct actor *by, const struct access *a,
                                const struct scheduled_draft *d, struct arena *arena,
                                struct scheduled_event *out, struct draft_problem *problem)
{
    struct change x = {.by = by, .a = a, .d = d};
    enum err e = run(c, create, &x, arena, out);
    if (e == ERR_INVALID_FORM)
        *problem = x.problem;
    return e;
}

enum err scheduled_event_edit(struct core *c, const struct actor *by, const struct access *a,
                              struct scheduled_event_id id, const struct scheduled_draft *d,
                              struct arena *arena, struct scheduled_event *out,
                              struct draft_problem *problem)
{
    struct change x = {.by = by, .a = a, .d = d, .id = id};
    enum err e = run(c, edit, &x, arena, out);
    if (e == ERR_INVALID_FORM)
        *problem = x.problem;
    return e;
}

enum err scheduled_event_delete(struct core *c, const struct actor *by, const struct access *a,
                                struct scheduled_event_id id)
{
    struct change x = {.by = by, .a = a, .id = id};
    return run(c, delete, &x, NULL, NULL);
}
