/* What is an emoji, and the one form that it is stored in. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "model/unicode_emoji.h"

#define VS "\xEF\xB8\x8F"
#define ZWJ "\xE2\x80\x8D"
#define THUMB "\xF0\x9F\x91\x8D"
#define TONE "\xF0\x9F\x8F\xBD"
#define HEART "\xE2\x9D\xA4"
#define FIRE "\xF0\x9F\x94\xA5"
#define PERSON "\xF0\x9F\xA7\x91"
#define LETTER(n) "\xF0\x9F\x87" n
#define BLACK_FLAG "\xF0\x9F\x8F\xB4"
#define TAG(n) "\xF3\xA0\x81" n

static const struct {
    const char *in;
    const char *out; /* NULL: it is none */
} rows[] = {
    {THUMB, THUMB},
    {THUMB VS, THUMB},
    {THUMB TONE, THUMB TONE},
    {HEART, HEART VS},
    {HEART VS, HEART VS},
    {HEART ZWJ FIRE, HEART VS ZWJ FIRE},
    {HEART VS ZWJ FIRE, HEART VS ZWJ FIRE},
    {PERSON TONE ZWJ HEART ZWJ PERSON TONE, PERSON TONE ZWJ HEART VS ZWJ PERSON TONE},
    {"\xC2\xA9", "\xC2\xA9" VS},
    {"1\xE2\x83\xA3", "1" VS "\xE2\x83\xA3"},
    {"#" VS "\xE2\x83\xA3", "#" VS "\xE2\x83\xA3"},
    {LETTER("\xA9") LETTER("\xAA"), LETTER("\xA9") LETTER("\xAA")}, /* DE */
    {BLACK_FLAG TAG("\xA7") TAG("\xA2") TAG("\xA5") TAG("\xAE") TAG("\xA7") TAG("\xBF"),
     BLACK_FLAG TAG("\xA7") TAG("\xA2") TAG("\xA5") TAG("\xAE") TAG("\xA7") TAG("\xBF")},
    {TONE, TONE},
    {"", NULL},
    {"a", NULL},
    {"1", NULL},
    {"12\xE2\x83\xA3", NULL},
    {VS, NULL},
    {ZWJ, NULL},
    {THUMB ZWJ, NULL},
    {ZWJ THUMB, NULL},
    {THUMB THUMB, NULL},
    {THUMB "x", NULL},
    {FIRE TONE, NULL},
    {THUMB TONE TONE, NULL},
    {LETTER("\xA9"), NULL},
    {LETTER("\xBF") LETTER("\xBF"), NULL}, /* ZZ */
    {LETTER("\xA9") LETTER("\xAA") LETTER("\xA9"), NULL},
    {BLACK_FLAG TAG("\xA7") TAG("\xBF"), NULL},
    {"\xC3\xA4", NULL},
    {"\xE4\xBD\xA0", NULL},
    {"\xF0\x9F\x91", NULL},
    {"\x80", NULL},
    {"\xFF\xFF\xFF\xFF", NULL},
    {":smile:", NULL},
};

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[UNICODE_EMOJI_BYTES];
        size_t len = unicode_emoji_normalise(slice_from(rows[i].in), out);
        if (rows[i].out == NULL && len != 0)
            fail_msg("row %zu was taken for an emoji", i);
        if (rows[i].out == NULL)
            continue;
        if (len != strlen(rows[i].out) || memcmp(out, rows[i].out, len) != 0)
            fail_msg("row %zu has another form (%zu bytes)", i, len);
    }
}

/* Longer than any emoji: refused, and nothing is written behind the end. */
static void test_long(void **state)
{
    char text[1024];
    struct {
        char out[UNICODE_EMOJI_BYTES];
        char behind[8];
    } room;
    (void)state;
    for (size_t hearts = 1; hearts < 64; hearts++) {
        size_t len = 0;
        for (size_t i = 0; i < hearts; i++) {
            const char *one = i == 0 ? HEART : ZWJ HEART;
            memcpy(text + len, one, strlen(one));
            len += strlen(one);
        }
        memset(&room, 'x', sizeof room);
        size_t n = unicode_emoji_normalise(slice_of(text, len), room.out);
        assert_true(n <= UNICODE_EMOJI_BYTES);
        assert_true(hearts < 8 ? n > 0 : n == 0);
        assert_memory_equal(room.behind, "xxxxxxxx", 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
