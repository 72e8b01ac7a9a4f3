/*
 * PNG files of few pixels. The pixels go uncompressed into the deflate stream, in one block, which
 * is simpler than a compressor and small enough (RFC 1951 §3.2.4, RFC 1950, RFC 2083).
 */

#include "media/picture.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

enum { ADLER_MODULUS = 65521 };

static void put_be32(unsigned char out[4], uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* The polynomial of PNG, bit by bit: this runs once for each picture and asker's cache. */
static uint32_t crc(uint32_t c, const unsigned char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        c ^= data[i];
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (UINT32_C(0xEDB88320) & (0 - (c & 1)));
    }
    return c;
}

static uint32_t adler(const unsigned char *data, size_t len)
{
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < len; i++) {
        a = (a + data[i]) % ADLER_MODULUS;
        b = (b + a) % ADLER_MODULUS;
    }
    return b << 16 | a;
}

struct chunk {
    struct buf *out;
    uint32_t crc;
};

static void chunk_put(struct chunk *c, const unsigned char *data, size_t len)
{
    buf_append(c->out, data, len);
    c->crc = crc(c->crc, data, len);
}

static void chunk_begin(struct chunk *c, struct buf *out, const char *type, size_t len)
{
    unsigned char word[4];
    put_be32(word, (uint32_t)len);
    buf_append(out, word, 4);
    *c = (struct chunk){out, UINT32_MAX};
    chunk_put(c, (const unsigned char *)type, 4);
}

static void chunk_end(struct chunk *c)
{
    unsigned char word[4];
    put_be32(word, ~c->crc);
    buf_append(c->out, word, 4);
}

static size_t raw_bytes(const struct picture *p)
{
    return (size_t)p->height * p->row_bytes;
}

bool picture_init(struct picture *p)
{
    assert(p->width > 0 && p->width <= PICTURE_SIDE_MAX);
    assert(p->height > 0 && p->height <= PICTURE_SIDE_MAX);
    p->row_bytes = 1 + (p->width + 7) / 8;
    assert(raw_bytes(p) <= PICTURE_BYTES_MAX);
    p->rows = mem_zalloc(MEM_API, raw_bytes(p));
    return p->rows != NULL;
}

void picture_deinit(struct picture *p)
{
    mem_free(MEM_API, p->rows);
    p->rows = NULL;
}

void picture_ink(struct picture *p, unsigned x, unsigned y)
{
    if (x < p->width && y < p->height)
        p->rows[y * p->row_bytes + 1 + x / 8] |= (unsigned char)(0x80 >> x % 8);
}

static void put_header(const struct picture *p, struct buf *out)
{
    /* Width, height, then: 1 bit, palette, no interlace. */
    unsigned char header[13] = {[8] = 1, [9] = 3};
    struct chunk c;
    put_be32(header, p->width);
    put_be32(header + 4, p->height);
    chunk_begin(&c, out, "IHDR", sizeof header);
    chunk_put(&c, header, sizeof header);
    chunk_end(&c);
    chunk_begin(&c, out, "PLTE", 6);
    chunk_put(&c, p->ground, 3);
    chunk_put(&c, p->ink, 3);
    chunk_end(&c);
}

static void put_pixels(const struct picture *p, struct buf *out)
{
    size_t len = raw_bytes(p);
    unsigned char low = (unsigned char)(len & 255), high = (unsigned char)(len >> 8);
    const unsigned char head[] = {
        0x78, 0x01, 0x01, low, high, (unsigned char)~low, (unsigned char)~high};
    unsigned char sum[4];
    struct chunk c;
    put_be32(sum, adler(p->rows, len));
    chunk_begin(&c, out, "IDAT", sizeof head + len + sizeof sum);
    chunk_put(&c, head, sizeof head);
    chunk_put(&c, p->rows, len);
    chunk_put(&c, sum, sizeof sum);
    chunk_end(&c);
}

void picture_write(const struct picture *p, struct buf *out)
{
    struct chunk c;
    buf_append(out, "\x89PNG\r\n\x1a\n", 8);
    put_header(p, out);
    put_pixels(p, out);
    chunk_begin(&c, out, "IEND", 0);
    chunk_end(&c);
}
