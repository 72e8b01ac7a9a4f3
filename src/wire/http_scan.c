/*
 * Finds the end of a request head, line by line, and copies it into one piece of memory. It accepts
 * only CRLF as a line end and no folded lines: llhttp as Debian builds it lets a bare CR or LF end
 * a line, and two servers that disagree about where a line ends are how requests are smuggled.
 *
 *     line: bytes without CR, LF  ──CR──▶ cr ──LF──▶ next line; an empty one ends the head
 */

#include <string.h>

#include "wire/http_priv.h"

enum {
    LINE_OVERHEAD_BYTES = 32, /* method, version and two spaces of a request line, generously */
    BLANK_LINES_MAX = 2       /* before a request (RFC 9112 §2.2 asks for one) */
};

/* The first byte of a line, where it says that the line may not be here. */
static enum err judge_first(const struct http_scan *s, char c)
{
    if (s->line_len > 0)
        return ERR_OK;
    if (s->lines == 0)
        return c == '\r' || (c >= 'A' && c <= 'Z') ? ERR_OK : ERR_BAD_REQUEST;
    return c == ' ' || c == '\t' ? ERR_BAD_REQUEST : ERR_OK;
}

/* The part of a line that starts at data; *taken also covers its CR. */
static enum err scan_text(struct http_scan *s, const char *data, size_t len, size_t *taken)
{
    const char *cr = memchr(data, '\r', len);
    size_t text = cr ? (size_t)(cr - data) : len;
    const char *lf = memchr(data, '\n', text);
    size_t good = lf ? (size_t)(lf - data) : text;

    s->line_len += good;
    if (s->lines == 0 && s->line_len > LIMIT_HTTP_TARGET_BYTES + LINE_OVERHEAD_BYTES)
        return ERR_URI_TOO_LONG;
    if (lf)
        return ERR_BAD_REQUEST;
    s->cr = cr != NULL;
    *taken = text + (cr ? 1 : 0);
    return ERR_OK;
}

enum line_end { LINE_END_MORE, LINE_END_BLANK, LINE_END_HEAD };

/* After the LF. */
static enum line_end end_line(struct http_scan *s)
{
    bool blank = s->line_len == 0;
    s->cr = false;
    s->line_len = 0;
    if (!blank) {
        s->lines++;
        return LINE_END_MORE;
    }
    if (s->lines > 0)
        return LINE_END_HEAD;
    s->blank_lines++;
    return LINE_END_BLANK;
}

static enum err judge_counts(const struct http_scan *s)
{
    if (s->blank_lines > BLANK_LINES_MAX)
        return ERR_BAD_REQUEST;
    return s->lines > 1 + LIMIT_HTTP_HEADERS ? ERR_HEADERS_TOO_LARGE : ERR_OK;
}

/* Scans up to len bytes; *start moves past blank lines before the request. */
static enum err scan(struct http_scan *s, const char *data, size_t len, size_t *start, size_t *end,
                     bool *complete)
{
    size_t i = 0;
    while (i < len && !*complete) {
        if (s->cr) {
            if (data[i++] != '\n')
                return ERR_BAD_REQUEST;
            enum line_end ended = end_line(s);
            *complete = ended == LINE_END_HEAD;
            if (ended == LINE_END_BLANK)
                *start = i;
            enum err e = judge_counts(s);
            if (e)
                return e;
            continue;
        }
        size_t n = 0;
        enum err e = judge_first(s, data[i]);
        if (!e)
            e = scan_text(s, data + i, len - i, &n);
        if (e)
            return e;
        i += n;
    }
    *end = i;
    return ERR_OK;
}

static enum err keep(struct buf *head, const char *data, size_t start, size_t end)
{
    if (start > 0)
        buf_reset(head); /* the CR of a blank line, from the feed before */
    buf_append(head, data + start, end - start);
    return head->failed ? ERR_NO_MEMORY : ERR_OK;
}

enum err http_scan_feed(struct http_parser *p, const char *data, size_t len, size_t *taken,
                        bool *complete)
{
    size_t room = p->limits.head_bytes_max - p->scan.bytes;
    size_t n = len < room ? len : room;
    size_t start = 0;
    size_t end = 0;
    enum err e = scan(&p->scan, data, n, &start, &end, complete);
    if (!e)
        e = keep(&p->head, data, start, end);
    if (e)
        return e;
    p->scan.bytes += end;
    *taken = end;
    if (*complete || len <= room)
        return ERR_OK;
    return p->scan.lines == 0 ? ERR_URI_TOO_LONG : ERR_HEADERS_TOO_LARGE;
}
