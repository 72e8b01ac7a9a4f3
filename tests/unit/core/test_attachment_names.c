/* Names of files: what strangers send, and what becomes of it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "core/attachment_names.h"

#define RAW(text)                                                                                  \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }

static const struct {
    struct slice raw;
    bool spoiler;
    const char *name;
} names[] = {
    {RAW("photo.png"), false, "photo.png"},
    {RAW("my photo (1).png"), false, "my_photo_(1).png"},
    {RAW("../../etc/passwd"), false, "passwd"},
    {RAW("C:\\Users\\me\\a.txt"), false, "a.txt"},
    {RAW("/"), false, "unknown"},
    {RAW(""), false, "unknown"},
    {RAW(".."), false, "unknown"},
    {RAW("a/.."), false, "unknown"},
    {RAW("name."), false, "name"},
    {RAW("a\r\nSet-Cookie: x\".png"), false, "aSet-Cookie__x_.png"},
    {RAW("a\0b.png"), false, "a_b.png"},
    {RAW("exe.\xe2\x80\xaegnp.scr"), false, "exe.gnp.scr"},
    {RAW("\xe2\x80\x8bzero\xef\xbb\xbf.txt"), false, "zero.txt"},
    {RAW("gr\xc3\xbc\xc3\x9f.txt"), false, "gr\xc3\xbc\xc3\x9f.txt"},
    {RAW("\xe5\x86\x99\xe7\x9c\x9f.jpg"), false, "\xe5\x86\x99\xe7\x9c\x9f.jpg"},
    {RAW("bad\xff\xc3(.txt"), false, "bad__(.txt"},
    {RAW("long\xc0\xaf.txt"), false, "long__.txt"},
    {RAW("sur\xed\xa0\x80.txt"), false, "sur___.txt"},
    {RAW("cut\xe2\x82"), false, "cut__"},
    {RAW("a%2e%2e?x=1#y&z"), false, "a_2e_2e_x=1_y_z"},
    {RAW("<script>.html"), false, "_script_.html"},
    {RAW("photo.png"), true, "SPOILER_photo.png"},
    {RAW("SPOILER_photo.png"), true, "SPOILER_photo.png"},
};

static void test_table(void **state)
{
    (void)state;
    struct arena arena;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        arena_init(&arena, MEM_CORE, 8192);
        /* on the heap, so that a sanitizer sees what is read beyond the end */
        char *raw = malloc(names[i].raw.len + 1);
        assert_non_null(raw);
        memcpy(raw, names[i].raw.data, names[i].raw.len);
        struct slice made =
            attachment_name_clean(slice_of(raw, names[i].raw.len), names[i].spoiler, &arena);
        if (!slice_eq_cstr(made, names[i].name))
            fail_msg("row %zu: %.*s, not %s", i, SLICE_ARG(made), names[i].name);
        free(raw);
        arena_deinit(&arena);
    }
}

static size_t chars_of(struct slice s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.data[i] & 0xc0) != 0x80;
    return n;
}

/* Of any length, in characters of one to four bytes: both limits hold, the ending stays. */
static void test_length(void **state)
{
    (void)state;
    static const char *const units[] = {"a", "\xc3\xbc", "\xe5\x86\x99", "\xf0\x9f\x98\x80"};
    for (size_t u = 0; u < 4; u++)
        for (size_t count = 50; count < 5000; count = count * 2 + 1)
            for (int spoiler = 0; spoiler < 2; spoiler++) {
                struct arena arena;
                size_t len = strlen(units[u]);
                char *raw = malloc(count * len + 4);
                assert_non_null(raw);
                for (size_t i = 0; i < count; i++)
                    memcpy(raw + i * len, units[u], len);
                memcpy(raw + count * len, ".png", 4);
                arena_init(&arena, MEM_CORE, 8192);
                struct slice made =
                    attachment_name_clean(slice_of(raw, count * len + 4), spoiler != 0, &arena);
                assert_true(made.len <= LIMIT_FILENAME_BYTES);
                assert_true(chars_of(made) <= LIMIT_FILENAME);
                assert_true(made.len > 20);
                assert_memory_equal(made.data + made.len - 4, ".png", 4);
                assert_int_equal(attachment_name_is_spoiler(made), spoiler);
                /* whole characters: clean again is the same */
                assert_true(slice_eq(attachment_name_clean(made, spoiler != 0, &arena), made));
                arena_deinit(&arena);
                free(raw);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
