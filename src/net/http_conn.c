/*
 * One connection that speaks HTTP. Requests come pipelined and replies come later, from anywhere;
 * so bytes are read only as far as the current request goes, the rest is kept (bounded, reading
 * paused) until its reply has left. The loop is in `pump`, never in recursion: a handler that
 * replies at once returns into it, one that replies later starts it again through go_on.
 *
 *            ┌──────────────── reply taken by the kernel ───────────────┐
 *            ▼                                                          │
 *   IDLE ──▶ HEAD ──▶ BODY ──▶ BUSY ── http_reply ──▶ WRITING ──────────┤
 *    │        │ ▼      ▲  ▲     │ ▲                     │  ▲            │
 *    │        │ ADMITTING ▼     │ │                     │  ▼            │
 *    │        │        │ STALLED┼─┘                     │ FETCHING      │
 *    ▼        ▼        ▼        ▼ http_upgrade          ▼               ▼
 *   close   408, 4xx, 413 ──▶ ENDING ◀──────────────────┴── connection: close
 *
 * Each state has its time limit: IDLE idle, HEAD head (from the first byte, however many follow:
 * slow loris), BODY body and progress (a stream: progress), WRITING progress. The others have none:
 * the handler has its own. What is sent ahead while ADMITTING waits in the kernel and in `kept`, as
 * any pipelined byte does: a caller whom nobody knows cannot make the server hold a large body.
 */

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "net/http_server_priv.h"

static void on_timer(struct timer *t);

/* Deadlines move with every request, timers do not: one that rings early goes to sleep again. */
static void set_deadline(struct http_conn *h, uint64_t delay_ms)
{
    struct loop *l = h->lane->loop;
    h->deadline_ms = loop_now_ms(l) + delay_ms;
    if (!list_linked(&h->timer.node) || h->timer.due_ms > h->deadline_ms)
        loop_timer_start(l, &h->timer, delay_ms, on_timer);
}

/* What the handler has, it gives back with its answer. */
void http_conn_release_work(struct http_conn *h)
{
    struct http_work *w = h->work;
    h->work = NULL;
    if (w && w->lent)
        w->http = NULL;
    else if (w)
        http_work_put(w);
}

/* Counts what the connection has queued among the replies that wait. */
static bool count_reply(struct http_conn *h, uint64_t bytes)
{
    struct http_server *s = h->lane->server;
    uint64_t before =
        atomic_fetch_add_explicit(&s->reply_bytes, bytes - h->reply_bytes, memory_order_relaxed);
    uint64_t all = before + bytes - h->reply_bytes;
    h->reply_bytes = bytes;
    return s->options.reply_bytes_total_max == 0 || all <= s->options.reply_bytes_total_max;
}

static void conn_state_free(struct http_conn *h)
{
    (void)count_reply(h, 0);
    assert(!h->pumping && !h->work);
    loop_timer_stop(&h->timer);
    buf_deinit(&h->kept);
    h->magic = 0;
    mem_free(MEM_NET, h);
}

/* Nothing more is read as HTTP. on_closed, which comes later, frees. */
static void end(struct http_conn *h)
{
    h->state = HTTP_ENDING;
    h->deadline_ms = UINT64_MAX;
    http_conn_release_work(h);
    buf_deinit(&h->kept);
    conn_close_after_flush(h->conn, HTTP_LINGER_MS);
}

void http_conn_stop_clock(struct http_conn *h)
{
    h->deadline_ms = UINT64_MAX;
}

/* Not at once: who replied may be in pump. */
void http_conn_end_silently(struct http_conn *h)
{
    h->state = HTTP_ENDING;
    http_conn_stop_clock(h);
    http_conn_release_work(h);
    conn_close_after_flush(h->conn, 0);
}

void http_conn_fail(struct http_conn *h, enum err e)
{
    const struct http_request *r = h->work ? http_parser_request(h->work->parser) : NULL;
    http_reply_send_error(h->lane, h->conn, r, e);
    end(h);
}

static void become_idle(struct http_conn *h)
{
    (void)count_reply(h, 0);
    h->state = HTTP_IDLE;
    conn_idle(h->conn);
    set_deadline(h, h->lane->server->options.idle_timeout_ms);
}

static bool reads(const struct http_conn *h)
{
    return h->state <= HTTP_BODY;
}

static void begin_progress(struct http_conn *h, uint64_t now_ms)
{
    const struct http_server_options *o = &h->lane->server->options;
    uint64_t left_ms = h->body_until_ms - now_ms;
    uint64_t period_ms = h->work->streaming ? o->body_timeout_ms : o->head_timeout_ms;
    h->mark = 0;
    set_deadline(h, period_ms < left_ms ? period_ms : left_ms);
}

void http_conn_read_body(struct http_conn *h)
{
    uint64_t now_ms = loop_now_ms(h->lane->loop);
    h->state = HTTP_BODY;
    h->body_until_ms =
        h->work->streaming ? UINT64_MAX : now_ms + h->lane->server->options.body_timeout_ms;
    begin_progress(h, now_ms);
}

