/*
 * The WebSocket side of a gateway connection: from the upgrade request to the close handshake. It
 * decodes frames, answers pings, enforces the deadline that its state has (Identify first,
 * heartbeats then), and writes what a session owes when the loop's turn ends.
 */
#include <assert.h>
#include <string.h>

#include "gateway/gateway_priv.h"
#include "gateway/member_request.h"
#include "gateway/negotiate.h"
#include "wire/deflate_stream.h"
#include "wire/json_write.h"
#include "wire/utf8.h"

enum {
    CLOSE_LINGER_MS = 3000,
    HOST_BYTES_MAX = 255,
    HELLO_BYTES_MAX = 256,
    READ_BYTES_MAX = 256 * 1024,
};

static void on_read(struct conn *c, void *owner, const char *data, size_t len);
static void on_flush(struct conn *c, void *owner);
static void on_near(const void *owner, int others);
static void on_drain(struct conn *c, void *owner);
static void on_closed(struct conn *c, void *owner);

static const struct conn_ops OPS = {.on_read = on_read,
                                    .on_flush = on_flush,
                                    .on_near = on_near,
                                    .on_drain = on_drain,
                                    .on_closed = on_closed};

static struct gw_conn *gw_conn_of(void *owner)
{
    struct gw_conn *g = owner;
    assert(g->magic == GW_CONN_MAGIC);
    return g;
}

void gw_conn_frame(struct gw_conn *g, enum ws_opcode opcode, struct slice payload)
{
    uint8_t header[WS_HEADER_MAX];
    size_t n = ws_header_encode(header, opcode, payload.len);
    /* Who asks and does not read the answers is cut off. What the session has queued is not held
     * against the client: its heartbeats may come while a large READY is on its way. */
    g->answered = conn_queued(g->conn) == 0 ? 0 : g->answered + (uint32_t)(n + payload.len);
    if (g->answered > CONN_QUEUED_MAX)
        gw_conn_close(g, ERR_GW_RATE_LIMITED);
    else
        (void)conn_send2(g->conn, header, n, payload.data, payload.len);
}

/* Ends the conversation: what belongs to it is let go, the close frame is on its way. */
static void begin_close(struct gw_conn *g, uint16_t code, struct slice reason)
{
    if (g->state == GW_CONN_CLOSING)
        return;
    gw_identify_abandon(g);
    if (g->session != NULL)
        session_detach(g->session);
    g->state = GW_CONN_CLOSING;
    loop_timer_stop(&g->timer);
    uint8_t frame[2 + WS_CONTROL_MAX];
    size_t n = ws_close_encode(frame, code, reason);
    (void)conn_send(g->conn, frame, n);
    conn_close_after_flush(g->conn, CLOSE_LINGER_MS);
}

void gw_conn_close(struct gw_conn *g, enum err why)
{
    const struct err_info *info = err_info(why);
    log_debug(loop_log(g->hub->loop), "gateway", "closing connection", LOG_S("why", info->name),
              LOG_I("code", info->close_code));
    begin_close(g, (uint16_t)info->close_code, slice_from(info->text));
}

void gw_conn_reconnect(struct gw_conn *g)
{
    gw_conn_send(g, SLICE("{\"t\":null,\"s\":null,\"op\":7,\"d\":null}"));
    begin_close(g, 4000, SLICE("Reconnect."));
}

static void on_deadline(struct timer *t)
{
    struct gw_conn *g = LIST_OWNER(t, struct gw_conn, timer);
    /* An overdue heartbeat leaves the session resumable, so not 4009: clients start anew on that.
     */
    gw_conn_close(g, g->session != NULL ? ERR_GW_UNKNOWN : ERR_GW_SESSION_TIMEOUT);
}

void gw_conn_deadline(struct gw_conn *g, uint64_t ms)
{
    loop_timer_start(g->hub->loop, &g->timer, ms, on_deadline);
}

/* The client's own close: 1000 and 1001 end the session, anything else leaves it resumable. */
static void on_peer_close(struct gw_conn *g, uint16_t code)
{
    struct session *s = g->session;
    begin_close(g, code == 1005 ? 1000 : code, SLICE(""));
    if (s != NULL && (code == 1000 || code == 1001))
        session_free(s);
}

static size_t message_max(const struct gw_conn *g)
{
    if (g->session == NULL)
        return LIMIT_IDENTIFY_BYTES;
    return g->session->who.bot ? LIMIT_GATEWAY_COMMAND_BYTES : LIMIT_PERSON_COMMAND_BYTES;
}

/* A message of permessage-deflate: no more of it than a plain one could have brought. */
static void on_deflated(struct gw_conn *g, const struct ws_item *item)
{
    struct buf b;
    buf_init(&b, MEM_GATEWAY, message_max(g));
    enum err e = deflate_message_read(item->data, &b);
    if (e == ERR_OK && item->opcode == WS_TEXT && !utf8_valid(buf_slice(&b)))
        e = ERR_WS_INVALID_UTF8;
    if (e != ERR_OK)
        gw_conn_close(g, e == ERR_WS_TOO_BIG ? ERR_GW_DECODE : e);
    else
        gw_command(g, buf_slice(&b));
    buf_deinit(&b);
}

