/*
 * The table of signatures, then text, then nothing. The difficulty is text: only the beginning and
 * the end are looked at, and both may be cut in the middle of a character.
 */

#include "media/sniff_file.h"

#include <string.h>

#include "media/sniff_file_priv.h"

enum { TAIL_BYTES = 4096, UTF8_BYTES_MAX = 4 };

bool sniff_fetch(struct sniff_reader *r, uint64_t offset, void *into, size_t len)
{
    size_t got = 0;
    if (r->failed != ERR_OK || offset > r->src->size || len > r->src->size - offset)
        return false;
    if (offset + len <= r->head.len) {
        memcpy(into, r->head.data + offset, len);
        return true;
    }
    if (r->reads == SNIFF_READS_MAX)
        return false;
    r->reads++;
    r->failed = r->src->read(r->src->ctx, offset, into, len, &got);
    return r->failed == ERR_OK && got == len;
}

/* ---- signatures ---- */

struct signature {
    unsigned offset;
    const char *bytes;
    unsigned len;
    const char *content_type;
    enum sniff_class class;
    void (*look)(struct sniff_reader *r, struct sniffed_file *out); /* NULL: nothing more to know */
};

#define SIGN(text) (text), sizeof(text) - 1

static const struct signature signatures[] = {
    {0, SIGN("\x89PNG\r\n\x1a\n"), "image/png", SNIFF_CLASS_IMAGE, sniff_file_png},
    {0, SIGN("\xff\xd8\xff"), "image/jpeg", SNIFF_CLASS_IMAGE, sniff_file_jpeg},
    {0, SIGN("GIF87a"), "image/gif", SNIFF_CLASS_IMAGE, sniff_file_gif},
    {0, SIGN("GIF89a"), "image/gif", SNIFF_CLASS_IMAGE, sniff_file_gif},
    {8, SIGN("WEBP"), "image/webp", SNIFF_CLASS_IMAGE, sniff_file_webp},
    {4, SIGN("ftyp"), "video/mp4", SNIFF_CLASS_VIDEO, sniff_file_boxes},
    {0, SIGN("\x1a\x45\xdf\xa3"), "video/x-matroska", SNIFF_CLASS_VIDEO, sniff_file_ebml},
    {0, SIGN("OggS"), "audio/ogg", SNIFF_CLASS_AUDIO, sniff_file_ogg},
    {0, SIGN("ID3"), "audio/mpeg", SNIFF_CLASS_AUDIO, NULL},
    {8, SIGN("WAVEfmt "), "audio/wav", SNIFF_CLASS_AUDIO, NULL},
    {8, SIGN("AVI LIST"), "video/x-msvideo", SNIFF_CLASS_VIDEO, NULL},
    {0, SIGN("fLaC"), "audio/flac", SNIFF_CLASS_AUDIO, NULL},
    {0, SIGN("FORM"), "audio/aiff", SNIFF_CLASS_AUDIO, NULL},
    {0, SIGN("MThd\0\0\0\6"), "audio/midi", SNIFF_CLASS_AUDIO, NULL},
    {0, SIGN("BM"), "image/bmp", SNIFF_CLASS_IMAGE, sniff_file_bmp},
    {0, SIGN("II*\0"), "image/tiff", SNIFF_CLASS_IMAGE, NULL},
    {0, SIGN("MM\0*"), "image/tiff", SNIFF_CLASS_IMAGE, NULL},
    {0, SIGN("\0\0\1\0"), "image/x-icon", SNIFF_CLASS_IMAGE, NULL},
    {0, SIGN("%PDF-"), "application/pdf", SNIFF_CLASS_DOCUMENT, NULL},
    {0, SIGN("PK\3\4"), "application/zip", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("PK\5\6"), "application/zip", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("\x1f\x8b\x08"), "application/gzip", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("BZh"), "application/x-bzip2", SNIFF_CLASS_OTHER, NULL},
    {0,
     SIGN("\xfd"
          "7zXZ\0"),
     "application/x-xz", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("Rar!\x1a\x07"), "application/vnd.rar", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("\x28\xb5\x2f\xfd"), "application/zstd", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("wOFF"), "font/woff", SNIFF_CLASS_OTHER, NULL},
    {0, SIGN("wOF2"), "font/woff2", SNIFF_CLASS_OTHER, NULL},
};

static bool signed_as(struct slice head, const struct signature *s)
{
    return head.len >= s->offset + s->len && memcmp(head.data + s->offset, s->bytes, s->len) == 0 &&
           (s->offset != 8 || memcmp(head.data, "RIFF", 4) == 0);
}

/* Two letters are not enough: a text may begin so. */
static bool plausible(const struct sniff_reader *r, const struct signature *s)
{
    static const char reserved[4] = {0};
    if (s->look == sniff_file_bmp)
        return r->head.len >= 26 && memcmp(r->head.data + 6, reserved, sizeof reserved) == 0;
    if (slice_eq_cstr(slice_from(s->content_type), "audio/aiff"))
        return r->head.len >= 12 && memcmp(r->head.data + 8, "AIF", 3) == 0;
    if (slice_eq_cstr(slice_from(s->content_type), "application/x-bzip2"))
        return r->head.len >= 10 && memcmp(r->head.data + 4, "1AY&SY", 6) == 0;
    return true;
}