/* The parser took all there was. */
static void note_progress(struct http_conn *h, size_t taken)
{
    if (h->state == HTTP_BODY) {
        h->mark += taken;
    } else if (h->state == HTTP_IDLE) {
        h->state = HTTP_HEAD;
        conn_busy(h->conn);
        set_deadline(h, h->lane->server->options.head_timeout_ms);
    }
}

/* RFC 9110 §10.1.1 */
void http_conn_begin_body(struct http_conn *h)
{
    http_conn_read_body(h);
    if (http_parser_request(h->work->parser)->expect_continue)
        conn_send(h->conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

static void fill_exchange(struct http_conn *h)
{
    struct http_work *w = h->work;
    struct http_exchange *x = &w->x;
    /* A copy: the handler may hold the exchange longer than the connection lives. */
    memcpy(w->peer, conn_peer(h->conn), strlen(conn_peer(h->conn)) + 1);
    x->request = http_parser_request(w->parser);
    x->loop = h->lane->loop;
    x->peer = w->peer;
    x->secure = conn_secure(h->conn);
    x->started_ns = clock_mono_ns(loop_clock(x->loop));
    x->status = 0;
    x->content_type = (struct slice){NULL, 0};
    x->close = false;
    w->lent = true;
}

static void on_admit_task(struct task *t, struct loop *l)
{
    (void)l;
    http_admit(LIST_OWNER(&t->letter, struct http_exchange, task.letter));
}

static void ask_admission(struct http_conn *h)
{
    const struct http_handler *handler = &h->lane->server->options.handler;
    if (handler->on_upload == NULL) {
        http_conn_fail(h, ERR_ENTITY_TOO_LARGE);
        return;
    }
    h->state = HTTP_ADMITTING;
    h->deadline_ms = UINT64_MAX;
    fill_exchange(h);
    h->work->x.task.run = on_admit_task;
    h->work->x.admitted = ERR_INTERNAL;
    handler->on_upload(handler->ctx, &h->work->x);
}

/* The head is complete and a body follows. A declared length over all limits never comes here: the
 * parser refuses it. */
static void on_head(struct http_conn *h)
{
    const struct http_request *r = http_parser_request(h->work->parser);
    const struct http_handler *handler = &h->lane->server->options.handler;
    bool asked = r->is_chunked && handler->takes_stream && handler->takes_stream(handler->ctx, r);
    if (r->is_upload || asked)
        ask_admission(h);
    else
        http_conn_begin_body(h);
}

static void on_reply_task(struct task *t, struct loop *l)
{
    (void)l;
    http_reply(LIST_OWNER(&t->letter, struct http_exchange, task.letter));
}

void http_conn_hand_out(struct http_conn *h)
{
    struct http_work *w = h->work;
    const struct http_handler *handler = &h->lane->server->options.handler;
    h->state = HTTP_BUSY;
    h->deadline_ms = UINT64_MAX;
    conn_known(h->conn);
    fill_exchange(h);
    w->x.task.run = on_reply_task;
    handler->on_request(handler->ctx, &w->x);
}

/* A body that comes in several reads, and is not an upload, whose length is counted already. */
static bool count_gathered(struct http_work *w)
{
    uint64_t bytes = http_parser_gathered(w->parser);
    return bytes <= w->upload_bytes || http_work_count_upload(w, bytes - w->upload_bytes);
}

static void on_bytes(struct http_conn *h, size_t taken)
{
    note_progress(h, taken);
    if (h->state != HTTP_BODY)
        return;
    if (h->work->streaming)
        http_stream_advance(h);
    else if (!count_gathered(h->work))
        http_conn_fail(h, ERR_OVERLOADED);
}

static void on_whole_request(struct http_conn *h)
{
    h->work->complete = true;
    if (h->work->streaming)
        http_stream_advance(h);
    else
        http_conn_hand_out(h);
}

/* One step of the parser. Returns how many bytes it took. */
static size_t feed(struct http_conn *h, const char *data, size_t len)
{
    if (!h->work && !(h->work = http_work_get(h))) {
        http_conn_fail(h, ERR_NO_MEMORY);
        return len;
    }
    size_t taken = 0;
    enum err e = ERR_OK;
    switch (http_parser_feed(h->work->parser, data, len, &taken, &e)) {
    case HTTP_FEED_MORE:
        on_bytes(h, taken);
        break;
    case HTTP_FEED_HEAD:
        on_head(h);
        break;
    case HTTP_FEED_REQUEST:
        on_whole_request(h);
        break;
    case HTTP_FEED_ERROR:
        http_conn_fail(h, e);
        break;
    }
    return taken;
}

static size_t pump(struct http_conn *h, const char *data, size_t len)
{
    size_t used = 0;
    h->pumping = true;
    while (used < len && reads(h) && !conn_closing(h->conn))
        used += feed(h, data + used, len - used);
    h->pumping = false;
    return used;
}

/* The connection has its new owner already. */
static void hand_over(struct http_conn *h, const char *rest, size_t len)
{
    conn_unread(h->conn, rest, len);
    conn_state_free(h);
}

static void keep(struct http_conn *h, const char *data, size_t len)
{
    if (len == 0 || h->state == HTTP_ENDING || conn_closing(h->conn))
        return;
    buf_append(&h->kept, data, len);
    if (h->kept.failed)
        conn_close_after_flush(h->conn, 0);
    else
        conn_pause(h->conn);
}

static void on_read(struct conn *c, void *owner, const char *data, size_t len)
{
    (void)c;
    struct http_conn *h = owner;
    assert(h->magic == HTTP_CONN_MAGIC);
    size_t used = pump(h, data, len);
    if (h->upgraded)
        hand_over(h, data + used, len - used);
    else
        keep(h, data + used, len - used);
}

/* A reply that came from outside of pump has left: on to what was kept, then to the socket. */
void http_conn_go_on(struct http_conn *h)
{
    size_t used = pump(h, h->kept.data, h->kept.len);
    if (h->upgraded) {
        hand_over(h, h->kept.data + used, h->kept.len - used);
        return;
    }
    if (h->state == HTTP_ENDING)
        return;
    if (used < h->kept.len) {
        buf_consume(&h->kept, used);
        return;
    }
    buf_deinit(&h->kept);
    conn_resume(h->conn);
    if (h->eof && reads(h))
        end(h);
}

void http_conn_after_reply(struct http_conn *h, bool close)
{
    if (close) {
        end(h);
        return;
    }
    become_idle(h);
    if (!h->pumping)
        http_conn_go_on(h);
}

static void on_drain(struct conn *c, void *owner)
{
    (void)c;
    struct http_conn *h = owner;
    if (h->state != HTTP_WRITING)
        return;
    if (h->work)
        http_stream_ask_more(h);
    else
        http_conn_after_reply(h, h->close);
}

/* A peer that only shut its write side still gets its replies. One that left looks the same; the
 * first write tells. */
static bool on_eof(struct conn *c, void *owner)
{
    (void)c;
    struct http_conn *h = owner;
    h->eof = true;
    return !reads(h) && h->state != HTTP_ENDING;
}

static void on_closed(struct conn *c, void *owner)
{
    (void)c;
    struct http_conn *h = owner;
    assert(h->magic == HTTP_CONN_MAGIC);
    http_conn_release_work(h);
    conn_state_free(h);
}

static const struct conn_ops http_ops = {
    .on_read = on_read, .on_drain = on_drain, .on_eof = on_eof, .on_closed = on_closed};

static void on_body_time(struct http_conn *h)
{
    uint64_t now_ms = loop_now_ms(h->lane->loop);
    size_t least = h->work->streaming ? HTTP_STREAM_PROGRESS_BYTES : HTTP_PROGRESS_BYTES;
    if (now_ms < h->body_until_ms && h->mark >= least)
        begin_progress(h, now_ms);
    else
        http_conn_fail(h, ERR_REQUEST_TIMEOUT);
}

void http_conn_begin_writing(struct http_conn *h)
{
    h->state = HTTP_WRITING;
    h->mark = conn_queued(h->conn);
    if (!count_reply(h, h->mark)) {
        http_conn_end_silently(h);
        return;
    }
    set_deadline(h, h->lane->server->options.write_timeout_ms);
}

static void on_write_time(struct http_conn *h)
{
    if (conn_queued(h->conn) + HTTP_PROGRESS_BYTES <= h->mark)
        http_conn_begin_writing(h);
    else
        conn_close(h->conn);
}

static void on_timer(struct timer *t)
{
    struct http_conn *h = LIST_OWNER(t, struct http_conn, timer);
    uint64_t now_ms = loop_now_ms(h->lane->loop);
    if (h->deadline_ms == UINT64_MAX || conn_closing(h->conn))
        return;
    if (now_ms < h->deadline_ms)
        loop_timer_start(h->lane->loop, t, h->deadline_ms - now_ms, on_timer);
    else if (h->state == HTTP_IDLE)
        conn_close(h->conn);
    else if (h->state == HTTP_HEAD)
        http_conn_fail(h, ERR_REQUEST_TIMEOUT);
    else if (h->state == HTTP_BODY)
        on_body_time(h);
    else if (h->state == HTTP_WRITING)
        on_write_time(h);
}

bool http_conn_open(struct http_lane *lane, struct conn *c, uint32_t tag)
{
    struct http_conn *h = mem_zalloc(MEM_NET, sizeof *h);
    if (!h)
        return false;
    h->magic = HTTP_CONN_MAGIC;
    h->lane = lane;
    h->conn = c;
    buf_init(&h->kept, MEM_NET, LIMIT_PIPELINE_BYTES);
    become_idle(h);
    conn_open(c, &lane->home, tag, &http_ops, h);
    conn_stranger(c);
    return true;
}

void http_conn_drain(struct conn *c)
{
    if (c->ops != &http_ops || conn_closing(c))
        return;
    const struct http_conn *h = c->owner;
    if (h->state == HTTP_IDLE)
        conn_close(c);
}
