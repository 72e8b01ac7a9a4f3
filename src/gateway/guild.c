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
#include "gateway/inspect.h"
#include "gateway/member_list.h"
#include "gateway/member_watch.h"
#include "gateway/presence.h"
#include "gateway/voice_list.h"
#include "proto/guild.h"
#include "wire/json_write.h"

enum { CLASSES_MAX = 1 << 20 };

struct guild_job {
    struct gw_job job;     /* first */
    struct guild_sub *sub; /* kept alive by its job_running */
    uint64_t after;
    bool owed; /* rows after it; none means that they are gone, with all of the stream's */
    struct guild_snapshot snapshot;
    struct event *events[REFILL_ROWS];
    size_t count;
};

static size_t channel_index(const struct guild_view *v, uint64_t channel_id)
{
    const struct channel *c = guild_view_channel(v, (struct channel_id){channel_id});
    return c == NULL ? SIZE_MAX : (size_t)(c - v->channels);
}

static void remove_member(struct guild_sub *s, uint64_t user_id)
{
    struct user_sub *u = map_get(&s->hub->users, user_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct guild_link *l =
            session_link(LIST_OWNER(it, struct session, user_node), s->feed.stream.id);
        if (l == NULL || (l->entry != NULL && l->entry->min_position >= s->feed.position))
            continue; /* that one has come back already */
        /* Only out of the audience: GUILD_DELETE comes with the user's own stream. */
        presence_link_leaves(l, true);
        audience_leave(l);
        l->gone = true;
    }
}

/* Before anything later is delivered. Who is not in a class yet reads the membership again. */
static void move_member(struct guild_sub *s, const struct event *e)
{
    const struct standing *now = e->standing;
    struct user_sub *u = map_get(&s->hub->users, e->entity_id);
    if (u == NULL)
        return;
    LIST_FOREACH (it, &u->sessions) {
        struct guild_link *l =
            session_link(LIST_OWNER(it, struct session, user_node), s->feed.stream.id);
        if (l != NULL && l->class != NULL)
            audience_move(l, now, now->position > e->position);
    }
}

/* What an event changes besides the view. */
static void note(struct guild_sub *s, const struct event *e)
{
    guild_note_member(s, e);
    voice_list_note(s, e);
    member_watch_note(s, e);
    if (e->kind == EVENT_MESSAGE_CREATE) {
        size_t i = channel_index(s->view, e->channel_id);
        if (i != SIZE_MAX && s->last_messages != NULL)
            s->last_messages[i] = e->entity_id;
    } else if (e->kind == EVENT_GUILD_MEMBER_ADD) {
        s->member_count++;
    } else if (e->kind == EVENT_GUILD_MEMBER_REMOVE) {
        s->member_count -= s->member_count > 0;
        remove_member(s, e->entity_id);
    } else if (e->kind == EVENT_GUILD_MEMBER_UPDATE && e->standing != NULL) {
        move_member(s, e);
    } else if (e->kind == EVENT_GUILD_MEMBER_UPDATE && e->payload == NULL) {
        /* Of the log, and no member any more: what they were allowed until they left is lost. */
        remove_member(s, e->entity_id);
    }
    member_lists_note(s, e);
}

/* Whoever's membership is of just this position; in a window nobody. */
static void admit_exact(struct guild_sub *s)
{
    LIST_FOREACH (it, &s->waiting) {
        struct link_entry *entry = LIST_OWNER(it, struct link_entry, waiting);
        if (entry->min_position == s->feed.position && !entry->reading && s->floor == NULL)
            guild_link_activate(entry->link);
    }
}

/* The feed is live: whoever waited for that may enter. */
static void admit_waiting(struct guild_sub *s)
{
    LIST_FOREACH (it, &s->waiting) {
        struct guild_link *l = LIST_OWNER(it, struct link_entry, waiting)->link;
        if (guild_link_ready(l))
            guild_link_activate(l);
    }
}

static void after_window(struct guild_sub *s)
{
    s->window_over = false;
    audience_merge(s);
    admit_waiting(s);
}

/* As far as the account of this turn goes; true: it is done. */
static bool apply_some(struct guild_sub *s)
{
    if (s->change != NULL) {
        if (!turnover_run(s))
            return false;
        turnover_end(s);
        voice_list_recheck(s);
    }
    if (!s->noted) {
        note(s, s->current);
        s->noted = true;
        delivery_begin(s, s->current);
    }
    if (!delivery_run(s, s->current))
        return false;
    s->noted = false;
    return true;
}

