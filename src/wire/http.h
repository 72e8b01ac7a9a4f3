#pragma once

/*
 * HTTP/1.1 requests, sans I/O (RFC 9112), on llhttp. Feed bytes; get back how many were taken and
 * what to do. One parser serves one connection, request after request; a request's slices point
 * into the parser's own memory and die at http_parser_next. No sockets, no clock, no log here: time
 * limits are the connection's.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/limits.h"
#include "base/slice.h"

enum http_method {
    HTTP_METHOD_GET,
    HTTP_METHOD_HEAD,
    HTTP_METHOD_POST,
    HTTP_METHOD_PUT,
    HTTP_METHOD_PATCH,
    HTTP_METHOD_DELETE,
    HTTP_METHOD_OPTIONS,
    HTTP_METHOD_OTHER,
    HTTP_METHOD_COUNT
};

struct http_header {
    struct slice name; /* as sent; compare without case */
    struct slice value;
};

struct http_request {
    enum http_method method;
    struct slice target; /* "/api/v10/gateway?x=1" */
    struct slice path;   /* target up to '?', still percent-encoded */
    struct slice query;  /* after '?', empty if none */
    struct http_header headers[LIMIT_HTTP_HEADERS];
    size_t header_count;
    struct slice body; /* complete when HTTP_FEED_REQUEST was returned */
    bool keep_alive;   /* the connection may be used again */
    bool expect_continue;
    bool is_upload;         /* its declared length is beyond body_bytes_max */
    bool is_chunked;        /* no length was declared */
    uint64_t declared;      /* length of the body; 0 if none was declared */
    bool upgrade_websocket; /* GET with a well-formed RFC 6455 §4.2.1 upgrade */
};

struct http_limits {
    size_t head_bytes_max; /* request line and headers */
    size_t body_bytes_max;
    /* Declared lengths up to here pass too, as uploads; 0: none do. At HTTP_FEED_HEAD it is the
     * caller's to refuse them. Chunked bodies have no length to judge and stay below
     * body_bytes_max, unless they are taken as a stream. */
    size_t upload_bytes_max;
    /* Declared lengths up to here pass as well, for streams (http_parser_stream); without one,
     * upload_bytes_max holds and it is the caller's to refuse. */
    uint64_t stream_bytes_max;
};

enum http_feed {
    HTTP_FEED_MORE,    /* all bytes taken, request incomplete */
    HTTP_FEED_HEAD,    /* head complete, body follows: check it, answer Expect, then feed on */
    HTTP_FEED_REQUEST, /* request complete; unread bytes may remain (pipelining) */
    HTTP_FEED_ERROR    /* *error says which status; the connection must close */
};

struct http_parser; /* opaque: llhttp state, head buffer, body buffer */

MUST_CHECK struct http_parser *http_parser_new(const struct http_limits *limits);
/* NULL allowed; nulls the caller's copy. */
void http_parser_free(struct http_parser **p);
/*
 * Takes bytes. *taken is how many were used; stop feeding at HEAD and REQUEST and act first.
 * Errors: BAD_REQUEST (malformed, also conflicting lengths, bare CR, obsolete folding, missing or
 * double Host in 1.1), HEADERS_TOO_LARGE (total or count; also chunk extensions and trailers),
 * URI_TOO_LONG, ENTITY_TOO_LARGE (declared or chunked), NOT_IMPLEMENTED (a transfer coding other
 * than chunked), NO_MEMORY.
 */
enum http_feed http_parser_feed(struct http_parser *p, const char *data, size_t len, size_t *taken,
                                enum err *error);
/* Valid from HEAD on. */
const struct http_request *http_parser_request(const struct http_parser *p);
/* Forget the request that was answered, make ready for the next; gives large memory back. */
void http_parser_next(struct http_parser *p);
/* True once the first byte of a request head was taken and the request is not complete. */
bool http_parser_in_head(const struct http_parser *p);
bool http_parser_in_body(const struct http_parser *p);
/*
 * At HTTP_FEED_HEAD, before more is fed: the body, of at most bytes_max, does not gather in
 * request.body (which stays empty) but in a window, out of which the caller takes it. While the
 * window is full, http_parser_feed takes no bytes and says MORE; the end of the body is told while
 * the window still holds its last bytes.
 */
void http_parser_stream(struct http_parser *p, uint64_t bytes_max, size_t window);
/* Bytes of a body that gathers, so far. */
size_t http_parser_gathered(const struct http_parser *p);
/* Bytes in the window; whether it is full. */
size_t http_parser_held(const struct http_parser *p);
bool http_parser_is_full(const struct http_parser *p);
/* The window's bytes, in exchange for an empty buffer (area MEM_WIRE, max: the window). */
void http_parser_take(struct http_parser *p, struct buf *into);
/* Of a body with a declared length: what has not come yet. */
uint64_t http_parser_body_left(const struct http_parser *p);

/* The first header of that name (any case), or an empty slice with data NULL. */
struct slice http_header_get(const struct http_request *r, struct slice name);
const char *http_status_text(int status); /* "Not Found"; "Unknown" for others */
const char *http_method_name(enum http_method m);

/* The value of `name` in a query string, percent-decoded into `scratch` (capacity bytes). '+' means
 * space (WHATWG URL). False if it is absent. A value that does not fit or is malformed is given as
 * it was sent, so that it fails the caller's checks instead of passing for absent. */
bool http_query_get(struct slice query, struct slice name, char *scratch, size_t capacity,
                    struct slice *value);
/* Percent-decodes; false on malformed input or too little room. */
bool http_percent_decode(struct slice in, char *out, size_t capacity, size_t *len);
