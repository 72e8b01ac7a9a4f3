/* Images. Each follows the chain of its blocks as far as what is asked for needs, and to the end
 * where the end decides whether it moves. */

#include <string.h>

#include "media/sniff_priv.h"

/* ---- PNG ---- */

enum { PNG_CHUNK_OVERHEAD = 8 /* length and type; 4 bytes of checksum follow the data */ };

bool sniff_png(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor c = sniff_cursor_of(bytes);
    if (!sniff_take(&c, "\x89PNG\r\n\x1a\n", 8) || sniff_be32(&c) != 13 ||
        !sniff_take(&c, "IHDR", 4))
        return false;
    uint32_t width = sniff_be32(&c);
    uint32_t height = sniff_be32(&c);
    if (!sniff_sized(out, width, height) || !sniff_skip(&c, 5 + 4))
        return false;
    bool data = false;
    out->type = SNIFF_PNG;
    while (sniff_left(&c) >= PNG_CHUNK_OVERHEAD) {
        uint32_t len = sniff_be32(&c);
        if (sniff_take(&c, "IEND", 4))
            return len == 0 && data && sniff_left(&c) >= 4;
        if (!data && sniff_take(&c, "acTL", 4)) {
            out->type = SNIFF_APNG;
            out->animated = true;
        } else if (sniff_take(&c, "IDAT", 4)) {
            data = true;
        } else {
            (void)sniff_skip(&c, 4);
        }
        if (!sniff_skip(&c, (uint64_t)len + 4))
            return false;
    }
    return false;
}

/* ---- JPEG ---- */

static bool is_frame(uint32_t marker)
{
    /* SOF0 to SOF15, without DHT, JPG and DAC among them. */
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static bool jpeg_frame(struct sniff_cursor *c, struct sniffed *out)
{
    (void)sniff_be16(c); /* length */
    (void)sniff_u8(c);   /* precision */
    uint32_t height = sniff_be16(c);
    uint32_t width = sniff_be16(c);
    return !c->bad && sniff_sized(out, width, height);
}

bool sniff_jpeg(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor c = sniff_cursor_of(bytes);
    if (!sniff_take(&c, "\xff\xd8", 2))
        return false;
    out->type = SNIFF_JPEG;
    while (!c.bad && sniff_u8(&c) == 0xFF) {
        uint32_t marker = sniff_u8(&c);
        while (marker == 0xFF && !c.bad) /* fill bytes */
            marker = sniff_u8(&c);
        if (is_frame(marker))
            return jpeg_frame(&c, out);
        if (marker == 0xDA || marker == 0xD9 || marker == 0)
            return false; /* the scan, or the end, without a frame */
        if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7))
            continue; /* no parameters */
        uint32_t len = sniff_be16(&c);
        if (len < 2 || !sniff_skip(&c, len - 2))
            return false;
    }
    return false;
}

/* ---- GIF ---- */

static bool gif_color_table(struct sniff_cursor *c, uint32_t flags)
{
    return (flags & 0x80) == 0 || sniff_skip(c, UINT64_C(3) << ((flags & 7) + 1));
}

static bool gif_sub_blocks(struct sniff_cursor *c)
{
    for (;;) {
        uint32_t len = sniff_u8(c);
        if (c->bad)
            return false;
        if (len == 0)
            return true;
        if (!sniff_skip(c, len))
            return false;
    }
}

static bool gif_image(struct sniff_cursor *c)
{
    if (!sniff_skip(c, 8))
        return false;
    uint32_t flags = sniff_u8(c);
    return gif_color_table(c, flags) && sniff_skip(c, 1) && gif_sub_blocks(c);
}

bool sniff_gif(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor c = sniff_cursor_of(bytes);
    if (!sniff_take(&c, "GIF87a", 6) && !sniff_take(&c, "GIF89a", 6))
        return false;
    uint32_t width = sniff_le16(&c);
    uint32_t height = sniff_le16(&c);
    uint32_t flags = sniff_u8(&c);
    if (!sniff_skip(&c, 2) || !sniff_sized(out, width, height) || !gif_color_table(&c, flags))
        return false;
    out->type = SNIFF_GIF;
    unsigned images = 0;
    for (;;) {
        uint32_t block = sniff_u8(&c);
        if (c.bad)
            return false;
        if (block == 0x3B)
            break;
        if (block == 0x21) { /* an extension: its label, then blocks */
            if (!sniff_skip(&c, 1) || !gif_sub_blocks(&c))
                return false;
        } else if (block == 0x2C) {
            if (!gif_image(&c))
                return false;
            images++;
        } else {
            return false;
        }
    }
    out->animated = images > 1;
    return images > 0;
}

