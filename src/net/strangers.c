/*
 * Who is closed when there are too many. A socket costs its owner nothing, so an attacker has as
 * many as he likes, and the question is how everybody else still gets in. The answer is age: a
 * client that means it has sent its request or its Identify within a second, a silent one is there
 * until its time is over. So newcomers are always let in, and the oldest of those who have shown
 * nothing goes: first among those of the newcomer's address, when they are too many, then among
 * all. When no connection at all is free, those go that are idle between two requests, the longest
 * idle first.
 *
 * Counts are of all loops together, lists of one: on a loop that has none to close, the newcomer is
 * one too many, so that a cap may be passed by as many as there are loops.
 */

#include <assert.h>

#include "net/http_server_priv.h"
#include "net/loop_priv.h"

void strangers_init(struct http_lane *lane)
{
    list_init(&lane->strangers);
    list_init(&lane->idle);
    for (unsigned i = 0; i < HTTP_IP_SLOTS + 1; i++)
        list_init(&lane->neighbours[i]);
}

/* A connection keeps the home that accepted it, and may be on another loop by now. */
static struct http_lane *lane_here(struct conn_home *home, const struct conn *c)
{
    struct http_server *s = ((struct http_lane *)(void *)home)->server;
    for (unsigned i = 0; i < s->lane_count; i++) {
        if (s->lanes[i].loop == c->loop)
            return &s->lanes[i];
    }
    return NULL;
}

static void drop(struct conn *c)
{
    log_debug(loop_log(c->loop), "net", "connection dropped for others",
              LOG_S("peer", conn_peer(c)));
    metrics_add(loop_metrics(c->loop), METRIC_CONNECTIONS_DROPPED, 1);
    conn_fail(c);
}

static unsigned count_up(_Atomic unsigned *counter)
{
    return atomic_fetch_add_explicit(counter, 1, memory_order_relaxed) + 1;
}

static void count_down(_Atomic unsigned *counter)
{
    atomic_fetch_sub_explicit(counter, 1, memory_order_relaxed);
}

static void on_stranger(struct conn_home *home, struct conn *c)
{
    struct http_lane *lane = lane_here(home, c);
    if (lane == NULL)
        return;
    struct http_server *s = lane->server;
    const struct http_server_options *o = &s->options;
    unsigned of_address_max = c->tag == HTTP_IP_SLOTS ? 0 : o->strangers_per_ip_max;
    unsigned all = count_up(&s->strangers);
    unsigned of_address = count_up(&s->strangers_per_ip[c->tag]);
    struct list *neighbours = &lane->neighbours[c->tag];
    if (of_address_max > 0 && of_address > of_address_max && !list_empty(neighbours))
        drop(LIST_OWNER(neighbours->next, struct conn, address_node));
    else if (o->strangers_max > 0 && all > o->strangers_max && !list_empty(&lane->strangers))
        drop(LIST_OWNER(lane->strangers.next, struct conn, idle_node));
    list_push_back(&lane->strangers, &c->idle_node);
    list_push_back(neighbours, &c->address_node);
}

static void on_known(struct conn_home *home, struct conn *c)
{
    struct http_server *s = ((struct http_lane *)(void *)home)->server;
    count_down(&s->strangers);
    count_down(&s->strangers_per_ip[c->tag]);
}

static void on_idle(struct conn_home *home, struct conn *c)
{
    struct http_lane *lane = lane_here(home, c);
    if (lane != NULL)
        list_push_back(&lane->idle, &c->idle_node);
}

void strangers_attach(struct conn_home *home)
{
    home->on_stranger = on_stranger;
    home->on_known = on_known;
    home->on_idle = on_idle;
}

bool strangers_make_room(struct http_lane *lane)
{
    struct list *from = !list_empty(&lane->strangers) ? &lane->strangers : &lane->idle;
    if (list_empty(from))
        return false;
    drop(LIST_OWNER(from->next, struct conn, idle_node));
    return true;
}
