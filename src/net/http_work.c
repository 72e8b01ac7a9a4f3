/*
 * What a request needs in memory (a parser with its 64 header slots, reply buffers: 4 KiB and more)
 * is held only while the request is under way, so that an idle connection stays small. The pool is
 * last in, first out: a busy loop works on the same few, warm in the cache, without the heap.
 */

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "net/http_server_priv.h"

static void work_free(struct http_work *w)
{
    http_parser_free(&w->parser);
    buf_deinit(&w->x.head);
    buf_deinit(&w->x.body);
    buf_deinit(&w->piece);
    w->magic = 0;
    mem_free(MEM_NET, w);
}

static struct http_work *work_new(struct http_lane *lane)
{
    struct http_work *w = mem_zalloc(MEM_NET, sizeof *w);
    if (!w)
        return NULL;
    w->magic = HTTP_WORK_MAGIC;
    w->lane = lane;
    buf_init(&w->x.head, MEM_NET, HTTP_REPLY_HEAD_BYTES);
    buf_init(&w->x.body, MEM_NET, LIMIT_REPLY_BYTES);
    buf_init(&w->piece, MEM_WIRE, HTTP_WINDOW_BYTES);
    w->parser = http_parser_new(&lane->server->options.limits);
    if (!w->parser) {
        work_free(w);
        return NULL;
    }
    return w;
}

struct http_work *http_work_get(struct http_conn *h)
{
    struct http_lane *lane = h->lane;
    struct http_work *w = lane->pool;
    if (w) {
        lane->pool = w->next;
        lane->pooled--;
    } else {
        w = work_new(lane);
        if (!w)
            return NULL;
    }
    w->next = NULL;
    w->complete = false;
    w->http = h;
    return w;
}

/* A handler may have put a buffer of its own in the place of ours. */
static void recycle(struct buf *b, size_t max)
{
    if (b->max != max || b->area != MEM_NET) {
        buf_deinit(b);
        buf_init(b, MEM_NET, max);
    }
    buf_reset(b);
    buf_shrink(b, HTTP_KEEP_BYTES);
}

void http_work_put(struct http_work *w)
{
    struct http_lane *lane = w->lane;
    const struct http_handler *handler = &lane->server->options.handler;
    assert(!w->lent);
    w->http = NULL;
    if (w->x.user != NULL && handler->on_release != NULL)
        handler->on_release(handler->ctx, &w->x);
    http_stream_uncount(w);
    if (w->upload_bytes > 0)
        atomic_fetch_sub_explicit(&lane->server->upload_bytes, w->upload_bytes,
                                  memory_order_relaxed);
    w->upload_bytes = 0;
    if (!w->complete || lane->pooled >= HTTP_POOL_MAX) {
        work_free(w);
        return;
    }
    w->x.user = NULL;
    w->x.streams = w->streaming = false;
    w->x.rest = 0;
    buf_deinit(&w->piece);
    recycle(&w->x.head, HTTP_REPLY_HEAD_BYTES);
    recycle(&w->x.body, LIMIT_REPLY_BYTES);
    http_parser_next(w->parser);
    w->next = lane->pool;
    lane->pool = w;
    lane->pooled++;
}

void http_work_drop_pool(struct http_lane *lane)
{
    while (lane->pool) {
        struct http_work *w = lane->pool;
        lane->pool = w->next;
        work_free(w);
    }
    lane->pooled = 0;
}

bool http_work_count_upload(struct http_work *w, uint64_t bytes)
{
    struct http_server *s = w->lane->server;
    uint64_t before = atomic_fetch_add_explicit(&s->upload_bytes, bytes, memory_order_relaxed);
    w->upload_bytes += bytes;
    return s->options.upload_bytes_total_max == 0 ||
           before + bytes <= s->options.upload_bytes_total_max;
}

struct http_work *http_work_of(struct http_exchange *x)
{
    struct http_work *w = (struct http_work *)(void *)x;
    assert(w->magic == HTTP_WORK_MAGIC);
    return w;
}
