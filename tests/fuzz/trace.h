#pragma once

/*
 * What a parser said about some bytes, as text, whatever pieces they came in: the invariant that
 * unit tests and fuzz targets share is that the text does not depend on the pieces. The first piece
 * has `first` bytes, each further one `step`.
 */

#include <assert.h>
#include <string.h>

#include "base/buf.h"
#include "wire/http.h"
#include "wire/ws.h"

enum { TRACE_BYTES_MAX = 16 * 1024 * 1024 };

static inline size_t trace_piece(size_t at, size_t len, size_t first, size_t step)
{
    size_t want = at == 0 && first > 0 ? first : step;
    return want < len - at ? want : len - at;
}

/* A copy of exactly that size, so that a sanitizer sees every read past a piece. */
static inline char *trace_copy(const char *data, size_t len)
{
    char *copy = mem_alloc(MEM_MAIN, len ? len : 1);
    assert(copy);
    if (len)
        memcpy(copy, data, len);
    return copy;
}

static inline void trace_request(struct buf *out, const struct http_request *r)
{
    buf_printf(out, "%s [%.*s][%.*s][%.*s]", http_method_name(r->method), SLICE_ARG(r->target),
               SLICE_ARG(r->path), SLICE_ARG(r->query));
    buf_append_cstr(out, r->keep_alive ? " keep" : " close");
    buf_append_cstr(out, r->expect_continue ? " expect" : "");
    buf_append_cstr(out, r->upgrade_websocket ? " websocket" : "");
    for (size_t i = 0; i < r->header_count; i++)
        buf_printf(out, "|%.*s=%.*s", SLICE_ARG(r->headers[i].name),
                   SLICE_ARG(r->headers[i].value));
    buf_append_cstr(out, "|");
    buf_append_slice(out, r->body);
    buf_append_cstr(out, "\n");
}

/* Handles one answer; false when the connection is over for HTTP. */
static inline bool trace_http_event(struct buf *out, struct http_parser *p, enum http_feed fed,
                                    enum err e)
{
    const struct http_request *r = http_parser_request(p);
    switch (fed) {
    case HTTP_FEED_MORE:
        return true;
    case HTTP_FEED_HEAD:
        assert(http_parser_in_body(p) && !http_parser_in_head(p));
        buf_append_cstr(out, "head ");
        return true;
    case HTTP_FEED_ERROR:
        buf_printf(out, "!%s\n", err_info(e)->name);
        return false;
    case HTTP_FEED_REQUEST:
        break;
    }
    bool more = r->keep_alive && !r->upgrade_websocket;
    trace_request(out, r);
    if (more)
        http_parser_next(p);
    return more;
}

/* Feeds one piece; false when the connection is over, *used then says where. */
static inline bool trace_http_piece(struct buf *out, struct http_parser *p, const char *piece,
                                    size_t len, size_t *used)
{
    size_t i = 0;
    bool more = true;
    while (more && i < len) {
        size_t taken = 0;
        enum err e = ERR_OK;
        enum http_feed fed = http_parser_feed(p, piece + i, len - i, &taken, &e);
        assert(taken <= len - i && (fed != HTTP_FEED_MORE || taken == len - i));
        i += taken;
        more = trace_http_event(out, p, fed, e);
    }
    *used = i;
    return more;
}

static inline void trace_http(struct buf *out, const struct http_limits *limits, const char *data,
                              size_t len, size_t first, size_t step)
{
    struct http_parser *p = http_parser_new(limits);
    assert(p);
    bool more = true;
    for (size_t at = 0; more && at < len;) {
        size_t n = trace_piece(at, len, first, step);
        char *piece = trace_copy(data + at, n);
        size_t used = 0;
        more = trace_http_piece(out, p, piece, n, &used);
        mem_free(MEM_MAIN, piece);
        if (!more && http_parser_request(p)->upgrade_websocket)
            buf_printf(out, "left %zu\n", len - at - used);
        at += n;
    }
    if (more)
        buf_append_cstr(out, http_parser_in_head(p)   ? "in head\n"
                             : http_parser_in_body(p) ? "in body\n"
                                                      : "idle\n");
    http_parser_free(&p);
}

static inline void trace_ws_item(struct buf *out, enum ws_event event, const struct ws_item *item)
{
    static const char *const names[] = {[WS_EVENT_MESSAGE] = "message",
                                        [WS_EVENT_PING] = "ping",
                                        [WS_EVENT_PONG] = "pong",
                                        [WS_EVENT_CLOSE] = "close"};
    if (event == WS_EVENT_ERROR) {
        buf_printf(out, "!%s\n", err_info(item->error)->name);
        return;
    }
    buf_printf(out, "%s%s %d %d ", item->compressed ? "deflated " : "", names[event],
               (int)item->opcode, (int)item->close_code);
    buf_append_slice(out, item->data);
    buf_append_cstr(out, "\n");
}

static inline void trace_ws_piece(struct buf *out, struct ws_decoder *d, const char *piece,
                                  size_t len)
{
    enum ws_event event;
    size_t i = 0;
    do {
        struct ws_item item;
        size_t taken = 0;
        event = ws_decoder_feed(d, piece + i, len - i, &taken, &item);
        assert(taken <= len - i && (event != WS_EVENT_MORE || taken == len - i));
        i += taken;
        if (event != WS_EVENT_MORE)
            trace_ws_item(out, event, &item);
    } while (event != WS_EVENT_MORE);
}

/* deflate: permessage-deflate was agreed to. */
static inline void trace_ws(struct buf *out, size_t message_bytes_max, bool deflate,
                            struct slice input, size_t first, size_t step)
{
    struct ws_decoder d;
    const char *data = input.data;
    size_t len = input.len;
    ws_decoder_init(&d, message_bytes_max);
    d.deflate = deflate;
    for (size_t at = 0; at < len;) {
        size_t n = trace_piece(at, len, first, step);
        char *piece = trace_copy(data + at, n);
        trace_ws_piece(out, &d, piece, n);
        mem_free(MEM_MAIN, piece);
        at += n;
    }
    buf_append_cstr(out, d.closed                                ? "closed\n"
                         : d.in_payload || d.message_opcode != 0 ? "in message\n"
                         : d.header_len > 0                      ? "in header\n"
                                                                 : "idle\n");
    ws_decoder_deinit(&d);
}
