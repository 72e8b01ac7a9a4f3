/*
 * Loops, connections and workers as the gateway sees them (net/loop.h, net/conn.h, net/workers.h,
 * net/http_server.h), on one thread and virtual time. A loop does nothing by itself: net_run gives
 * it turns. A socket is three buffers: what the client sent, what the kernel has for the client,
 * and what the kernel did not take.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim_net_priv.h"

static size_t CONNS;

/* ---- connections ---- */

static void attend(struct conn *c)
{
    if (c->state != CLOSED && !c->moving && !list_linked(&c->attention))
        list_push_back(&c->loop->attention, &c->attention);
}

static void tell_client(const struct conn *c)
{
    if (c->client != NULL && !list_linked(&c->client->readable))
        list_push_back(&READABLE, &c->client->readable);
}

static void maybe_free(struct conn *c)
{
    if (c->client != NULL || c->state != CLOSED || !c->told || c->moving)
        return;
    pipe_drop(&c->in, c->in.len);
    pipe_drop(&c->kernel, c->kernel.len);
    pipe_drop(&c->queue, c->queue.len);
    list_remove(&c->attention);
    list_remove(&c->node);
    CONNS--;
    free(c);
}

static void begin_close(struct conn *c)
{
    if (c->state == CLOSED)
        return;
    c->state = CLOSED;
    c->shut = true;
    loop_timer_stop(&c->timer);
    loop_timer_stop(&c->cut_timer);
    list_remove(&c->node);
    list_remove(&c->dirty_node);
    list_remove(&c->attention);
    pipe_drop(&c->queue, c->queue.len);
    list_push_back(&c->loop->closed, &c->attention);
    tell_client(c);
}

static void tell_closed(struct conn *c)
{
    if (c->told)
        return;
    c->told = true;
    if (c->ops != NULL)
        c->ops->on_closed(c, c->owner);
}

static void run_closed(struct loop *l)
{
    for (struct list *n; (n = list_pop_front(&l->closed)) != NULL;) {
        struct conn *c = LIST_OWNER(n, struct conn, attention);
        tell_closed(c);
        maybe_free(c);
    }
}

void conn_set_ops(struct conn *c, const struct conn_ops *ops, void *owner)
{
    c->ops = ops;
    c->owner = owner;
}

struct loop *conn_loop(struct conn *c)
{
    return c->loop;
}

const char *conn_peer(const struct conn *c)
{
    (void)c;
    return "127.0.0.1";
}

size_t conn_queued(const struct conn *c)
{
    return c->queue.len;
}

bool conn_closing(const struct conn *c)
{
    return c->state != OPEN;
}

static bool put_out(struct conn *c, const char *data, size_t len)
{
    if (c->cut && sim_one_in(16)) {
        begin_close(c); /* a reset */
        return false;
    }
    size_t fits = 0;
    if (c->queue.len == 0 && c->kernel.len < c->room) {
        fits = c->room - c->kernel.len;
        if (fits > len)
            fits = len;
    }
    if (fits > 0) {
        pipe_put(&c->kernel, data, fits);
        tell_client(c);
    }
    if (fits == len)
        return true;
    if (c->queue.len + len - fits > CONN_QUEUE_BYTES_MAX) {
        begin_close(c);
        return false;
    }
    pipe_put(&c->queue, data + fits, len - fits);
    return true;
}

bool conn_send2(struct conn *c, const void *a, size_t a_len, const void *b, size_t b_len)
{
    if (c->state != OPEN)
        return false;
    return put_out(c, a, a_len) && (b_len == 0 || put_out(c, b, b_len));
}

bool conn_send(struct conn *c, const void *data, size_t len)
{
    return len == 0 ? c->state == OPEN : conn_send2(c, data, len, "", 0);
}

void conn_mark_dirty(struct conn *c)
{
    if (c->state != OPEN)
        return;
    if (c->in_bulk)
        list_remove(&c->dirty_node);
    c->in_bulk = false;
    if (!list_linked(&c->dirty_node))
        list_push_back(&c->loop->dirty, &c->dirty_node);
}

