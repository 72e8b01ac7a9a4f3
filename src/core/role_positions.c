/*
 * Ordering roles. Libraries send the whole list to move one role, or just the one; both mean: these
 * roles take these places. What counts afterwards is the order, so everybody whose rank stays the
 * same may be named by anybody, and a renumbering that moves nobody is nobody's loss.
 */

#include <stdlib.h>

#include "base/limits.h"
#include "core/roles_priv.h"
#include "proto/role_events.h"

struct ordering {
    const struct role *old[LIMIT_GUILD_ROLES + 1]; /* from the lowest: @everyone is first */
    const struct role *fresh[LIMIT_GUILD_ROLES + 1];
    size_t count;
};

static int by_rank(const void *a, const void *b)
{
    return role_compare(*(const struct role *const *)a, *(const struct role *const *)b);
}

static bool is_everyone(const struct role *r)
{
    return r->id.v == r->guild.v;
}

/* Without @everyone, which is put in front: its rank is below all, whatever its position. */
static void sort_roles(const struct guild_view *view, struct ordering *o)
{
    size_t n = 1;
    for (size_t i = 0; i < view->role_count && n <= LIMIT_GUILD_ROLES; i++) {
        if (is_everyone(&view->roles[i]))
            o->old[0] = &view->roles[i];
        else
            o->old[n++] = &view->roles[i];
    }
    o->count = n;
    if (n > 2)
        qsort(&o->old[1], n - 1, sizeof o->old[0], by_rank);
}

/* The place that the request names for it last; -1: none. */
static int32_t wanted_place(const struct role_change *x, const struct role *r)
{
    for (size_t i = x->place_count; i-- > 0;)
        if (x->places[i].id.v == r->id.v)
            return x->places[i].position;
    return -1;
}

/* The free place at or after `place`, else the last one before it. */
static size_t free_place(const struct ordering *o, size_t place)
{
    size_t at = place < o->count ? place : o->count - 1;
    while (at < o->count && o->fresh[at] != NULL)
        at++;
    if (at < o->count)
        return at;
    for (at = o->count; at-- > 1;)
        if (o->fresh[at] == NULL)
            break;
    return at;
}

/* Those that are named take their places, from the lowest; then the others fill up what is left. */
static void place_roles(const struct role_change *x, struct ordering *o)
{
    o->fresh[0] = o->old[0];
    for (size_t i = 1; i < o->count; i++)
        o->fresh[i] = NULL;
    for (size_t i = 1; i < o->count; i++) {
        int32_t place = wanted_place(x, o->old[i]);
        if (place >= 0)
            o->fresh[free_place(o, place < 1 ? 1 : (size_t)place)] = o->old[i];
    }
    size_t at = 1;
    for (size_t i = 1; i < o->count; i++) {
        if (wanted_place(x, o->old[i]) >= 0)
            continue;
        while (o->fresh[at] != NULL)
            at++;
        o->fresh[at] = o->old[i];
    }
}

static enum err check_places(const struct role_change *x)
{
    const struct guild_view *view = x->now.view;
    for (size_t i = 0; i < x->place_count; i++) {
        const struct role *r = guild_view_role(view, x->places[i].id);
        if (r == NULL)
            return ERR_UNKNOWN_ROLE;
        if (is_everyone(r) && x->places[i].position > 0)
            return ERR_INVALID_ROLE;
    }
    return ERR_OK;
}

static enum err check_ranks(const struct role_change *x, const struct ordering *o)
{
    for (size_t i = 1; i < o->count; i++)
        if (o->fresh[i] != o->old[i] &&
            !permissions_outranks_role(x->now.view, &x->now.subject, o->fresh[i]))
            return ERR_MISSING_PERMISSIONS;
    return ERR_OK;
}

static enum err write_places(struct tx *tx, const struct ordering *o, size_t *changed)
{
    enum err e = ERR_OK;
    *changed = 0;
    for (size_t i = 0; i < o->count && e == ERR_OK; i++) {
        if (o->fresh[i]->position == (int32_t)i)
            continue;
        ++*changed;
        e = roles_set_position(tx_sql(tx), o->fresh[i]->id, (int32_t)i);
    }
    return e;
}

static enum err emit_places(struct tx *tx, struct role_change *x, const struct ordering *o)
{
    enum err e = ERR_OK;
    bool first = true;
    for (size_t i = 0; i < o->count && e == ERR_OK; i++) {
        if (o->fresh[i]->position == (int32_t)i)
            continue;
        struct role now = *o->fresh[i];
        now.position = (int32_t)i;
        struct event *event = event_role_update(&now, first ? x->view : NULL, x->by->who->user.v);
        e = first ? core_emit_structure(tx, event, x->by, x->view) : core_emit(tx, event, x->by);
        first = false;
    }
    return e;
}

static enum err audit_places(struct tx *tx, struct role_change *x, const struct ordering *o)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < o->count && e == ERR_OK; i++) {
        struct role now = *o->fresh[i];
        now.position = (int32_t)i;
        if (o->fresh[i]->position != now.position)
            e = role_audit(tx, x->by, o->fresh[i], &now);
    }
    return e;
}

static enum err move(struct tx *tx, void *ctx)
{
    struct role_change *x = ctx;
    struct ordering o = {.count = 0};
    size_t changed = 0;
    enum err e = role_change_begin(tx, x);
    if (e == ERR_OK)
        e = check_places(x);
    if (e != ERR_OK)
        return e;
    sort_roles(x->now.view, &o);
    place_roles(x, &o);
    e = check_ranks(x, &o);
    if (e == ERR_OK)
        e = write_places(tx, &o, &changed);
    if (e == ERR_OK && changed == 0) {
        guild_view_unref(&x->view);
        x->view = guild_view_ref(x->now.view);
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = views_restructured(tx, x->now.view->guild.id, (struct view_change){.parts = VIEW_ROLES},
                               &x->view);
    if (e == ERR_OK)
        e = emit_places(tx, x, &o);
    return e == ERR_OK ? audit_places(tx, x, &o) : e;
}

enum err roles_move(struct core *c, const struct actor *by, const struct access *a,
                    const struct role_place *list, size_t count, struct guild_view **view)
{
    struct role_change x = {.by = by, .a = a, .places = list, .place_count = count};
    return role_change_run(c, move, &x, view);
}
