/*
 * The WebSocket side of a gateway connection: from the upgrade request to the close handshake. It
 * decodes frames, answers pings, enforces the deadline that its state has (Identify first,
 * heartbeats then), and writes what a session owes when the loop's turn ends.
 */
#include <assert.h>
#include <string.h>

#include "gateway/gateway_priv.h"
#include "wire/json_write.h"

enum {
    CLOSE_LINGER_MS = 3000,
    HOST_BYTES_MAX = 255,
    HELLO_BYTES_MAX = 256,
    READ_BYTES_MAX = 256 * 1024,
};

static void on_read(struct conn *c, void *owner, const char *data, size_t len);
static void on_flush(struct conn *c, void *owner);
static void on_drain(struct conn *c, void *owner);
static void on_closed(struct conn *c, void *owner);

static const struct conn_ops OPS = {
    .on_read = on_read, .on_flush = on_flush, .on_drain = on_drain, .on_closed = on_closed};

static struct gw_conn *gw_conn_of(void *owner)
{
    struct gw_conn *g = owner;
    assert(g->magic == GW_CONN_MAGIC);
    return g;
}

static void send_frame(struct gw_conn *g, enum ws_opcode opcode, struct slice payload)
{
    uint8_t header[WS_HEADER_MAX];
    size_t n = ws_header_encode(header, opcode, payload.len);
    /* Answers to commands and pings count against the queue like everything else. */
    if (conn_queued(g->conn) > CONN_QUEUED_MAX)
        gw_conn_close(g, ERR_GW_RATE_LIMITED);
    else
        (void)conn_send2(g->conn, header, n, payload.data, payload.len);
}

void gw_conn_send(struct gw_conn *g, struct slice json)
{
    if (g->state != GW_CONN_CLOSING)
        send_frame(g, WS_TEXT, json);
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

static void on_item(struct gw_conn *g, enum ws_event event, const struct ws_item *item)
{
    switch (event) {
    case WS_EVENT_MESSAGE:
        if (item->opcode != WS_TEXT)
            gw_conn_close(g, ERR_GW_DECODE);
        else if (g->session != NULL && item->data.len > LIMIT_GATEWAY_COMMAND_BYTES)
            gw_conn_close(g, ERR_GW_DECODE);
        else
            gw_command(g, item->data);
        return;
    case WS_EVENT_PING:
        send_frame(g, WS_PONG, item->data);
        return;
    case WS_EVENT_CLOSE:
        on_peer_close(g, item->close_code);
        return;
    case WS_EVENT_ERROR:
        gw_conn_close(g, item->error == ERR_WS_TOO_BIG ? ERR_GW_DECODE : item->error);
        return;
    case WS_EVENT_PONG:
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
    gw_conn_deadline(g, g->hub->gateway->options.identify_timeout_ms);
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
    loop_timer_stop(&g->timer);
    list_remove(&g->node);
    g->conn = NULL;
    conn_move(c, m->to->loop, on_adopted, m);
}

static void on_read(struct conn *c, void *owner, const char *data, size_t len)
{
    struct gw_conn *g = gw_conn_of(owner);
    g->conn = c; /* early bytes come before http_upgrade returns it */
    while (len > 0 && g->state != GW_CONN_CLOSING) {
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
    (void)c;
    struct gw_conn *g = gw_conn_of(owner);
    if (g->session != NULL)
        session_flush(g->session);
}

static void on_drain(struct conn *c, void *owner)
{
    on_flush(c, owner);
}

static void gw_conn_free(struct gw_conn *g)
{
    loop_timer_stop(&g->timer);
    list_remove(&g->node);
    ws_decoder_deinit(&g->ws);
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

static struct gw_conn *gw_conn_new(struct hub *h)
{
    struct gw_conn *g = mem_zalloc(MEM_GATEWAY, sizeof *g);
    if (g == NULL)
        return NULL;
    g->magic = GW_CONN_MAGIC;
    g->hub = h;
    ws_decoder_init(&g->ws, LIMIT_IDENTIFY_BYTES);
    list_push_back(&h->conns, &g->node);
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

/* What the query asks for, or why not. version is 0 if it is not one of ours. */
static const char *negotiate(struct slice query, uint32_t *version)
{
    char scratch[32];
    struct slice v;
    *version = 10;
    if (http_query_get(query, SLICE("v"), scratch, sizeof scratch, &v))
        *version = slice_eq_cstr(v, "10") ? 10 : slice_eq_cstr(v, "9") ? 9 : 0;
    if (http_query_get(query, SLICE("encoding"), scratch, sizeof scratch, &v) &&
        !slice_eq_cstr(v, "json"))
        return "encoding: only json is available.";
    if (http_query_get(query, SLICE("compress"), scratch, sizeof scratch, &v) && v.len > 0)
        return "compress: no transport compression is available.";
    return NULL;
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
    uint32_t version = 0;
    const char *why = negotiate(x->request->query, &version);
    if (h->draining || why != NULL) {
        refuse(x, why != NULL ? 400 : 503, why != NULL ? why : "503: Service Unavailable");
        return;
    }
    struct gw_conn *g = gw_conn_new(h);
    if (g == NULL) {
        refuse(x, 503, err_info(ERR_NO_MEMORY)->text);
        return;
    }
    g->version = version;
    g->host = copy_host(x);
    struct conn *c = http_upgrade(x, &OPS, g);
    if (c == NULL) {
        gw_conn_free(g);
        return;
    }
    g->conn = c;
    send_hello(g);
    if (version == 0)
        gw_conn_close(g, ERR_GW_INVALID_VERSION);
    else if (g->state == GW_CONN_OPEN)
        gw_conn_deadline(g, gateway->options.identify_timeout_ms);
}
