/*
 * A guild on one loop. Its feed gives every event of the guild's stream once and in order;
 * structural events carry the new view, which replaces the old one exactly between the events that
 * it separates. Sessions enter only when the feed has reached the position as of which their
 * membership was read, so that GUILD_CREATE and the events after it fit together without a gap or a
 * repetition.
 */
#include <assert.h>
#include <string.h>

#include "gateway/gateway_priv.h"
#include "proto/guild.h"
#include "wire/json_write.h"

struct guild_job {
    struct gw_job job;     /* first */
    struct guild_sub *sub; /* kept alive by its job_running */
    uint64_t after;
    struct guild_snapshot snapshot;
    struct event *events[REFILL_ROWS];
    size_t count;
};

static size_t channel_index(const struct guild_view *v, uint64_t channel_id)
{
    const struct channel *c = guild_view_channel(v, (struct channel_id){channel_id});
    return c == NULL ? SIZE_MAX : (size_t)(c - v->channels);
}

/* The new structure, from this event on. Channels that stay keep their last message; without memory
 * those are forgotten, but the old view may not stay: it shows what the new one hides. */
static void replace_view(struct guild_sub *s, struct guild_view *view)
{
    uint64_t *last = mem_array(MEM_GATEWAY, view->channel_count + 1, sizeof *last);
    for (size_t i = 0; i < view->channel_count && last != NULL && s->last_messages != NULL; i++) {
        size_t old = channel_index(s->view, view->channels[i].id.v);
        last[i] = old == SIZE_MAX ? 0 : s->last_messages[old];
    }
    mem_free(MEM_GATEWAY, s->last_messages);
    s->last_messages = last;
    guild_view_unref(&s->view);
    s->view = guild_view_ref(view);
    audience_refresh(s);
}

static void remove_member(struct guild_sub *s, uint64_t user_id)
{
    struct user_sub *u = map_get(&s->hub->users, user_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct guild_link *l =
            session_link(LIST_OWNER(it, struct session, user_node), s->feed.stream.id);
        /* Only out of the audience: GUILD_DELETE comes with the user's own stream. */
        if (l != NULL)
            audience_leave(l);
    }
}

static void on_apply(struct feed *f, struct event *e)
{
    struct guild_sub *s = (struct guild_sub *)f;
    s->version++;
    if (e->view != NULL)
        replace_view(s, e->view);
    if (e->kind == EVENT_MESSAGE_CREATE) {
        size_t i = channel_index(s->view, e->channel_id);
        if (i != SIZE_MAX && s->last_messages != NULL)
            s->last_messages[i] = e->entity_id;
    } else if (e->kind == EVENT_GUILD_MEMBER_ADD) {
        s->member_count++;
    } else if (e->kind == EVENT_GUILD_MEMBER_REMOVE) {
        s->member_count -= s->member_count > 0;
        remove_member(s, e->entity_id);
    }
    audience_deliver(s, e);
    LIST_FOREACH (it, &s->waiting) {
        struct guild_link *l = LIST_OWNER(it, struct guild_link, waiting);
        if (l->min_position == s->feed.position)
            guild_link_activate(l);
    }
}

void guild_sub_ephemeral(struct guild_sub *s, struct event *e)
{
    if (s->view != NULL)
        audience_deliver(s, e);
}

static void on_refill(struct feed *f)
{
    guild_sub_want((struct guild_sub *)f);
}

void guild_sub_want(struct guild_sub *s)
{
    if (!s->job_running && !list_linked(&s->wanted))
        list_push_back(&s->hub->wanted, &s->wanted);
}

/* The feed is live: whoever waited for that may enter. */
static void admit_waiting(struct guild_sub *s)
{
    if (s->feed.state != FEED_LIVE)
        return;
    LIST_FOREACH (it, &s->waiting) {
        struct guild_link *l = LIST_OWNER(it, struct guild_link, waiting);
        if (guild_link_ready(l))
            guild_link_activate(l);
    }
}

static void load_work(struct gw_job *j)
{
    struct guild_job *g = (struct guild_job *)j;
    j->err =
        guild_snapshot_load(j->hub->gateway->options.core,
                            (struct guild_id){g->sub->feed.stream.id}, &j->arena, &g->snapshot);
}

/* The guild is gone from the store: nobody can be linked to it. Whoever was told of it in READY is
 * told that it is gone; for the others READY comes without it. */
