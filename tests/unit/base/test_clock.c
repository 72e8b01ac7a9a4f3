/* Clocks and dates. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

static void test_iso(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000+00:00"},
        {1, "1970-01-01T00:00:00.001000+00:00"},
        {-1, "1970-01-01T00:00:00.000000+00:00"},
        {INT64_MIN, "1970-01-01T00:00:00.000000+00:00"},
        {INT64_C(1420070400000), "2015-01-01T00:00:00.000000+00:00"},
        {INT64_C(951782399999), "2000-02-28T23:59:59.999000+00:00"},
        {INT64_C(951782400000), "2000-02-29T00:00:00.000000+00:00"},
        {INT64_C(951868800000), "2000-03-01T00:00:00.000000+00:00"},
        {INT64_C(4107542400000), "2100-03-01T00:00:00.000000+00:00"},
        {INT64_C(4107456000000), "2100-02-28T00:00:00.000000+00:00"},
        {INT64_C(1795224225678), "2026-11-21T01:23:45.678000+00:00"},
        {INT64_C(253402300799999), "9999-12-31T23:59:59.999000+00:00"},
        {INT64_MAX, "9999-12-31T23:59:59.999000+00:00"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char out[CLOCK_ISO_LEN + 1];
        clock_iso(rows[i].ms, out);
        assert_string_equal(out, rows[i].text);
    }
}

/* Every day of 400 years from 1970 on, against the C library. */
static void test_iso_every_day(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 146097; day++) {
        char out[CLOCK_ISO_LEN + 1], expected[64];
        time_t t = (time_t)(day * 86400);
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        snprintf(expected, sizeof expected, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday);
        clock_iso(day * 86400000, out);
        assert_memory_equal(out, expected, 10);
    }
}

static void test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t00:00:00z", 0},
        {"1970-01-01T00:00:00.001+00:00", 1},
        {"2026-11-21T01:23:45.678000+00:00", INT64_C(1795224225678)},
        {"2026-11-21T01:23:45.6789999999Z", INT64_C(1795224225678)},
        {"2026-11-21T01:23:45.6", INT64_C(1795224225600)},
        {"2026-11-21 02:53:45.678+01:30", INT64_C(1795224225678)},
        {"2026-11-21T02:23:45.678+0100", INT64_C(1795224225678)},
        {"2026-11-20T20:23:45.678-05", INT64_C(1795224225678)},
        {"2026-11-21T01:23Z", INT64_C(1795224180000)},
        {"2000-02-29T00:00:00", INT64_C(951782400000)},
        {"1969-12-31T23:00:00-01:00", 0},
        {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
        {"9999-12-31T23:59:59.999-00:01", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"1970-01-01T00:00:00+00:01", -1},
        {"2001-02-29T00:00:00Z", -1},
        {"2100-02-29T00:00:00Z", -1},
        {"2026-00-21T00:00:00Z", -1},
        {"2026-13-21T00:00:00Z", -1},
        {"2026-11-31T00:00:00Z", -1},
        {"2026-11-00T00:00:00Z", -1},
        {"2026-11-21T24:00:00Z", -1},
        {"2026-11-21T00:60:00Z", -1},
        {"2026-11-21T00:00:60Z", -1},
        {"2026-11-21T00:00:00.Z", -1},
        {"2026-11-21T00:00:.7806Z", -1}, /* once never ended */
        {"2026-11-2.7", -1},
        {"2026-11-21T00:00:00 Z", -1},
        {"2026-11-21T00:00:00ZZ", -1},
        {"2026-11-21T00:00:00+", -1},
        {"2026-11-21T00:00:00+1:00", -1},
        {"2026-11-21T00:00:00+01:", -1},
        {"2026-11-21", -1},
        {"2026-11-21T", -1},
        {"2026-1-21T00:00:00Z", -1},
        {"-026-11-21T00:00:00Z", -1},
        {"1795224225678", -1},
        {"", -1},
        {"soon", -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t ms = -7;
        bool parsed = clock_iso_parse(slice_from(rows[i].text), &ms);
        if (parsed != (rows[i].ms >= 0) || ms != (parsed ? rows[i].ms : -7))
            fail_msg("%s: %lld", rows[i].text, (long long)ms);
    }
}

/* What clock_iso writes is read back, on every day of 400 years. */
static void test_parse_every_day(void **state)
{
    (void)state;
    for (int64_t day = 0; day < 146097; day++) {
        char text[CLOCK_ISO_LEN + 1];
        int64_t ms = day * 86400000 + 45296789, read = 0;
        clock_iso(ms, text);
        assert_true(clock_iso_parse(slice_from(text), &read));
        assert_true(read == ms);
    }
}

static void test_system(void **state)
{
    (void)state;
    const struct clock *c = clock_system();
    uint64_t last = clock_mono_ns(c);
    for (int i = 0; i < 1000; i++) {
        uint64_t now = clock_mono_ns(c);
        assert_true(now >= last);
        last = now;
    }
    int64_t wall = clock_wall_ms(c), libc = (int64_t)time(NULL) * 1000;
    assert_true(wall > libc - 5000 && wall < libc + 5000);
}

static int64_t fixed_wall(void *ctx)
{
    return *(int64_t *)ctx;
}

static uint64_t fixed_mono(void *ctx)
{
    return (uint64_t) * (int64_t *)ctx;
}

static void test_replaceable(void **state)
{
    (void)state;
    int64_t value = 1234567;
    struct clock c = {fixed_wall, fixed_mono, &value};
    assert_int_equal(clock_wall_ms(&c), 1234567);
    assert_int_equal(clock_mono_ns(&c), 1234567);
    assert_int_equal(clock_mono_ms(&c), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_iso),    cmocka_unit_test(test_iso_every_day),
        cmocka_unit_test(test_parse),  cmocka_unit_test(test_parse_every_day),
        cmocka_unit_test(test_system), cmocka_unit_test(test_replaceable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
