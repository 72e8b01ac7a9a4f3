/* The log: exact lines in both formats, hostile values, limits, and threads. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* A constant initialiser, which a compound literal is not. */
#define BYTES(s)                                                                                   \
    {                                                                                              \
        (s), sizeof(s) - 1                                                                         \
    }
#define TIME "2026-11-21T01:23:45.678000+00:00"

struct rig {
    struct log log;
    struct clock clock;
    uint64_t mono_ns;
    int read_fd;
    char text[65536];
};

static int64_t fixed_wall(void *ctx)
{
    (void)ctx;
    return INT64_C(1795224225678);
}

static uint64_t rig_mono(void *ctx)
{
    return ((struct rig *)ctx)->mono_ns;
}

/* Each rig lives in a second of its own, so that no call site is muted from one to the next. */
static void rig_open(struct rig *r, enum log_level level, enum log_format format)
{
    static uint64_t opened;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    r->mono_ns = ++opened * UINT64_C(1000000000);
    r->read_fd = fds[0];
    r->clock = (struct clock){fixed_wall, rig_mono, r};
    log_init(&r->log, fds[1], level, format, &r->clock);
}

/* Closes the pipe; everything that was written, as a string. */
static const char *rig_close(struct rig *r)
{
    size_t len = 0;
    ssize_t got;
    close(r->log.fd);
    while ((got = read(r->read_fd, r->text + len, sizeof r->text - 1 - len)) > 0)
        len += (size_t)got;
    close(r->read_fd);
    r->text[len] = '\0';
    return r->text;
}

static void test_formats(void **state)
{
    (void)state;
    static struct rig r;
    rig_open(&r, LOG_INFO, LOG_JSON);
    log_info(&r.log, "net", "listening", LOG_S("address", "::1"), LOG_U("port", 8080),
             LOG_I("delta", -3));
    assert_string_equal(rig_close(&r), "{\"time\":\"" TIME "\",\"level\":\"info\",\"area\":\"net\","
                                       "\"message\":\"listening\",\"address\":\"::1\","
                                       "\"port\":8080,\"delta\":-3}\n");
    rig_open(&r, LOG_INFO, LOG_TEXT);
    log_error(&r.log, "net", "listening", LOG_S("address", "::1"), LOG_U("port", UINT64_MAX),
              LOG_I("delta", INT64_MIN), LOG_S("note", "two words"), LOG_S("none", NULL));
    assert_string_equal(rig_close(&r),
                        TIME " error net: listening address=::1 port=18446744073709551615"
                             " delta=-9223372036854775808 note=\"two words\" none=\"\"\n");
}

static void test_request_id(void **state)
{
    (void)state;
    static struct rig r;
    rig_open(&r, LOG_DEBUG, LOG_TEXT);
    LOG_LINE(&r.log, LOG_DEBUG, "api", "answered", SLICE("req-1"), LOG_U("status", 200), LOG_END);
    assert_string_equal(rig_close(&r), TIME " debug api: answered request_id=req-1 status=200\n");
}

