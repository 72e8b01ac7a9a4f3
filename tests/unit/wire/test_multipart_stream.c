/* Forms in pieces: the same parts and the same errors as the whole body gives, however it is cut.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/errors.h"
#include "base/random.h"
#include "prop/seed.h"
#include "unit/wire/multipart_trace.h"

enum { TRACE_MAX = 64 * 1024, BODY_MAX = 16 * 1024 };

#define BOUNDARY SLICE("x-y")

static char whole_text[TRACE_MAX], piece_text[TRACE_MAX];

static void compare(struct slice body, size_t first, size_t step)
{
    struct multipart_trace whole = {whole_text, 0, TRACE_MAX};
    struct multipart_trace pieces = {piece_text, 0, TRACE_MAX};
    enum err expected = trace_whole(&whole, body, BOUNDARY);
    enum err e = trace_pieces(&pieces, body, BOUNDARY, first, step);
    if (e != expected)
        fail_msg("cut at %zu, step %zu: %s, not %s; body: %.*s", first, step, err_info(e)->name,
                 err_info(expected)->name, SLICE_ARG(body));
    if (e != ERR_OK)
        return; /* what was told before is thrown away */
    assert_int_equal(pieces.len, whole.len);
    assert_memory_equal(piece_text, whole_text, whole.len);
}

static void compare_all(struct slice body)
{
    for (size_t first = 0; first <= body.len; first++)
        compare(body, first, body.len + 1);
    compare(body, 0, 1);
    compare(body, 1, 2);
    compare(body, 0, 3);
}

#define DISPOSITION "Content-Disposition: form-data; "

