/*
 * Almost every byte of a reply passes through here, so the work is done by runs: the escaper looks
 * at eight bytes at a time and copies what needs no escape in one piece.
 */

#include "wire/json_write.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "wire/utf8_priv.h"

enum { DEPTH_MAX = 63, DECIMALS_MAX = 17, REAL_CHARS_MAX = 352 };

static inline void put(struct buf *b, const void *data, size_t len)
{
    if (LIKELY(!b->failed && b->cap - b->len >= len)) {
        memcpy(b->data + b->len, data, len);
        b->len += len;
    } else {
        buf_append(b, data, len);
    }
}

static inline void put_char(struct buf *b, char c)
{
    if (LIKELY(!b->failed && b->len < b->cap))
        b->data[b->len++] = c;
    else
        buf_putc(b, c);
}

/* Before every value and key: the comma that separates it from the one before. */
static inline void separate(struct json_writer *w)
{
    uint64_t bit = UINT64_C(1) << w->depth;
    if (w->comma & bit)
        put_char(w->out, ',');
    w->comma |= bit;
}

static inline void value_begin(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    assert(w->depth > 0 || !(w->comma & 1)); /* one value at the top */
    separate(w);
}

static void open_level(struct json_writer *w, char bracket)
{
    value_begin(w);
    assert(w->depth < DEPTH_MAX);
    w->depth++;
    w->comma &= ~(UINT64_C(1) << w->depth);
    put_char(w->out, bracket);
}

static void close_level(struct json_writer *w, char bracket)
{
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    put_char(w->out, bracket);
}

void json_begin(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

void json_object_begin(struct json_writer *w)
{
    open_level(w, '{');
}

void json_object_end(struct json_writer *w)
{
    close_level(w, '}');
}

void json_array_begin(struct json_writer *w)
{
    open_level(w, '[');
}

void json_array_end(struct json_writer *w)
{
    close_level(w, ']');
}

void json_key(struct json_writer *w, const char *key)
{
    assert(w->depth > 0 && !w->after_key);
    separate(w);
    put_char(w->out, '"');
    put(w->out, key, strlen(key));
    put(w->out, "\":", 2);
    w->after_key = true;
}

/* True if none of eight bytes is a control, a quote, a backslash or outside ASCII. A borrow may
 * taint the byte above one that matches; the answer for the whole word stays right. */
static inline bool word_plain(uint64_t w)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = UINT64_C(0x8080808080808080);
    uint64_t quote = w ^ ones * '"';
    uint64_t backslash = w ^ ones * '\\';
    uint64_t found = (w - ones * 0x20) | (quote - ones) | (backslash - ones) | w;
    return (found & tops) == 0;
}

static inline bool byte_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* The end of the run from i that can be copied as it is. */
static size_t run_end(const unsigned char *s, size_t i, size_t len)
{
    while (i < len) {
        while (len - i >= 8 && word_plain(utf8_word_load(s + i)))
            i += 8;
        while (i < len && byte_plain(s[i]))
            i++;
        if (i == len || s[i] < 0x80)
            return i;
        size_t n = utf8_step(s + i, len - i);
        if (n == 0)
            return i;
        i += n;
    }
    return i;
}

/* What stands for a byte that cannot be copied. */
static void put_escaped(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char letters[] = "btn\0fr"; /* 0x08 to 0x0d; 0x0b has none */
    if (c >= 0x80) {
        put(b, "\xEF\xBF\xBD", 3);
    } else if (c == '"' || c == '\\') {
        put(b, (char[]){'\\', (char)c}, 2);
    } else if (c >= 0x08 && c <= 0x0d && letters[c - 0x08]) {
        put(b, (char[]){'\\', letters[c - 0x08]}, 2);
    } else {
        put(b, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
    }
}

void json_str(struct json_writer *w, struct slice str)
{
    const unsigned char *s = (const unsigned char *)str.data;
    value_begin(w);
    put_char(w->out, '"');
    for (size_t i = 0; i < str.len;) {
        size_t end = run_end(s, i, str.len);
        if (end > i)
            put(w->out, s + i, end - i);
        i = end;
        if (i < str.len)
            put_escaped(w->out, s[i++]);
    }
    put_char(w->out, '"');
}

void json_cstr(struct json_writer *w, const char *s)
{
    json_str(w, slice_from(s));
}

void json_u64(struct json_writer *w, uint64_t v)
{
    value_begin(w);
    buf_u64(w->out, v);
}

void json_i64(struct json_writer *w, int64_t v)
{
    value_begin(w);
    buf_i64(w->out, v);
}

void json_id(struct json_writer *w, uint64_t id)
{
    value_begin(w);
    put_char(w->out, '"');
    buf_u64(w->out, id);
    put_char(w->out, '"');
}

void json_id_or_null(struct json_writer *w, uint64_t id)
{
    if (id)
        json_id(w, id);
    else
        json_write_null(w);
}

void json_bool(struct json_writer *w, bool v)
{
    value_begin(w);
    put(w->out, v ? "true" : "false", v ? 4 : 5);
}

void json_write_null(struct json_writer *w)
{
    value_begin(w);
    put(w->out, "null", 4);
}

void json_write_real(struct json_writer *w, double v, int decimals)
{
    assert(decimals >= 0 && decimals <= DECIMALS_MAX);
    if (!isfinite(v)) { /* JSON has no word for it */
        json_write_null(w);
        return;
    }
    char text[REAL_CHARS_MAX];
    int n = snprintf(text, sizeof text, "%.*f", decimals, v);
    assert(n > 0 && (size_t)n < sizeof text);
    value_begin(w);
    put(w->out, text, (size_t)n);
}

void json_time(struct json_writer *w, int64_t wall_ms)
{
    char text[CLOCK_ISO_LEN + 1];
    clock_iso(wall_ms, text);
    value_begin(w);
    put_char(w->out, '"');
    put(w->out, text, CLOCK_ISO_LEN);
    put_char(w->out, '"');
}

void json_time_or_null(struct json_writer *w, int64_t wall_ms)
{
    if (wall_ms)
        json_time(w, wall_ms);
    else
        json_write_null(w);
}

void json_raw(struct json_writer *w, struct slice text)
{
    assert(text.len > 0); /* nothing is not a value */
    value_begin(w);
    put(w->out, text.data, text.len);
}

void json_raw_cstr(struct json_writer *w, const char *text)
{
    json_raw(w, slice_from(text));
}
