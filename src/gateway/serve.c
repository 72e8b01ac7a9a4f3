/*
 * Which stream has its turn. An event whose stream is idle is applied at once, while the account of
 * the turn lasts; everything else goes into the inbox of its stream, and the streams that have
 * something there are served one after the other, an event or a slice of one each, until the
 * account is used up. So a guild that floods the loop fills its own inbox, and the others pass it
 * by. An inbox that is full loses events of its own stream only, and the log gives them back.
 *
 *   bus ──▶ idle? ──yes──▶ guild_sub_give, user_sub_give
 *              └───no──▶ inbox ──▶ busy, busy_users ──▶ the same, in turns
 *
 * What a big guild's event costs is the writing to its sessions, which the loop does in portions
 * (conn_mark_bulk). The writing waits while there is more to push to them, so that a burst leaves
 * in one call per connection; and the guild waits for the writing when it is GUILD_AHEAD_MAX events
 * ahead of it, so that what a loop cannot keep up with stays in the log and not in the queues of
 * the sessions.
 */
#include "gateway/gateway_priv.h"

void serve_init(struct hub *h)
{
    list_init(&h->busy);
    list_init(&h->busy_users);
    list_init(&h->ahead);
    list_init(&h->stalled);
}

static bool in_bulk(const struct guild_sub *s)
{
    return s->link_count >= GUILD_BULK_MIN;
}

void serve_note_applied(struct guild_sub *s)
{
    if (s->ahead_round != s->hub->bulk_round) {
        s->ahead_round = s->hub->bulk_round;
        s->ahead = 0;
    }
    s->ahead++;
}

static bool is_ahead(const struct guild_sub *s)
{
    return in_bulk(s) && s->ahead_round == s->hub->bulk_round && s->ahead >= GUILD_AHEAD_MAX;
}

bool serve_enough(const struct guild_sub *s)
{
    return s->hub->work <= 0 || is_ahead(s);
}

void hub_busy(struct hub *h, struct guild_sub *s)
{
    if (!list_linked(&s->busy))
        list_push_back(&h->busy, &s->busy);
    loop_again(h->loop);
}

static void busy_user(struct user_sub *u)
{
    if (!list_linked(&u->busy))
        list_push_back(&u->hub->busy_users, &u->busy);
    loop_again(u->hub->loop);
}

static bool takes(const struct feed *f)
{
    return f->state == FEED_LIVE && !f->paused;
}

/* What is not live waits in the inbox, too, and is roused when it is. */
void serve_rouse_guild(struct guild_sub *s)
{
    if (takes(&s->feed) && inbox_waits(&s->inbox))
        hub_busy(s->hub, s);
}

void serve_rouse_user(struct user_sub *u)
{
    if (takes(&u->feed) && inbox_waits(&u->inbox))
        busy_user(u);
}

static void offer_guild(struct guild_sub *s, struct event *e)
{
    if (s->hub->work > 0 && takes(&s->feed) && !inbox_waits(&s->inbox) && !is_ahead(s)) {
        guild_sub_give(s, e);
        s->hub->work--;
        return;
    }
    if (!inbox_put(&s->inbox, e))
        metrics_add(loop_metrics(s->hub->loop), METRIC_GATEWAY_INBOX_DROPPED, 1);
    if (!list_linked(&s->busy))
        serve_rouse_guild(s);
}

static void offer_user(struct user_sub *u, struct event *e)
{
    if (u->hub->work > 0 && takes(&u->feed) && !inbox_waits(&u->inbox)) {
        user_sub_give(u, e);
        u->hub->work--;
        return;
    }
    if (!inbox_put(&u->inbox, e))
        metrics_add(loop_metrics(u->hub->loop), METRIC_GATEWAY_INBOX_DROPPED, 1);
    if (!list_linked(&u->busy))
        serve_rouse_user(u);
}

void serve_offer(struct hub *h, struct event *e)
{
    if (e->stream.kind == STREAM_USER) {
        struct user_sub *u = map_get(&h->users, e->stream.id);
        if (u != NULL)
            offer_user(u, e);
        return;
    }
    struct guild_sub *g = map_get(&h->guilds, e->guild_id);
    if (g != NULL)
        offer_guild(g, e);
}

void serve_lost_guild(struct guild_sub *s)
{
    if (s->inbox.count > 0)
        s->inbox.lost = true;
    else
        feed_lost(&s->feed);
}

void serve_lost_user(struct user_sub *u)
{
    if (u->inbox.count > 0)
        u->inbox.lost = true;
    else
        feed_lost(&u->feed);
}

/* One slice, or one event. */
static void visit_guild(struct guild_sub *s)
{
    struct hub *h = s->hub;
    s->lane.held = false;
    if (s->current == NULL && is_ahead(s)) {
        list_push_back(&h->ahead, &s->busy);
        return;
    }
    if (s->feed.paused) {
        guild_sub_continue(s);
    } else if (takes(&s->feed)) {
        struct event *e = inbox_take(&s->inbox);
        if (e != NULL)
            guild_sub_give(s, e);
        else if (inbox_take_lost(&s->inbox))
            feed_lost(&s->feed);
        event_unref(&e);
    }
    h->work--;
    bool more = s->feed.paused || (takes(&s->feed) && inbox_waits(&s->inbox));
    if (more)
        hub_busy(h, s);
    s->lane.held = more && in_bulk(s);
    h->hold_bulk = h->hold_bulk || s->lane.held;
}

static void visit_user(struct user_sub *u)
{
    u->hub->work--;
    if (!takes(&u->feed))
        return;
    struct event *e = inbox_take(&u->inbox);
    if (e != NULL)
        user_sub_give(u, e);
    else if (inbox_take_lost(&u->inbox))
        feed_lost(&u->feed);
    event_unref(&e);
    serve_rouse_user(u);
}

/* What was ahead of the writing is not any more. */
static void release_ahead(struct hub *h)
{
    h->bulk_round++;
    h->held_turns = 0;
    for (struct list *n; (n = list_pop_front(&h->ahead)) != NULL;)
        list_push_back(&h->busy, n);
}

/* The users' streams have half of the account, and the guilds what is left. */
static void serve(struct hub *h)
{
    h->work = h->work_per_turn;
    while (h->work > h->work_per_turn / 2) {
        struct list *n = list_pop_front(&h->busy_users);
        if (n == NULL)
            break;
        visit_user(LIST_OWNER(n, struct user_sub, busy));
    }
    while (h->work > 0) {
        struct list *n = list_pop_front(&h->busy);
        if (n == NULL)
            break;
        visit_guild(LIST_OWNER(n, struct guild_sub, busy));
    }
    h->work = h->work_per_turn; /* for what the bus brings until the next turn */
}

void serve_turn(struct hub *h)
{
    if (loop_bulk_empty(h->loop))
        release_ahead(h);
    h->hold_bulk = false;
    serve(h);
    bool hold = h->hold_bulk && h->held_turns < HUB_HOLD_TURNS;
    h->held_turns += hold;
    loop_hold_bulk(h->loop, hold);
    if (!list_empty(&h->busy) || !list_empty(&h->busy_users) || !list_empty(&h->ahead))
        loop_again(h->loop); /* after other I/O had its turn */
}
