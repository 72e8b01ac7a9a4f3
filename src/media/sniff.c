/* One kind after the other; their signatures exclude each other. */

#include "media/sniff.h"

#include <string.h>

#include "media/sniff_priv.h"

struct sniff_cursor sniff_cursor_of(struct slice bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    return (struct sniff_cursor){at, at + bytes.len, false};
}

size_t sniff_left(const struct sniff_cursor *c)
{
    return (size_t)(c->end - c->at);
}

bool sniff_skip(struct sniff_cursor *c, uint64_t n)
{
    if (n > sniff_left(c)) {
        c->at = c->end;
        c->bad = true;
        return false;
    }
    c->at += n;
    return true;
}

uint32_t sniff_u8(struct sniff_cursor *c)
{
    const unsigned char *at = c->at;
    return sniff_skip(c, 1) ? at[0] : 0;
}

uint32_t sniff_be16(struct sniff_cursor *c)
{
    const unsigned char *at = c->at;
    return sniff_skip(c, 2) ? (uint32_t)at[0] << 8 | at[1] : 0;
}

uint32_t sniff_be32(struct sniff_cursor *c)
{
    uint32_t high = sniff_be16(c);
    return high << 16 | sniff_be16(c);
}

uint32_t sniff_le16(struct sniff_cursor *c)
{
    const unsigned char *at = c->at;
    return sniff_skip(c, 2) ? (uint32_t)at[1] << 8 | at[0] : 0;
}

uint32_t sniff_le24(struct sniff_cursor *c)
{
    uint32_t low = sniff_le16(c);
    return sniff_u8(c) << 16 | low;
}

uint32_t sniff_le32(struct sniff_cursor *c)
{
    uint32_t low = sniff_le16(c);
    return sniff_le16(c) << 16 | low;
}

bool sniff_take(struct sniff_cursor *c, const char *literal, size_t len)
{
    if (sniff_left(c) < len || memcmp(c->at, literal, len) != 0)
        return false;
    c->at += len;
    return true;
}

bool sniff_sized(struct sniffed *out, uint32_t width, uint32_t height)
{
    if (width == 0 || height == 0 || width > SNIFF_PIXELS_MAX || height > SNIFF_PIXELS_MAX)
        return false;
    out->width = width;
    out->height = height;
    return true;
}

bool sniff(struct slice bytes, struct sniffed *out)
{
    static bool (*const kinds[])(struct slice, struct sniffed *) = {
        sniff_png,  sniff_jpeg, sniff_gif, sniff_webp,
        sniff_avif, sniff_ogg,  sniff_mp3, sniff_lottie,
    };
    if (bytes.len == 0)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct sniffed found = {0};
        if (kinds[i](bytes, &found)) {
            *out = found;
            return true;
        }
    }
    return false;
}

const char *sniff_content_type(enum sniff_type type)
{
    static const char *const types[SNIFF_TYPE_COUNT] = {
        [SNIFF_PNG] = "image/png", [SNIFF_APNG] = "image/png",  [SNIFF_JPEG] = "image/jpeg",
        [SNIFF_GIF] = "image/gif", [SNIFF_WEBP] = "image/webp", [SNIFF_AVIF] = "image/avif",
        [SNIFF_OGG] = "audio/ogg", [SNIFF_MP3] = "audio/mpeg",  [SNIFF_LOTTIE] = "application/json",
    };
    return types[type];
}
