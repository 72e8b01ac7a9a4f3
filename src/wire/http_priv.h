#pragma once

/*
 * How an HTTP request is read, in three steps that share struct http_parser:
 *
 *   http_scan.c     bytes   -> a complete head in one piece; judges lines (CRLF, folding, sizes)
 *   http_head.c     head    -> the request struct; llhttp tokenises, our rules judge framing
 *   http_chunked.c  bytes   -> the body of a chunked request
 *
 * Each step judges bytes strictly in order, so an answer never depends on how input was cut.
 */

#include <llhttp.h>

#include "wire/http.h"

enum http_stage {
    HTTP_STAGE_HEAD,
    HTTP_STAGE_BODY,    /* Content-Length bytes */
    HTTP_STAGE_CHUNKED, /* until the trailer's end */
    HTTP_STAGE_COMPLETE,
    HTTP_STAGE_FAILED
};

struct http_scan {
    size_t bytes;         /* taken for this head, blank lines before it included */
    size_t lines;         /* complete lines so far, request line included */
    size_t line_len;      /* of the line under way */
    unsigned blank_lines; /* before the request line */
    bool cr;              /* the last byte was a CR: LF must follow */
};

enum http_chunk_state {
    HTTP_CHUNK_SIZE_START,
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_EXTENSION,
    HTTP_CHUNK_SIZE_LF,
    HTTP_CHUNK_DATA,
    HTTP_CHUNK_DATA_CR,
    HTTP_CHUNK_DATA_LF,
    HTTP_CHUNK_TRAILER_START,
    HTTP_CHUNK_TRAILER_NAME,
    HTTP_CHUNK_TRAILER_VALUE,
    HTTP_CHUNK_TRAILER_LF,
    HTTP_CHUNK_LAST_LF,
    HTTP_CHUNK_DONE
};

struct http_chunks {
    enum http_chunk_state state;
    size_t left;     /* of the chunk's data; its size while that is read */
    unsigned digits; /* of the size */
    size_t overhead; /* extension and trailer bytes of the whole body */
    size_t overhead_max;
    uint64_t data_left; /* the body may still have */
};

struct http_parser {
    struct http_limits limits;
    enum http_stage stage;
    enum err error; /* in HTTP_STAGE_FAILED */
    struct buf head;
    struct buf body;
    uint64_t body_left; /* in HTTP_STAGE_BODY */
    struct http_scan scan;
    struct http_chunks chunks;
    llhttp_t llhttp;
    bool field_open; /* llhttp is inside a header field */
    bool streaming;  /* `body` is a window */
    struct http_request request;
};

/* Head bytes into p->head. *complete: the empty line was taken. Sizes, CRLF, folding. */
enum err http_scan_feed(struct http_parser *p, const char *data, size_t len, size_t *taken,
                        bool *complete);
/* p->head into p->request; sets p->stage to what follows the head. */
enum err http_head_parse(struct http_parser *p);
void http_chunks_init(struct http_chunks *c, size_t overhead_max, uint64_t data_max);
/* Chunked bytes into *body, until *complete or *body is full. */
enum err http_chunks_feed(struct http_chunks *c, struct buf *body, const char *data, size_t len,
                          size_t *taken, bool *complete);
/* A character of a field name or other token (RFC 9110 §5.6.2). */
bool http_is_tchar(char c);