static bool apply_current(struct guild_sub *s)
{
    inspect_begin(s->hub, s->current);
    bool finished = apply_some(s);
    if (finished && !list_empty(&s->hub->inspected))
        inspect_guild_done(s, s->current);
    inspect_begin(s->hub, NULL);
    if (!finished)
        return false;
    LOG_LINE(loop_log(s->hub->loop), LOG_DEBUG, "gateway", "event delivered",
             slice_from(s->current->request_id), LOG_S("event", event_info(s->current->kind)->name),
             LOG_U("guild", s->feed.stream.id), LOG_U("position", s->current->position), LOG_END);
    event_unref(&s->current);
    admit_exact(s);
    if (s->window_over)
        after_window(s);
    return true;
}

static void on_apply(struct feed *f, struct event *e)
{
    struct guild_sub *s = (struct guild_sub *)f;
    s->version++;
    s->current = event_ref(e);
    if ((e->view == NULL && s->floor == NULL) || !turnover_begin(s, e))
        assert(s->change == NULL);
    bool finished = apply_current(s);
    serve_note_applied(s);
    if (finished && !(f->batch && serve_enough(s)))
        return;
    feed_pause(f);
    hub_busy(s->hub, s);
}

/* As an event of the log, but for the position. The feed is live. */
static void apply_ephemeral(struct guild_sub *s, struct event *e)
{
    s->current = event_ref(e);
    bool finished = apply_current(s);
    serve_note_applied(s);
    if (finished)
        return;
    feed_pause(&s->feed);
    hub_busy(s->hub, s);
}

void guild_sub_give(struct guild_sub *s, struct event *e)
{
    assert(s->current == NULL && s->feed.state == FEED_LIVE && !s->feed.paused);
    if (e->position == 0)
        apply_ephemeral(s, e);
    else
        feed_offer(&s->feed, e);
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
        struct guild_link *l = LIST_OWNER(it, struct link_entry, waiting)->link;
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
    if (last == NULL || !voice_list_install(s, snap)) {
        mem_free(MEM_GATEWAY, last);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        last[i] = snap->last_messages[i].v;
    mem_free(MEM_GATEWAY, s->last_messages); /* there are old ones after start_over */
    s->last_messages = last;
    guild_view_unref(&s->view);
    s->view = guild_view_ref(snap->view);
    s->member_count = snap->member_count;
    s->recent_from = snap->position; /* what is later will pass by here */
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
        serve_rouse_guild(s);
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
    LIST_FOREACH (it, &s->classes)
        audience_give_up_all(LIST_OWNER(it, struct audience_class, node));
    LIST_FOREACH (it, &s->waiting)
        session_fail(LIST_OWNER(it, struct link_entry, waiting)->link->session);
    guild_view_unref(&s->floor); /* the window is not seen to its end */
    s->narrowed = false;
    feed_restart(&s->feed);
    guild_sub_want(s);
}

static void refill_done(struct gw_job *j)
{
    struct guild_job *g = (struct guild_job *)j;
    struct guild_sub *s = g->sub;
    s->job_running = false;
    s->hub->jobs--;
    if (j->err == ERR_OK && g->count == 0 && g->owed)
        j->err = ERR_LOG_TRIMMED;
    if (j->err == ERR_OK) {
        metrics_add(loop_metrics(s->hub->loop), METRIC_EVENTS_REFILLED, (int64_t)g->count);
        feed_refilled(&s->feed, g->events, g->count, g->count == REFILL_ROWS);
        admit_waiting(s);
        serve_rouse_guild(s);
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
    g->owed = feed_is_owed(&s->feed);
    s->job_running = true;
    s->hub->jobs++;
    gw_job_submit(&g->job, JOB_READ);
}

void guild_sub_continue(struct guild_sub *s)
{
    if (s->current != NULL && !apply_current(s))
        return;
    feed_resume(&s->feed);
    admit_waiting(s);
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
    s->structure = 1;
    list_init(&s->classes);
    list_init(&s->waiting);
    bulk_lane_init(&s->lane);
    map_init(&s->by_key, MEM_GATEWAY, CLASSES_MAX, h->guilds.seed);
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
    assert(list_empty(&s->classes));
    map_remove(&s->hub->guilds, s->feed.stream.id);
    list_remove(&s->wanted);
    list_remove(&s->trash);
    list_remove(&s->busy);
    bulk_lane_deinit(&s->lane);
    loop_timer_stop(&s->expiry);
    if (s->change != NULL)
        turnover_end(s);
    event_unref(&s->current);
    inbox_deinit(&s->inbox);
    feed_deinit(&s->feed);
    map_deinit(&s->by_key);
    guild_view_unref(&s->view);
    guild_view_unref(&s->floor);
    mem_free(MEM_GATEWAY, s->last_messages);
    mem_free(MEM_GATEWAY, s->recent);
    voice_list_free(s);
    member_watch_free(s);
    member_lists_free(s);
    mem_free(MEM_GATEWAY, s);
}
