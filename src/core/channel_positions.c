/* Moving channels. Libraries send the whole list to move one, so what stays where it is is no
 * change, and whoever may order channels need not even see them. Another category and other
 * overwrites, however, are changes of the channel, and take what editing it would take. */

#include <string.h>

#include "base/limits.h"
#include "core/channels_priv.h"
#include "store/channels.h"

/* Each is an entry of the audit log, and a closure has room for so many events beside those of 500
 * channels. Nobody moves that much by hand: it is refused before it is looked into. */
enum { OVERWRITES_MAX = 3000 };

struct moving {
    struct channel_change change; /* first */
    const struct channel_place *list;
    size_t count;
    struct channel *after; /* per channel of the view */
    bool *moved;
    size_t parents_changed;
    size_t overwrites_changed;
};

static size_t index_of(const struct guild_view *view, struct channel_id id)
{
    const struct channel *ch = guild_view_channel(view, id);
    return ch == NULL ? SIZE_MAX : (size_t)(ch - view->channels);
}

/* The view as it would be: places are judged one after the other. */
static enum err begin_plan(struct moving *x)
{
    const struct guild_view *view = x->change.now.view;
    x->after = arena_array(&x->change.arena, view->channel_count + 1, sizeof *x->after);
    x->moved = arena_array(&x->change.arena, view->channel_count + 1, sizeof *x->moved);
    if (x->after == NULL || x->moved == NULL)
        return ERR_NO_MEMORY;
    if (view->channel_count > 0)
        memcpy(x->after, view->channels, view->channel_count * sizeof *x->after);
    x->parents_changed = x->overwrites_changed = 0;
    return ERR_OK;
}

/* As a request for this one channel would be judged. */
static enum err may_edit(struct tx *tx, const struct channel_change *c, const struct channel *ch,
                         uint64_t need)
{
    const struct access *now = &c->now;
    uint64_t held = permissions_in_channel(now->view, &now->subject, ch, tx_now_ms(tx));
    if (!(held & PERMISSION_VIEW_CHANNEL))
        return ERR_MISSING_ACCESS;
    return permissions_meet(held, need) ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

static enum err plan_parent(struct tx *tx, struct moving *x, const struct channel *before,
                            struct channel *after, struct channel_id parent)
{
    struct channel_change *c = &x->change;
    after->parent = parent;
    if (++x->parents_changed > 1)
        return ERR_ONE_PARENT;
    enum err e = may_edit(tx, c, before, PERMISSION_MANAGE_CHANNELS);
    return e == ERR_OK ? channel_check_parent(tx, &c->now, after, &c->problem) : e;
}

static enum err count_one(void *ctx, const struct overwrite *before, const struct overwrite *after)
{
    struct moving *x = ctx;
    (void)before;
    (void)after;
    return ++x->overwrites_changed <= OVERWRITES_MAX ? ERR_OK : ERR_ENTITY_TOO_LARGE;
}

static enum err plan_sync(struct tx *tx, struct moving *x, const struct channel *before,
                          struct channel *after)
{
    struct channel_change *c = &x->change;
    const struct channel *parent =
        after->parent.v == 0 ? NULL : guild_view_channel(c->now.view, after->parent);
    if (parent == NULL)
        return ERR_OK; /* there is nothing to be in step with */
    enum err e = may_edit(tx, c, before, PERMISSION_MANAGE_ROLES);
    if (e != ERR_OK)
        return e;
    after->overwrites = parent->overwrites;
    after->overwrite_count = parent->overwrite_count;
    e = overwrites_compare(before, after, count_one, x);
    return e == ERR_OK ? channel_check_overwrites(tx, c, before, before, after) : e;
}

static enum err plan_place(struct tx *tx, struct moving *x, const struct channel_place *p)
{
    struct channel_change *c = &x->change;
    size_t at = index_of(c->now.view, p->id);
    if (at == SIZE_MAX)
        return ERR_UNKNOWN_CHANNEL;
    const struct channel *before = &c->now.view->channels[at];
    struct channel *after = &x->after[at];
    if (p->has_position)
        after->position = p->position;
    enum err e = ERR_OK;
    if (p->has_parent && p->parent.v != after->parent.v)
        e = plan_parent(tx, x, before, after, p->parent);
    return e == ERR_OK && p->lock_permissions ? plan_sync(tx, x, before, after) : e;
}

static bool differs(const struct channel *a, const struct channel *b)
{
    return a->position != b->position || a->parent.v != b->parent.v || !channel_in_step(a, b);
}

static enum err write_places(struct tx *tx, struct moving *x, size_t *changed)
{
    const struct guild_view *view = x->change.now.view;
    enum err e = ERR_OK;
    *changed = 0;
    for (size_t i = 0; i < view->channel_count && e == ERR_OK; i++) {
        const struct channel *b = &view->channels[i], *a = &x->after[i];
        x->moved[i] = differs(b, a);
        if (!x->moved[i])
            continue;
        ++*changed;
        e = channels_set_position(tx_sql(tx), a->id, a->position, a->parent);
        if (e == ERR_OK)
            e = channels_change_overwrites(tx_sql(tx), a->id, b->overwrites, b->overwrite_count,
                                           a->overwrites, a->overwrite_count);
    }
    return e;
}

static enum err audit_places(struct tx *tx, struct moving *x)
{
    struct channel_change *c = &x->change;
    enum err e = ERR_OK;
    for (size_t i = 0; i < c->now.view->channel_count && e == ERR_OK; i++) {
        if (!x->moved[i])
            continue;
        e = channel_audit(tx, c->by, &c->now.view->channels[i], &x->after[i]);
        if (e == ERR_OK)
            e = channel_audit_overwrites(tx, c->by, c->view, &c->now.view->channels[i],
                                         &x->after[i]);
    }
    return e;
}

static enum err announce(struct tx *tx, struct moving *x)
{
    struct channel_change *c = &x->change;
    struct channel_id ids[LIMIT_GUILD_CHANNELS];
    size_t n = 0;
    for (size_t i = 0; i < c->now.view->channel_count && n < LIMIT_GUILD_CHANNELS; i++)
        if (x->moved[i])
            ids[n++] = c->now.view->channels[i].id;
    enum err e = views_restructured(
        tx, c->now.view->guild.id,
        (struct view_change){.parts = VIEW_CHANNELS, .channels = ids, .channel_count = n},
        &c->view);
    if (e == ERR_OK)
        e = channels_emit_updates(tx, c->by, c->view, ids, n, true);
    return e == ERR_OK ? audit_places(tx, x) : e;
}

static enum err move(struct tx *tx, void *ctx)
{
    struct moving *x = ctx;
    size_t changed = 0;
    enum err e = channel_change_begin(tx, &x->change, PERMISSION_MANAGE_CHANNELS);
    if (e == ERR_OK)
        e = begin_plan(x);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = plan_place(tx, x, &x->list[i]);
    if (e == ERR_OK)
        e = write_places(tx, x, &changed);
    return e == ERR_OK && changed > 0 ? announce(tx, x) : e;
}

enum err channels_move(struct core *c, const struct actor *by, const struct access *a,
                       const struct channel_place *list, size_t count,
                       struct draft_problem *problem)
{
    struct moving x = {.change = {.by = by, .a = a}, .list = list, .count = count};
    channel_change_init(&x.change);
    enum err e = store_write(c->store, move, &x);
    if (e == ERR_INVALID_FORM)
        *problem = x.change.problem;
    guild_view_unref(&x.change.view);
    channel_change_deinit(&x.change);
    return e;
}