static void on_message(struct gw_conn *g, const struct ws_item *item)
{
    enum ws_opcode wanted = g->encoding == GW_ETF ? WS_BINARY : WS_TEXT;
    bool too_big = item->data.len > message_max(g);
    if (item->opcode != wanted || too_big)
        gw_conn_close(g, ERR_GW_DECODE);
    else if (item->compressed)
        on_deflated(g, item);
    else
        gw_command(g, item->data);
}

static void on_item(struct gw_conn *g, enum ws_event event, const struct ws_item *item)
{
    switch (event) {
    case WS_EVENT_MESSAGE:
        on_message(g, item);
        return;
    case WS_EVENT_PING:
        if (gw_control(g))
            gw_conn_frame(g, WS_PONG, item->data);
        return;
    case WS_EVENT_CLOSE:
        on_peer_close(g, item->close_code);
        return;
    case WS_EVENT_ERROR:
        gw_conn_close(g, item->error == ERR_WS_TOO_BIG ? ERR_GW_DECODE : item->error);
        return;
    case WS_EVENT_PONG:
        (void)!gw_control(g);
        return;
    case WS_EVENT_MORE:
        return;
    }
}

/* A connection on its way to another loop, with the command that sends it there and what came
 * after. */
struct gw_move {
    struct gw_conn *g;
    struct hub *to;
    struct buf text;
    struct buf rest;
    uint64_t until_ms; /* for Identify: a move, of which a client may ask for many, adds no time */
};

static void gw_conn_free(struct gw_conn *g);

static void move_free(struct gw_move *m)
{
    buf_deinit(&m->text);
    buf_deinit(&m->rest);
    mem_free(MEM_GATEWAY, m);
}

void gw_conn_move(struct gw_conn *g, struct hub *to, struct slice text)
{
    struct gw_move *m = mem_zalloc(MEM_GATEWAY, sizeof *m);
    if (m == NULL) {
        gw_conn_close(g, ERR_NO_MEMORY);
        return;
    }
    m->g = g;
    m->to = to;
    buf_init(&m->text, MEM_GATEWAY, LIMIT_IDENTIFY_BYTES);
    buf_init(&m->rest, MEM_GATEWAY, READ_BYTES_MAX);
    buf_append_slice(&m->text, text);
    g->move = m;
}

/* On the new loop's thread. */
static void on_adopted(void *ctx, struct conn *c)
{
    struct gw_move *m = ctx;
    struct gw_conn *g = m->g;
    g->hub = m->to;
    g->move = NULL;
    if (c == NULL) {
        gw_conn_free(g);
        move_free(m);
        return;
    }
    g->conn = c;
    list_push_back(&g->hub->conns, &g->node);
    conn_set_ops(c, &OPS, g);
    uint64_t now_ms = loop_now_ms(g->hub->loop);
    gw_conn_deadline(g, m->until_ms > now_ms ? m->until_ms - now_ms : 0);
    g->window_commands--; /* the command was counted where it came from */
    if (g->hub->draining)
        gw_conn_reconnect(g);
    else
        gw_command(g, buf_slice(&m->text));
    if (m->rest.len > 0 && g->state != GW_CONN_CLOSING && g->move == NULL)
        on_read(c, g, m->rest.data, m->rest.len);
    move_free(m);
}

/* Last act of this thread for g. */
static void finish_move(struct gw_conn *g, const char *data, size_t len)
{
    struct gw_move *m = g->move;
    buf_append(&m->rest, data, len);
    if (m->text.failed || m->rest.failed || conn_queued(g->conn) > 0) {
        g->move = NULL;
        move_free(m);
        gw_conn_close(g, ERR_GW_UNKNOWN);
        return;
    }
    struct conn *c = g->conn;
    stall_forget(g);
    m->until_ms = g->timer.due_ms;
    loop_timer_stop(&g->timer);
    list_remove(&g->node);
    g->conn = NULL;
    conn_move(c, m->to->loop, on_adopted, m);
}

static void on_read(struct conn *c, void *owner, const char *data, size_t len)
{
    struct gw_conn *g = gw_conn_of(owner);
    g->conn = c; /* early bytes come before http_upgrade returns it */
    /* Also when nothing is left: then the decoder gives back the memory of the last message. */
    while (g->state != GW_CONN_CLOSING) {
        struct ws_item item;
        size_t taken = 0;
        enum ws_event event = ws_decoder_feed(&g->ws, data, len, &taken, &item);
        data += taken;
        len -= taken;
        if (event == WS_EVENT_MORE)
            return;
        on_item(g, event, &item);
        if (g->move != NULL) {
            finish_move(g, data, len);
            return; /* g belongs to another thread now */
        }
    }
}

static void on_flush(struct conn *c, void *owner)
{
    struct gw_conn *g = gw_conn_of(owner);
    size_t queued = conn_queued(c);
    if (g->session != NULL)
        session_flush(g->session);
    if (g->session != NULL && g->session->requests != NULL)
        member_requests_continue(g->session);
    if (UNLIKELY(g->stall != NULL || conn_queued(c) > 0))
        stall_note(g, queued);
}