static void test_levels(void **state)
{
    (void)state;
    static struct rig r;
    rig_open(&r, LOG_WARN, LOG_TEXT);
    log_debug(&r.log, "a", "m", LOG_U("n", 1));
    log_info(&r.log, "a", "m", LOG_U("n", 2));
    log_warn(&r.log, "a", "m", LOG_U("n", 3));
    log_error(&r.log, "a", "m", LOG_U("n", 4));
    log_write(&r.log, NULL, LOG_INFO, "a", "m", LOG_NONE, &LOG_END);
    struct log *none = NULL;
    log_error(none, "a", "m", LOG_U("n", 5));
    assert_string_equal(rig_close(&r), TIME " warn a: m n=3\n" TIME " error a: m n=4\n");

    enum log_level level = LOG_ERROR;
    assert_true(log_level_parse(SLICE("debug"), &level));
    assert_int_equal(level, LOG_DEBUG);
    assert_true(log_level_parse(SLICE("error"), &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse(SLICE("loud"), &level));
    assert_false(log_level_parse(SLICE(""), &level));
    assert_int_equal(level, LOG_ERROR);
}

static void test_escapes(void **state)
{
    (void)state;
    static const struct {
        struct slice in;
        const char *json;
        const char *text;
    } rows[] = {
        {BYTES("a\"b\\c"), "\"a\\\"b\\\\c\"", "\"a\\\"b\\\\c\""},
        {BYTES("a\nb\r\t\x1b[1m"), "\"a\\u000ab\\u000d\\u0009\\u001b[1m\"",
         "\"a\\u000ab\\u000d\\u0009\\u001b[1m\""},
        {BYTES("\0\x7f"), "\"\\u0000\\u007f\"", "\"\\u0000\\u007f\""},
        {BYTES("x=1"), "\"x=1\"", "\"x=1\""},
        {BYTES("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
         "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        /* Ill-formed: a stray byte, overlong, a surrogate, beyond U+10FFFF, cut off. */
        {BYTES("\x80"), "\"\\ufffd\"", "\\ufffd"},
        {BYTES("\xc0\xaf"), "\"\\ufffd\\ufffd\"", "\\ufffd\\ufffd"},
        {BYTES("\xe0\x80\xaf"), "\"\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd\\ufffd"},
        {BYTES("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"", "\\ufffd\\ufffd\\ufffd"},
        {BYTES("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"",
         "\\ufffd\\ufffd\\ufffd\\ufffd"},
        {BYTES("a\xe2\x82"), "\"a\\ufffd\\ufffd\"", "a\\ufffd\\ufffd"},
    };
    static struct rig r;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char expected[256] = "{\"time\":\"" TIME "\",\"level\":\"info\",\"area\":\"a\","
                             "\"message\":\"m\",\"v\":";
        rig_open(&r, LOG_INFO, LOG_JSON);
        log_info(&r.log, "a", "m", LOG_SL("v", rows[i].in));
        size_t at = strlen(expected), len = strlen(rows[i].json);
        assert_true(at + len + 3 <= sizeof expected);
        memcpy(expected + at, rows[i].json, len);
        memcpy(expected + at + len, "}\n", 3);
        assert_string_equal(rig_close(&r), expected);

        rig_open(&r, LOG_INFO, LOG_TEXT);
        log_info(&r.log, "a", "m", LOG_SL("v", rows[i].in));
        const char *value = strstr(rig_close(&r), "v=");
        assert_non_null(value);
        assert_memory_equal(value + 2, rows[i].text, strlen(rows[i].text));
        assert_string_equal(value + 2 + strlen(rows[i].text), "\n");
    }
}

/* Values of every length, several a line: always one line, closed, within bounds. */
static void test_long_values(void **state)
{
    (void)state;
    static struct rig r;
    static char value[9000];
    for (int format = LOG_TEXT; format <= LOG_JSON; format++) {
        for (size_t len = 0; len < sizeof value; len += 97) {
            memset(value, len % 2 == 0 ? 'v' : '"', len);
            struct slice v = {value, len};
            rig_open(&r, LOG_INFO, (enum log_format)format);
            log_info(&r.log, "a", "m", LOG_SL("k1", v), LOG_SL("k2", v), LOG_SL("k3", v),
                     LOG_SL("k4", v), LOG_SL("k5", v), LOG_U("last", 1));
            const char *text = rig_close(&r);
            size_t total = strlen(text);
            assert_true(total > 0 && total <= 4096);
            assert_ptr_equal(strchr(text, '\n'), text + total - 1);
            assert_true(format == LOG_TEXT || text[total - 2] == '}');
            bool cut = strstr(text, format == LOG_TEXT ? " truncated=1" : ",\"truncated\":1}");
            size_t escaped = len % 2 == 0 ? len : 2 * len;
            if (escaped > 1024 || escaped * 5 > 4000)
                assert_true(cut);
            else if (escaped * 5 < 3700)
                assert_false(cut);
            size_t quotes = 0;
            for (const char *p = text; *p != '\0'; p++) {
                if (*p == '\\')
                    p++;
                else
                    quotes += *p == '"';
            }
            assert_int_equal(quotes % 2, 0);
        }
    }
}

static void log_once(struct rig *r, unsigned n)
{
    log_info(&r->log, "a", "m", LOG_U("n", n));
}

static size_t count_lines(const char *text)
{
    size_t lines = 0;
    for (; *text != '\0'; text++)
        lines += *text == '\n';
    return lines;
}

static void test_muting(void **state)
{
    (void)state;
    static struct rig r;
    rig_open(&r, LOG_INFO, LOG_TEXT);
    for (unsigned n = 0; n < 35; n++)
        log_once(&r, n);
    log_info(&r.log, "a", "another site", LOG_U("n", 0)); /* not muted */
    r.mono_ns += UINT64_C(1000000000);
    log_once(&r, 100);
    log_once(&r, 101);
    const char *text = rig_close(&r);
    assert_int_equal(count_lines(text), 13);
    assert_non_null(strstr(text, " n=9\n"));
    assert_null(strstr(text, " n=10\n"));
    assert_non_null(strstr(text, "another site n=0\n"));
    assert_non_null(strstr(text, " n=100 suppressed=25\n"));
    assert_non_null(strstr(text, " n=101\n"));
}

static void test_errno_survives(void **state)
{
    (void)state;
    static struct rig r;
    rig_open(&r, LOG_INFO, LOG_TEXT);
    close(r.read_fd);
    close(r.log.fd);
    r.log.fd = -1; /* write fails with EBADF, and nobody is told */
    errno = ENOSPC;
    log_info(&r.log, "a", "m", LOG_U("n", 1));
    assert_int_equal(errno, ENOSPC);
}

static void *log_many(void *arg)
{
    static const char filler[] = "0123456789012345678901234567890123456789";
    for (uint64_t i = 0; i < 200; i++)
        log_write(arg, NULL, LOG_INFO, "a", "m", LOG_NONE,
                  (const struct log_kv[]){LOG_S("f", filler), LOG_U("n", i), LOG_END});
    return NULL;
}

static void test_threads_do_not_mix(void **state)
{
    (void)state;
    static struct rig r;
    pthread_t threads[2];
    rig_open(&r, LOG_INFO, LOG_TEXT);
    /* 400 lines of about 100 bytes: they fit the pipe, so nobody waits for a reader. */
    assert_true(fcntl(r.log.fd, F_GETPIPE_SZ) >= 65536);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &r.log), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    struct slice rest = slice_from(rig_close(&r)), line;
    size_t lines = 0;
    for (; slice_next(&rest, '\n', &line); lines++)
        assert_true(slice_starts_with(
            line, SLICE(TIME " info a: m f=0123456789012345678901234567890123456789 n=")));
    assert_int_equal(lines, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),        cmocka_unit_test(test_request_id),
        cmocka_unit_test(test_levels),         cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_long_values),    cmocka_unit_test(test_muting),
        cmocka_unit_test(test_errno_survives), cmocka_unit_test(test_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
