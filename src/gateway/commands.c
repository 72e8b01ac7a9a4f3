/* What clients send: decode, check the order of things, count, dispatch by opcode. */
#include <string.h>

#include "gateway/gateway_priv.h"
#include "wire/json_read.h"

enum { COMMAND_WINDOW_MS = 60 * 1000, COMMAND_JSON_DEPTH = 16 };

enum op_receives { OP_REFUSED, OP_IGNORED, OP_HANDLED };

struct op {
    int number;
    enum op_receives receives;
};

static const struct op OPS[] = {
#define X(number, name, receives, direction, rule) {number, OP_##receives},
#include "gateway/opcodes.def"
#undef X
};

enum {
#define X(number, name, receives, direction, rule) OP_##name = number,
#include "gateway/opcodes.def"
#undef X
};

/* People's clients send 12 to 42 for things that are not here (calls, streams, lists): let them. */
static enum op_receives op_lookup(int64_t number, const struct gw_conn *g)
{
    for (size_t i = 0; i < sizeof OPS / sizeof OPS[0]; i++) {
        if (OPS[i].number == number)
            return OPS[i].receives;
    }
    bool person = g->session != NULL && !g->session->who.bot;
    return person && number >= 12 && number <= 42 ? OP_IGNORED : OP_REFUSED;
}

void gw_invalid_session(struct gw_conn *g, bool resumable)
{
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
        json_int_t seq = json_is_integer(d) ? json_integer_value(d) : 0;
        if (seq > 0)
            replay_confirm(&g->session->replay, (uint64_t)seq);
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
    if (op_lookup(number, g) == OP_REFUSED)
        gw_conn_close(g, ERR_GW_UNKNOWN_OPCODE);
    else if (!identified)
        gw_conn_close(g, ERR_GW_NOT_AUTHENTICATED);
    else
        log_debug(loop_log(g->hub->loop), "gateway", "command without effect", LOG_I("op", number));
}

/* docs: 120 commands per connection and 60 seconds. */
static bool within_rate(struct gw_conn *g)
{
    if (!g->hub->gateway->options.limits_enabled)
        return true;
    uint64_t now_ms = loop_now_ms(g->hub->loop);
    if (now_ms - g->window_start_ms >= COMMAND_WINDOW_MS) {
        g->window_start_ms = now_ms;
        g->window_commands = 0;
    }
    return ++g->window_commands <= LIMIT_GATEWAY_COMMANDS;
}

void gw_command(struct gw_conn *g, struct slice text)
{
    if (!within_rate(g)) {
        gw_conn_close(g, ERR_GW_RATE_LIMITED);
        return;
    }
    json_t *root = NULL;
    enum err e = json_read(text, COMMAND_JSON_DEPTH, &root);
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