void conn_mark_bulk(struct conn *c, struct bulk_lane *lane)
{
    if (c->state != OPEN || list_linked(&c->dirty_node))
        return;
    c->in_bulk = true;
    list_push_back(&lane->conns, &c->dirty_node);
    if (!list_linked(&lane->node))
        list_push_back(&c->loop->lanes, &lane->node);
}

void bulk_lane_deinit(struct bulk_lane *lane)
{
    for (struct list *n; (n = lane->conns.next) != &lane->conns;)
        conn_mark_dirty(LIST_OWNER(n, struct conn, dirty_node));
    list_remove(&lane->node);
}

static void conn_flush(struct conn *c)
{
    if (c->state == OPEN && c->ops->on_flush != NULL)
        c->ops->on_flush(c, c->owner);
}

static void on_out_of_time(struct timer *t)
{
    begin_close(LIST_OWNER(t, struct conn, timer));
}

static void begin_drain(struct conn *c)
{
    c->state = DRAINING;
    c->shut = true;
    tell_client(c);
    if (c->ended || c->cut)
        begin_close(c);
    else
        loop_timer_start(c->loop, &c->timer, DRAIN_MS, on_out_of_time);
}

void conn_close_after_flush(struct conn *c, uint64_t linger_ms)
{
    if (c->state == OPEN && list_linked(&c->dirty_node)) {
        list_remove(&c->dirty_node);
        if (c->ops->on_flush != NULL)
            c->ops->on_flush(c, c->owner);
    }
    if (c->state != OPEN)
        return;
    c->state = FLUSHING;
    loop_timer_start(c->loop, &c->timer, linger_ms, on_out_of_time);
    attend(c);
    if (c->queue.len == 0)
        begin_drain(c);
}

void conn_close(struct conn *c)
{
    begin_close(c);
    tell_closed(c);
}

bool conn_secure(const struct conn *c)
{
    (void)c;
    return false;
}

void conn_known(struct conn *c)
{
    (void)c;
}

void conn_stranger(struct conn *c)
{
    (void)c;
}

void conn_pause(struct conn *c)
{
    (void)c;
    sim_fail("conn_pause is not simulated");
}

void conn_resume(struct conn *c)
{
    (void)c;
    sim_fail("conn_resume is not simulated");
}

/* On the new loop: the socket may have died on the way. */
static void arrive(struct task *t, struct loop *l)
{
    struct conn *c = LIST_OWNER(t, struct conn, task);
    c->moving = false;
    if (c->cut && sim_one_in(2)) {
        c->adopted(c->ctx, NULL);
        c->ops = NULL;
        begin_close(c);
        return;
    }
    list_push_back(&l->conns, &c->node);
    c->adopted(c->ctx, c);
    if (c->cut)
        begin_close(c);
    attend(c);
}

void conn_move(struct conn *c, struct loop *to, void (*adopted)(void *ctx, struct conn *c),
               void *ctx)
{
    assert(c->queue.len == 0 && c->state == OPEN);
    SIM.n.moves++;
    loop_timer_stop(&c->timer);
    loop_timer_stop(&c->cut_timer);
    list_remove(&c->node);
    list_remove(&c->dirty_node);
    list_remove(&c->attention);
    c->in_bulk = false;
    c->moving = true;
    c->loop = to;
    c->adopted = adopted;
    c->ctx = ctx;
    c->task.run = arrive;
    loop_post(to, &c->task);
}

/* In pieces of any size. */
static void read_some(struct conn *c)
{
    static char piece[READ_MAX];
    while (c->in.len > 0 && c->state == OPEN && !c->moving) {
        size_t max = sim_one_in(4) ? 1 + sim_below(16) : READ_MAX;
        size_t n = pipe_get(&c->in, piece, max);
        c->ops->on_read(c, c->owner, piece, n);
        if (sim_one_in(8))
            break; /* the rest comes with another turn */
    }
    if (c->state == FLUSHING || c->state == DRAINING)
        pipe_drop(&c->in, c->in.len);
}

