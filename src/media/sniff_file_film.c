/*
 * Films: what kind, and how large. The size of an MP4 stands in its movie box, which may come after
 * gigabytes of film: boxes are stepped over, not read. Of Matroska only the beginning is looked at,
 * where its tracks are.
 */

#include <string.h>

#include "media/sniff.h"
#include "media/sniff_file_priv.h"
#include "media/sniff_priv.h"

enum { BOXES_MAX = 32, TRACKS_MAX = 8, TRACK_HEADER_MAX = 92 };

/* ---- boxes (ISO 14496-12) ---- */

struct box {
    uint64_t offset; /* of its contents */
    uint64_t end;
    char type[4];
};

static uint64_t be(const unsigned char *p, size_t len)
{
    uint64_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v << 8 | p[i];
    return v;
}

/* The box at `offset` inside of what ends at `end`. */
static bool box_at(struct sniff_reader *r, uint64_t offset, uint64_t end, struct box *out)
{
    unsigned char head[16];
    if (offset > end || end - offset < 8 || !sniff_fetch(r, offset, head, 8))
        return false;
    uint64_t size = be(head, 4), skip = 8;
    if (size == 1) {
        if (!sniff_fetch(r, offset, head, sizeof head))
            return false;
        size = be(head + 8, 8);
        skip = 16;
    } else if (size == 0) {
        size = end - offset; /* to the end */
    }
    if (size < skip || size > end - offset)
        return false;
    out->offset = offset + skip;
    out->end = offset + size;
    memcpy(out->type, head + 4, 4);
    return true;
}

/* The next box of that type from *offset on, which moves past it. */
static bool find_box(struct sniff_reader *r, uint64_t *offset, uint64_t end, const char *type,
                     struct box *out)
{
    for (int i = 0; i < BOXES_MAX && box_at(r, *offset, end, out); i++) {
        *offset = out->end;
        if (memcmp(out->type, type, 4) == 0)
            return true;
    }
    return false;
}

/* Track header: the size as 16.16, and a matrix that may turn it by a right angle. */
static bool track_size(struct sniff_reader *r, const struct box *trak, struct sniffed_file *out)
{
    unsigned char b[TRACK_HEADER_MAX];
    struct box head;
    uint64_t offset = trak->offset;
    if (!find_box(r, &offset, trak->end, "tkhd", &head) || !sniff_fetch(r, head.offset, b, 1))
        return false;
    size_t matrix = b[0] == 1 ? 52 : 40; /* version 1 has longer times */
    if (head.end - head.offset < matrix + 44 || !sniff_fetch(r, head.offset + matrix, b, 44))
        return false;
    bool turned = be(b, 4) == 0 && be(b + 16, 4) == 0;
    uint32_t width = (uint32_t)be(b + 36, 2), height = (uint32_t)be(b + 40, 2);
    if (width == 0 || height == 0)
        return false;
    out->width = turned ? height : width;
    out->height = turned ? width : height;
    return true;
}

static void movie_size(struct sniff_reader *r, struct sniffed_file *out)
{
    struct box moov, trak;
    uint64_t offset = 0;
    if (!find_box(r, &offset, r->src->size, "moov", &moov))
        return;
    offset = moov.offset;
    for (int i = 0; i < TRACKS_MAX && find_box(r, &offset, moov.end, "trak", &trak); i++)
        if (track_size(r, &trak, out))
            return;
}

static void still_size(const struct sniff_reader *r, struct sniffed_file *out)
{
    struct sniffed found = {0};
    if (!sniff_avif(r->head, &found))
        return;
    out->width = found.width;
    out->height = found.height;
    out->animated = found.animated;
}

