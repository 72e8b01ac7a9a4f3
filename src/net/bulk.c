/*
 * What one event gave to thousands of connections leaves in portions: between two of them the loop
 * looks at everything else. Those who give so much have a lane each, and the lanes take turns by
 * what their writing costs, so that a short one is not written behind a long one.
 */
#include "net/conn_priv.h"
#include "net/loop_priv.h"

void bulk_lane_deinit(struct bulk_lane *lane)
{
    for (struct list *n; (n = lane->conns.next) != &lane->conns;)
        conn_mark_dirty(LIST_OWNER(n, struct conn, dirty_node));
    list_remove(&lane->node);
}

void conn_mark_bulk(struct conn *c, struct bulk_lane *lane)
{
    if (c->state != CONN_OPEN || list_linked(&c->dirty_node))
        return;
    c->in_bulk = true;
    list_push_back(&lane->conns, &c->dirty_node);
    if (!list_linked(&lane->node))
        list_push_back(&c->loop->lanes, &lane->node);
}

void loop_hold_bulk(struct loop *l, bool held)
{
    l->bulk_held = held;
}

bool loop_bulk_empty(const struct loop *l)
{
    LIST_FOREACH (it, &l->lanes) {
        if (!list_empty(&LIST_OWNER(it, struct bulk_lane, node)->conns))
            return false;
    }
    return true;
}

/* Of thousands of connections hardly anything is in the caches when their turn comes. So each is
 * asked for in steps, while those before it are written: itself, then its owner, then what that
 * points at. */
static void ask_ahead(const struct bulk_lane *lane)
{
    enum { AHEAD_OWNER = 3, AHEAD_CONN = 4 };
    struct list *node = lane->conns.next;
    for (int i = 1; i <= AHEAD_CONN && node != &lane->conns; i++, node = node->next) {
        const struct conn *c = LIST_OWNER(node, struct conn, dirty_node);
        if (i == AHEAD_CONN) {
            PREFETCH(c);
            PREFETCH((const char *)c + CACHE_LINE_BYTES);
        } else if (i == AHEAD_OWNER) {
            PREFETCH(c->owner);
        } else if (c->ops->on_near) {
            c->ops->on_near(c->owner, i);
        }
    }
}

/* As far as the lane's credit goes, and the turn's. */
static void flush_lane(struct loop *l, struct bulk_lane *lane, int64_t *account)
{
    if (lane->credit <= 0)
        lane->credit += LOOP_BULK_QUANTUM;
    while (lane->credit > 0 && *account > 0) {
        struct list *n = list_pop_front(&lane->conns);
        if (n == NULL)
            return;
        struct conn *c = LIST_OWNER(n, struct conn, dirty_node);
        uint64_t before = l->sent_bytes;
        ask_ahead(lane);
        c->in_bulk = false;
        conn_flush(c);
        int64_t cost = LOOP_BULK_CALL + (int64_t)(l->sent_bytes - before);
        lane->credit -= cost;
        *account -= cost;
    }
}

static struct bulk_lane *next_lane(struct loop *l)
{
    LIST_FOREACH (it, &l->lanes) {
        struct bulk_lane *lane = LIST_OWNER(it, struct bulk_lane, node);
        if (l->bulk_held && lane->held)
            continue;
        list_remove(it);
        return lane;
    }
    return NULL;
}

void bulk_flush(struct loop *l)
{
    int64_t account = (int64_t)LOOP_BULK_PER_TURN * LOOP_BULK_CALL;
    if (l->besides > 0) {
        l->besides--;
        account = (int64_t)LOOP_BULK_BESIDES * LOOP_BULK_CALL;
    }
    while (account > 0) {
        struct bulk_lane *lane = next_lane(l);
        if (lane == NULL)
            return;
        flush_lane(l, lane, &account);
        if (list_empty(&lane->conns))
            lane->credit = 0; /* nothing is saved up */
        else if (list_linked(&lane->node))
            continue; /* it was marked again by its own flush */
        else if (lane->credit > 0)
            list_push_front(&l->lanes, &lane->node); /* the turn ended first */
        else
            list_push_back(&l->lanes, &lane->node);
    }
}
