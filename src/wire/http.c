/*
 * The parser's life: which step gets the next bytes, and what memory stays between requests. An
 * idle connection is the common state of a chat server's client, so only a small head buffer stays.
 *
 *   HEAD ──▶ COMPLETE                      no body: HTTP_FEED_REQUEST at once
 *     ├────▶ BODY, CHUNKED ──▶ COMPLETE    HTTP_FEED_HEAD, then HTTP_FEED_REQUEST
 *     └────▶ FAILED ◀── any                until freed
 */

#include "wire/http.h"

#include <assert.h>

#include "wire/http_priv.h"

enum { HEAD_KEEP_BYTES = 4 * 1024, BODY_KEEP_BYTES = 16 * 1024 };

struct http_parser *http_parser_new(const struct http_limits *limits)
{
    assert(limits->head_bytes_max > 0 && limits->body_bytes_max > 0);
    struct http_parser *p = mem_zalloc(MEM_WIRE, sizeof *p);
    if (!p)
        return NULL;
    p->limits = *limits;
    buf_init(&p->head, MEM_WIRE, limits->head_bytes_max);
    buf_init(&p->body, MEM_WIRE, limits->body_bytes_max);
    return p;
}

void http_parser_free(struct http_parser **p)
{
    if (!*p)
        return;
    buf_deinit(&(*p)->head);
    buf_deinit(&(*p)->body);
    mem_free(MEM_WIRE, *p);
    *p = NULL;
}

static enum err feed_head(struct http_parser *p, const char *data, size_t len, size_t *taken)
{
    bool complete = false;
    enum err e = http_scan_feed(p, data, len, taken, &complete);
    return e || !complete ? e : http_head_parse(p);
}

static enum err feed_body(struct http_parser *p, const char *data, size_t len, size_t *taken)
{
    size_t room = p->body.max - p->body.len;
    size_t n = len < p->body_left ? len : (size_t)p->body_left;
    n = n < room ? n : room;
    buf_append(&p->body, data, n);
    if (p->body.failed)
        return ERR_NO_MEMORY;
    p->body_left -= n;
    *taken = n;
    if (p->body_left == 0)
        p->stage = HTTP_STAGE_COMPLETE;
    return ERR_OK;
}

static enum err feed_chunked(struct http_parser *p, const char *data, size_t len, size_t *taken)
{
    bool complete = false;
    enum err e = http_chunks_feed(&p->chunks, &p->body, data, len, taken, &complete);
    if (complete)
        p->stage = HTTP_STAGE_COMPLETE;
    return e;
}

static enum err feed_stage(struct http_parser *p, const char *data, size_t len, size_t *taken)
{
    switch (p->stage) {
    case HTTP_STAGE_HEAD:
        return feed_head(p, data, len, taken);
    case HTTP_STAGE_BODY:
        return feed_body(p, data, len, taken);
    case HTTP_STAGE_CHUNKED:
        return feed_chunked(p, data, len, taken);
    case HTTP_STAGE_FAILED:
        return p->error;
    case HTTP_STAGE_COMPLETE:
        break;
    }
    return ERR_INTERNAL;
}

enum http_feed http_parser_feed(struct http_parser *p, const char *data, size_t len, size_t *taken,
                                enum err *error)
{
    assert(p->stage != HTTP_STAGE_COMPLETE); /* http_parser_next comes first */
    enum http_stage before = p->stage;
    *taken = 0;
    enum err e = feed_stage(p, data, len, taken);
    if (e) {
        p->stage = HTTP_STAGE_FAILED;
        p->error = e;
        *error = e;
        return HTTP_FEED_ERROR;
    }
    if (p->stage == HTTP_STAGE_COMPLETE) {
        if (!p->streaming)
            p->request.body = buf_slice(&p->body);
        return HTTP_FEED_REQUEST;
    }
    return p->stage == before ? HTTP_FEED_MORE : HTTP_FEED_HEAD;
}

const struct http_request *http_parser_request(const struct http_parser *p)
{
    return &p->request;
}

static void forget_request(struct http_request *r)
{
    r->target = r->path = r->query = r->body = (struct slice){0};
    r->header_count = 0;
    r->declared = 0;
    r->keep_alive = r->expect_continue = r->is_upload = r->is_chunked = false;
    r->upgrade_websocket = false;
}

void http_parser_next(struct http_parser *p)
{
    assert(p->stage == HTTP_STAGE_COMPLETE);
    forget_request(&p->request);
    p->stage = HTTP_STAGE_HEAD;
    p->scan = (struct http_scan){0};
    p->streaming = false;
    buf_reset(&p->head);
    buf_shrink(&p->head, HEAD_KEEP_BYTES);
    buf_reset(&p->body);
    buf_shrink(&p->body, BODY_KEEP_BYTES);
}

bool http_parser_in_head(const struct http_parser *p)
{
    return p->stage == HTTP_STAGE_HEAD && p->scan.bytes > 0;
}

bool http_parser_in_body(const struct http_parser *p)
{
    return p->stage == HTTP_STAGE_BODY || p->stage == HTTP_STAGE_CHUNKED;
}

uint64_t http_parser_body_left(const struct http_parser *p)
{
    return p->body_left;
}

void http_parser_stream(struct http_parser *p, uint64_t bytes_max, size_t window)
{
    assert(http_parser_in_body(p) && p->body.len == 0 && window > 0);
    p->streaming = true;
    p->body.max = window;
    p->chunks.data_left = bytes_max;
}

size_t http_parser_gathered(const struct http_parser *p)
{
    return p->streaming ? 0 : p->body.len;
}

size_t http_parser_held(const struct http_parser *p)
{
    return p->streaming ? p->body.len : 0;
}

bool http_parser_is_full(const struct http_parser *p)
{
    return p->streaming && p->body.len == p->body.max;
}

void http_parser_take(struct http_parser *p, struct buf *into)
{
    assert(p->streaming && into->len == 0 && into->area == p->body.area);
    struct buf held = p->body;
    p->body = *into;
    p->body.max = held.max;
    *into = held;
}
