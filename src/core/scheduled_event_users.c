/* Scheduled events: reading them, and who is interested. */

#include "core/access_renew.h"
#include "core/core_priv.h"
#include "core/scheduled_events.h"
#include "proto/scheduled_event.h"
#include "store/members.h"
#include "store/scheduled_events.h"
#include "store/users.h"

/* ---- reading ---- */

struct get {
    struct core *core;
    const struct access *a;
    struct scheduled_event_id id;
    struct arena *arena;
    struct scheduled_event event;
};

static enum err find(struct tx *tx, struct get *x)
{
    enum err e =
        scheduled_events_find(tx_sql(tx), x->a->view->guild.id, x->id, x->arena, &x->event);
    if (e == ERR_OK && !scheduled_event_visible(x->a, &x->event, clock_wall_ms(x->core->o.clock)))
        e = ERR_UNKNOWN_SCHEDULED_EVENT;
    return e;
}

static enum err get(struct tx *tx, void *ctx)
{
    return find(tx, ctx);
}

enum err scheduled_event_get(struct core *c, const struct access *a, struct scheduled_event_id id,
                             struct arena *arena, struct scheduled_event *out)
{
    struct get x = {.core = c, .a = a, .id = id, .arena = arena};
    enum err e = store_read(c->store, get, &x);
    if (e == ERR_OK)
        *out = x.event;
    return e;
}

struct interest {
    const struct guild_view *view;
    struct arena *arena;
    struct scheduled_interest *list;
    size_t count;
};

static enum err read_interest(struct tx *tx, void *ctx)
{
    struct interest *x = ctx;
    return scheduled_events_interest(tx_sql(tx), x->view->guild.id, x->arena, &x->list, &x->count);
}

enum err scheduled_event_interest(struct core *c, const struct guild_view *v, struct arena *arena,
                                  uint64_t **out)
{
    struct interest x = {.view = v, .arena = arena};
    uint64_t *counts = arena_array(arena, v->scheduled_count + 1, sizeof *counts);
    if (counts == NULL)
        return ERR_NO_MEMORY;
    enum err e = store_read(c->store, read_interest, &x);
    if (e != ERR_OK)
        return e;
    /* Both ascend; the view may be of another moment. */
    for (size_t i = 0, k = 0; i < v->scheduled_count; i++) {
        while (k < x.count && x.list[k].event.v < v->scheduled[i].id.v)
            k++;
        if (k < x.count && x.list[k].event.v == v->scheduled[i].id.v)
            counts[i] = x.list[k].user_count;
    }
    *out = counts;
    return ERR_OK;
}

/* ---- following ---- */

struct following {
    const struct actor *by;
    const struct access *a;
    struct scheduled_event_id id;
    bool follows;
    struct arena arena;
    struct access now;
};

static enum err follow(struct tx *tx, void *ctx)
{
    struct following *x = ctx;
    struct scheduled_event event;
    bool changed = false;
    access_end(&x->now);
    arena_reset(&x->arena);
    enum err e = access_renew(tx, x->a, 0, &x->arena, &x->now);
    if (e == ERR_OK)
        e = scheduled_events_find(tx_sql(tx), x->now.view->guild.id, x->id, &x->arena, &event);
    if (e == ERR_OK && !scheduled_event_visible(&x->now, &event, tx_now_ms(tx)))
        e = ERR_UNKNOWN_SCHEDULED_EVENT;
    if (e == ERR_OK && x->follows && permissions_is_waiting(x->now.view, &x->now.subject))
        e = ERR_MISSING_PERMISSIONS;
    if (e == ERR_OK && (event.status == SCHEDULED_COMPLETED || event.status == SCHEDULED_CANCELED))
        e = ERR_EVENT_FINISHED;
    if (e != ERR_OK)
        return e;
    struct user_id user = x->by->who->user;
    e = x->follows ? scheduled_events_add_user(tx_sql(tx), x->id, user, &changed)
                   : scheduled_events_remove_user(tx_sql(tx), x->id, user, &changed);
    if (e != ERR_OK || !changed)
        return e;
    enum event_kind kind =
        x->follows ? EVENT_GUILD_SCHEDULED_EVENT_USER_ADD : EVENT_GUILD_SCHEDULED_EVENT_USER_REMOVE;
    return core_emit(tx, event_scheduled_user(kind, event.guild, event.channel, event.id, user),
                     x->by);
}

enum err scheduled_event_follow(struct core *c, const struct actor *by, const struct access *a,
                                struct scheduled_event_id id, bool follows)
{
    struct following x = {.by = by, .a = a, .id = id, .follows = follows};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, follow, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    return e;
}

/* ---- followers ---- */

struct followers {
    struct get get;
    const struct scheduled_followers_query *q;
    struct scheduled_follower *list;
    size_t count;
};

static enum err read_follower(struct tx *tx, const struct followers *x, struct user_id id,
                              struct scheduled_follower *out)
{
    struct arena *arena = x->get.arena;
    enum err e = users_find(tx_sql(tx), id, arena, &out->user);
    out->user.email = (struct slice){NULL, 0};
    if (e != ERR_OK || !x->q->with_member)
        return e;
    e = members_find(tx_sql(tx), x->get.a->view->guild.id, id, arena, &out->member);
    out->is_member = e == ERR_OK;
    return e == ERR_UNKNOWN_MEMBER ? ERR_OK : e;
}

static enum err read_followers(struct tx *tx, void *ctx)
{
    struct followers *x = ctx;
    const struct scheduled_followers_query *q = x->q;
    struct user_id *ids = NULL;
    size_t count = 0;
    enum err e = find(tx, &x->get);
    if (e == ERR_OK)
        e = scheduled_events_users(tx_sql(tx), q->event, q->before, q->after, q->limit,
                                   x->get.arena, &ids, &count);
    if (e != ERR_OK)
        return e;
    x->list = arena_array(x->get.arena, count + 1, sizeof *x->list);
    if (x->list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = read_follower(tx, x, ids[i], &x->list[i]);
    x->count = count;
    return e;
}

enum err scheduled_event_followers(struct core *c, const struct access *a,
                                   const struct scheduled_followers_query *q, struct arena *arena,
                                   struct scheduled_follower **out, size_t *count)
{
    struct followers x = {.get = {.core = c, .a = a, .id = q->event, .arena = arena}, .q = q};
    enum err e = store_read(c->store, read_followers, &x);
    if (e != ERR_OK)
        return e;
    *out = x.list;
    *count = x.count;
    return ERR_OK;
}
