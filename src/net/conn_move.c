/*
 * A connection changes its loop: the socket is duplicated, the old handle closed, and a new one
 * opened on the other thread. Nothing may be queued for writing. The accounting (home, address
 * slot) goes with it, untouched: its counters are atomic and its lane outlives both loops.
 */

#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

struct move {
    struct task task; /* first */
    int fd;
    uint32_t tag;
    struct conn_home *home;
    char peer[CONN_PEER_BYTES];
    bool secure;
    struct tls_stream *tls;
    void (*adopted)(void *ctx, struct conn *c);
    void *ctx;
};

static void on_unopened(uv_handle_t *handle)
{
    mem_free(MEM_NET, handle->data);
}

/* The new connection around the socket; NULL if it could not be made (the socket is closed then).
 */
static struct conn *conn_around(struct loop *l, const struct move *m)
{
    struct conn *c = mem_zalloc(MEM_NET, sizeof *c);
    if (!c || uv_tcp_init(&l->uv, &c->tcp) != 0) {
        mem_free(MEM_NET, c);
        close(m->fd);
        return NULL;
    }
    c->magic = CONN_MAGIC;
    c->loop = l;
    c->tcp.data = c;
    if (uv_tcp_open(&c->tcp, m->fd) != 0) {
        close(m->fd);
        uv_close((uv_handle_t *)&c->tcp, on_unopened);
        return NULL;
    }
    c->fd = m->fd;
    c->home = m->home;
    c->tag = m->tag;
    memcpy(c->peer, m->peer, sizeof c->peer);
    c->secure = m->secure;
    c->tls = m->tls;
    list_push_back(&l->conns, &c->node);
    return c;
}

static void arrive(struct task *t, struct loop *l)
{
    struct move *m = (struct move *)(void *)t;
    struct conn *c = conn_around(l, m);
    m->adopted(m->ctx, c);
    if (c && c->ops && !conn_closing(c))
        conn_resume(c); /* starts reading */
    if (!c) {
        tls_stream_free(&m->tls);
        struct conn gone = {.tag = m->tag};
        m->home->on_gone(m->home, &gone);
    }
    mem_free(MEM_NET, m);
}

void conn_move(struct conn *c, struct loop *to, void (*adopted)(void *ctx, struct conn *c),
               void *ctx)
{
    assert(loop_is_current(c->loop) && conn_queued(c) == 0 && !c->early);
    struct move *m = mem_must(MEM_NET, sizeof *m);
    m->task.run = arrive;
    m->fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0);
    m->tag = c->tag;
    m->home = c->home;
    memcpy(m->peer, c->peer, sizeof m->peer);
    m->adopted = adopted;
    m->ctx = ctx;
    m->secure = c->secure;
    m->tls = c->tls;
    c->tls = NULL;
    conn_known(c); /* of the loop that it leaves */
    c->home = NULL;
    c->told_closed = true;
    conn_close(c);
    loop_post(to, &m->task);
}
