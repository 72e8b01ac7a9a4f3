/*
 * The output queue. It is empty nearly always: conn_send writes at once. When a peer reads slowly,
 * two chunks suffice: one in flight (libuv owns it until the kernel took it all), one that fills
 * meanwhile, doubling; the bound is on their sum and is kept by conn_send.
 */

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn_priv.h"

enum { CHUNK_BYTES_MIN = 4 * 1024 };

static struct chunk *chunk_new(struct conn *c, size_t cap)
{
    struct chunk *k = mem_alloc(MEM_NET, sizeof *k + cap);
    if (!k)
        return NULL;
    k->conn = c;
    k->len = 0;
    k->cap = cap;
    k->req.data = k;
    return k;
}

static void on_written(uv_write_t *req, int status);

static bool submit(struct conn *c, struct chunk *k)
{
    uv_buf_t b = uv_buf_init(k->data, (unsigned)k->len);
    if (uv_write(&k->req, (uv_stream_t *)&c->tcp, &b, 1, on_written) != 0)
        return false;
    c->in_flight = k;
    return true;
}

static void on_written(uv_write_t *req, int status)
{
    struct chunk *k = req->data;
    struct conn *c = k->conn;
    assert(c->magic == CONN_MAGIC && c->in_flight == k);
    c->in_flight = NULL;
    mem_free(MEM_NET, k);
    struct chunk *next = c->pending;
    if (status == 0 && next && c->state != CONN_CLOSED) {
        c->pending = NULL;
        if (submit(c, next))
            return;
        mem_free(MEM_NET, next);
        status = UV_EPIPE;
    }
    conn_on_sent(c, status);
}

/* Room for len more bytes in the chunk that fills. */
static struct chunk *grow(struct conn *c, size_t len)
{
    struct chunk *k = c->pending;
    if (k && k->cap - k->len >= len)
        return k;
    size_t cap = k ? k->cap * 2 : CHUNK_BYTES_MIN;
    size_t need = (k ? k->len : 0) + len;
    struct chunk *bigger = chunk_new(c, cap > need ? cap : need);
    if (!bigger)
        return NULL;
    if (k) {
        memcpy(bigger->data, k->data, k->len);
        bigger->len = k->len;
        mem_free(MEM_NET, k);
    }
    c->pending = bigger;
    return bigger;
}

bool conn_queue_add(struct conn *c, const char *data, size_t len)
{
    struct chunk *k = c->in_flight ? grow(c, len) : chunk_new(c, len);
    if (!k)
        return false;
    memcpy(k->data + k->len, data, len);
    k->len += len;
    if (c->in_flight)
        return true;
    if (submit(c, k))
        return true;
    mem_free(MEM_NET, k);
    return false;
}

/* At the end: the one in flight was given back by libuv before the handle's close callback. */
void conn_queue_free(struct conn *c)
{
    assert(!c->in_flight);
    mem_free(MEM_NET, c->pending);
    c->pending = NULL;
}
