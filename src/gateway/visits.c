/*
 * What the end of a session, or its being there, means for the user: members for a visit leave with
 * their last session, and the day somebody was seen is noted.
 *
 * The sessions of a user live on different loops. `gateway->live` counts them: a session is counted
 * from before it reads its memberships until it is gone, resume window included; of several that
 * end at once exactly one is told that it was the last. Somebody who identifies again between that
 * and the transaction is found in the count once more; who comes later than that was away. A server
 * that starts has no sessions, and ends no visits: those whose session a crash has ended stay until
 * their next one ends.
 */
#include "core/visits.h"
#include "core/seen.h"
#include "gateway/gateway_priv.h"

enum { VISIT_ATTEMPTS = 40, VISIT_RETRY_MS = 5000 };

struct visit {
    struct list node; /* hub's */
    struct timer timer;
    struct hub *hub;
    struct user_id user;
    struct guild_id guild;
    unsigned attempts;
    struct visit_job *job; /* under way */
};

struct visit_job {
    struct gw_job job; /* first */
    struct visit *visit;
    struct user_id user;
    struct guild_id guild;
};

static void visit_free(struct visit *v)
{
    loop_timer_stop(&v->timer);
    list_remove(&v->node);
    mem_free(MEM_GATEWAY, v);
}

static void visit_work(struct gw_job *j)
{
    struct visit_job *v = (struct visit_job *)j;
    const struct gateway *g = j->hub->gateway;
    if (counts_get(g->live, v->user.v) == 0)
        j->err = member_temporary_leave(g->options.core, v->user, v->guild);
}

static void start(struct visit *v);

static void on_retry(struct timer *t)
{
    start(LIST_OWNER(t, struct visit, timer));
}

static void again_later(struct visit *v)
{
    if (++v->attempts < VISIT_ATTEMPTS) {
        loop_timer_start(v->hub->loop, &v->timer, VISIT_RETRY_MS, on_retry);
        return;
    }
    log_warn(loop_log(v->hub->loop), "gateway", "a visit could not be ended",
             LOG_U("guild", v->guild.v));
    visit_free(v);
}

static void visit_done(struct gw_job *j)
{
    struct visit *v = ((struct visit_job *)j)->visit;
    if (v != NULL) {
        v->job = NULL;
        if (j->err == ERR_OK)
            visit_free(v);
        else
            again_later(v);
    }
    gw_job_free(j);
}

static void start(struct visit *v)
{
    struct visit_job *j = gw_job_new(v->hub, sizeof *j, visit_work, visit_done);
    if (j == NULL) {
        again_later(v);
        return;
    }
    j->visit = v;
    j->user = v->user;
    j->guild = v->guild;
    v->job = j;
    gw_job_submit(&j->job, JOB_WRITE);
}

static void end_visit(struct session *s, const struct guild_link *l)
{
    struct visit *v = mem_zalloc(MEM_GATEWAY, sizeof *v);
    if (v == NULL)
        return; /* until the next session ends */
    v->hub = s->hub;
    v->user = s->who.user;
    v->guild = (struct guild_id){l->guild->feed.stream.id};
    list_push_back(&s->hub->visits, &v->node);
    start(v);
}

void visits_session_ends(struct session *s)
{
    if (counts_drop(s->hub->gateway->live, s->who.user.v) > 0 || s->hub->draining ||
        s->restoring > 0)
        return;
    for (uint32_t i = 0; i < s->link_count; i++) {
        if (s->links[i]->temporary && !s->links[i]->gone)
            end_visit(s, s->links[i]);
    }
}

void visits_forget(struct hub *h)
{
    LIST_FOREACH (it, &h->visits) {
        struct visit *v = LIST_OWNER(it, struct visit, node);
        if (v->job != NULL)
            v->job->visit = NULL;
        visit_free(v);
    }
}

struct seen_job {
    struct gw_job job; /* first */
    struct user_id user;
};

static void seen_work(struct gw_job *j)
{
    j->err = account_seen(j->hub->gateway->options.core, ((struct seen_job *)j)->user);
}

static void seen_done(struct gw_job *j)
{
    gw_job_free(j); /* if it failed: it is tried again tomorrow, or with the next session */
}

void session_seen(struct session *s)
{
    int64_t day_ms = seen_day_ms(clock_wall_ms(loop_clock(s->hub->loop)));
    if (s->seen_day_ms >= day_ms)
        return;
    s->seen_day_ms = day_ms;
    struct seen_job *j = gw_job_new(s->hub, sizeof *j, seen_work, seen_done);
    if (j == NULL)
        return;
    j->user = s->who.user;
    gw_job_submit(&j->job, JOB_WRITE);
}
