/* Sizes of pictures, as their headers state them. */

#include <string.h>

#include "media/sniff_file_priv.h"
#include "media/sniff_priv.h"

enum { JPEG_SEGMENTS_MAX = 64, PNG_CHUNKS_MAX = 64 };

static void sized(struct sniffed_file *out, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > INT32_MAX || height > INT32_MAX)
        return; /* what a signed 32-bit number cannot say is none (the schema has int32) */
    out->width = width;
    out->height = height;
}

static struct sniff_cursor at(const struct sniff_reader *r, size_t offset)
{
    struct sniff_cursor c = sniff_cursor_of(r->head);
    (void)sniff_skip(&c, offset);
    return c;
}

/* It moves if acTL comes before the first data (APNG). */
static bool png_moves(struct sniff_reader *r)
{
    unsigned char chunk[8];
    uint64_t offset = 8;
    for (int i = 0; i < PNG_CHUNKS_MAX && sniff_fetch(r, offset, chunk, sizeof chunk); i++) {
        if (memcmp(chunk + 4, "acTL", 4) == 0)
            return true;
        if (memcmp(chunk + 4, "IDAT", 4) == 0)
            return false;
        offset += 12 + ((uint64_t)chunk[0] << 24 | (uint64_t)chunk[1] << 16 |
                        (uint64_t)chunk[2] << 8 | chunk[3]);
    }
    return false;
}

void sniff_file_png(struct sniff_reader *r, struct sniffed_file *out)
{
    struct sniff_cursor c = at(r, 12);
    if (!sniff_take(&c, "IHDR", 4))
        return;
    uint32_t width = sniff_be32(&c);
    uint32_t height = sniff_be32(&c);
    if (c.bad)
        return;
    sized(out, width, height);
    out->animated = png_moves(r);
}

/* Whether it moves would need a walk through all of it; images that are looked at by the image
 * process say so themselves. */
void sniff_file_gif(struct sniff_reader *r, struct sniffed_file *out)
{
    struct sniff_cursor c = at(r, 6);
    uint32_t width = sniff_le16(&c);
    uint32_t height = sniff_le16(&c);
    if (!c.bad)
        sized(out, width, height);
    out->animated = memmem(r->head.data, r->head.len, "NETSCAPE2.0", 11) != NULL;
}

void sniff_file_jpeg(struct sniff_reader *r, struct sniffed_file *out)
{
    unsigned char b[9];
    uint64_t offset = 2;
    for (int i = 0; i < JPEG_SEGMENTS_MAX && sniff_fetch(r, offset, b, 4); i++) {
        if (b[0] != 0xff || b[1] == 0xda || b[1] == 0xd9)
            return; /* damaged, or the picture begins without a frame */
        if (b[1] == 0xff) {
            offset++; /* a fill byte */
            continue;
        }
        bool frame = b[1] >= 0xc0 && b[1] <= 0xcf && b[1] != 0xc4 && b[1] != 0xc8 && b[1] != 0xcc;
        if (frame && sniff_fetch(r, offset, b, sizeof b)) {
            sized(out, (uint32_t)b[7] << 8 | b[8], (uint32_t)b[5] << 8 | b[6]);
            return;
        }
        offset += 2 + ((uint64_t)b[2] << 8 | b[3]);
    }
}

void sniff_file_webp(struct sniff_reader *r, struct sniffed_file *out)
{
    struct sniff_cursor c = at(r, 12);
    if (sniff_take(&c, "VP8X", 4)) {
        (void)sniff_skip(&c, 4);
        out->animated = (sniff_u8(&c) & 2) != 0;
        (void)sniff_skip(&c, 3);
        uint32_t width = sniff_le24(&c) + 1;
        uint32_t height = sniff_le24(&c) + 1;
        if (!c.bad)
            sized(out, width, height);
    } else if (sniff_take(&c, "VP8L", 4)) {
        (void)sniff_skip(&c, 5);
        uint32_t bits = sniff_le32(&c);
        if (!c.bad)
            sized(out, (bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    } else if (sniff_take(&c, "VP8 ", 4)) {
        (void)sniff_skip(&c, 4 + 6);
        uint32_t width = sniff_le16(&c) & 0x3fff;
        uint32_t height = sniff_le16(&c) & 0x3fff;
        if (!c.bad)
            sized(out, width, height);
    }
}

/* Rows may go upwards or downwards: the height's sign says it. */
void sniff_file_bmp(struct sniff_reader *r, struct sniffed_file *out)
{
    struct sniff_cursor c = at(r, 18);
    uint32_t width = sniff_le32(&c);
    uint32_t height = sniff_le32(&c);
    if (!c.bad)
        sized(out, width, height > INT32_MAX ? 0U - height : height);
}