static void test_rows(void **state)
{
    (void)state;
    static const struct slice rows[] = {
        {"", 0},
        {"--x-y--", 7},
        {"--x-y--\r\n", 9},
        {"--x-y--\r", 8},
        {"--x-y--\r\n\r\n", 11},
        {"--x-y\r\n" DISPOSITION "name=a\r\n\r\nb\r\n--x-y--",
         sizeof "--x-y\r\n" DISPOSITION "name=a\r\n\r\nb\r\n--x-y--" - 1},
        /* Nearly delimiters, and CRs of all kinds. */
        {"--x-y\r\n" DISPOSITION "name=a\r\n\r\n\r\r\n\r\n-\r\n--x\r\n--x-\r\r\n--x-y--",
         sizeof "--x-y\r\n" DISPOSITION "name=a\r\n\r\n\r\r\n\r\n-\r\n--x\r\n--x-\r\r\n--x-y--" -
             1},
        {"--x-y\r\n" DISPOSITION "name=a\r\n\r\n\r\n--x-y\r\n" DISPOSITION
         "name=b; filename=\"c d\"\r\nContent-Type: a/b\r\n\r\n\0\r\n--x-y--\r\n",
         sizeof "--x-y\r\n" DISPOSITION "name=a\r\n\r\n\r\n--x-y\r\n" DISPOSITION
                "name=b; filename=\"c d\"\r\nContent-Type: a/b\r\n\r\n\0\r\n--x-y--\r\n" -
             1},
        /* No name; a delimiter right behind the empty line is contents. */
        {"--x-y\r\nA: b\r\n\r\nb\r\n--x-y--", sizeof "--x-y\r\nA: b\r\n\r\nb\r\n--x-y--" - 1},
        {"--x-y\r\n" DISPOSITION "name=a\r\n\r\n--x-y--",
         sizeof "--x-y\r\n" DISPOSITION "name=a\r\n\r\n--x-y--" - 1},
        {"--x-y\r\nno colon\r\n\r\nb\r\n--x-y--",
         sizeof "--x-y\r\nno colon\r\n\r\nb\r\n--x-y--" - 1},
        {"--x-y\n", 6},
        {"--x-z\r\n", 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        compare_all(rows[i]);
}

static void test_limits(void **state)
{
    (void)state;
    static char body[BODY_MAX];
    for (int more = 0; more <= 1; more++) {
        int len = 0;
        for (int i = 0; i < MULTIPART_PARTS_MAX + more; i++)
            len += snprintf(body + len, sizeof body - (size_t)len,
                            "%s--x-y\r\n" DISPOSITION "name=a%d\r\n\r\nb", i > 0 ? "\r\n" : "", i);
        len += snprintf(body + len, sizeof body - (size_t)len, "\r\n--x-y--");
        compare(slice_of(body, (size_t)len), 0, 1);
        len = snprintf(body, sizeof body, "--x-y\r\n" DISPOSITION "name=a\r\n");
        for (int i = 0; i < MULTIPART_HEADERS_MAX - 1 + more; i++)
            len += snprintf(body + len, sizeof body - (size_t)len, "X-Y: z\r\n");
        len += snprintf(body + len, sizeof body - (size_t)len, "\r\nb\r\n--x-y--");
        compare(slice_of(body, (size_t)len), 0, 1);
    }
    /* Headers around their limit, complete and cut off. */
    for (int pad = 1980; pad < 2060; pad++) {
        int len = snprintf(body, sizeof body, "--x-y\r\n" DISPOSITION "name=a\r\nX: %0*d\r\n\r\n",
                           pad, 0);
        compare(slice_of(body, (size_t)len), 0, 1);
        len += snprintf(body + len, sizeof body - (size_t)len, "b\r\n--x-y--");
        compare(slice_of(body, (size_t)len), 0, 1);
    }
}

/* Out of the pieces that forms are made of, so that nearly all are nearly right. */
static void test_random(void **state)
{
    (void)state;
    static const char *const atoms[] = {
        "--x-y",
        "\r\n",
        "--x-y\r\n" DISPOSITION "name=a\r\n\r\n",
        "\r\n--x-y",
        "--",
        "\r",
        "\n",
        "-",
        "b",
        DISPOSITION "name=\"q\"; filename=f\r\n",
        "\r\n\r\n",
        "X: y\r\n",
        "\r\n--x-y--",
    };
    static char body[BODY_MAX];
    struct random_seeded random;
    random_seeded_init(&random, first_seed());
    for (uint64_t round = 0; round < rounds(2000); round++) {
        size_t len = 0;
        unsigned count = (unsigned)(random_seeded_next(&random) % 12);
        len += (size_t)snprintf(body, sizeof body, "--x-y\r\n" DISPOSITION "name=a\r\n\r\n");
        for (unsigned i = 0; i < count; i++)
            len += (size_t)snprintf(
                body + len, sizeof body - len, "%s",
                atoms[random_seeded_next(&random) % (sizeof atoms / sizeof *atoms)]);
        if (random_seeded_next(&random) % 2)
            len += (size_t)snprintf(body + len, sizeof body - len, "\r\n--x-y--");
        compare_all(slice_of(body, len));
    }
}

static enum err refuse_part(void *ctx, const struct multipart_part *p)
{
    (void)ctx;
    (void)p;
    return ERR_FILE_TOO_LARGE;
}

static void test_sink_refuses(void **state)
{
    (void)state;
    const struct multipart_sink sink = {refuse_part, trace_data, trace_end, NULL};
    struct multipart_stream m;
    multipart_stream_init(&m, BOUNDARY, &sink);
    const struct slice body = SLICE("--x-y\r\n" DISPOSITION "name=a\r\n\r\nb\r\n--x-y--");
    assert_int_equal(multipart_stream_feed(&m, body), ERR_FILE_TOO_LARGE);
    assert_int_equal(multipart_stream_feed(&m, body), ERR_FILE_TOO_LARGE);
    assert_int_equal(multipart_stream_end(&m), ERR_FILE_TOO_LARGE);
}

static enum err begin_nothing(void *ctx, const struct multipart_part *p)
{
    (void)ctx;
    (void)p;
    return ERR_OK;
}

static enum err count_call(void *ctx, struct slice bytes)
{
    unsigned *calls = ctx;
    assert_true(bytes.len > 0);
    ++*calls;
    return ERR_OK;
}

static enum err end_nothing(void *ctx)
{
    (void)ctx;
    return ERR_OK;
}

/* Each call is a write: contents that are all line ends, or nearly all delimiters, must not cost
 * one for each of them. */
static void test_few_calls(void **state)
{
    (void)state;
    static const char *const fills[] = {"\r\n", "\r\n--", "\r\n--x-", "\r", "\r\r\n"};
    static char body[BODY_MAX];
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        struct multipart_stream m;
        unsigned calls = 0;
        const struct multipart_sink sink = {begin_nothing, count_call, end_nothing, &calls};
        int len = snprintf(body, sizeof body, "--x-y\r\n" DISPOSITION "name=a\r\n\r\n");
        for (int n = 0; n < 1000; n++)
            len += snprintf(body + len, sizeof body - (size_t)len, "%s", fills[i]);
        len += snprintf(body + len, sizeof body - (size_t)len, "\r\n--x-y--");
        multipart_stream_init(&m, BOUNDARY, &sink);
        assert_int_equal(multipart_stream_feed(&m, slice_of(body, (size_t)len)), ERR_OK);
        assert_int_equal(multipart_stream_end(&m), ERR_OK);
        assert_int_equal(calls, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),      cmocka_unit_test(test_limits),
        cmocka_unit_test(test_random),    cmocka_unit_test(test_sink_refuses),
        cmocka_unit_test(test_few_calls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
