/* What clients send: decode, check the order of things, count, dispatch by opcode. */
#include <string.h>

#include "gateway/gateway_priv.h"
#include "wire/etf.h"
#include "wire/json_read.h"

enum { COMMAND_WINDOW_MS = 60 * 1000, COMMAND_JSON_DEPTH = 16 };

enum op_receives { OP_REFUSED, OP_IGNORED, OP_CONN, OP_SESSION };

/* In the table's column `handler` of what no session handles. */
static void none(struct session *s, const json_t *d)
{
    (void)s;
    (void)d;
}

struct op {
    int number;
    enum op_receives receives;
    void (*handler)(struct session *s, const json_t *d);
};

static const struct op OPS[] = {
#define X(number, name, receives, handler, direction, rule) {number, OP_##receives, handler},
#include "gateway/opcodes.def"
#undef X
};

enum {
#define X(number, name, receives, handler, direction, rule) OP_##name = number,
#include "gateway/opcodes.def"
#undef X
};

/* People's clients send 12 to 42 for things that are not here (calls, streams): let them. */
static struct op op_lookup(int64_t number, const struct gw_conn *g)
{
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (OPS[i].number == number)
            return OPS[i];
    }
    bool person = g->session != NULL && !g->session->who.bot;
    bool ignored = person && number >= 12 && number <= 42;
    return (struct op){(int)number, ignored ? OP_IGNORED : OP_REFUSED, none};
}

void gw_invalid_session(struct gw_conn *g, bool resumable)
{
    conn_stranger(g->conn);
    gw_conn_send(g, resumable ? SLICE("{\"t\":null,\"s\":null,\"op\":9,\"d\":true}")
                              : SLICE("{\"t\":null,\"s\":null,\"op\":9,\"d\":false}"));
}

static void heartbeat(struct gw_conn *g, const json_t *d)
{
    if (d != NULL && !json_is_null(d) && !json_is_integer(d)) {
        gw_conn_close(g, ERR_GW_DECODE);
        return;
    }
    if (g->session != NULL) {
        /* A number that was not sent confirms nothing: it may be of the client's session before. */
        json_int_t seq = json_is_integer(d) ? json_integer_value(d) : 0;
        if (seq > 0 && (uint64_t)seq <= g->session->replay.sent)
            replay_confirm(&g->session->replay, (uint64_t)seq);
        session_age(g->session);
        gw_conn_deadline(g, g->hub->gateway->options.heartbeat_interval_ms * 3 / 2);
        session_seen(g->session);
    }
    gw_conn_send(g, SLICE("{\"t\":null,\"s\":null,\"op\":11,\"d\":null}"));
}

static void resume(struct gw_conn *g, const json_t *d, struct slice text)
{
    const json_t *token = json_object_get(d, "token");
    const json_t *id = json_object_get(d, "session_id");
    const json_t *seq = json_object_get(d, "seq");
    if (!json_is_string(token) || !json_is_string(id) || !json_is_integer(seq) ||
        json_integer_value(seq) < 0) {
        gw_conn_close(g, ERR_GW_DECODE);
        return;
    }
    gw_resume(g, json_read_str(token), json_read_str(id), (uint64_t)json_integer_value(seq), text);
}

static void dispatch(struct gw_conn *g, int64_t number, const json_t *d, struct slice text)
{
    bool identified = g->state != GW_CONN_OPEN;
    switch (number) {
    case OP_HEARTBEAT:
        heartbeat(g, d);
        return;
    case OP_QOS_HEARTBEAT:
        heartbeat(g, json_object_get(d, "seq"));
        return;
    case OP_IDENTIFY:
    case OP_RESUME:
        if (identified)
            gw_conn_close(g, ERR_GW_ALREADY_AUTHENTICATED);
        else if (number == OP_IDENTIFY)
            gw_identify(g, d);
        else
            resume(g, d, text);
        return;
    default:
        break;
    }
    struct op op = op_lookup(number, g);
    if (op.receives == OP_REFUSED)
        gw_conn_close(g, ERR_GW_UNKNOWN_OPCODE);
    else if (!identified)
        gw_conn_close(g, ERR_GW_NOT_AUTHENTICATED);
    else if (op.receives == OP_SESSION && g->session != NULL && g->session->state == SESSION_LIVE)
        op.handler(g->session, d);
    else
        log_debug(loop_log(g->hub->loop), "gateway", "command without effect", LOG_I("op", number));
}

/* docs: 120 commands per connection and 60 seconds, heartbeats included. */
static bool within_rate(struct gw_conn *g, uint32_t *count, uint32_t max)
{
    if (!g->hub->gateway->options.limits_enabled)
        return true;
    uint64_t now_ms = loop_now_ms(g->hub->loop);
    if (now_ms - g->window_start_ms >= COMMAND_WINDOW_MS) {
        g->window_start_ms = now_ms;
        g->window_commands = 0;
        g->window_controls = 0;
    }
    return ++*count <= max;
}

bool gw_control(struct gw_conn *g)
{
    if (within_rate(g, &g->window_controls, LIMIT_GATEWAY_CONTROLS))
        return true;
    gw_conn_close(g, ERR_GW_RATE_LIMITED);
    return false;
}

void gw_command(struct gw_conn *g, struct slice text)
{
    if (!within_rate(g, &g->window_commands, LIMIT_GATEWAY_COMMANDS)) {
        gw_conn_close(g, ERR_GW_RATE_LIMITED);
        return;
    }
    json_t *root = NULL;
    enum err e = g->encoding == GW_ETF ? etf_read(text, COMMAND_JSON_DEPTH, &root)
                                       : json_read(text, COMMAND_JSON_DEPTH, &root);
    if (e != ERR_OK) {
        gw_conn_close(g, ERR_GW_DECODE);
        return;
    }
    const json_t *op = json_object_get(root, "op");
    if (!json_is_integer(op))
        gw_conn_close(g, ERR_GW_DECODE);
    else
        dispatch(g, json_integer_value(op), json_object_get(root, "d"), text);
    json_decref(root);
}
