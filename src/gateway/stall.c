/*
 * Clients that do not read. What a session may have unsent is capped in bytes (session_push), but a
 * quiet session would keep a stuck connection for as long as its heartbeats come. So a connection
 * whose bytes wait for the kernel is watched: if in a whole period it took hardly any and still has
 * not got them all, it is closed; the session may be resumed. Nothing is kept of connections whose
 * bytes leave at once.
 */
#include "gateway/gateway_priv.h"

enum {
    STALL_LOOKS = 4,       /* looks in a period */
    STALL_BYTES_MS = 1000, /* a KiB in so long is reading */
};

struct stall {
    struct list node; /* in hub->stalled */
    struct gw_conn *conn;
    uint64_t since_ms;
    size_t waiting; /* bytes, at since_ms, and all that were added later */
};

static void on_look(struct timer *t);

static void look_soon(struct hub *h)
{
    if (!list_linked(&h->stall_look.node))
        loop_timer_start(h->loop, &h->stall_look, h->gateway->options.stall_ms / STALL_LOOKS,
                         on_look);
}

static void look(struct stall *x, uint64_t now_ms)
{
    uint64_t period_ms = x->conn->hub->gateway->options.stall_ms;
    size_t queued = conn_queued(x->conn->conn);
    if (now_ms - x->since_ms < period_ms)
        return;
    size_t taken = x->waiting > queued ? x->waiting - queued : 0;
    if (taken < period_ms * 1024 / STALL_BYTES_MS) {
        metrics_add(loop_metrics(x->conn->hub->loop), METRIC_GATEWAY_SLOW_CLOSED, 1);
        gw_conn_close(x->conn, ERR_GW_UNKNOWN); /* resumable */
        stall_forget(x->conn);
        return;
    }
    x->since_ms = now_ms;
    x->waiting = queued;
}

static void on_look(struct timer *t)
{
    struct hub *h = LIST_OWNER(t, struct hub, stall_look);
    uint64_t now_ms = loop_now_ms(h->loop);
    LIST_FOREACH (it, &h->stalled)
        look(LIST_OWNER(it, struct stall, node), now_ms);
    if (!list_empty(&h->stalled))
        look_soon(h);
}

void stall_note(struct gw_conn *g, size_t queued_before)
{
    struct hub *h = g->hub;
    size_t queued = conn_queued(g->conn);
    if (queued == 0) {
        stall_forget(g);
        return;
    }
    if (g->stall != NULL) {
        g->stall->waiting += queued - queued_before;
        return;
    }
    if (g->state == GW_CONN_CLOSING || h->gateway->options.stall_ms == 0)
        return;
    g->stall = mem_zalloc(MEM_GATEWAY, sizeof *g->stall);
    if (g->stall == NULL)
        return; /* when there is more to send */
    g->stall->conn = g;
    g->stall->since_ms = loop_now_ms(h->loop);
    g->stall->waiting = queued;
    list_push_back(&h->stalled, &g->stall->node);
    look_soon(h);
}

void stall_forget(struct gw_conn *g)
{
    if (g->stall == NULL)
        return;
    list_remove(&g->stall->node);
    mem_free(MEM_GATEWAY, g->stall);
    g->stall = NULL;
}
