/*
 * Chunked bodies (RFC 9112 §7.1). llhttp reads them too, but as Debian builds it, it skips the two
 * bytes after a chunk without looking at them; where a chunk ends must not be a matter of opinion.
 *
 *   SIZE_START ─hex─▶ SIZE ─CR─▶ SIZE_LF ─┬─▶ DATA ─▶ DATA_CR ─▶ DATA_LF ─▶ SIZE_START
 *                      └─;─▶ EXTENSION ─CR─┘ size 0: TRAILER_START ◀── TRAILER_LF ◀─CR─┐
 *                                              ├─ tchar ─▶ TRAILER_NAME ─:─▶ TRAILER_VALUE
 *                                              └─CR─▶ LAST_LF ─▶ DONE
 *
 * Extensions and trailers are read and dropped; together they may be as long as a head.
 */

#include "wire/http_priv.h"

enum { SIZE_DIGITS_MAX = 16 };

void http_chunks_init(struct http_chunks *c, size_t overhead_max, uint64_t data_max)
{
    *c = (struct http_chunks){.overhead_max = overhead_max, .data_left = data_max};
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Field content: everything but controls. */
static bool is_text(char c)
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7F);
}

static enum err expect(struct http_chunks *c, char got, char want, enum http_chunk_state next)
{
    if (got != want)
        return ERR_BAD_REQUEST;
    c->state = next;
    return ERR_OK;
}

static enum err add_digit(struct http_chunks *c, int digit)
{
    if (++c->digits > SIZE_DIGITS_MAX)
        return ERR_BAD_REQUEST;
    c->left = c->left << 4 | (size_t)digit;
    c->state = HTTP_CHUNK_SIZE;
    return c->left > c->data_left ? ERR_ENTITY_TOO_LARGE : ERR_OK;
}

static enum err on_size(struct http_chunks *c, char b)
{
    int digit = hex_value(b);
    if (digit >= 0)
        return add_digit(c, digit);
    if (c->state == HTTP_CHUNK_SIZE_START)
        return ERR_BAD_REQUEST;
    if (b == ';' || b == ' ' || b == '\t') {
        c->state = HTTP_CHUNK_EXTENSION;
        return ERR_OK;
    }
    return expect(c, b, '\r', HTTP_CHUNK_SIZE_LF);
}

static enum err on_size_lf(struct http_chunks *c, char b)
{
    enum err e = expect(c, b, '\n', c->left ? HTTP_CHUNK_DATA : HTTP_CHUNK_TRAILER_START);
    c->digits = 0;
    return e;
}

/* Extensions, trailer values. */
static enum err on_text(struct http_chunks *c, char b, enum http_chunk_state after_cr)
{
    if (++c->overhead > c->overhead_max)
        return ERR_HEADERS_TOO_LARGE;
    return is_text(b) ? ERR_OK : expect(c, b, '\r', after_cr);
}

static enum err on_trailer_name(struct http_chunks *c, char b)
{
    if (++c->overhead > c->overhead_max)
        return ERR_HEADERS_TOO_LARGE;
    if (http_is_tchar(b)) {
        c->state = HTTP_CHUNK_TRAILER_NAME;
        return ERR_OK;
    }
    if (c->state == HTTP_CHUNK_TRAILER_START)
        return expect(c, b, '\r', HTTP_CHUNK_LAST_LF);
    return expect(c, b, ':', HTTP_CHUNK_TRAILER_VALUE);
}

/* One byte of everything but chunk data. */
static enum err on_byte(struct http_chunks *c, char b)
{
    switch (c->state) {
    case HTTP_CHUNK_SIZE_START:
    case HTTP_CHUNK_SIZE:
        return on_size(c, b);
    case HTTP_CHUNK_EXTENSION:
        return on_text(c, b, HTTP_CHUNK_SIZE_LF);
    case HTTP_CHUNK_SIZE_LF:
        return on_size_lf(c, b);
    case HTTP_CHUNK_DATA_CR:
        return expect(c, b, '\r', HTTP_CHUNK_DATA_LF);
    case HTTP_CHUNK_DATA_LF:
        return expect(c, b, '\n', HTTP_CHUNK_SIZE_START);
    case HTTP_CHUNK_TRAILER_START:
    case HTTP_CHUNK_TRAILER_NAME:
        return on_trailer_name(c, b);
    case HTTP_CHUNK_TRAILER_VALUE:
        return on_text(c, b, HTTP_CHUNK_TRAILER_LF);
    case HTTP_CHUNK_TRAILER_LF:
        return expect(c, b, '\n', HTTP_CHUNK_TRAILER_START);
    case HTTP_CHUNK_LAST_LF:
        return expect(c, b, '\n', HTTP_CHUNK_DONE);
    case HTTP_CHUNK_DATA:
    case HTTP_CHUNK_DONE:
        break;
    }
    return ERR_INTERNAL; /* the caller takes these itself */
}

static enum err take_data(struct http_chunks *c, struct buf *body, const char *data, size_t len,
                          size_t *taken)
{
    size_t room = body->max - body->len;
    *taken = len < c->left ? len : c->left;
    *taken = *taken < room ? *taken : room;
    buf_append(body, data, *taken);
    if (body->failed)
        return ERR_NO_MEMORY; /* the size was judged with its digits */
    c->left -= *taken;
    c->data_left -= *taken;
    if (c->left == 0)
        c->state = HTTP_CHUNK_DATA_CR;
    return ERR_OK;
}

enum err http_chunks_feed(struct http_chunks *c, struct buf *body, const char *data, size_t len,
                          size_t *taken, bool *complete)
{
    size_t i = 0;
    while (i < len && c->state != HTTP_CHUNK_DONE) {
        size_t n = 1;
        enum err e = c->state == HTTP_CHUNK_DATA ? take_data(c, body, data + i, len - i, &n)
                                                 : on_byte(c, data[i]);
        if (e)
            return e;
        if (n == 0)
            break; /* a window that is full */
        i += n;
    }
    *taken = i;
    *complete = c->state == HTTP_CHUNK_DONE;
    return ERR_OK;
}
