/* Forms with files. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/multipart.h"

static void test_boundaries(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        const char *boundary; /* NULL: refused */
    } rows[] = {
        {"multipart/form-data; boundary=abc", "abc"},
        {"Multipart/Form-Data ;boundary=\"a b\"", "a b"},
        {"multipart/form-data; charset=utf-8; boundary=----x", "----x"},
        {"multipart/form-data", NULL},
        {"multipart/form-data; boundary=", NULL},
        {"multipart/form-data; boundary=\"\"", NULL},
        {"multipart/form-data; boundary=a; boundary=b", NULL},
        {"multipart/form-data; boundary=\"a", NULL},
        {"multipart/form-data; boundary=a x", NULL},
        {"multipart/form-data; boundary=\"a \"", NULL},
        {"multipart/mixed; boundary=a", NULL},
        {"application/json", NULL},
        {"multipart/form-data; boundary="
         "0123456789012345678901234567890123456789012345678901234567890123456789",
         "0123456789012345678901234567890123456789012345678901234567890123456789"},
        {"multipart/form-data; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890",
         NULL},
    };
    struct slice found;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool good = multipart_boundary(slice_from(rows[i].type), &found);
        if (good != (rows[i].boundary != NULL))
            fail_msg("row %zu", i);
        if (good)
            assert_true(slice_eq_cstr(found, rows[i].boundary));
    }
    assert_false(multipart_boundary((struct slice){NULL, 0}, &found));
}

#define TEXT(name, value)                                                                          \
    "\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n--x"

static enum err parse(struct slice body, struct multipart_part *parts, size_t *count)
{
    /* In memory of just that size, so that a sanitizer sees a byte too far. */
    char *copy = malloc(body.len + 1);
    assert_non_null(copy);
    memcpy(copy, body.data, body.len);
    copy = realloc(copy, body.len > 0 ? body.len : 1);
    enum err e = multipart_parse(slice_of(copy, body.len), SLICE("x"), parts, count);
    free(copy);
    return e;
}

static void test_parts(void **state)
{
    (void)state;
    const struct slice body = SLICE("--x" TEXT("name", "wave") TEXT("empty", "") TEXT(
        "odd",
        "a\r\n--y\r\n-") "\r\n"
                         "content-type: image/png\r\n"
                         "CONTENT-DISPOSITION: form-data; filename=\"a;b.png\"; name=file\r\n\r\n"
                         "\x89PNG\0\r\n--x--\r\n");
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count;
    assert_int_equal(multipart_parse(body, SLICE("x"), parts, &count), ERR_OK);
    assert_int_equal(count, 4);
    assert_true(slice_eq_cstr(parts[0].name, "name"));
    assert_true(slice_eq_cstr(parts[0].body, "wave"));
    assert_null(parts[0].filename.data);
    assert_int_equal(parts[1].body.len, 0);
    assert_true(slice_eq_cstr(parts[2].body, "a\r\n--y\r\n-"));
    assert_true(slice_eq_cstr(parts[3].name, "file"));
    assert_true(slice_eq_cstr(parts[3].filename, "a;b.png"));
    assert_true(slice_eq_cstr(parts[3].content_type, "image/png"));
    assert_true(slice_eq(parts[3].body, SLICE("\x89PNG\0")));
    /* Cut anywhere it is none. */
    for (size_t len = 0; len + 2 < body.len; len++)
        assert_int_not_equal(parse(slice_of(body.data, len), parts, &count), ERR_OK);
    assert_int_equal(parse(slice_of(body.data, body.len - 2), parts, &count), ERR_OK);
    assert_int_equal(multipart_parse(SLICE("--x--"), SLICE("x"), parts, &count), ERR_OK);
    assert_int_equal(count, 0);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "x",
        "preamble\r\n--x" TEXT("a", "b") "--",
        "--x" TEXT("a", "b"),
        "--x" TEXT("a", "b") "-",
        "--x" TEXT("a", "b") "-- ",
        "--x" TEXT("a", "b") "--\r\nepilogue",
        "--x\n",
        "--x\r\n\r\nbody\r\n--x--",                                   /* no name */
        "--x\r\nContent-Disposition: form-data\r\n\r\nbody\r\n--x--", /* nor here */
        "--x\r\nContent-Disposition: attachment; name=a\r\n\r\nb\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nb\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\nb\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=a\r\nno colon\r\n\r\nb\r\n--x--",
        ("--x\r\nContent-Disposition: form-data; name=a\r\n"
         "Content-Disposition: form-data; name=b\r\n\r\nb\r\n--x--"),
    };
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count = 77;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (parse(slice_from(rows[i]), parts, &count) != ERR_BAD_REQUEST)
            fail_msg("row %zu", i);
    assert_int_equal(count, 77);
}

/* `start`, `count` times `middle`, `end`. */
static struct slice repeated(const char *start, const char *middle, int count, const char *end)
{
    static char body[16384];
    size_t len = (size_t)snprintf(body, sizeof body, "%s", start);
    for (int i = 0; i < count; i++)
        len += (size_t)snprintf(body + len, sizeof body - len, "%s", middle);
    len += (size_t)snprintf(body + len, sizeof body - len, "%s", end);
    assert_true(len < sizeof body);
    return slice_of(body, len);
}

static void test_limits(void **state)
{
    (void)state;
    const char *head = "--x\r\nContent-Disposition: form-data; name=a\r\n";
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count;
    for (int more = 0; more <= 1; more++) {
        enum err expected = more ? ERR_ENTITY_TOO_LARGE : ERR_OK;
        struct slice many = repeated("--x", TEXT("a", "b"), MULTIPART_PARTS_MAX + more, "--");
        assert_int_equal(parse(many, parts, &count), expected);
        many = repeated(head, "X-Y: z\r\n", MULTIPART_HEADERS_MAX - 1 + more, "\r\nb\r\n--x--");
        assert_int_equal(parse(many, parts, &count), expected);
    }
    struct slice wide = repeated("--x\r\nX-Y: ", "z", MULTIPART_HEADER_BYTES_MAX,
                                 "\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--");
    assert_int_equal(parse(wide, parts, &count), ERR_ENTITY_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boundaries),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