static void refuse_waiting(struct guild_sub *s)
{
    LIST_FOREACH (it, &s->waiting) {
        struct guild_link *l = LIST_OWNER(it, struct guild_link, waiting);
        struct session *owner = l->session;
        guild_link_free(l);
        if (owner->ready_pending)
            session_try_ready(owner);
        else
            session_push_guild_delete(owner, s->feed.stream.id);
    }
}

static void again_later(struct guild_sub *s)
{
    /* Not in hub->wanted, which every turn looks at: a store that refuses would be asked without
     * end. */
    list_remove(&s->wanted);
    list_push_back(&s->hub->later, &s->wanted);
    hub_retry_later(s->hub);
}

static bool install_snapshot(struct guild_sub *s, struct guild_snapshot *snap)
{
    size_t n = snap->view->channel_count;
    uint64_t *last = mem_array(MEM_GATEWAY, n + 1, sizeof *last);
    if (last == NULL)
        return false;
    for (size_t i = 0; i < n; i++)
        last[i] = snap->last_messages[i].v;
    mem_free(MEM_GATEWAY, s->last_messages); /* there are old ones after start_over */
    s->last_messages = last;
    guild_view_unref(&s->view);
    s->view = guild_view_ref(snap->view);
    s->member_count = snap->member_count;
    audience_refresh(s);
    return true;
}

static void load_done(struct gw_job *j)
{
    struct guild_job *g = (struct guild_job *)j;
    struct guild_sub *s = g->sub;
    s->job_running = false;
    s->hub->jobs--;
    if (j->err == ERR_OK && install_snapshot(s, &g->snapshot)) {
        feed_start(&s->feed, g->snapshot.position);
        admit_waiting(s);
    } else if (j->err == ERR_UNKNOWN_GUILD) {
        refuse_waiting(s);
    } else {
        again_later(s);
    }
    guild_view_unref(&g->snapshot.view);
    if (s->link_count == 0 && !list_linked(&s->trash))
        list_push_back(&s->hub->trash, &s->trash);
    gw_job_free(j);
}

static void collect(void *ctx, struct event *e)
{
    struct guild_job *g = ctx;
    if (g->count < REFILL_ROWS)
        g->events[g->count++] = e;
    else
        event_unref(&e);
}

static void refill_work(struct gw_job *j)
{
    struct guild_job *g = (struct guild_job *)j;
    j->err = events_replay(j->hub->gateway->options.core, g->sub->feed.stream, g->after,
                           REFILL_ROWS, collect, g);
}

/* Retention has passed this feed. Whoever is in the guild here has missed something for good: their
 * sessions end, not to be resumed, and the guild begins anew for those who come next. */
static void start_over(struct guild_sub *s)
{
    log_warn(loop_log(s->hub->loop), "gateway", "the event log was trimmed past a guild's feed",
             LOG_U("guild", s->feed.stream.id), LOG_U("position", s->feed.position));
    LIST_FOREACH (it, &s->classes) {
        const struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        for (uint32_t i = 0; i < c->count; i++)
            session_fail(c->sessions[i]);
    }
    LIST_FOREACH (it, &s->waiting)
        session_fail(LIST_OWNER(it, struct guild_link, waiting)->session);
    feed_restart(&s->feed);
    guild_sub_want(s);
}

static void refill_done(struct gw_job *j)
{
    struct guild_job *g = (struct guild_job *)j;
    struct guild_sub *s = g->sub;
    s->job_running = false;
    s->hub->jobs--;
    if (j->err == ERR_OK) {
        metrics_add(loop_metrics(s->hub->loop), METRIC_EVENTS_REFILLED, (int64_t)g->count);
        feed_refilled(&s->feed, g->events, g->count, g->count == REFILL_ROWS);
        admit_waiting(s);
    } else if (j->err == ERR_LOG_TRIMMED) {
        start_over(s);
    } else {
        again_later(s);
    }
    for (size_t i = 0; i < g->count; i++)
        event_unref(&g->events[i]);
    if (s->link_count == 0 && !list_linked(&s->trash))
        list_push_back(&s->hub->trash, &s->trash);
    gw_job_free(j);
}

void guild_sub_start_job(struct guild_sub *s)
{
    if (s->feed.state == FEED_LIVE || s->job_running)
        return;
    bool load = s->feed.state == FEED_LOADING;
    struct guild_job *g = gw_job_new(s->hub, sizeof *g, load ? load_work : refill_work,
                                     load ? load_done : refill_done);
    if (g == NULL) {
        again_later(s);
        return;
    }
    g->sub = s;
    g->after = s->feed.position;
    s->job_running = true;
    s->hub->jobs++;
    gw_job_submit(&g->job, JOB_READ);
}