static bool find_signature(struct sniff_reader *r, struct sniffed_file *out)
{
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        const struct signature *s = &signatures[i];
        if (!signed_as(r->head, s) || !plausible(r, s))
            continue;
        out->content_type = s->content_type;
        out->class = s->class;
        if (s->look != NULL)
            s->look(r, out);
        return true;
    }
    return false;
}

/* ---- MP3 without a tag: two frames in a row ---- */

/* Bytes of the frame that begins there (ISO 11172-3 and 13818-3, layer III); 0: none does. */
static size_t mp3_frame(const unsigned char *p)
{
    static const unsigned short rates[2][16] = {
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},
    };
    static const unsigned hz[4] = {44100, 48000, 32000, 0};
    unsigned version = p[1] >> 3 & 3; /* 0: 2.5, 2: 2, 3: 1 */
    bool first = version == 3;
    unsigned rate = rates[first][p[2] >> 4], speed = hz[p[2] >> 2 & 3];
    if (p[0] != 0xff || (p[1] & 0xe6) != 0xe2 || version == 1 || rate == 0 || speed == 0)
        return 0;
    speed >>= first ? 0 : version == 2 ? 1 : 2;
    return (size_t)(first ? 144000 : 72000) * rate / speed + (p[2] >> 1 & 1);
}

static bool is_mp3(struct slice head)
{
    const unsigned char *p = (const unsigned char *)head.data;
    size_t first = head.len >= 4 ? mp3_frame(p) : 0;
    return first > 0 && head.len >= first + 4 && mp3_frame(p + first) > 0;
}

/* ---- text ---- */

static size_t char_len(unsigned char lead)
{
    return lead < 0x80                    ? 1
           : lead >= 0xc2 && lead <= 0xdf ? 2
           : lead >= 0xe0 && lead <= 0xef ? 3
           : lead >= 0xf0 && lead <= 0xf4 ? 4
                                          : 0;
}

/* Controls that no text has; a form feed and an escape (colours of a terminal) it may. */
static bool is_binary(unsigned char c)
{
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b && c != '\b';
}

static bool char_ok(const unsigned char *p, size_t len)
{
    for (size_t k = 1; k < len; k++)
        if ((p[k] & 0xc0) != 0x80)
            return false;
    if (len == 3)
        return !(p[0] == 0xe0 && p[1] < 0xa0) && !(p[0] == 0xed && p[1] > 0x9f);
    return len != 4 || (!(p[0] == 0xf0 && p[1] < 0x90) && !(p[0] == 0xf4 && p[1] > 0x8f));
}

/* A stretch of text; `whole` false: it may end in the middle of a character. */
static bool is_text(struct slice s, bool whole)
{
    const unsigned char *p = (const unsigned char *)s.data;
    size_t i = 0;
    while (i < s.len) {
        size_t len = char_len(p[i]);
        if (len == 0 || is_binary(p[i]))
            return false;
        if (len > s.len - i)
            return !whole;
        if (!char_ok(p + i, len))
            return false;
        i += len;
    }
    return true;
}

static bool tail_is_text(struct sniff_reader *r)
{
    char tail[TAIL_BYTES];
    size_t begin = 0;
    if (!sniff_fetch(r, r->src->size - TAIL_BYTES, tail, sizeof tail))
        return false;
    while (begin < UTF8_BYTES_MAX - 1 && ((unsigned char)tail[begin] & 0xc0) == 0x80)
        begin++; /* the end of a character that begins before */
    return is_text(slice_of(tail + begin, sizeof tail - begin), true);
}

static bool is_text_file(struct sniff_reader *r)
{
    if (r->src->size == r->head.len)
        return is_text(r->head, true);
    return is_text(r->head, false) && tail_is_text(r);
}

/* ---- all of it ---- */

static void decide(struct sniff_reader *r, struct sniffed_file *out)
{
    if (find_signature(r, out))
        return;
    if (is_mp3(r->head)) {
        out->content_type = "audio/mpeg";
        out->class = SNIFF_CLASS_AUDIO;
    } else if (is_text_file(r)) {
        out->content_type = "text/plain; charset=utf-8";
        out->class = SNIFF_CLASS_TEXT;
    }
}

enum err sniff_file(const struct sniff_source *src, struct sniffed_file *out)
{
    char head[SNIFF_HEAD_BYTES];
    size_t len = src->size < sizeof head ? (size_t)src->size : sizeof head, got = 0;
    struct sniffed_file found = {.content_type = "application/octet-stream"};
    struct sniff_reader r = {.src = src};
    if (len > 0)
        r.failed = src->read(src->ctx, 0, head, len, &got);
    if (r.failed != ERR_OK)
        return r.failed;
    r.head = slice_of(head, got);
    decide(&r, &found);
    if (found.width == 0 || found.height == 0)
        found.width = found.height = 0;
    if (r.failed == ERR_OK)
        *out = found;
    return r.failed;
}

bool sniff_type_inline(const char *content_type, size_t len)
{
    static const char *const kinds[] = {
        "image/png",  "image/jpeg",      "image/gif",
        "image/webp", "image/avif",      "image/bmp",
        "video/mp4",  "video/webm",      "video/quicktime",
        "video/ogg",  "audio/mpeg",      "audio/ogg",
        "audio/wav",  "audio/flac",      "audio/mp4",
        "audio/webm", "application/pdf", "text/plain; charset=utf-8"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (slice_eq_cstr(slice_of(content_type, len), kinds[i]))
            return true;
    return false;
}
