#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/utf8.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

/* The definition, by arithmetic: the reference that the validator is held against. */
static size_t encode(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (c & 0x3F));
        c >>= 6;
    }
    out[0] = (char)(0xF00 >> n | c);
    return n;
}

static void test_every_character(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x1FFFFF; c++) {
        char text[4];
        size_t n = encode(c, text);
        bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        assert_int_equal(utf8_valid(slice_of(text, n)), valid);
        if (valid)
            assert_int_equal(utf8_count(slice_of(text, n)), 1);
        if (valid && n > 1)
            assert_false(utf8_valid(slice_of(text, n - 1)));
    }
}

static void test_invalid(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        TEXT("\x80"),
        TEXT("\xbf"),
        TEXT("\xc0\x80"),
        TEXT("\xc1\xbf"),
        TEXT("\xe0\x80\x80"),
        TEXT("\xe0\x9f\xbf"),
        TEXT("\xed\xa0\x80"),
        TEXT("\xf0\x80\x80\x80"),
        TEXT("\xf0\x8f\xbf\xbf"),
        TEXT("\xf4\x90\x80\x80"),
        TEXT("\xf5\x80\x80\x80"),
        TEXT("\xfe"),
        TEXT("\xff"),
        TEXT("\xc3("),
        TEXT("\xe2\x82("),
        TEXT("abcdefghijk\xff"),
        TEXT("abcdefgh\xc3"),
        TEXT("\xc3\xa9\xa9"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_false(utf8_valid(rows[i]));
}

static void test_pieces(void **state)
{
    (void)state;
    static const struct slice text = TEXT("abc caf\xc3\xa9 \xe2\x82\xac and \xf0\x9f\x98\x80 end");
    assert_int_equal(utf8_count(text), 20);
    for (size_t cut = 0; cut <= text.len; cut++) {
        uint32_t st = 0;
        assert_true(utf8_feed(&st, text.data, cut));
        bool inside = cut < text.len && ((unsigned char)text.data[cut] & 0xC0) == 0x80;
        assert_int_equal(st != 0, inside);
        assert_true(utf8_feed(&st, text.data + cut, text.len - cut));
        assert_int_equal(st, 0);
    }
    uint32_t st = 0;
    assert_true(utf8_feed(&st, "\xe0", 1));
    assert_false(utf8_feed(&st, "\x80", 1)); /* the range survives the cut */
    assert_true(utf8_valid((struct slice){0}));
}

static void test_trim(void **state)
{
    (void)state;
    static const struct {
        struct slice in;
        struct slice want;
    } rows[] = {
        {TEXT("abc"), TEXT("abc")},
        {TEXT("  a b \t\r\n"), TEXT("a b")},
        {TEXT("\x01"
              "a\x7f"),
         TEXT("a")},
        {TEXT("\xc2\xa0"
              "a\xc2\xa0"),
         TEXT("a")},
        {TEXT("\xe1\x9a\x80"
              "a\xe2\x80\x80"),
         TEXT("a")},
        {TEXT("\xe2\x80\x8a"
              "a\xe2\x80\xa8"),
         TEXT("a")},
        {TEXT("\xe2\x80\xa9"
              "a\xe2\x80\xaf"),
         TEXT("a")},
        {TEXT("\xe2\x81\x9f"
              "a\xe3\x80\x80"),
         TEXT("a")},
        {TEXT("\xef\xbb\xbf"
              "a\xef\xbb\xbf"),
         TEXT("a")},
        {TEXT("\xe2\x80\x8b"
              "a"),
         TEXT("\xe2\x80\x8b"
              "a")}, /* zero width space stays */
        {TEXT(" \xc3\xa9 "), TEXT("\xc3\xa9")},
        {TEXT(" \xf0\x9f\x98\x80 "), TEXT("\xf0\x9f\x98\x80")},
        {TEXT("   "), TEXT("")},
        {TEXT("\xc2\xa0"), TEXT("")},
        {TEXT(""), TEXT("")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(slice_eq(utf8_trim(rows[i].in), rows[i].want));
    assert_int_equal(utf8_trim((struct slice){0}).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_character),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_trim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
