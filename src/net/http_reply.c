/*
 * The bytes of a reply. The hot path is a small GET: head and body are put together in the loop's
 * scratch memory and leave in one write, without the heap. Only a large body goes as a second
 * piece of the same write, because copying it would cost more than the second vector.
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "net/http_server_priv.h"
#include "wire/ws.h"

/* Bodies up to here are copied behind their head. */
enum { COPY_BYTES = 16 * 1024, FIXED_BYTES = 512 };

struct out {
    char *start;
    char *at;
};

static void put(struct out *o, struct slice s)
{
    memcpy(o->at, s.data, s.len);
    o->at += s.len;
}

static void put_u64(struct out *o, uint64_t v)
{
    o->at += slice_put_u64(o->at, v);
}

static size_t length(const struct out *o)
{
    return (size_t)(o->at - o->start);
}

static void write_date(char out[HTTP_DATE_LINE_LEN + 1], int64_t second)
{
    static const char days[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char iso[CLOCK_ISO_LEN + 1];
    clock_iso(second * 1000, iso);
    /* 1970-01-01 was a Thursday. */
    int day = (int)((second / 86400 + 4) % 7);
    int month = (iso[5] - '0') * 10 + iso[6] - '0' - 1;
    snprintf(out, HTTP_DATE_LINE_LEN + 1, "date: %.3s, %.2s %.3s %.4s %.8s GMT\r\n",
             days + (ptrdiff_t)day * 3, iso + 8, months + (ptrdiff_t)month * 3, iso, iso + 11);
}

/* RFC 9110 §6.6.1; made once a second and loop. */
static struct slice date_line(struct http_lane *lane)
{
    int64_t second = clock_wall_ms(loop_clock(lane->loop)) / 1000;
    if (second != lane->date_second) {
        lane->date_second = second;
        write_date(lane->date, second);
    }
    return slice_of(lane->date, HTTP_DATE_LINE_LEN);
}

static struct out begin(struct http_lane *lane, int status)
{
    char *scratch = loop_scratch(lane->loop);
    struct out o = {scratch, scratch};
    put(&o, SLICE("HTTP/1.1 "));
    put_u64(&o, (uint64_t)status);
    put(&o, SLICE(" "));
    put(&o, slice_from(http_status_text(status)));
    put(&o, SLICE("\r\n"));
    put(&o, date_line(lane));
    put(&o, SLICE("via: 1.1 guildhall\r\n"));
    return o;
}

static bool asks_keep_alive(const struct http_request *r)
{
    struct slice value = http_header_get(r, SLICE("connection"));
    return value.data && slice_eq_nocase(slice_trim(value), SLICE("keep-alive"));
}

/* A client of HTTP/1.0 believes in keep-alive only if it is told (RFC 9112 §9.3). */
static void put_connection(struct out *o, const struct http_request *r, bool close)
{
    if (close)
        put(o, SLICE("connection: close\r\n"));
    else if (asks_keep_alive(r))
        put(o, SLICE("connection: keep-alive\r\n"));
}

static bool has_content(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void put_content(struct out *o, const struct http_exchange *x)
{
    if (!has_content(x->status))
        return;
    if (x->content_type.data) {
        put(o, SLICE("content-type: "));
        put(o, x->content_type);
        put(o, SLICE("\r\n"));
    }
    put(o, SLICE("content-length: "));
    put_u64(o, x->body.len + x->rest);
    put(o, SLICE("\r\n"));
}

static bool sendable(const struct http_exchange *x)
{
    if (x->body.failed || x->head.failed || x->content_type.len > HTTP_CONTENT_TYPE_BYTES)
        return false;
    return x->head.len + COPY_BYTES + FIXED_BYTES + HTTP_CONTENT_TYPE_BYTES <= LOOP_SCRATCH_BYTES;
}

bool http_reply_send(struct http_work *w, struct conn *c, bool close)
{
    const struct http_exchange *x = &w->x;
    assert(x->status >= 200 && x->status <= 599);
    if (!sendable(x)) {
        w->x.rest = 0;
        log_error(loop_log(w->lane->loop), "net", "reply beyond its limits or without memory",
                  LOG_U("bytes", x->body.len));
        return http_reply_send_error(w->lane, c, x->request, ERR_INTERNAL);
    }
    struct out o = begin(w->lane, x->status);
    put_content(&o, x);
    put_connection(&o, x->request, close);
    if (x->head.len > 0)
        put(&o, buf_slice(&x->head));
    put(&o, SLICE("\r\n"));
    http_reply_count(w->lane, x->status);
    bool body = x->body.len > 0 && has_content(x->status) && x->request->method != HTTP_METHOD_HEAD;
    if (!body)
        return conn_send(c, o.start, length(&o));
    if (x->body.len > COPY_BYTES)
        return conn_send2(c, o.start, length(&o), x->body.data, x->body.len);
    put(&o, buf_slice(&x->body));
    return conn_send(c, o.start, length(&o));
}

/* No call site: a line for each request, or its id would say nothing. */
static void log_refusal(const struct http_lane *lane, int status, const char *id)
{
    const struct log *log = loop_log(lane->loop);
    const struct log_kv kv[] = {LOG_I("status", status), LOG_END};
    if (log != NULL && log->level <= LOG_DEBUG)
        log_write(log, NULL, LOG_DEBUG, "net", "request refused", slice_from(id), kv);
}

/* The texts of the error table need no escaping; its test says so. */
bool http_reply_send_error(struct http_lane *lane, struct conn *c, const struct http_request *r,
                           enum err e)
{
    char id[LIMIT_REQUEST_ID_BYTES + 1];
    const struct err_info *info = err_info(e);
    int status = info->http_status != 0 ? info->http_status : 500;
    char body[256];
    int len = snprintf(body, sizeof body, "{\"message\": \"%s\", \"code\": %d}", info->text,
                       info->json_code);
    assert(len > 0 && (size_t)len < sizeof body);
    struct out o = begin(lane, status);
    put(&o, SLICE("content-type: application/json\r\ncontent-length: "));
    put_u64(&o, (uint64_t)len);
    put(&o, SLICE("\r\nconnection: close\r\nX-Request-Id: "));
    http_request_id(r, lane->loop, id);
    put(&o, slice_from(id));
    put(&o, SLICE("\r\n\r\n"));
    put(&o, slice_of(body, (size_t)len));
    http_reply_count(lane, status);
    log_refusal(lane, status, id);
    return conn_send(c, o.start, length(&o));
}

bool http_reply_send_upgrade(struct http_work *w, struct conn *c)
{
    const struct http_exchange *x = &w->x;
    if (!sendable(x))
        return false;
    char accept[WS_ACCEPT_LEN + 1];
    ws_accept_key(http_header_get(x->request, SLICE("sec-websocket-key")), accept);
    struct out o = begin(w->lane, 101);
    put(&o, SLICE("upgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: "));
    put(&o, slice_of(accept, WS_ACCEPT_LEN));
    put(&o, SLICE("\r\n"));
    if (x->head.len > 0)
        put(&o, buf_slice(&x->head));
    put(&o, SLICE("\r\n"));
    http_reply_count(w->lane, 101);
    return conn_send(c, o.start, length(&o));
}

void http_reply_count(struct http_lane *lane, int status)
{
    struct metrics *m = loop_metrics(lane->loop);
    metrics_add(m, METRIC_HTTP_REQUESTS, 1);
    if (status >= 500)
        metrics_add(m, METRIC_HTTP_ERRORS_5XX, 1);
    else if (status >= 400)
        metrics_add(m, METRIC_HTTP_ERRORS_4XX, 1);
}