struct guild_sub *guild_sub_get(struct hub *h, uint64_t guild_id)
{
    static const struct feed_ops ops = {.apply = on_apply, .refill = on_refill};
    struct guild_sub *s = map_get(&h->guilds, guild_id);
    if (s != NULL)
        return s;
    s = mem_zalloc(MEM_GATEWAY, sizeof *s);
    if (s == NULL)
        return NULL;
    s->hub = h;
    list_init(&s->classes);
    list_init(&s->waiting);
    feed_init(&s->feed, (struct stream){STREAM_GUILD, guild_id}, &ops);
    if (!map_put(&h->guilds, guild_id, s)) {
        mem_free(MEM_GATEWAY, s);
        return NULL;
    }
    guild_sub_want(s);
    return s;
}

void guild_sub_free(struct guild_sub *s)
{
    map_remove(&s->hub->guilds, s->feed.stream.id);
    list_remove(&s->wanted);
    list_remove(&s->trash);
    LIST_FOREACH (it, &s->classes)
        audience_class_free(LIST_OWNER(it, struct audience_class, node));
    feed_deinit(&s->feed);
    guild_view_unref(&s->view);
    mem_free(MEM_GATEWAY, s->last_messages);
    mem_free(MEM_GATEWAY, s->specials);
    mem_free(MEM_GATEWAY, s);
}

static struct bytes *member_json(struct hub *h, const struct member *m)
{
    struct json_writer w;
    buf_reset(&h->scratch);
    json_begin(&w, &h->scratch);
    proto_member(&w, m, true);
    return h->scratch.failed ? NULL : bytes_new(buf_slice(&h->scratch));
}

static bool copy_member(struct guild_link *l, struct hub *h, const struct member *m)
{
    l->joined_at_ms = m->joined_at_ms;
    l->timed_out_until_ms = m->timed_out_until_ms;
    l->member = member_json(h, m);
    if (l->member == NULL)
        return false;
    if (m->role_count == 0)
        return true;
    l->roles = mem_array(MEM_GATEWAY, m->role_count, sizeof *l->roles);
    if (l->roles == NULL)
        return false;
    memcpy(l->roles, m->roles, m->role_count * sizeof *l->roles);
    l->role_count = (uint32_t)m->role_count;
    return true;
}

void guild_link_forget_member(struct guild_link *l)
{
    bytes_unref(&l->member);
    mem_free(MEM_GATEWAY, l->roles);
    l->roles = NULL;
    l->role_count = 0;
}

struct guild_link *guild_link_new(struct session *s, const struct membership *m)
{
    struct guild_sub *g = guild_sub_get(s->hub, m->guild.v);
    struct guild_link *l = g == NULL ? NULL : mem_zalloc(MEM_GATEWAY, sizeof *l);
    if (l == NULL)
        return NULL;
    l->session = s;
    l->guild = g;
    l->min_position = m->position;
    if (!copy_member(l, s->hub, &m->member) || !session_add_link(s, l)) {
        guild_link_forget_member(l);
        mem_free(MEM_GATEWAY, l);
        return NULL;
    }
    g->link_count++;
    list_remove(&g->trash);
    list_push_back(&g->waiting, &l->waiting);
    if (g->feed.state == FEED_LOADING)
        guild_sub_want(g); /* it has no job if its load was refused a moment ago */
    return l;
}

void guild_link_free(struct guild_link *l)
{
    struct guild_sub *g = l->guild;
    audience_leave(l);
    list_remove(&l->waiting);
    session_remove_link(l->session, l);
    guild_link_forget_member(l);
    mem_free(MEM_GATEWAY, l);
    g->link_count--;
    if (g->link_count == 0 && !list_linked(&g->trash))
        list_push_back(&g->hub->trash, &g->trash);
}

bool guild_link_ready(const struct guild_link *l)
{
    return l->guild->feed.state == FEED_LIVE && l->guild->feed.position >= l->min_position;
}

void guild_link_activate(struct guild_link *l)
{
    struct session *s = l->session;
    if (s->ready_pending) {
        session_try_ready(s); /* READY takes all guilds at once */
        return;
    }
    if (!audience_join(l)) {
        session_fail(s); /* memory is short: the client begins anew */
        return;
    }
    list_remove(&l->waiting);
    if ((s->intents & INTENT_GUILDS) != 0) {
        struct bytes *payload = guild_create_payload(l);
        if (payload != NULL)
            session_push(s, payload);
        bytes_unref(&payload);
    }
    guild_link_forget_member(l);
}
