/*
 * The log. A line is put together in a bounded buffer on the stack and leaves in one write(2), so
 * that lines of two threads never mix and logging needs neither lock nor heap. Values come from
 * outside: each is escaped and bounded, and what does not fit is cut and says so.
 */

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    LINE_BYTES = 4096,
    TAIL_BYTES = 96,    /* kept free for `suppressed`, `truncated` and the end of the line */
    VALUE_BYTES = 1024, /* of one value, escaped: a long one must not push the others out */
    LINES_PER_SECOND = 10,
};

struct line {
    char data[LINE_BYTES];
    size_t len;
    size_t max;
    bool json;
    bool truncated;
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_init(struct log *l, int fd, enum log_level level, enum log_format format,
              const struct clock *clock)
{
    assert(clock != NULL);
    *l = (struct log){fd, level, format, clock};
}

bool log_level_parse(struct slice s, enum log_level *out)
{
    for (unsigned i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (!slice_eq_cstr(s, level_names[i]))
            continue;
        *out = (enum log_level)i;
        return true;
    }
    return false;
}

/* A cut value's closing quote may already stand in the tail. */
static size_t room(const struct line *w)
{
    return w->len < w->max ? w->max - w->len : 0;
}

/* All of it or nothing. */
static bool put(struct line *w, const char *data, size_t len)
{
    if (len > room(w)) {
        w->truncated = true;
        return false;
    }
    memcpy(w->data + w->len, data, len);
    w->len += len;
    return true;
}

static bool put_cstr(struct line *w, const char *s)
{
    return put(w, s, strlen(s));
}

/* Length of the well-formed UTF-8 sequence at the start of s (RFC 3629 §4), 0 if there is none. */
static size_t sequence_len(struct slice s)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (n == 0 || p[0] > 0xf4 || n > s.len)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : n;
}

/* One character of s, escaped into out (8 bytes); returns the bytes eaten and sets *len. */
static size_t escape(struct slice s, char out[8], size_t *len)
{
    unsigned char c = (unsigned char)s.data[0];
    size_t n = sequence_len(s);
    if (n == 0 || c < 0x20 || c == 0x7f) {
        *len = (size_t)snprintf(out, 8, "\\u%04x", n == 0 ? 0xfffdU : (unsigned)c);
        return 1;
    }
    size_t at = 0;
    if (c == '"' || c == '\\')
        out[at++] = '\\';
    memcpy(out + at, s.data, n);
    *len = at + n;
    return n;
}

static void put_escaped(struct line *w, struct slice s)
{
    size_t limit = w->len + VALUE_BYTES;
    while (s.len > 0) {
        char piece[8];
        size_t len;
        size_t eaten = escape(s, piece, &len);
        if (w->len + len > limit) {
            w->truncated = true;
            return;
        }
        if (!put(w, piece, len))
            return;
        s.data += eaten;
        s.len -= eaten;
    }
}

/* Text is quoted only where a reader, or a program, could not see the end of the value. */
static bool wants_quotes(struct slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] <= ' ' || strchr("\"\\=", s.data[i]) != NULL)
            return true;
    return s.len == 0;
}

/* Room for the closing quote is found in the tail, so a cut value is still closed. */
static void put_string(struct line *w, struct slice s)
{
    bool quotes = w->json || wants_quotes(s);
    if (quotes && !put(w, "\"", 1))
        return;
    put_escaped(w, s);
    if (quotes)
        w->data[w->len++] = '"';
}

static bool put_key(struct line *w, const char *key)
{
    size_t start = w->len;
    if (!w->json && put_cstr(w, " ") && put_cstr(w, key) && put_cstr(w, "="))
        return true;
    if (w->json && put_cstr(w, start == 1 ? "\"" : ",\"") && put_cstr(w, key) && put_cstr(w, "\":"))
        return true;
    w->len = start;
    return false;
}

