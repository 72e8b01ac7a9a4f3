/* The user's own stream on one loop: guilds joined and left, tokens revoked, direct messages,
 * relations, settings. One feed serves all
 * the user's sessions here; the first snapshot of one of them starts it. */
#include "gateway/gateway_priv.h"
#include "gateway/inspect.h"
#include "gateway/presence.h"

struct user_refill {
    struct gw_job job; /* first */
    struct stream stream;
    uint64_t after;
    bool owed; /* as a guild_job's */
    struct event *events[REFILL_ROWS];
    size_t count;
};

static void collect(void *ctx, struct event *e)
{
    struct user_refill *r = ctx;
    if (r->count < REFILL_ROWS)
        r->events[r->count++] = e;
    else
        event_unref(&e);
}

static void refill_work(struct gw_job *j)
{
    struct user_refill *r = (struct user_refill *)j;
    j->err =
        events_replay(j->hub->gateway->options.core, r->stream, r->after, REFILL_ROWS, collect, r);
}

/* As a guild's start_over. Those who come next start the feed with a snapshot of their own. */
static void start_over(struct user_sub *u)
{
    log_warn(loop_log(u->hub->loop), "gateway", "the event log was trimmed past a user's feed",
             LOG_U("user", u->feed.stream.id), LOG_U("position", u->feed.position));
    LIST_FOREACH (it, &u->sessions)
        session_fail(LIST_OWNER(it, struct session, user_node));
    feed_restart(&u->feed);
}

static void refill_done(struct gw_job *j)
{
    struct user_refill *r = (struct user_refill *)j;
    struct user_sub *u = map_get(&j->hub->users, r->stream.id);
    /* Another one's answer may be older than what this feed has lost since. */
    if (u != NULL && u->refill == r) {
        u->refill = NULL;
        if (j->err == ERR_OK && r->count == 0 && r->owed)
            j->err = ERR_LOG_TRIMMED;
        if (j->err == ERR_OK) {
            metrics_add(loop_metrics(j->hub->loop), METRIC_EVENTS_REFILLED, (int64_t)r->count);
            feed_refilled(&u->feed, r->events, r->count, r->count == REFILL_ROWS);
            serve_rouse_user(u);
        } else if (j->err == ERR_LOG_TRIMMED) {
            start_over(u);
        } else {
            u->refill_wanted = true;
            hub_retry_later(j->hub);
        }
    }
    for (size_t i = 0; i < r->count; i++)
        event_unref(&r->events[i]);
    gw_job_free(j);
}

void user_sub_want(struct user_sub *u)
{
    struct user_refill *r = gw_job_new(u->hub, sizeof *r, refill_work, refill_done);
    if (r == NULL) {
        u->refill_wanted = true;
        hub_retry_later(u->hub);
        return;
    }
    r->stream = u->feed.stream;
    r->after = u->feed.position;
    r->owed = feed_is_owed(&u->feed);
    u->refill = r;
    gw_job_submit(&r->job, JOB_READ);
}

static void on_refill(struct feed *f)
{
    user_sub_want((struct user_sub *)f);
}

/* May free s. */
static void give(struct session *s, struct event *e)
{
    struct hub *h = s->hub;
    uint64_t key = s->inspection == NULL ? 0 : s->key;
    inspect_begin(h, e);
    session_user_event(s, e);
    if (key != 0 && map_get(&h->sessions, key) == s && s->inspection != NULL)
        inspect_user_done(s, e);
    inspect_begin(h, NULL);
}

static void on_apply(struct feed *f, struct event *e)
{
    struct user_sub *u = (struct user_sub *)f;
    /* A session may free itself here; the last one to do so must not take the feed with it. */
    u->delivering = true;
    LIST_FOREACH (it, &u->sessions)
        give(LIST_OWNER(it, struct session, user_node), e);
    u->delivering = false;
    presence_user_event(u, e);
    if (list_empty(&u->sessions))
        hub_retry_later(u->hub); /* freed there: the feed is still on the stack */
}

void user_sub_give(struct user_sub *u, struct event *e)
{
    if (e->position == 0)
        on_apply(&u->feed, e);
    else
        feed_offer(&u->feed, e);
}

struct user_sub *user_sub_get(struct hub *h, uint64_t user_id)
{
    static const struct feed_ops ops = {.apply = on_apply, .refill = on_refill};
    struct user_sub *u = map_get(&h->users, user_id);
    if (u != NULL)
        return u;
    u = mem_zalloc(MEM_GATEWAY, sizeof *u);
    if (u == NULL)
        return NULL;
    u->hub = h;
    list_init(&u->sessions);
    feed_init(&u->feed, (struct stream){STREAM_USER, user_id}, &ops);
    if (!map_put(&h->users, user_id, u)) {
        mem_free(MEM_GATEWAY, u);
        return NULL;
    }
    return u;
}

void user_sub_release(struct user_sub *u)
{
    if (!list_empty(&u->sessions) || u->delivering)
        return;
    presence_forget_user(u);
    map_remove(&u->hub->users, u->feed.stream.id);
    list_remove(&u->busy);
    inbox_deinit(&u->inbox);
    feed_deinit(&u->feed);
    mem_free(MEM_GATEWAY, u);
}
