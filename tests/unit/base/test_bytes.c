/* Shared bytes: contents, references and the sum of what is live. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/bytes.h"
#include "base/mem.h"

static void test_contents(void **state)
{
    (void)state;
    char source[] = "payload";
    struct bytes *b = bytes_new(slice_of(source, 7));
    source[0] = 'X';
    assert_true(slice_eq_cstr(slice_of(b->data, b->len), "payload"));
    bytes_unref(&b);
    assert_null(b);
    bytes_unref(&b);
    b = bytes_new((struct slice){NULL, 0});
    assert_int_equal(b->len, 0);
    bytes_unref(&b);
}

static void test_live(void **state)
{
    (void)state;
    size_t before = bytes_live();
    struct bytes *a = bytes_new(SLICE("12345678"));
    struct bytes *b = bytes_ref(a);
    assert_ptr_equal(a, b);
    assert_int_equal(bytes_live() - before, sizeof(struct bytes) + 8);
    bytes_unref(&a);
    assert_int_equal(bytes_live() - before, sizeof(struct bytes) + 8);
    assert_memory_equal(b->data, "12345678", 8);
    bytes_unref(&b);
    assert_int_equal(bytes_live(), before);
    assert_int_equal(mem_bytes(MEM_EVENTS), 0);
}

static void test_short_memory(void **state)
{
    (void)state;
    size_t before = bytes_live();
    mem_fail_after(0, 1);
    assert_null(bytes_new(SLICE("x")));
    mem_fail_never();
    assert_int_equal(bytes_live(), before);
}

static void *ref_and_unref(void *arg)
{
    struct bytes *own = arg; /* brings its reference along */
    for (int i = 0; i < 20000; i++) {
        struct bytes *more = bytes_ref(own);
        bytes_unref(&more);
    }
    bytes_unref(&own);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    size_t before = bytes_live();
    struct bytes *b = bytes_new(SLICE("shared"));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, bytes_ref(b)), 0);
    bytes_unref(&b);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(bytes_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_short_memory),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
