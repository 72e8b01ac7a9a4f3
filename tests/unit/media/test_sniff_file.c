/* Types by content: a table of beginnings, and sizes of pictures and films. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/slice.h"
#include "media/sniff_file.h"

enum { READS_MAX = 100 };

struct file {
    struct slice bytes;
    uint64_t hole_from; /* from there on `hole` bytes of nothing lie before the rest */
    uint64_t hole;
    unsigned reads;
    uint64_t read_bytes;
};

static unsigned char byte_at(const struct file *f, uint64_t i)
{
    if (i >= f->hole_from && i < f->hole_from + f->hole)
        return 0;
    uint64_t at = i < f->hole_from ? i : i - f->hole;
    return at < f->bytes.len ? (unsigned char)f->bytes.data[at] : 0;
}

static enum err read_file(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    struct file *f = ctx;
    uint64_t size = f->bytes.len + f->hole;
    unsigned char *out = into;
    *got = 0;
    f->reads++;
    for (; *got < len && offset + *got < size; (*got)++)
        out[*got] = byte_at(f, offset + *got);
    f->read_bytes += *got;
    return ERR_OK;
}

static struct sniffed_file sniffed_of(struct file *f)
{
    struct sniff_source s = {f, f->bytes.len + f->hole, read_file};
    struct sniffed_file out;
    assert_int_equal(sniff_file(&s, &out), ERR_OK);
    assert_true(f->reads <= READS_MAX);
    assert_true(f->read_bytes <= 64 * 1024);
    return out;
}

static struct sniffed_file sniffed(const char *bytes, size_t len)
{
    struct file f = {.bytes = {bytes, len}, .hole_from = UINT64_MAX};
    return sniffed_of(&f);
}

#define BYTES(text) (text), sizeof(text) - 1

#define TEXT "text/plain; charset=utf-8"
#define NONE "application/octet-stream"

static const struct {
    const char *bytes;
    size_t len;
    const char *type;
} types[] = {
    {BYTES(""), TEXT},
    {BYTES("hello\r\n\tworld"), TEXT},
    {BYTES("gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80"), TEXT},
    {BYTES("<!DOCTYPE html><script>alert(1)</script>"), TEXT},
    {BYTES("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), TEXT},
    {BYTES("\xef\xbb\xbf<?xml version='1.0'?><a/>"), TEXT},
    {BYTES("BMW is a car, not a picture of one, and this is long enough"), TEXT},
    {BYTES("FORM is a word"), TEXT},
    {BYTES("BZh is no archive by itself"), TEXT},
    {BYTES("a\0b"), NONE},
    {BYTES("broken \xc3("), NONE},
    {BYTES("cut \xc3"), NONE},
    {BYTES("long form \xc0\xaf"), NONE},
    {BYTES("surrogate \xed\xa0\x80"), NONE},
    {BYTES("beyond \xf4\x90\x80\x80"), NONE},
    {BYTES("MZ\x90\0\3\0\0\0"), NONE},
    {BYTES("\x7f"
           "ELF\2\1\1\0"),
     NONE},
    {BYTES("%PDF-1.7\n%\xe2\xe3"), "application/pdf"},
    {BYTES("PK\3\4\x14\0"), "application/zip"},
    {BYTES("\x1f\x8b\x08\0"), "application/gzip"},
    {BYTES("7z\xbc\xaf\x27\x1c"), "application/x-7z-compressed"},
    {BYTES("OggS\0\2"), "audio/ogg"},
    {BYTES("OggS\0\2 .... \x80theora"), "video/ogg"},
    {BYTES("ID3\3\0"), "audio/mpeg"},
    {BYTES("fLaC\0\0"), "audio/flac"},
    {BYTES("RIFF\x24\0\0\0WAVEfmt "), "audio/wav"},
    {BYTES("RIFX\x24\0\0\0WAVEfmt "), NONE},
    {BYTES("\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"), "video/webm"},
    {BYTES("\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska"), "video/x-matroska"},
    {BYTES("\0\0\0\x14"
           "ftypM4A \0\0\0\0"),
     "audio/mp4"},
    {BYTES("\0\0\0\x14"
           "ftypqt  \0\0\0\0"),
     "video/quicktime"},
    {BYTES("\0\0\0\x14"
           "ftypisom\0\0\0\0"),
     "video/mp4"},
    {BYTES("\0\0\0\x14"
           "ftypavif\0\0\0\0"),
     "image/avif"},
    {BYTES("\x89PNG\r\n\x1a\n"), "image/png"},
    {BYTES("\xff\xd8\xff\xe0"), "image/jpeg"},
    {BYTES("GIF89a"), "image/gif"},
    {BYTES("RIFF\0\0\0\0WEBP"), "image/webp"},
};

static void test_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct sniffed_file found = sniffed(types[i].bytes, types[i].len);
        if (strcmp(found.content_type, types[i].type) != 0)
            fail_msg("row %zu: %s, not %s", i, found.content_type, types[i].type);
    }
}

