#pragma once

/*
 * A growable byte buffer that cannot be made without its maximum. Appending beyond the maximum, or
 * without memory, sets a sticky `failed`: a writer checks once at the end, and the bytes of a
 * failed buffer are never used. Owned by one thread at a time. Data is never NUL-terminated.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"
#include "base/slice.h"

struct buf {
    char *data;
    size_t len;
    size_t cap;
    size_t max; /* bytes; len never exceeds it */
    enum mem_area area;
    bool failed;
};

void buf_init(struct buf *b, enum mem_area area, size_t max);
/* Frees the memory; the buffer may be used again as if newly initialised. */
void buf_deinit(struct buf *b);
/* Empties and clears `failed`, keeping the memory. */
void buf_reset(struct buf *b);
/* Room for n more bytes at data+len; false (and failed) if there is none. Then set len yourself. */
MUST_CHECK bool buf_reserve(struct buf *b, size_t n);
void buf_append(struct buf *b, const void *data, size_t len);
void buf_append_slice(struct buf *b, struct slice s);
void buf_append_cstr(struct buf *b, const char *s);
void buf_putc(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Drops n bytes from the front (memmove). n <= len, asserted. */
void buf_consume(struct buf *b, size_t n);
struct slice buf_slice(const struct buf *b);
/* Gives the memory back when empty and larger than keep bytes. */
void buf_shrink(struct buf *b, size_t keep);