static void put_number(struct line *w, const struct log_kv *kv)
{
    char digits[24];
    if (kv->kind == LOG_KIND_I64)
        snprintf(digits, sizeof digits, "%" PRId64, kv->i64);
    else
        snprintf(digits, sizeof digits, "%" PRIu64, kv->u64);
    put_cstr(w, digits);
}

/* A pair that has no room for its key, two quotes and the longest number is left out whole. */
static void put_pair(struct line *w, const struct log_kv *kv)
{
    if (room(w) < strlen(kv->key) + 32) {
        w->truncated = true;
        return;
    }
    if (!put_key(w, kv->key))
        return;
    if (kv->kind == LOG_KIND_STR)
        put_string(w, kv->str);
    else
        put_number(w, kv);
}

static void put_head(struct line *w, const struct log *l, enum log_level level, const char *area,
                     const char *message)
{
    char time[CLOCK_ISO_LEN + 1];
    clock_iso(clock_wall_ms(l->clock), time);
    if (!w->json) {
        put_cstr(w, time);
        put_cstr(w, " ");
        put_cstr(w, level_names[level]);
        put_cstr(w, " ");
        put_cstr(w, area);
        put_cstr(w, ": ");
        put_escaped(w, slice_from(message));
        return;
    }
    put_cstr(w, "{");
    put_pair(w, &LOG_S("time", time));
    put_pair(w, &LOG_S("level", level_names[level]));
    put_pair(w, &LOG_S("area", area));
    put_pair(w, &LOG_S("message", message));
}

static void put_tail(struct line *w, uint32_t suppressed)
{
    w->max = LINE_BYTES;
    bool truncated = w->truncated;
    if (suppressed > 0)
        put_pair(w, &LOG_U("suppressed", suppressed));
    if (truncated)
        put_pair(w, &LOG_U("truncated", 1));
    put_cstr(w, w->json ? "}\n" : "\n");
}

/*
 * True if the site is muted now; else *suppressed is what it has left out since its last line.
 * Relaxed: two threads at the turn of a second may let a line more or less through, which is all
 * that can happen.
 */
static bool muted(struct log_site *site, const struct clock *clock, uint32_t *suppressed)
{
    uint64_t now = clock_mono_ns(clock) / UINT64_C(1000000000) + 1; /* a new site's second is 0 */
    uint64_t seen = atomic_load_explicit(&site->second, memory_order_relaxed);
    if (seen != now && atomic_compare_exchange_strong_explicit(
                           &site->second, &seen, now, memory_order_relaxed, memory_order_relaxed))
        atomic_store_explicit(&site->count, 0, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&site->count, 1, memory_order_relaxed) >= LINES_PER_SECOND) {
        atomic_fetch_add_explicit(&site->suppressed, 1, memory_order_relaxed);
        return true;
    }
    *suppressed = atomic_exchange_explicit(&site->suppressed, 0, memory_order_relaxed);
    return false;
}

static void write_out(int fd, const struct line *w)
{
    int saved = errno; /* callers log between a failure and reading its errno */
    ssize_t rc;
    do
        rc = write(fd, w->data, w->len);
    while (rc < 0 && errno == EINTR);
    errno = saved;
}

void log_write(const struct log *l, struct log_site *site, enum log_level level, const char *area,
               const char *message, struct slice request_id, const struct log_kv *kv)
{
    uint32_t suppressed = 0;
    if (l == NULL || level < l->level)
        return;
    if (site != NULL && muted(site, l->clock, &suppressed))
        return;
    struct line w;
    w.len = 0;
    w.max = LINE_BYTES - TAIL_BYTES;
    w.json = l->format == LOG_JSON;
    w.truncated = false;
    put_head(&w, l, level, area, message);
    if (request_id.len > 0)
        put_pair(&w, &LOG_SL("request_id", request_id));
    for (; kv->kind != LOG_KIND_END; kv++)
        put_pair(&w, kv);
    put_tail(&w, suppressed);
    write_out(l->fd, &w);
}