static const struct brand {
    const char *name; /* its first letters */
    const char *content_type;
    enum sniff_class class;
} brands[] = {
    {"avif", "image/avif", SNIFF_CLASS_IMAGE}, {"avis", "image/avif", SNIFF_CLASS_IMAGE},
    {"heic", "image/heic", SNIFF_CLASS_IMAGE}, {"heix", "image/heic", SNIFF_CLASS_IMAGE},
    {"mif1", "image/heif", SNIFF_CLASS_IMAGE}, {"M4A", "audio/mp4", SNIFF_CLASS_AUDIO},
    {"M4B", "audio/mp4", SNIFF_CLASS_AUDIO},   {"qt", "video/quicktime", SNIFF_CLASS_VIDEO},
    {"3g", "video/3gpp", SNIFF_CLASS_VIDEO},
};

void sniff_file_boxes(struct sniff_reader *r, struct sniffed_file *out)
{
    for (size_t i = 0; r->head.len >= 12 && i < sizeof brands / sizeof *brands; i++)
        if (memcmp(r->head.data + 8, brands[i].name, strlen(brands[i].name)) == 0) {
            out->content_type = brands[i].content_type;
            out->class = brands[i].class;
        }
    if (out->class == SNIFF_CLASS_VIDEO)
        movie_size(r, out);
    else if (out->class == SNIFF_CLASS_IMAGE)
        still_size(r, out);
}

/* ---- EBML (RFC 8794), Matroska (RFC 9559) ---- */

enum {
    EBML_HEAD = 0x1A45DFA3,
    EBML_DOCTYPE = 0x4282,
    MKV_SEGMENT = 0x18538067,
    MKV_TRACKS = 0x1654AE6B,
    MKV_TRACK = 0xAE,
    MKV_VIDEO = 0xE0,
    MKV_WIDTH = 0xB0,
    MKV_HEIGHT = 0xBA,
    ELEMENTS_MAX = 512
};

/* A number of 1 to 8 bytes, whose first bits say how many; keep: with those bits (an id). */
static bool ebml_number(struct sniff_cursor *c, bool keep, uint64_t *out)
{
    uint32_t first = sniff_u8(c);
    unsigned len = 1;
    while (len <= 8 && (first & 0x80U >> (len - 1)) == 0)
        len++;
    if (c->bad || len > 8)
        return false;
    uint64_t v = keep ? first : first & ((0x80U >> (len - 1)) - 1);
    for (unsigned i = 1; i < len; i++)
        v = v << 8 | sniff_u8(c);
    *out = v;
    return !c->bad;
}

static uint32_t ebml_value(const struct sniff_cursor *c, uint64_t size)
{
    uint64_t v = 0;
    for (uint64_t i = 0; i < size && i < 8 && i < sniff_left(c); i++)
        v = v << 8 | c->at[i];
    return v > INT32_MAX ? 0 : (uint32_t)v;
}

/* Elements that hold others are entered, the rest is stepped over: their order is that of the
 * file, so no stack is needed. */
void sniff_file_ebml(struct sniff_reader *r, struct sniffed_file *out)
{
    struct sniff_cursor c = sniff_cursor_of(r->head);
    uint64_t id, size;
    for (int i = 0; i < ELEMENTS_MAX && ebml_number(&c, true, &id) && ebml_number(&c, false, &size);
         i++) {
        bool enter = id == EBML_HEAD || id == MKV_SEGMENT || id == MKV_TRACKS || id == MKV_TRACK ||
                     id == MKV_VIDEO;
        if (id == EBML_DOCTYPE && size == 4 && sniff_left(&c) >= 4 && memcmp(c.at, "webm", 4) == 0)
            out->content_type = "video/webm";
        else if (id == MKV_WIDTH && out->width == 0)
            out->width = ebml_value(&c, size);
        else if (id == MKV_HEIGHT && out->height == 0)
            out->height = ebml_value(&c, size);
        if (!enter && !sniff_skip(&c, size))
            return;
    }
}

/* ---- Ogg ---- */

void sniff_file_ogg(struct sniff_reader *r, struct sniffed_file *out)
{
    if (memmem(r->head.data, r->head.len, "\x80theora", 7) == NULL)
        return;
    out->content_type = "video/ogg";
    out->class = SNIFF_CLASS_VIDEO;
}
