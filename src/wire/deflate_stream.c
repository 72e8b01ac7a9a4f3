/*
 * The difficulty is the window: an inflater has one for the whole stream, so a fragment may be put
 * anywhere only if it was made with none, and a private context only sees what it wrote itself
 * unless it is told.
 *
 * Measured (zlib 1.2.13, MESSAGE_CREATE of 617 bytes with fresh text in each, ratios with prefix):
 *   a fragment   level 6: 0.62, 10.5 us, whatever the window and the tables; level 1: 0.64, 9.7 us
 *   a context    level 5, window 32 KiB, 150 KiB of memory: 0.13, 6.1 us
 *                                 8 KiB,  54 KiB:           0.17, 6.9 us
 *                                 2 KiB,  22 KiB:           0.21, 8.2 us
 *                         8 KiB, shown 8 KiB of the past before each: 14.6 us
 */

#include "wire/deflate_stream.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

enum {
    SMALL_BYTES_MAX = 8 * 1024,
    SMALL_LEVEL = 6,
    SMALL_WINDOW_BITS = 13,
    SMALL_MEM_LEVEL = 6,
    LARGE_LEVEL = 1,
    LARGE_WINDOW_BITS = 15,
    LARGE_MEM_LEVEL = 8,
    CONTEXT_LEVEL = 5,
    CONTEXT_WINDOW_BITS = 13,
    CONTEXT_MEM_LEVEL = 5,
    FLUSH_ROOM = 64, /* block headers and flush marks beyond deflateBound */
};

_Static_assert(1 << CONTEXT_WINDOW_BITS == DEFLATE_CONTEXT_WINDOW, "one figure");

const char DEFLATE_HEADER[DEFLATE_HEADER_LEN] = {0x78, (char)(uint8_t)0x9C};

struct deflater {
    z_stream small;
    z_stream large;
};

struct deflate_context {
    z_stream stream;
};

static voidpf allocate(voidpf opaque, uInt items, uInt size)
{
    (void)opaque;
    return mem_alloc(MEM_WIRE, (size_t)items * size);
}

static void release(voidpf opaque, voidpf p)
{
    (void)opaque;
    mem_free(MEM_WIRE, p);
}

/* Raw, without the header and checksum of zlib. */
static bool stream_init(z_stream *z, int level, int window_bits, int mem_level)
{
    *z = (z_stream){.zalloc = allocate, .zfree = release};
    return deflateInit2(z, level, Z_DEFLATED, -window_bits, mem_level, Z_DEFAULT_STRATEGY) == Z_OK;
}

/* zlib writes nowhere through next_in, it only lacks the const (without ZLIB_CONST). */
static void set_input(z_stream *z, struct slice s)
{
    union {
        const char *from;
        Bytef *to;
    } p = {s.data};
    z->next_in = p.to;
    z->avail_in = (uInt)s.len;
}

size_t deflate_stored_head(char out[DEFLATE_STORED_HEAD_LEN], size_t len)
{
    assert(len <= DEFLATE_STORED_MAX);
    out[0] = 0; /* not final, type 00, the rest of the byte unused */
    out[1] = (char)(uint8_t)len;
    out[2] = (char)(uint8_t)(len >> 8);
    out[3] = (char)(uint8_t) ~(uint8_t)len;
    out[4] = (char)(uint8_t) ~(uint8_t)(len >> 8);
    return DEFLATE_STORED_HEAD_LEN;
}

void deflate_stored(struct buf *out, struct slice s)
{
    char head[DEFLATE_STORED_HEAD_LEN];
    for (size_t at = 0; at < s.len;) {
        size_t n = s.len - at < DEFLATE_STORED_MAX ? s.len - at : DEFLATE_STORED_MAX;
        buf_append(out, head, deflate_stored_head(head, n));
        buf_append(out, s.data + at, n);
        at += n;
    }
    buf_append(out, head, deflate_stored_head(head, 0));
}

struct deflater *deflater_new(void)
{
    struct deflater *d = mem_zalloc(MEM_WIRE, sizeof *d);
    if (d == NULL)
        return NULL;
    if (stream_init(&d->small, SMALL_LEVEL, SMALL_WINDOW_BITS, SMALL_MEM_LEVEL) &&
        stream_init(&d->large, LARGE_LEVEL, LARGE_WINDOW_BITS, LARGE_MEM_LEVEL))
        return d;
    deflater_free(&d);
    return NULL;
}

void deflater_free(struct deflater **d)
{
    if (*d == NULL)
        return;
    (void)deflateEnd(&(*d)->small); /* of zeroes, after a failed init: an error, no more */
    (void)deflateEnd(&(*d)->large);
    mem_free(MEM_WIRE, *d);
    *d = NULL;
}

