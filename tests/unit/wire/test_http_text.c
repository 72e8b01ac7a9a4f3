#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/errors.h"
#include "wire/http.h"

static void test_headers(void **state)
{
    (void)state;
    static const struct http_request r = {
        .headers = {{{"Host", 4}, {"a", 1}}, {{"X-A", 3}, {"1", 1}}, {{"x-a", 3}, {"2", 1}}},
        .header_count = 3,
    };
    assert_true(slice_eq(http_header_get(&r, SLICE("x-A")), SLICE("1")));
    assert_true(slice_eq(http_header_get(&r, SLICE("HOST")), SLICE("a")));
    assert_null(http_header_get(&r, SLICE("x-")).data);
}

/* Every status that a row of the error table can answer has its words. */
static void test_status_texts(void **state)
{
    (void)state;
    for (int e = 1; e < ERR_COUNT; e++) {
        int status = err_info((enum err)e)->http_status;
        if (status)
            assert_string_not_equal(http_status_text(status), "Unknown");
    }
    assert_string_equal(http_status_text(404), "Not Found");
    assert_string_equal(http_status_text(101), "Switching Protocols");
    assert_string_equal(http_status_text(299), "Unknown");
    assert_string_equal(http_method_name(HTTP_METHOD_PATCH), "PATCH");
    for (int m = 0; m < HTTP_METHOD_COUNT; m++)
        assert_non_null(http_method_name((enum http_method)m));
}

static void test_query(void **state)
{
    (void)state;
    static const struct {
        const char *query, *name, *want; /* NULL: absent */
    } rows[] = {
        {"a=1&b=2", "a", "1"},
        {"a=1&b=2", "b", "2"},
        {"a=1&a=2", "a", "1"},
        {"aa=1&a=2", "a", "2"},
        {"a=", "a", ""},
        {"a", "a", ""},
        {"&&a=x&", "a", "x"},
        {"a=x=y", "a", "x=y"},
        {"a=b+c%20d%2B", "a", "b c d+"},
        {"a=%c3%A9", "a", "\xc3\xa9"},
        {"a=1", "b", NULL},
        {"", "a", NULL},
        {"a=%", "a", "%"},
        {"a=%4", "a", "%4"},
        {"a=%zz", "a", "%zz"},
        {"a=12345678", "a", "12345678"},
        {"a=123456789", "a", "123456789"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char scratch[8];
        struct slice value = {0};
        bool found = http_query_get(slice_from(rows[i].query), slice_from(rows[i].name), scratch,
                                    sizeof scratch, &value);
        assert_int_equal(found, rows[i].want != NULL);
        if (found)
            assert_true(slice_eq_cstr(value, rows[i].want));
    }
}

static void test_percent(void **state)
{
    (void)state;
    char out[4];
    size_t len = 0;
    assert_true(http_percent_decode(SLICE("a+%2f%00"), out, sizeof out, &len));
    assert_int_equal(len, 4);
    assert_memory_equal(out, "a+/\0", 4);
    assert_false(http_percent_decode(SLICE("abcde"), out, sizeof out, &len));
    assert_false(http_percent_decode(SLICE("%f"), out, sizeof out, &len));
    assert_false(http_percent_decode(SLICE("%fg"), out, sizeof out, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_status_texts),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_percent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
