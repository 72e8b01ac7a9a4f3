/* What files are: made here, cut, and damaged. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "media/default_avatar.h"
#include "media/sniff.h"

/* Of a static table. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

#define PNG_HEAD "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x20\0\0\0\x10\x08\2\0\0\0crc4"
#define PNG_DATA "\0\0\0\1IDATxcrc4"
#define PNG_END "\0\0\0\0IENDcrc4"
#define GIF_HEAD                                                                                   \
    "GIF89a\x05\0\x06\0\x80\0\0"                                                                   \
    "abcdef"
#define GIF_IMAGE "\x2c\0\0\0\0\x05\0\x06\0\0\2\2\x4c\1\0"
#define OGG_HEAD(kind)                                                                             \
    "OggS\0" kind "\0\0\0\0\0\0\0\0\7\0\0\0\0\0\0\0crc4\1\x13"                                     \
    "OpusHead\1\1\x38\1"                                                                           \
    "\x80\xbb\0\0\0\0\0"
/* Sample 96,000 + 312: two seconds. */
#define OGG_TAIL "OggS\0\4\x38\x78\1\0\0\0\0\0\7\0\0\0\1\0\0\0crc4\1\1x"

struct expected {
    struct slice bytes;
    struct sniffed what;
};

static const struct expected good[] = {
    {BYTES(PNG_HEAD PNG_DATA PNG_END), {SNIFF_PNG, 32, 16, false, 0}},
    {BYTES(PNG_HEAD "\0\0\0\x08"
                    "acTL12345678crc4" PNG_DATA PNG_END),
     {SNIFF_APNG, 32, 16, true, 0}},
    /* After the data it does not count. */
    {BYTES(PNG_HEAD PNG_DATA "\0\0\0\x08"
                             "acTL12345678crc4" PNG_END),
     {SNIFF_PNG, 32, 16, false, 0}},
    {BYTES("\xff\xd8\xff\xe0\0\4JF\xff\xff\xc0\0\x11\x08\0\x07\0\x09\3"),
     {SNIFF_JPEG, 9, 7, false, 0}},
    {BYTES(GIF_HEAD GIF_IMAGE ";"), {SNIFF_GIF, 5, 6, false, 0}},
    {BYTES(GIF_HEAD "!\xf9\4\0\0\0\0\0" GIF_IMAGE GIF_IMAGE ";"), {SNIFF_GIF, 5, 6, true, 0}},
    {BYTES("RIFF\x16\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x03\x40\0\0\0\0\0\0\0"),
     {SNIFF_WEBP, 4, 2, false, 0}},
    {BYTES("RIFF\x16\0\0\0WEBPVP8 \x0a\0\0\0\x10\0\0\x9d\x01\x2a\x20\0\x10\0"),
     {SNIFF_WEBP, 32, 16, false, 0}},
    {BYTES("RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\x1f\0\0\x0f\0\0"),
     {SNIFF_WEBP, 32, 16, true, 0}},
    {BYTES("\0\0\0\x10"
           "ftypavif\0\0\0\0\0\0\0\x30meta\0\0\0\0\0\0\0\x24iprp\0\0\0\x1cipco"
           "\0\0\0\x14ispe\0\0\0\0\0\0\0\x05\0\0\0\x06"),
     {SNIFF_AVIF, 5, 6, false, 0}},
    {BYTES(OGG_HEAD("\2") OGG_TAIL), {SNIFF_OGG, 0, 0, false, 2000}},
    {BYTES(
         "{\"v\":\"5\",\"fr\":60,\"w\":320,\"h\":100.5,\"layers\":[{\"w\":1,\"a\":[]}, null]} \n"),
     {SNIFF_LOTTIE, 320, 100, true, 0}},
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct sniffed found = {0};
        if (!sniff(good[i].bytes, &found))
            fail_msg("row %zu is not known", i);
        assert_int_equal(found.type, good[i].what.type);
        assert_int_equal(found.width, good[i].what.width);
        assert_int_equal(found.height, good[i].what.height);
        assert_int_equal(found.animated, good[i].what.animated);
        assert_int_equal(found.duration_ms, good[i].what.duration_ms);
    }
}

/* In memory of just that size, so that a sanitizer sees a byte too far. */
static bool sniff_exact(const char *data, size_t len, struct sniffed *out)
{
    char *copy = malloc(len + 1);
    assert_non_null(copy);
    memcpy(copy, data, len);
    copy = realloc(copy, len > 0 ? len : 1);
    bool known = sniff(slice_of(copy, len), out);
    free(copy);
    return known;
}