static void on_near(const void *owner, int others)
{
    const struct gw_conn *g = owner;
    const struct session *s = g->session;
    if (s != NULL && others == 1) {
        PREFETCH(replay_unsent(&s->replay));
    } else {
        PREFETCH(s);
        PREFETCH((const char *)s + CACHE_LINE_BYTES);
    }
}

static void on_drain(struct conn *c, void *owner)
{
    on_flush(c, owner);
}

static void gw_conn_free(struct gw_conn *g)
{
    loop_timer_stop(&g->timer);
    stall_forget(g);
    list_remove(&g->node);
    ws_decoder_deinit(&g->ws);
    if (g->stream != NULL)
        narrow_release(&g->hub->narrow, g->stream);
    mem_free(MEM_GATEWAY, g->stream);
    mem_free(MEM_GATEWAY, g->host);
    g->magic = 0;
    mem_free(MEM_GATEWAY, g);
}

static void on_closed(struct conn *c, void *owner)
{
    (void)c;
    struct gw_conn *g = gw_conn_of(owner);
    gw_identify_abandon(g);
    if (g->session != NULL)
        session_detach(g->session);
    g->conn = NULL;
    gw_conn_free(g);
}

static struct gw_conn *gw_conn_new(struct hub *h, const struct gw_terms *t)
{
    struct gw_conn *g = mem_zalloc(MEM_GATEWAY, sizeof *g);
    if (g == NULL)
        return NULL;
    g->magic = GW_CONN_MAGIC;
    g->hub = h;
    g->version = t->version;
    g->encoding = (uint8_t)t->encoding;
    g->compress = (uint8_t)t->compress;
    ws_decoder_init(&g->ws, LIMIT_IDENTIFY_BYTES);
    g->ws.deflate = t->compress == GW_PER_MESSAGE;
    list_push_back(&h->conns, &g->node);
    if (t->compress == GW_ZLIB_STREAM) {
        g->stream = mem_zalloc(MEM_GATEWAY, sizeof *g->stream);
        if (g->stream == NULL) {
            gw_conn_free(g);
            return NULL;
        }
    }
    return g;
}

static void send_hello(struct gw_conn *g)
{
    struct buf b;
    buf_init(&b, MEM_GATEWAY, HELLO_BYTES_MAX);
    buf_printf(&b,
               "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":%llu,"
               "\"_trace\":[\"[\\\"guildhall\\\",{}]\"]}}",
               (unsigned long long)g->hub->gateway->options.heartbeat_interval_ms);
    gw_conn_send(g, buf_slice(&b));
    buf_deinit(&b);
}

static void refuse(struct http_exchange *x, int status, const char *message)
{
    x->status = status;
    x->content_type = SLICE("application/json");
    struct json_writer w;
    json_begin(&w, &x->body);
    json_object_begin(&w);
    json_kv_cstr(&w, "message", message);
    json_kv_i64(&w, "code", 0);
    json_object_end(&w);
    http_reply(x);
}

bool gateway_path(struct slice path)
{
    return slice_eq_cstr(path, "/") || slice_eq_cstr(path, "/gateway") ||
           slice_eq_cstr(path, "/gateway/");
}

static char *copy_host(struct http_exchange *x)
{
    struct slice host = http_header_get(x->request, SLICE("host"));
    if (host.len == 0 || host.len > HOST_BYTES_MAX)
        return NULL;
    return mem_strndup(MEM_GATEWAY, host.data, host.len);
}

void gateway_upgrade(struct gateway *gateway, struct http_exchange *x)
{
    struct hub *h = &gateway->hubs[loop_index(x->loop)];
    if (!x->request->upgrade_websocket) {
        /* RFC 6455 §4.2.2: say which version would do. */
        buf_append_cstr(&x->head, "sec-websocket-version: 13\r\n");
        refuse(x, 426, err_info(ERR_UPGRADE_REQUIRED)->text);
        return;
    }
    struct gw_terms terms;
    const char *why = gw_negotiate(x->request, gateway->options.permessage_deflate, &terms);
    if (h->draining || why != NULL) {
        refuse(x, why != NULL ? 400 : 503, why != NULL ? why : "503: Service Unavailable");
        return;
    }
    struct gw_conn *g = gw_conn_new(h, &terms);
    if (g == NULL) {
        refuse(x, 503, err_info(ERR_NO_MEMORY)->text);
        return;
    }
    g->host = copy_host(x);
    buf_append_cstr(&x->head, gw_extension_line(&terms));
    struct conn *c = http_upgrade(x, &OPS, g);
    if (c == NULL) {
        gw_conn_free(g);
        return;
    }
    g->conn = c;
    send_hello(g);
    if (terms.version == 0)
        gw_conn_close(g, ERR_GW_INVALID_VERSION);
    else if (g->state == GW_CONN_OPEN)
        gw_conn_deadline(g, gateway->options.identify_timeout_ms);
}
