/* Growable buffers. Growth doubles, so appending n bytes one by one costs O(n), and stops at the
 * maximum that the buffer was made with. */

#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BUF_FIRST_BYTES = 256 };

void buf_init(struct buf *b, enum mem_area area, size_t max)
{
    assert(max > 0);
    *b = (struct buf){.max = max, .area = area};
}

void buf_deinit(struct buf *b)
{
    mem_free(b->area, b->data);
    *b = (struct buf){.max = b->max, .area = b->area};
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

static size_t next_cap(const struct buf *b, size_t need)
{
    size_t cap = b->cap < BUF_FIRST_BYTES ? BUF_FIRST_BYTES : b->cap;
    while (cap < need && cap <= b->max / 2)
        cap *= 2;
    if (cap < need)
        cap = b->max;
    return cap < b->max ? cap : b->max;
}

static bool grow(struct buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (n > b->max - b->len) {
        b->failed = true;
        return false;
    }
    size_t cap = next_cap(b, b->len + n);
    char *data = mem_realloc(b->area, b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

bool buf_reserve(struct buf *b, size_t n)
{
    assert(b->len <= b->cap);
    if (LIKELY(!b->failed && n <= b->cap - b->len))
        return true;
    return grow(b, n);
}

void buf_append(struct buf *b, const void *data, size_t len)
{
    if (len == 0 || !buf_reserve(b, len))
        return;
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

void buf_append_slice(struct buf *b, struct slice s)
{
    buf_append(b, s.data, s.len);
}

void buf_append_cstr(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

void buf_putc(struct buf *b, char c)
{
    if (buf_reserve(b, 1))
        b->data[b->len++] = c;
}

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[SLICE_U64_DIGITS];
    buf_append(b, digits, slice_put_u64(digits, v));
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_putc(b, '-');
    /* Negated as unsigned: INT64_MIN has no positive twin. */
    buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);
    /* vsnprintf also writes a NUL, which the length does not count: it needs room once. */
    if (!buf_reserve(b, (size_t)len + 1))
        return;
    va_start(args, fmt);
    vsnprintf(b->data + b->len, (size_t)len + 1, fmt, args);
    va_end(args);
    b->len += (size_t)len;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->data, b->data + n, b->len - n);
    b->len -= n;
}

struct slice buf_slice(const struct buf *b)
{
    return (struct slice){b->data, b->len};
}

void buf_shrink(struct buf *b, size_t keep)
{
    if (b->len > 0 || b->cap <= keep)
        return;
    mem_free(b->area, b->data);
    b->data = NULL;
    b->cap = 0;
}
