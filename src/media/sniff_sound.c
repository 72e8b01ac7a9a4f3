/* Sounds. How long one is follows from the last page of an Ogg file, and from the sum of all
 * frames of an MP3 file. */

#include <string.h>

#include "media/sniff_priv.h"

enum { OPUS_HZ = 48000 };

static uint32_t duration_ms(uint64_t samples, uint32_t hz)
{
    uint64_t ms = samples > UINT64_MAX / 1000 ? UINT64_MAX : samples * 1000 / hz;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* ---- Ogg ---- */

struct ogg_page {
    uint64_t granule;
    uint32_t serial;
    struct slice body;
};

/* The page at the cursor, which moves past it. */
static bool ogg_page_next(struct sniff_cursor *c, struct ogg_page *p)
{
    if (!sniff_take(c, "OggS", 4) || sniff_u8(c) != 0)
        return false;
    (void)sniff_u8(c);
    uint64_t low = sniff_le32(c);
    p->granule = (uint64_t)sniff_le32(c) << 32 | low;
    p->serial = sniff_le32(c);
    if (!sniff_skip(c, 8))
        return false;
    uint32_t segments = sniff_u8(c);
    const unsigned char *lengths = c->at;
    size_t len = 0;
    if (!sniff_skip(c, segments))
        return false;
    for (uint32_t i = 0; i < segments; i++)
        len += lengths[i];
    p->body = slice_of((const char *)c->at, len);
    return sniff_skip(c, len);
}

/* From the first page: how many samples a second, and how many of them do not count. */
static bool ogg_codec(struct slice first, uint32_t *hz, uint64_t *skipped)
{
    struct sniff_cursor c = sniff_cursor_of(first);
    *skipped = 0;
    if (sniff_take(&c, "OpusHead", 8)) {
        *hz = OPUS_HZ;
        if (!sniff_skip(&c, 2))
            return false;
        *skipped = sniff_le16(&c);
        return !c.bad;
    }
    if (!sniff_take(&c, "\x01vorbis", 7) || sniff_le32(&c) != 0 || sniff_u8(&c) == 0)
        return false;
    *hz = sniff_le32(&c);
    return !c.bad && *hz > 0;
}

bool sniff_ogg(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor c = sniff_cursor_of(bytes);
    struct ogg_page p = {0};
    uint32_t hz;
    uint64_t skipped, last = 0;
    if (!ogg_page_next(&c, &p) || !ogg_codec(p.body, &hz, &skipped))
        return false;
    uint32_t serial = p.serial;
    while (sniff_left(&c) > 0) {
        if (!ogg_page_next(&c, &p) || p.serial != serial)
            return false; /* one stream, nothing beside it */
        if (p.granule != UINT64_MAX && p.granule > last)
            last = p.granule;
    }
    out->type = SNIFF_OGG;
    out->duration_ms = duration_ms(last > skipped ? last - skipped : 0, hz);
    return true;
}

/* ---- MP3 ---- */

struct mp3_frame {
    uint32_t bytes;
    uint32_t samples;
    uint32_t hz;
};

/* Layer III only. */
static bool mp3_header(const unsigned char h[4], struct mp3_frame *f)
{
    static const uint16_t rates_1[] = {0,   32,  40,  48,  56,  64,  80, 96,
                                       112, 128, 160, 192, 224, 256, 320};
    static const uint16_t rates_2[] = {0,  8,  16, 24,  32,  40,  48, 56,
                                       64, 80, 96, 112, 128, 144, 160};
    static const uint16_t hz[] = {44100, 48000, 32000};
    unsigned version = h[1] >> 3 & 3; /* 0: 2.5, 2: 2, 3: 1 */
    unsigned rate = h[2] >> 4;
    unsigned frequency = h[2] >> 2 & 3;
    if (h[0] != 0xFF || (h[1] & 0xE0) != 0xE0 || version == 1 || (h[1] >> 1 & 3) != 1 ||
        rate == 0 || rate == 15 || frequency == 3)
        return false;
    bool first = version == 3;
    f->hz = (uint32_t)hz[frequency] >> (first ? 0 : version == 2 ? 1 : 2);
    f->samples = first ? 1152 : 576;
    uint32_t bits = (first ? rates_1[rate] : rates_2[rate]) * UINT32_C(1000);
    f->bytes = f->samples / 8 * bits / f->hz + (h[2] >> 1 & 1);
    return true;
}

static bool skip_id3(struct sniff_cursor *c)
{
    if (!sniff_take(c, "ID3", 3))
        return true;
    (void)sniff_be16(c);
    uint32_t flags = sniff_u8(c);
    uint32_t len = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t seven = sniff_u8(c);
        if (seven > 127)
            return false;
        len = len << 7 | seven;
    }
    return sniff_skip(c, (uint64_t)len + ((flags & 0x10) != 0 ? 10 : 0));
}

/* A tag may follow the last frame. */
static bool at_trailer(const struct sniff_cursor *c)
{
    size_t left = sniff_left(c);
    return (left == 128 && memcmp(c->at, "TAG", 3) == 0) ||
           (left >= 8 && memcmp(c->at, "APETAGEX", 8) == 0);
}

bool sniff_mp3(struct slice bytes, struct sniffed *out)
{
    struct sniff_cursor c = sniff_cursor_of(bytes);
    uint64_t samples = 0;
    uint32_t hz = 0;
    unsigned frames = 0;
    if (!skip_id3(&c))
        return false;
    while (sniff_left(&c) >= 4 && !at_trailer(&c)) {
        struct mp3_frame f;
        if (!mp3_header(c.at, &f) || (hz != 0 && f.hz != hz))
            return false;
        hz = f.hz;
        samples += f.samples;
        frames++;
        if (!sniff_skip(&c, f.bytes))
            break; /* encoders cut the last frame short */
    }
    if (frames < 2)
        return false;
    out->type = SNIFF_MP3;
    out->duration_ms = duration_ms(samples, hz);
    return true;
}