/* ---- WebP ---- */

static bool webp_lossy(struct sniff_cursor *c, struct sniffed *out)
{
    uint32_t tag = sniff_le24(c);
    if ((tag & 1) != 0 || !sniff_take(c, "\x9d\x01\x2a", 3)) /* a key frame */
        return false;
    uint32_t width = sniff_le16(c) & 0x3FFF;
    uint32_t height = sniff_le16(c) & 0x3FFF;
    return !c->bad && sniff_sized(out, width, height);
}

static bool webp_lossless(struct sniff_cursor *c, struct sniffed *out)
{
    if (sniff_u8(c) != 0x2F)
        return false;
    uint32_t bits = sniff_le32(c);
    return !c->bad && sniff_sized(out, (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1);
}

static bool webp_extended(struct sniff_cursor *c, struct sniffed *out)
{
    uint32_t flags = sniff_u8(c);
    if (!sniff_skip(c, 3))
        return false;
    uint32_t width = sniff_le24(c) + 1;
    uint32_t height = sniff_le24(c) + 1;
    out->animated = (flags & 2) != 0;
    return !c->bad && sniff_sized(out, width, height);
}

bool sniff_webp(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor c = sniff_cursor_of(bytes);
    if (!sniff_take(&c, "RIFF", 4))
        return false;
    uint32_t riff = sniff_le32(&c);
    if (riff > sniff_left(&c) || !sniff_take(&c, "WEBP", 4))
        return false;
    out->type = SNIFF_WEBP;
    bool lossy = sniff_take(&c, "VP8 ", 4);
    bool lossless = !lossy && sniff_take(&c, "VP8L", 4);
    if (!lossy && !lossless && !sniff_take(&c, "VP8X", 4))
        return false;
    uint32_t len = sniff_le32(&c);
    if (len > sniff_left(&c))
        return false;
    return lossy ? webp_lossy(&c, out) : lossless ? webp_lossless(&c, out) : webp_extended(&c, out);
}

/* ---- AVIF: boxes in boxes; the size stands in meta/iprp/ipco/ispe ---- */

/* The next box of that type inside c, as a cursor of its own. False: there is none. */
static bool box_find(struct sniff_cursor c, const char *type, struct sniff_cursor *inside)
{
    while (sniff_left(&c) >= 8) {
        const unsigned char *begin = c.at;
        uint64_t len = sniff_be32(&c);
        bool found = memcmp(c.at, type, 4) == 0;
        (void)sniff_skip(&c, 4);
        if (len == 1) {
            uint64_t high = sniff_be32(&c);
            len = high << 32 | sniff_be32(&c);
        }
        uint64_t header = (uint64_t)(c.at - begin);
        if (c.bad || len < header || len - header > sniff_left(&c))
            return false; /* also boxes that run to the end of the file */
        if (found) {
            *inside = (struct sniff_cursor){c.at, c.at + (len - header), false};
            return true;
        }
        (void)sniff_skip(&c, len - header);
    }
    return false;
}

bool sniff_avif(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor file = sniff_cursor_of(bytes);
    struct sniff_cursor box;
    if (bytes.len < 12 || memcmp(bytes.data + 4, "ftyp", 4) != 0 || !box_find(file, "ftyp", &box))
        return false;
    bool moving = sniff_take(&box, "avis", 4);
    if (!moving && !sniff_take(&box, "avif", 4))
        return false;
    out->type = SNIFF_AVIF;
    out->animated = moving;
    if (!box_find(file, "meta", &box) || !sniff_skip(&box, 4) || !box_find(box, "iprp", &box) ||
        !box_find(box, "ipco", &box) || !box_find(box, "ispe", &box) || !sniff_skip(&box, 4))
        return false;
    uint32_t width = sniff_be32(&box);
    uint32_t height = sniff_be32(&box);
    return !box.bad && sniff_sized(out, width, height);
}
