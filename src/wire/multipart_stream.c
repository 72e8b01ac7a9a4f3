/*
 * Forms in pieces. The difficulty is a delimiter that lies across two pieces: bytes at the end of
 * one that may be its beginning must not be told as contents yet. But they need not be kept either:
 * they are bytes of the delimiter, which we have. And as a delimiter has its only CR at the front,
 * what does not go on like it can begin one anew at the next CR only, so no byte is looked at
 * more than twice.
 *
 *   FIRST ─"--boundary"─▶ AFTER ─CRLF─▶ HEADERS ─empty line─▶ BODY ─CRLF "--boundary"─▶ AFTER
 *                           └─"--"─▶ CLOSED, then nothing or one CRLF
 */

#include "wire/multipart_stream.h"

#include <assert.h>
#include <string.h>

#include "wire/multipart_priv.h"

enum state {
    STATE_FIRST, /* the first delimiter, which has no line before it */
    STATE_AFTER, /* behind a delimiter: CRLF or "--" */
    STATE_HEADERS,
    STATE_BODY,
    STATE_CLOSED /* behind the last delimiter */
};

void multipart_stream_init(struct multipart_stream *m, struct slice boundary,
                           const struct multipart_sink *sink)
{
    assert(boundary.len > 0 && boundary.len <= MULTIPART_BOUNDARY_MAX);
    memset(m, 0, sizeof *m);
    m->sink = *sink;
    m->state = STATE_FIRST;
    m->matched = 2;
    memcpy(m->delimiter, "\r\n--", 4);
    memcpy(m->delimiter + 4, boundary.data, boundary.len);
    m->delimiter_len = 4 + boundary.len;
}

static void enter(struct multipart_stream *m, enum state state)
{
    m->state = (uint8_t)state;
    m->matched = 0;
}

static enum err tell(const struct multipart_stream *m, const char *data, size_t len)
{
    return len > 0 ? m->sink.part_data(m->sink.ctx, slice_of(data, len)) : ERR_OK;
}

/* ---- each state takes bytes: how many ---- */

static enum err take_first(struct multipart_stream *m, struct slice in, size_t *taken)
{
    if (in.data[0] != m->delimiter[m->matched])
        return ERR_BAD_REQUEST;
    *taken = 1;
    if (++m->matched == m->delimiter_len)
        enter(m, STATE_AFTER);
    return ERR_OK;
}

static enum err begin_headers(struct multipart_stream *m)
{
    if (m->parts == MULTIPART_PARTS_MAX)
        return ERR_ENTITY_TOO_LARGE;
    m->parts++;
    m->lines = 0;
    m->head_len = m->line_from = 0;
    m->part = (struct multipart_part){0};
    enter(m, STATE_HEADERS);
    return ERR_OK;
}

/* `matched` is 1 after a CR and 2 after a '-'. */
static enum err take_after(struct multipart_stream *m, struct slice in, size_t *taken)
{
    char c = in.data[0];
    *taken = 1;
    if (m->matched == 0 && (c == '\r' || c == '-')) {
        m->matched = c == '\r' ? 1 : 2;
        return ERR_OK;
    }
    if (m->matched == 1 && c == '\n')
        return begin_headers(m);
    if (m->matched != 2 || c != '-')
        return ERR_BAD_REQUEST;
    enter(m, STATE_CLOSED);
    return ERR_OK;
}

static enum err end_headers(struct multipart_stream *m)
{
    if (m->part.name.data == NULL)
        return ERR_BAD_REQUEST;
    enter(m, STATE_BODY);
    return m->sink.part_begin(m->sink.ctx, &m->part);
}

/* A CRLF has come. */
static enum err end_line(struct multipart_stream *m)
{
    struct slice line = slice_of(m->head + m->line_from, m->head_len - 2 - m->line_from);
    m->line_from = m->head_len;
    if (line.len == 0)
        return end_headers(m);
    if (!multipart_header(line, &m->part))
        return ERR_BAD_REQUEST;
    return ++m->lines > MULTIPART_HEADERS_MAX ? ERR_ENTITY_TOO_LARGE : ERR_OK;
}

static enum err take_header(struct multipart_stream *m, struct slice in, size_t *taken)
{
    if (m->head_len == sizeof m->head)
        return ERR_ENTITY_TOO_LARGE;
    m->head[m->head_len++] = in.data[0];
    *taken = 1;
    size_t line = m->head_len - m->line_from;
    return line >= 2 && memcmp(m->head + m->head_len - 2, "\r\n", 2) == 0 ? end_line(m) : ERR_OK;
}

/* The delimiter that the last bytes began goes on, or was none: then it was contents. */
static enum err go_on_matching(struct multipart_stream *m, struct slice in, size_t *taken)
{
    if (in.data[0] != m->delimiter[m->matched]) {
        size_t len = m->matched;
        m->matched = 0;
        return tell(m, m->delimiter, len);
    }
    *taken = 1;
    if (++m->matched < m->delimiter_len)
        return ERR_OK;
    enter(m, STATE_AFTER);
    return m->sink.part_end(m->sink.ctx);
}

/* A delimiter, or as much of one as there are bytes for. Contents may be nothing but beginnings of
 * delimiters; each of them told by itself would cost a write. */
static bool begins_delimiter(const struct multipart_stream *m, const char *at, size_t left)
{
    return memcmp(at, m->delimiter, left < m->delimiter_len ? left : m->delimiter_len) == 0;
}

static enum err take_body(struct multipart_stream *m, struct slice in, size_t *taken)
{
    if (m->matched > 0)
        return go_on_matching(m, in, taken);
    const char *end = in.data + in.len;
    const char *cr = in.data;
    while ((cr = memchr(cr, '\r', (size_t)(end - cr))) != NULL) {
        if (begins_delimiter(m, cr, (size_t)(end - cr)))
            break;
        cr++;
    }
    size_t plain = cr == NULL ? in.len : (size_t)(cr - in.data);
    m->matched = cr == NULL ? 0 : 1;
    *taken = plain + m->matched;
    return tell(m, in.data, plain);
}

/* Nothing, or CRLF. */
static enum err take_closed(struct multipart_stream *m, struct slice in, size_t *taken)
{
    if (m->matched == 2 || in.data[0] != "\r\n"[m->matched])
        return ERR_BAD_REQUEST;
    m->matched++;
    *taken = 1;
    return ERR_OK;
}

static enum err take(struct multipart_stream *m, struct slice in, size_t *taken)
{
    switch ((enum state)m->state) {
    case STATE_FIRST:
        return take_first(m, in, taken);
    case STATE_AFTER:
        return take_after(m, in, taken);
    case STATE_HEADERS:
        return take_header(m, in, taken);
    case STATE_BODY:
        return take_body(m, in, taken);
    case STATE_CLOSED:
        break;
    }
    return take_closed(m, in, taken);
}

enum err multipart_stream_feed(struct multipart_stream *m, struct slice bytes)
{
    while (bytes.len > 0 && m->error == ERR_OK) {
        size_t taken = 0;
        m->error = take(m, bytes, &taken);
        bytes = slice_of(bytes.data + taken, bytes.len - taken);
    }
    return m->error;
}

enum err multipart_stream_end(struct multipart_stream *m)
{
    bool whole = m->state == STATE_CLOSED && m->matched != 1;
    if (m->error == ERR_OK && !whole)
        m->error = ERR_BAD_REQUEST;
    return m->error;
}