/* Each beginning of each row is something, and nothing is read beyond the end. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t len = 0; len <= types[i].len; len++) {
            char *copy = malloc(len + 1);
            assert_non_null(copy);
            memcpy(copy, types[i].bytes, len);
            assert_non_null(sniffed(copy, len).content_type);
            free(copy);
        }
}

static const struct {
    const char *bytes;
    size_t len;
    uint32_t width, height;
    bool animated;
} sizes[] = {
    {BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\1\0\0\0\0\x40\x08\2\0\0\0...."), 256, 64, false},
    /* a bomb is as large as it says */
    {BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\xea\x60\0\0\xea\x60\x08\2\0\0\0...."), 60000, 60000,
     false},
    {BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\2\0\0\0\2\x08\2\0\0\0....\0\0\0\x08"
           "acTL"),
     2, 2, true},
    {BYTES("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\xff\xff\xff\xff\0\0\0\2\x08\2"), 0, 0, false},
    {BYTES("GIF89a\x10\0\x20\0"), 16, 32, false},
    {BYTES("GIF89a\x10\0\x20\0\x80\0\0......!\xff\x0bNETSCAPE2.0"), 16, 32, true},
    {BYTES("\xff\xd8\xff\xe0\0\4ab\xff\xff\xc2\0\x11\x08\0\x10\1\0"), 256, 16, false},
    {BYTES("\xff\xd8\xff\xe0\0\4ab\xff\xda\0\x11\x08\0\x10\1\0"), 0, 0, false},
    {BYTES("RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\xff\0\0\x1f\0\0"), 256, 32, true},
    {BYTES("RIFF\0\0\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xc0\7\0"), 256, 32, false},
    {BYTES("RIFF\0\0\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\1\x2a\0\1\x20\0"), 256, 32, false},
    {BYTES("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\1\0\0\xe0\xff\xff\xff"), 256, 32, false},
    {BYTES("\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff"
           "\x16\x54\xae\x6b\x8a\xae\x88\xe0\x86\xb0\x82\1\0\xba\x81\x20"),
     256, 32, false},
};

static void test_sizes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct sniffed_file found = sniffed(sizes[i].bytes, sizes[i].len);
        if (found.width != sizes[i].width || found.height != sizes[i].height ||
            found.animated != sizes[i].animated)
            fail_msg("row %zu: %ux%u %d", i, found.width, found.height, found.animated);
    }
}

static size_t put_box(unsigned char *out, const char *type, uint32_t size)
{
    out[0] = (unsigned char)(size >> 24);
    out[1] = (unsigned char)(size >> 16);
    out[2] = (unsigned char)(size >> 8);
    out[3] = (unsigned char)size;
    memcpy(out + 4, type, 4);
    return 8;
}

/* A track header of version 0, 256 x 32, maybe turned. */
static size_t put_track(unsigned char *out, bool turned)
{
    size_t at = put_box(out, "trak", 8 + 92);
    at += put_box(out + at, "tkhd", 92);
    memset(out + at, 0, 84);
    unsigned char *matrix = out + at + 40;
    matrix[turned ? 5 : 1] = 1;
    matrix[turned ? 13 : 17] = 1;
    matrix[36] = 1; /* 256.0 */
    matrix[41] = 32;
    return at + 84;
}

/* The movie box stands behind a gigabyte of film, which nobody reads. */
static void test_movie(void **state)
{
    (void)state;
    for (int turned = 0; turned < 2; turned++) {
        unsigned char b[512] = {0};
        size_t at = put_box(b, "ftyp", 16);
        memcpy(b + at, "isom\0\0\0\0", 8);
        at += 8;
        uint64_t hole = 1 << 30;
        at += put_box(b + at, "mdat", (uint32_t)hole + 8);
        uint64_t from = at;
        at += put_box(b + at, "moov", 8 + 8 + 100);
        at += put_box(b + at, "mvhd", 8);
        at += put_track(b + at, turned != 0);
        struct file f = {{(const char *)b, at}, from, hole, 0, 0};
        struct sniffed_file found = sniffed_of(&f);
        assert_string_equal(found.content_type, "video/mp4");
        assert_int_equal(found.width, turned ? 32 : 256);
        assert_int_equal(found.height, turned ? 256 : 32);
    }
}

/* Only the beginning and the end of a long text are looked at, cut where they may be. */
static void test_long_text(void **state)
{
    (void)state;
    enum { LONG = 100 * 1000 };
    char *text = malloc(LONG);
    assert_non_null(text);
    for (size_t shift = 0; shift < 3; shift++) {
        memset(text, 'a', LONG);
        for (size_t i = shift; i + 3 <= LONG; i += 3)
            memcpy(text + i, "\xe2\x82\xac", 3);
        size_t len = LONG - (LONG - shift) % 3;
        assert_string_equal(sniffed(text, len).content_type, TEXT);
        text[len - 1] = '\0';
        assert_string_equal(sniffed(text, len).content_type, NONE);
    }
    free(text);
}

static void test_inline(void **state)
{
    (void)state;
    assert_true(sniff_type_inline(BYTES("image/png")));
    assert_true(sniff_type_inline(BYTES(TEXT)));
    assert_false(sniff_type_inline(BYTES("image/svg+xml")));
    assert_false(sniff_type_inline(BYTES("text/html")));
    assert_false(sniff_type_inline(BYTES("application/zip")));
    assert_false(sniff_type_inline(BYTES("")));
}

static enum err read_nothing(void *ctx, uint64_t offset, void *into, size_t len, size_t *got)
{
    (void)offset;
    (void)into;
    (void)len;
    *got = 0;
    return *(enum err *)ctx;
}

static void test_error(void **state)
{
    (void)state;
    enum err e = ERR_STORE_IO;
    struct sniff_source s = {&e, 100, read_nothing};
    struct sniffed_file out = {.content_type = "untouched"};
    assert_int_equal(sniff_file(&s, &out), ERR_STORE_IO);
    assert_string_equal(out.content_type, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),     cmocka_unit_test(test_cut),
        cmocka_unit_test(test_sizes),     cmocka_unit_test(test_movie),
        cmocka_unit_test(test_long_text), cmocka_unit_test(test_inline),
        cmocka_unit_test(test_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
