/* Buffers: growth, the maximum, and the sticky failure. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/buf.h"

#define assert_buf(b, text) assert_true(slice_eq_cstr(buf_slice(b), (text)))

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_WIRE) == 0 ? 0 : -1;
}

static void test_appends(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 1000);
    buf_append(&b, "ab", 2);
    buf_append(&b, NULL, 0);
    buf_append_slice(&b, SLICE("c"));
    buf_append_cstr(&b, "de");
    buf_putc(&b, '|');
    buf_u64(&b, 0);
    buf_putc(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_putc(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_putc(&b, ' ');
    buf_i64(&b, -1);
    buf_i64(&b, 7);
    buf_printf(&b, " %s=%d", "x", 5);
    assert_false(b.failed);
    assert_buf(&b, "abcde|0 18446744073709551615 -9223372036854775808 -17 x=5");
    buf_deinit(&b);
}

static void test_growth_keeps_contents(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 100000);
    for (size_t i = 0; i < 100000; i++)
        buf_putc(&b, (char)('a' + i % 26));
    assert_false(b.failed);
    assert_int_equal(b.len, 100000);
    assert_int_equal(b.cap, 100000); /* never more than the maximum */
    for (size_t i = 0; i < b.len; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    buf_putc(&b, 'x');
    assert_true(b.failed);
    buf_deinit(&b);
}

static void test_maximum_is_sticky(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 4);
    buf_append_cstr(&b, "1234");
    assert_false(b.failed);
    buf_putc(&b, '5');
    assert_true(b.failed);
    assert_int_equal(b.len, 4);
    assert_false(buf_reserve(&b, 0));
    buf_reset(&b);
    assert_false(b.failed);
    assert_int_equal(b.len, 0);
    buf_append_cstr(&b, "ok");
    assert_buf(&b, "ok");
    assert_false(buf_reserve(&b, SIZE_MAX));
    buf_deinit(&b);
    assert_false(b.failed);
    buf_append_cstr(&b, "new");
    assert_buf(&b, "new");
    buf_deinit(&b);
}

/* An append that does not fit whole writes nothing. */
static void test_no_partial_append(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 4);
    buf_append_cstr(&b, "123");
    buf_append_cstr(&b, "45");
    assert_true(b.failed);
    assert_int_equal(b.len, 3);
    buf_deinit(&b);
}

static void test_short_memory(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 10000);
    buf_append_cstr(&b, "first");
    mem_fail_after(0, 1);
    for (int i = 0; i < 100; i++)
        buf_append_cstr(&b, "0123456789");
    assert_true(b.failed);
    mem_fail_never();
    buf_append_cstr(&b, "more");
    assert_true(b.failed);
    buf_deinit(&b);
}

static void test_reserve_then_write(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 10000);
    assert_true(buf_reserve(&b, 5000));
    assert_true(b.cap - b.len >= 5000);
    memset(b.data, 'z', 5000);
    b.len += 5000;
    assert_true(buf_reserve(&b, 5000));
    assert_false(buf_reserve(&b, 5001));
    buf_deinit(&b);
}

static void test_consume(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 100);
    buf_consume(&b, 0);
    buf_append_cstr(&b, "hello world");
    buf_consume(&b, 6);
    assert_buf(&b, "world");
    buf_consume(&b, 5);
    assert_buf(&b, "");
    buf_deinit(&b);
}

static void test_shrink(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 100000);
    assert_true(buf_reserve(&b, 50000));
    buf_putc(&b, 'x');
    buf_shrink(&b, 4096);
    assert_true(b.cap >= 50000); /* not empty: kept */
    buf_reset(&b);
    buf_shrink(&b, 100000);
    assert_true(b.cap >= 50000); /* not larger than keep */
    buf_shrink(&b, 4096);
    assert_int_equal(b.cap, 0);
    assert_int_equal(mem_bytes(MEM_WIRE), 0);
    buf_append_cstr(&b, "again");
    assert_buf(&b, "again");
    buf_deinit(&b);
}

/* The text fits the maximum exactly, its NUL does not: refused is allowed, overrun is not. */
static void test_printf_at_the_edge(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, MEM_WIRE, 8);
    buf_printf(&b, "%s", "1234567");
    assert_false(b.failed);
    assert_buf(&b, "1234567");
    buf_printf(&b, "%s", "89");
    assert_true(b.failed);
    buf_deinit(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_appends, check_memory),
        cmocka_unit_test_teardown(test_growth_keeps_contents, check_memory),
        cmocka_unit_test_teardown(test_maximum_is_sticky, check_memory),
        cmocka_unit_test_teardown(test_no_partial_append, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
        cmocka_unit_test_teardown(test_reserve_then_write, check_memory),
        cmocka_unit_test_teardown(test_consume, check_memory),
        cmocka_unit_test_teardown(test_shrink, check_memory),
        cmocka_unit_test_teardown(test_printf_at_the_edge, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
