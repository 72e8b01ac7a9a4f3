#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "wire/base64.h"

/* RFC 4648 §10, and bytes that need the last two letters of the alphabets. */
static const struct {
    const char *data, *standard, *url;
} vectors[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
};

static void check_decode(const char *text, const char *want)
{
    char out[16];
    size_t len = 99;
    assert_true(base64_decode(slice_from(text), out, sizeof out, &len));
    assert_int_equal(len, strlen(want));
    assert_memory_equal(out, want, len);
}

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        char out[16];
        size_t len = strlen(vectors[i].data);
        assert_int_equal(base64_encode(vectors[i].data, len, out), strlen(vectors[i].standard));
        assert_string_equal(out, vectors[i].standard);
        assert_int_equal(strlen(out), BASE64_LEN(len));
        assert_int_equal(base64url_encode(vectors[i].data, len, out), strlen(vectors[i].url));
        assert_string_equal(out, vectors[i].url);
        check_decode(vectors[i].standard, vectors[i].data);
        check_decode(vectors[i].url, vectors[i].data);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "A",        "AAAAA", "Zg=",  "Zg===", "Z===", "=",      "====",
        "Zg==Zg==", "Zm9v=", "Zh==", "Zm9=",  "Zm 9", "Zm9v\n", "Zm9*"};
    char out[16];
    size_t len = 99;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_false(base64_decode(slice_from(rows[i]), out, sizeof out, &len));
    assert_false(base64_decode(SLICE("Zm9v"), out, 2, &len));
    assert_int_equal(len, 99);
    assert_true(base64_decode(SLICE("Zm9v"), out, 3, &len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