static void write_some(struct conn *c)
{
    if (c->state != OPEN && c->state != FLUSHING)
        return;
    if (c->queue.len > 0 && c->kernel.len < c->room) {
        size_t n = c->room - c->kernel.len;
        n = n < c->queue.len ? n : c->queue.len;
        pipe_put(&c->kernel, c->queue.data + c->queue.start, n);
        pipe_drop(&c->queue, n);
        tell_client(c);
        if (c->queue.len > 0)
            return;
        if (c->state == FLUSHING)
            begin_drain(c);
        else if (c->ops->on_drain != NULL)
            c->ops->on_drain(c, c->owner);
    }
}

static void attend_one(struct conn *c)
{
    struct loop *l = c->loop;
    read_some(c);
    if (c->moving || c->loop != l)
        return;
    write_some(c);
    if (c->ended && c->in.len == 0 && c->state != FLUSHING)
        begin_close(c);
    if (c->in.len > 0)
        attend(c);
}

static void run_attention(struct loop *l)
{
    struct list batch;
    list_init(&batch);
    for (struct list *n; (n = list_pop_front(&l->attention)) != NULL;)
        list_push_back(&batch, n);
    for (struct list *n; (n = list_pop_front(&batch)) != NULL;)
        attend_one(LIST_OWNER(n, struct conn, attention));
}

static void run_hooks(struct loop *l, const struct hook *hooks, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        hooks[i].fn(hooks[i].ctx, l);
}

/* One of the first lane that is not held, which then has its turn after the others. */
static void flush_one(struct loop *l)
{
    LIST_FOREACH (it, &l->lanes) {
        struct bulk_lane *lane = LIST_OWNER(it, struct bulk_lane, node);
        if (l->bulk_held && lane->held)
            continue;
        list_remove(it);
        struct list *n = list_pop_front(&lane->conns);
        if (!list_empty(&lane->conns))
            list_push_back(&l->lanes, &lane->node);
        if (n == NULL)
            return;
        struct conn *c = LIST_OWNER(n, struct conn, dirty_node);
        c->in_bulk = false;
        conn_flush(c);
        return;
    }
}

static void end_turn(struct loop *l)
{
    run_hooks(l, l->turn_hooks, l->turn_count);
    struct list batch;
    list_init(&batch);
    for (struct list *n; (n = list_pop_front(&l->dirty)) != NULL;)
        list_push_back(&batch, n);
    for (struct list *n; (n = list_pop_front(&batch)) != NULL;)
        conn_flush(LIST_OWNER(n, struct conn, dirty_node));
    for (unsigned i = 0; i < BULK_PER_TURN; i++)
        flush_one(l);
}

static void turn(struct loop *l)
{
    l->again = false;
    loop_run_timers(l);
    loop_run_tasks(l);
    if (l->wake) {
        l->wake = false;
        run_hooks(l, l->wake_hooks, l->wake_count);
    }
    run_attention(l);
    run_closed(l);
    end_turn(l);
    run_closed(l);
}

void net_run(void)
{
    unsigned start = (unsigned)sim_below(LOOP_COUNT);
    for (unsigned i = 0; i < LOOP_COUNT; i++) {
        if (SIM.calm || sim_below(5) > 0)
            turn(LOOPS[(start + i) % LOOP_COUNT]);
    }
    loop_run_timers(LOOPS[SIM_LOOPS_MAX]);
}

bool net_has_tasks(void)
{
    for (unsigned i = 0; i < LOOP_COUNT; i++) {
        if (LOOPS[i]->tasks != NULL)
            return true;
    }
    return false;
}

bool net_idle(void)
{
    for (unsigned i = 0; i < LOOP_COUNT; i++) {
        const struct loop *l = LOOPS[i];
        if (l->wake || l->again || l->tasks != NULL || !list_empty(&l->dirty) ||
            !list_empty(&l->lanes))
            return false;
    }
    return true;
}

void net_cut_all(void)
{
    for (unsigned i = 0; i < LOOP_COUNT; i++) {
        LIST_FOREACH (it, &LOOPS[i]->conns) {
            struct conn *c = LIST_OWNER(it, struct conn, node);
            pipe_cut(&c->kernel);
            c->cut = true;
            begin_close(c);
        }
    }
}