static void test_cut_anywhere(void **state)
{
    (void)state;
    struct sniffed found;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t len = 0; len < good[i].bytes.len; len++) {
            bool known = sniff_exact(good[i].bytes.data, len, &found);
            /* Checksums and trailing space are not needed to know what it is; nor is what follows a
             * JPEG's frame, and an Ogg file may end after any page. */
            if (known && good[i].bytes.len - len > 2 && found.type != SNIFF_OGG)
                fail_msg("row %zu cut to %zu bytes is known", i, len);
        }
}

static void test_damaged_anywhere(void **state)
{
    (void)state;
    struct sniffed found;
    char copy[512];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        for (size_t at = 0; at < good[i].bytes.len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                assert_true(good[i].bytes.len <= sizeof copy);
                memcpy(copy, good[i].bytes.data, good[i].bytes.len);
                copy[at] = (char)((unsigned char)copy[at] ^ 1u << bit);
                if (sniff_exact(copy, good[i].bytes.len, &found))
                    assert_true(found.width <= SNIFF_PIXELS_MAX &&
                                found.height <= SNIFF_PIXELS_MAX);
            }
}

static void test_unknown(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        BYTES(""),
        BYTES("hello"),
        BYTES("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        BYTES(PNG_HEAD PNG_END), /* no data */
        BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\0\0\0\0\x10\x08\2\0\0\0crc4" PNG_DATA PNG_END),
        BYTES("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\0\0\x10\x08\2\0\0\0crc4" PNG_DATA PNG_END),
        BYTES(GIF_HEAD ";"), /* no image */
        BYTES("\xff\xd8\xff\xd9"),
        BYTES("RIFF\xff\xff\xff\xffWEBPVP8L\x0a\0\0\0\x2f\x03\x40\0\0\0\0\0\0\0"),
        BYTES("\xff\xfb\x90\0"), /* one header is no sound */
        BYTES("{\"v\":\"5\",\"fr\":60,\"w\":320,\"h\":100,\"layers\":{}}"),
        BYTES("{\"v\":\"5\",\"fr\":60,\"w\":320,\"h\":100,\"layers\":[]} x"),
        BYTES("{\"v\":\"5\",\"fr\":60,\"w\":320,\"h\":100,\"layers\":[1,]}"),
        BYTES("{\"a\":{\"v\":\"5\",\"fr\":60,\"w\":320,\"h\":100,\"layers\":[]}}"),
        BYTES("[]"),
    };
    struct sniffed found = {.width = 1234};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (sniff_exact(bad[i].data, bad[i].len, &found))
            fail_msg("row %zu is known", i);
    assert_int_equal(found.width, 1234);
}

static void test_mp3(void **state)
{
    (void)state;
    static char bytes[10 + 5 + 200 * 417 + 128];
    struct sniffed found;
    memcpy(bytes, "ID3\4\0\0\0\0\0\5", 10);
    for (size_t i = 0; i < 200; i++)
        memcpy(bytes + 15 + i * 417, "\xff\xfb\x90\0", 4);
    memcpy(bytes + sizeof bytes - 128, "TAG", 3);
    assert_true(sniff(slice_of(bytes, sizeof bytes), &found));
    assert_int_equal(found.type, SNIFF_MP3);
    assert_int_equal(found.duration_ms, 200 * 1152 * 1000 / 44100);
    bytes[15 + 417] = 'x';
    assert_false(sniff(slice_of(bytes, sizeof bytes), &found));
}

static void test_json_depth(void **state)
{
    (void)state;
    char text[512];
    struct sniffed found;
    for (size_t depth = SNIFF_JSON_DEPTH_MAX - 2; depth <= SNIFF_JSON_DEPTH_MAX; depth++) {
        char deep[256] = "";
        memset(deep, '[', depth);
        memset(deep + depth, ']', depth);
        int n = snprintf(text, sizeof text,
                         "{\"v\":1,\"fr\":1,\"w\":1,\"h\":1,\"layers\":[],\"x\":%s}", deep);
        bool fits = depth + 1 <= SNIFF_JSON_DEPTH_MAX;
        assert_int_equal(sniff(slice_of(text, (size_t)n), &found), fits);
    }
}

static void test_our_own_pictures(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DEFAULT_AVATARS; i++) {
        struct buf out;
        struct sniffed found;
        buf_init(&out, MEM_CORE, 65536);
        default_avatar_write(i, &out);
        assert_true(sniff(buf_slice(&out), &found));
        assert_int_equal(found.type, SNIFF_PNG);
        assert_int_equal(found.width, 256);
        assert_int_equal(found.height, 256);
        buf_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_cut_anywhere),
        cmocka_unit_test(test_damaged_anywhere),
        cmocka_unit_test(test_unknown),
        cmocka_unit_test(test_mp3),
        cmocka_unit_test(test_json_depth),
        cmocka_unit_test(test_our_own_pictures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
