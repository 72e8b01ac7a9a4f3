/*
 * The server as a whole: it starts on all loops, drains, closes. Everything that touches
 * connections happens on their loops; the caller's thread gives each lane the same order as a task
 * and waits on a semaphore until all have carried it out.
 */

#include "net/http_server.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "base/mem.h"
#include "net/http_server_priv.h"
#include "net/loop_priv.h"

static struct http_lane *lane_of(struct task *t)
{
    return LIST_OWNER(t, struct http_lane, task);
}

/* One order at a time: start, drain and close_all are the main thread's. */
static void order(struct http_server *s, void (*run)(struct task *, struct loop *))
{
    for (unsigned i = 0; i < s->lane_count; i++) {
        assert(!loop_is_current(s->lanes[i].loop));
        s->lanes[i].task.run = run;
        loop_post(s->lanes[i].loop, &s->lanes[i].task);
    }
    for (unsigned i = 0; i < s->lane_count; i++) {
        while (sem_wait(&s->done) != 0)
            assert(errno == EINTR);
    }
}

static void on_order_open(struct task *t, struct loop *l)
{
    (void)l;
    struct http_lane *lane = lane_of(t);
    lane->listen_error = http_listeners_open(lane);
    sem_post(&lane->server->done);
}

/* A connection keeps the home that accepted it when it moves to another loop (conn_move), so its
 * home may be any lane of the server. Lanes are the only homes there are. */
static bool is_ours(const struct http_server *s, const struct conn *c)
{
    const struct http_lane *home = (const struct http_lane *)(const void *)c->home;
    return home && home->server == s;
}

static void on_order_drain(struct task *t, struct loop *l)
{
    struct http_lane *lane = lane_of(t);
    lane->draining = true;
    LIST_FOREACH (node, &l->conns) {
        struct conn *c = LIST_OWNER(node, struct conn, node);
        if (is_ours(lane->server, c))
            http_conn_drain(c);
    }
    http_listeners_close(lane);
}

/* From the start after each close: an owner that is told may close others. */
static struct conn *next_of(const struct http_server *s, struct loop *l)
{
    LIST_FOREACH (node, &l->conns) {
        struct conn *c = LIST_OWNER(node, struct conn, node);
        if (is_ours(s, c))
            return c;
    }
    return NULL;
}

static void on_order_close_all(struct task *t, struct loop *l)
{
    struct http_lane *lane = lane_of(t);
    for (struct conn *c; (c = next_of(lane->server, l));)
        conn_close(c);
    sem_post(&lane->server->done);
}

static struct http_server *server_new(const struct http_server_options *o)
{
    size_t size = sizeof(struct http_server) + o->loop_count * sizeof(struct http_lane);
    struct http_server *s = mem_zalloc(MEM_NET, size);
    if (!s)
        return NULL;
    s->options = *o;
    s->port = o->port;
    s->seed = random_u64(random_system());
    s->lane_count = o->loop_count;
    sem_init(&s->done, 0, 0);
    for (unsigned i = 0; i < s->lane_count; i++) {
        struct http_lane *lane = &s->lanes[i];
        lane->server = s;
        lane->loop = o->loops[i];
        lane->date_second = -1;
        strangers_init(lane);
        for (unsigned k = 0; k < HTTP_ADDRESSES_MAX; k++)
            lane->listeners[k].fd = -1;
    }
    return s;
}

static int listen_error(const struct http_server *s)
{
    for (unsigned i = 0; i < s->lane_count; i++) {
        if (s->lanes[i].listen_error != 0)
            return s->lanes[i].listen_error;
    }
    return 0;
}

enum err http_server_start(const struct http_server_options *o, struct http_server **out, char *why,
                           size_t why_len)
{
    assert(o->loop_count > 0 && o->connections_max > 0 && o->handler.on_request);
    struct http_server *s = server_new(o);
    if (!s) {
        snprintf(why, why_len, "no memory");
        return ERR_NO_MEMORY;
    }
    enum err e = http_listeners_bind(s, why, why_len);
    if (e) {
        http_server_free(&s);
        return e;
    }
    order(s, on_order_open);
    if (listen_error(s) != 0) {
        snprintf(why, why_len, "cannot listen on %s port %u: %s", o->host, (unsigned)s->port,
                 uv_strerror(listen_error(s)));
        http_server_drain(s);
        http_server_close_all(s);
        http_server_free(&s);
        return ERR_IO;
    }
    *out = s;
    return ERR_OK;
}

static void on_order_tls(struct task *t, struct loop *l)
{
    (void)l;
    struct http_lane *lane = lane_of(t);
    tls_context_unref(&lane->home.tls);
    lane->home.tls = tls_context_ref(lane->next_tls);
    sem_post(&lane->server->done);
}

void http_server_set_tls(struct http_server *s, struct tls_context *tls)
{
    assert(tls != NULL);
    for (unsigned i = 0; i < s->lane_count; i++)
        s->lanes[i].next_tls = tls;
    order(s, on_order_tls);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_drain(struct http_server *s)
{
    order(s, on_order_drain);
}

unsigned http_server_connections(const struct http_server *s)
{
    return atomic_load_explicit(&s->connections, memory_order_relaxed);
}

void http_server_close_all(struct http_server *s)
{
    /* A handle is gone at the end of the turn that closed it, and a connection that was on its way
     * to another loop shows up a turn later: a few rounds, then none is left. */
    for (int rounds = 0; rounds == 0 || (http_server_connections(s) > 0 && rounds < 100); rounds++)
        order(s, on_order_close_all);
}

void http_server_free(struct http_server **s)
{
    if (!*s)
        return;
    http_listeners_close_fds(*s);
    for (unsigned i = 0; i < (*s)->lane_count; i++) {
        http_work_drop_pool(&(*s)->lanes[i]);
        tls_context_unref(&(*s)->lanes[i].home.tls);
    }
    sem_destroy(&(*s)->done);
    mem_free(MEM_NET, *s);
    *s = NULL;
}
