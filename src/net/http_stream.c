/*
 * Bodies and replies that pass in pieces, so that a connection holds a window of them and no more.
 *
 * In: the parser fills its window while the handler has the piece before; when both are full the
 * socket is read no further (STALLED) and the peer feels it by TCP. A piece goes out when it is
 * worth a worker, so a trickle costs few. The peer owes progress only while it is read.
 *
 * Out: one piece at a time; the next is asked for when the kernel has taken the one before.
 */

#include <assert.h>

#include "base/mem.h"
#include "net/http_server_priv.h"

/* ---- in ---- */

static bool count_bytes(struct http_work *w, uint64_t bytes)
{
    struct http_server *s = w->lane->server;
    uint64_t before = atomic_fetch_add_explicit(&s->stream_bytes, bytes, memory_order_relaxed);
    w->stream_bytes += bytes;
    return s->options.stream_bytes_total_max == 0 ||
           before + bytes <= s->options.stream_bytes_total_max;
}

static bool count_stream(struct http_work *w)
{
    struct http_server *s = w->lane->server;
    unsigned before = atomic_fetch_add_explicit(&s->streams, 1, memory_order_relaxed);
    w->counted = true;
    return s->options.streams_max == 0 || before < s->options.streams_max;
}

void http_stream_uncount(struct http_work *w)
{
    struct http_server *s = w->lane->server;
    if (w->counted)
        atomic_fetch_sub_explicit(&s->streams, 1, memory_order_relaxed);
    if (w->stream_bytes > 0)
        atomic_fetch_sub_explicit(&s->stream_bytes, w->stream_bytes, memory_order_relaxed);
    w->counted = false;
    w->stream_bytes = 0;
}

static uint64_t bytes_max(const struct http_work *w)
{
    uint64_t all = w->lane->server->options.limits.stream_bytes_max;
    return w->x.stream_bytes_max < all ? w->x.stream_bytes_max : all;
}

enum err http_stream_begin(struct http_work *w)
{
    uint64_t declared = w->x.request->declared;
    if (declared > bytes_max(w))
        return ERR_ENTITY_TOO_LARGE;
    if (!count_stream(w) || !count_bytes(w, declared))
        return ERR_OVERLOADED;
    w->streaming = true;
    http_parser_stream(w->parser, bytes_max(w), HTTP_WINDOW_BYTES);
    return ERR_OK;
}

static void stall(struct http_conn *h)
{
    h->state = HTTP_STALLED;
    http_conn_stop_clock(h);
}

static void on_next_task(struct task *t, struct loop *l)
{
    (void)l;
    http_stream_next(LIST_OWNER(&t->letter, struct http_exchange, task.letter));
}

static void lend(struct http_work *w, void (*to)(void *ctx, struct http_exchange *x))
{
    w->lent = true;
    w->x.task.run = on_next_task;
    w->x.admitted = ERR_INTERNAL;
    to(w->lane->server->options.handler.ctx, &w->x);
}

static void lend_piece(struct http_conn *h)
{
    struct http_work *w = h->work;
    buf_reset(&w->piece);
    http_parser_take(w->parser, &w->piece);
    w->x.piece = buf_slice(&w->piece);
    if (w->x.request->is_chunked && !count_bytes(w, w->piece.len)) {
        http_conn_fail(h, ERR_OVERLOADED);
        return;
    }
    lend(w, w->lane->server->options.handler.on_piece);
}

void http_stream_advance(struct http_conn *h)
{
    struct http_work *w = h->work;
    size_t held = http_parser_held(w->parser);
    if (w->complete || (w->lent && http_parser_is_full(w->parser)))
        stall(h);
    if (w->lent)
        return;
    if (held >= HTTP_PIECE_BYTES_MIN || (w->complete && held > 0))
        lend_piece(h);
    else if (w->complete)
        http_conn_hand_out(h);
}

/* The handler is done with a piece. */
static void next_piece(struct http_conn *h)
{
    struct http_work *w = h->work;
    bool was_stalled = h->state == HTTP_STALLED;
    if (w->x.admitted != ERR_OK) {
        http_conn_fail(h, w->x.admitted);
        return;
    }
    if (w->complete) { /* h may be gone with the answer */
        http_stream_advance(h);
        return;
    }
    if (was_stalled)
        http_conn_read_body(h);
    http_stream_advance(h);
    if (was_stalled && !h->pumping)
        http_conn_go_on(h);
}

/* ---- out ---- */

void http_stream_ask_more(struct http_conn *h)
{
    struct http_work *w = h->work;
    h->state = HTTP_FETCHING;
    http_conn_stop_clock(h);
    buf_reset(&w->x.body);
    lend(w, w->lane->server->options.handler.on_more);
}

static void send_more(struct http_conn *h)
{
    struct http_exchange *x = &h->work->x;
    bool good =
        x->admitted == ERR_OK && !x->body.failed && x->body.len > 0 && x->body.len <= x->rest;
    if (!good || !conn_send(h->conn, x->body.data, x->body.len)) {
        http_conn_end_silently(h);
        return;
    }
    x->rest -= x->body.len;
    bool more = x->rest > 0;
    if (!more)
        http_conn_release_work(h);
    if (conn_queued(h->conn) > 0)
        http_conn_begin_writing(h);
    else if (more)
        http_stream_ask_more(h);
    else
        http_conn_after_reply(h, h->close);
}

void http_stream_next(struct http_exchange *x)
{
    struct http_work *w = http_work_of(x);
    assert(loop_is_current(x->loop) && w->lent);
    struct http_conn *h = w->http;
    w->lent = false;
    if (!h)
        http_work_put(w);
    else if (h->state == HTTP_FETCHING)
        send_more(h);
    else
        next_piece(h);
}

void http_stream_next_post(struct http_exchange *x)
{
    loop_post(x->loop, &x->task);
}