void net_close(void)
{
    for (unsigned i = 0; i < LOOP_COUNT; i++)
        loop_run_tasks(LOOPS[i]);
    for (unsigned i = 0; i < LOOP_COUNT; i++) {
        struct loop *l = LOOPS[i];
        while (!list_empty(&l->conns))
            conn_close(LIST_OWNER(l->conns.next, struct conn, node));
        run_closed(l);
        loop_run_tasks(l);
        run_closed(l);
    }
}

void net_free(void)
{
    for (unsigned i = 0; i < LOOP_COUNT; i++)
        loop_free(LOOPS[i]);
}

void net_close_clients(void)
{
    loop_free(LOOPS[SIM_LOOPS_MAX]);
    if (CONNS != 0)
        sim_fail("MEMORY %zu connections are left", CONNS);
}

/* ---- the clients' ends ---- */

struct upgrade {
    struct http_exchange x;
    struct loop *loop;
    struct conn *conn;
    struct sim_client *client;
};

struct conn *http_upgrade(struct http_exchange *x, const struct conn_ops *ops, void *owner)
{
    struct upgrade *u = LIST_OWNER(x, struct upgrade, x);
    if (sim_one_in(200) && !SIM.calm)
        return NULL; /* gone already */
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        abort();
    CONNS++;
    c->loop = u->loop;
    c->client = u->client;
    c->room = sim_one_in(4) ? 512 + sim_below(4096) : 16384 + sim_below(65536);
    conn_set_ops(c, ops, owner);
    list_push_back(&c->loop->conns, &c->node);
    u->conn = c;
    return c;
}

void http_reply(struct http_exchange *x)
{
    (void)x; /* refused */
}

struct conn *net_connect(struct gateway *g, unsigned loop, struct sim_client *client)
{
    struct loop *l = LOOPS[loop % LOOP_COUNT];
    struct http_request request = {
        .method = HTTP_METHOD_GET,
        .target = SLICE("/?v=10&encoding=json"),
        .path = SLICE("/"),
        .query = SLICE("v=10&encoding=json"),
        .upgrade_websocket = true,
    };
    struct upgrade u = {
        .x = {.request = &request, .loop = l, .peer = "127.0.0.1"}, .loop = l, .client = client};
    l->now_ms = SIM.now_ms;
    buf_init(&u.x.head, MEM_NET, 65536);
    buf_init(&u.x.body, MEM_NET, 65536);
    gateway_upgrade(g, &u.x);
    buf_deinit(&u.x.head);
    buf_deinit(&u.x.body);
    return u.conn;
}

void net_write(struct conn *c, const void *data, size_t len)
{
    if (c->state == CLOSED)
        return;
    pipe_put(&c->in, data, len);
    attend(c);
}

size_t net_read(struct conn *c, char *out, size_t max, bool *end)
{
    size_t n = pipe_get(&c->kernel, out, max);
    if (n > 0 && c->queue.len > 0)
        attend(c);
    *end = c->shut && c->kernel.len == 0;
    return n;
}

static void let_go(struct conn *c)
{
    list_remove(&c->client->readable);
    c->client = NULL;
    maybe_free(c);
}

void net_leave(struct conn *c)
{
    c->ended = true;
    attend(c);
    let_go(c);
}

static void on_heard(struct timer *t)
{
    begin_close(LIST_OWNER(t, struct conn, cut_timer));
}

void net_cut(struct conn *c)
{
    SIM.n.cuts++;
    c->cut = true;
    pipe_cut(&c->in);
    if (c->state != CLOSED && !c->moving)
        loop_timer_start(c->loop, &c->cut_timer, sim_one_in(3) ? 0 : sim_below(3000), on_heard);
    let_go(c);
}

void net_abandon(struct conn *c)
{
    let_go(c);
}

void net_readable(struct sim_client *c)
{
    if (c->conn != NULL)
        tell_client(c->conn);
}

struct sim_client *net_next_readable(void)
{
    struct list *n = list_pop_front(&READABLE);
    return n == NULL ? NULL : LIST_OWNER(n, struct sim_client, readable);
}
