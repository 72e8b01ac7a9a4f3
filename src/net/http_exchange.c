/*
 * What a handler answers: to a head, to a request. The exchange may have lost its connection in the
 * meantime; then it only ends here, on its loop.
 */

#include <assert.h>

#include "net/http_server_priv.h"

/* A body that is gathered: room for its declared length among all uploads, held until the work is
 * given back. */
static enum err reserve_upload(struct http_work *w)
{
    struct http_server *s = w->lane->server;
    uint64_t bytes = http_parser_body_left(w->parser);
    if (w->x.request->is_upload && bytes > s->options.limits.upload_bytes_max)
        return ERR_ENTITY_TOO_LARGE;
    return http_work_count_upload(w, bytes) ? ERR_OK : ERR_OVERLOADED;
}

static void observe(const struct http_exchange *x)
{
    uint64_t now_ns = clock_mono_ns(loop_clock(x->loop));
    metrics_observe_us(loop_metrics(x->loop), METRIC_HTTP_REQUEST_US,
                       (now_ns - x->started_ns) / 1000);
}

/* More of the body than what it has so far is to be sent. */
static bool streams_out(const struct http_exchange *x)
{
    bool content = x->status != 204 && x->status != 304;
    return x->rest > 0 && content && x->request->method != HTTP_METHOD_HEAD;
}

void http_reply(struct http_exchange *x)
{
    struct http_work *w = http_work_of(x);
    assert(loop_is_current(x->loop));
    struct http_conn *h = w->http;
    w->lent = false;
    observe(x);
    if (!h) {
        http_work_put(w);
        return;
    }
    assert(h->work == w && h->state == HTTP_BUSY);
    /* What a peer that ended its side has still pipelined is answered first. */
    bool last = h->lane->draining || (h->eof && h->kept.len == 0);
    bool close = x->close || !x->request->keep_alive || last;
    bool sent = http_reply_send(w, h->conn, close);
    bool more = sent && streams_out(x);
    if (!more)
        http_conn_release_work(h);
    h->close = close;
    if (!sent)
        h->state = HTTP_ENDING; /* on_closed comes */
    else if (conn_queued(h->conn) > 0)
        http_conn_begin_writing(h);
    else if (more)
        http_stream_ask_more(h);
    else
        http_conn_after_reply(h, close);
}

void http_admit(struct http_exchange *x)
{
    struct http_work *w = http_work_of(x);
    assert(loop_is_current(x->loop));
    struct http_conn *h = w->http;
    w->lent = false;
    if (!h) {
        http_work_put(w);
        return;
    }
    assert(h->work == w && h->state == HTTP_ADMITTING);
    if (x->admitted == ERR_OK)
        x->admitted = x->streams ? http_stream_begin(w) : reserve_upload(w);
    if (x->admitted != ERR_OK) {
        http_conn_fail(h, x->admitted);
        return;
    }
    conn_known(h->conn);
    http_conn_begin_body(h);
    if (!h->pumping)
        http_conn_go_on(h);
}

void http_admit_post(struct http_exchange *x)
{
    loop_post(x->loop, &x->task);
}

void http_reply_post(struct http_exchange *x)
{
    loop_post(x->loop, &x->task);
}

struct conn *http_upgrade(struct http_exchange *x, const struct conn_ops *ops, void *owner)
{
    struct http_work *w = http_work_of(x);
    assert(loop_is_current(x->loop) && x->request->upgrade_websocket);
    struct http_conn *h = w->http;
    w->lent = false;
    observe(x);
    if (!h) {
        http_work_put(w);
        return NULL;
    }
    struct conn *c = h->conn;
    bool sent = !h->eof && http_reply_send_upgrade(w, c);
    http_conn_release_work(h);
    h->state = HTTP_ENDING;
    if (!sent) {
        conn_close_after_flush(c, 0);
        return NULL;
    }
    h->upgraded = true;
    conn_set_ops(c, ops, owner);
    conn_stranger(c);
    conn_resume(c);
    if (!h->pumping)
        http_conn_go_on(h);
    return c;
}