/* Runs to the end of a flush; false when the room was too small. */
static bool run(z_stream *z, struct slice s, int flush, char *out, size_t *used, size_t capacity)
{
    set_input(z, s);
    z->next_out = (Bytef *)out + *used;
    z->avail_out = (uInt)(capacity - *used);
    int result = deflate(z, flush);
    *used = capacity - z->avail_out;
    /* Z_BUF_ERROR: there was nothing to do, which an empty text is. Room left over means that the
     * flush is complete (zlib.h, deflate). */
    return (result == Z_OK || result == Z_BUF_ERROR) && z->avail_in == 0 && z->avail_out > 0;
}

void deflater_fragment(struct deflater *d, struct slice s, struct buf *out)
{
    z_stream *z = s.len <= SMALL_BYTES_MAX ? &d->small : &d->large;
    size_t n = s.len < DEFLATE_WORK_MAX ? s.len : DEFLATE_WORK_MAX;
    (void)deflateReset(z);
    size_t room = deflateBound(z, n) + FLUSH_ROOM;
    if (!buf_reserve(out, room))
        return;
    size_t used = 0;
    if (!run(z, slice_of(s.data, n), Z_SYNC_FLUSH, out->data + out->len, &used, room)) {
        out->failed = true;
        return;
    }
    out->len += used;
    if (s.len > n)
        deflate_stored(out, slice_of(s.data + n, s.len - n));
}

struct deflate_context *deflate_context_new(void)
{
    struct deflate_context *c = mem_zalloc(MEM_WIRE, sizeof *c);
    if (c == NULL)
        return NULL;
    if (stream_init(&c->stream, CONTEXT_LEVEL, CONTEXT_WINDOW_BITS, CONTEXT_MEM_LEVEL))
        return c;
    mem_free(MEM_WIRE, c);
    return NULL;
}

void deflate_context_free(struct deflate_context **c)
{
    if (*c == NULL)
        return;
    (void)deflateEnd(&(*c)->stream); /* Z_DATA_ERROR: in the middle of a stream, as meant */
    mem_free(MEM_WIRE, *c);
    *c = NULL;
}

void deflate_context_reset(struct deflate_context *c)
{
    (void)deflateReset(&c->stream);
}

void deflate_context_follow(struct deflate_context *c, struct slice s)
{
    if (s.len > 0)
        (void)deflateSetDictionary(&c->stream, (const Bytef *)s.data, (uInt)s.len);
}

size_t deflate_context_bound(size_t len)
{
    /* zlib.h: deflateBound's worst case for parameters that are not the default ones. */
    return len + ((len + 7) >> 3) + ((len + 63) >> 6) + 5 + FLUSH_ROOM;
}

size_t deflate_context_write(struct deflate_context *c, struct slice a, struct slice b, char *out,
                             size_t capacity)
{
    size_t used = 0;
    if (!run(&c->stream, a, Z_NO_FLUSH, out, &used, capacity))
        return 0;
    return run(&c->stream, b, Z_SYNC_FLUSH, out, &used, capacity) ? used : 0;
}

/* Inflates what is in z, as long as there is room to be had; Z_OK when the input is used up. */
static int inflate_into(z_stream *z, struct buf *out)
{
    enum { STEP = 4096 };
    for (;;) {
        size_t room = out->max - out->len < STEP ? out->max - out->len : STEP;
        char beyond; /* one byte more than the maximum shows that it is passed */
        if (room > 0 && !buf_reserve(out, room))
            return Z_MEM_ERROR;
        z->next_out = room > 0 ? (Bytef *)out->data + out->len : (Bytef *)&beyond;
        z->avail_out = room > 0 ? (uInt)room : 1;
        int result = inflate(z, Z_SYNC_FLUSH);
        size_t got = (room > 0 ? room : 1) - z->avail_out;
        if (room == 0 && got > 0)
            return Z_BUF_ERROR;
        out->len += got;
        if (result == Z_BUF_ERROR && z->avail_in == 0)
            return Z_OK;
        if (result != Z_OK || (z->avail_in == 0 && z->avail_out > 0))
            return result;
    }
}

enum err deflate_message_read(struct slice s, struct buf *out)
{
    static const char TAIL[DEFLATE_TAIL_LEN] = {0, 0, (char)(uint8_t)0xFF, (char)(uint8_t)0xFF};
    z_stream z = {.zalloc = allocate, .zfree = release};
    if (inflateInit2(&z, -15) != Z_OK)
        return ERR_NO_MEMORY;
    set_input(&z, s);
    int result = inflate_into(&z, out);
    if (result == Z_OK) {
        set_input(&z, slice_of(TAIL, sizeof TAIL));
        result = inflate_into(&z, out);
    }
    /* zlib.h, inflate: 128 is set between two blocks; elsewhere the message was not complete. */
    if (result == Z_OK && (z.data_type & 128) == 0)
        result = Z_DATA_ERROR;
    (void)inflateEnd(&z);
    if (result == Z_OK || result == Z_STREAM_END) /* a final block: RFC 7692 §7.2.3.4 */
        return ERR_OK;
    if (result == Z_BUF_ERROR)
        return ERR_WS_TOO_BIG;
    return result == Z_MEM_ERROR ? ERR_NO_MEMORY : ERR_WS_PROTOCOL;
}
