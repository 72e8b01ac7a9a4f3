/* Slices: comparison, cutting and numbers. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

static struct slice text(const char *s)
{
    return slice_from(s);
}

static void test_equality(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool eq, nocase, starts;
    } rows[] = {
        {"", "", true, true, true},
        {"a", "a", true, true, true},
        {"a", "A", false, true, false},
        {"a", "b", false, false, false},
        {"ab", "a", false, false, true},
        {"a", "ab", false, false, false},
        {"ab", "", false, false, true},
        {"Content-Type", "content-type", false, true, false},
        {"[", "{", false, false, false},
        {"@", "`", false, false, false},
        {"\xc3\x84", "\xc3\xa4", false, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice a = text(rows[i].a), b = text(rows[i].b);
        assert_int_equal(slice_eq(a, b), rows[i].eq);
        assert_int_equal(slice_eq_cstr(a, rows[i].b), rows[i].eq);
        assert_int_equal(slice_eq_nocase(a, b), rows[i].nocase);
        assert_int_equal(slice_starts_with(a, b), rows[i].starts);
    }
}

static void test_null_is_empty(void **state)
{
    (void)state;
    struct slice none = slice_from(NULL);
    assert_int_equal(none.len, 0);
    assert_true(slice_eq(none, SLICE("")));
    assert_true(slice_eq(slice_of(NULL, 0), none));
    assert_true(slice_starts_with(none, none));
    assert_int_equal(slice_trim(none).len, 0);
    assert_int_equal(slice_find(none, 'x'), 0);
}

static void test_embedded_nul(void **state)
{
    (void)state;
    assert_false(slice_eq(slice_of("a\0b", 3), slice_of("a\0c", 3)));
    assert_int_equal(slice_find(slice_of("a\0b", 3), 'b'), 2);
}

static void test_trim(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},          {" ", ""},          {"\t\r\n ", ""}, {"a", "a"},
        {" a b\t", "a b"}, {"\r\na\r\n", "a"}, {"\va", "\va"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(slice_eq_cstr(slice_trim(text(rows[i][0])), rows[i][1]));
}

static void test_next(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        const char *parts[5];
    } rows[] = {
        {"", {NULL}},
        {"a", {"a", NULL}},
        {"a,b", {"a", "b", NULL}},
        {"a,,b", {"a", "", "b", NULL}},
        {",", {"", NULL}},
        {",a", {"", "a", NULL}},
        {"a,", {"a", NULL}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct slice rest = text(rows[i].in), part;
        size_t k = 0;
        for (; slice_next(&rest, ',', &part); k++) {
            assert_non_null(rows[i].parts[k]);
            assert_true(slice_eq_cstr(part, rows[i].parts[k]));
        }
        assert_null(rows[i].parts[k]);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        bool u, i;
        uint64_t v;
    } rows[] = {
        {"", false, false, 0},
        {"0", true, true, 0},
        {"007", true, true, 7},
        {"9223372036854775807", true, true, INT64_MAX},
        {"9223372036854775808", true, false, UINT64_C(9223372036854775808)},
        {"18446744073709551615", true, false, UINT64_MAX},
        {"18446744073709551616", false, false, 0},
        {"18446744073709551620", false, false, 0},
        {"99999999999999999999", false, false, 0},
        {"-1", false, false, 0},
        {"+1", false, false, 0},
        {" 1", false, false, 0},
        {"1 ", false, false, 0},
        {"1a", false, false, 0},
        {"0x1", false, false, 0},
        {"1.0", false, false, 0},
        {"\xb2", false, false, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t u = 77;
        int64_t n = 77;
        assert_int_equal(slice_to_u64(text(rows[i].in), &u), rows[i].u);
        assert_true(u == (rows[i].u ? rows[i].v : 77));
        assert_int_equal(slice_to_i64(text(rows[i].in), &n), rows[i].i);
        assert_true(n == (rows[i].i ? (int64_t)rows[i].v : 77));
    }
}

static void test_find(void **state)
{
    (void)state;
    assert_int_equal(slice_find(SLICE("abc"), 'a'), 0);
    assert_int_equal(slice_find(SLICE("abc"), 'c'), 2);
    assert_int_equal(slice_find(SLICE("abc"), 'd'), 3);
}

static void test_put_u64(void **state)
{
    (void)state;
    static const struct {
        uint64_t v;
        const char *text;
    } cases[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {1000, "1000"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[SLICE_U64_DIGITS];
        size_t n = slice_put_u64(out, cases[i].v);
        assert_true(slice_eq_cstr(slice_of(out, n), cases[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality),     cmocka_unit_test(test_null_is_empty),
        cmocka_unit_test(test_embedded_nul), cmocka_unit_test(test_trim),
        cmocka_unit_test(test_next),         cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_find),         cmocka_unit_test(test_put_u64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
