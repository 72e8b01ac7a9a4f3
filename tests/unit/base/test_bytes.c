/* Shared bytes: contents, references and the sum of what is live. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

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

static void assert_reads(const struct bytes *b, const char *text)
{
    char out[64];
    assert_int_equal(b->total, strlen(text));
    bytes_copy(b, out);
    assert_memory_equal(out, text, b->total);
    size_t at = 0;
    struct slice part;
    bool second = false;
    for (const struct bytes *node = b; bytes_part(&node, &second, &part); at += part.len)
        assert_memory_equal(text + at, part.data, part.len);
    assert_int_equal(at, b->total);
}

static void test_rope_shares_and_lets_go(void **state)
{
    (void)state;
    size_t before = bytes_live();
    struct bytes *shared = bytes_new(SLICE("-shared-"));
    struct rope r = {0};
    rope_add(&r, SLICE("one"), shared);
    rope_add(&r, SLICE(""), shared);
    rope_add(&r, SLICE("three"), NULL);
    struct bytes *whole = rope_end(&r);
    assert_int_equal(shared->refs, 3);
    bytes_unref(&shared); /* the rope keeps it */
    assert_reads(whole, "one-shared--shared-three");
    struct bytes *other = bytes_ref(whole);
    bytes_unref(&whole);
    assert_reads(other, "one-shared--shared-three");
    bytes_unref(&other);
    assert_int_equal(bytes_live(), before);
}

static void test_rope_without_memory_is_nothing(void **state)
{
    (void)state;
    size_t before = bytes_live();
    for (uint64_t n = 0; n < 3; n++) {
        struct bytes *shared = bytes_new(SLICE("shared"));
        struct rope r = {0};
        mem_fail_after(n, 1);
        for (int i = 0; i < 3; i++)
            rope_add(&r, SLICE("x"), shared);
        assert_null(rope_end(&r));
        mem_fail_never();
        assert_int_equal(shared->refs, 1);
        bytes_unref(&shared);
    }
    struct rope empty = {0};
    assert_null(rope_end(&empty));
    assert_int_equal(bytes_live(), before);
}

struct made {
    unsigned calls;
    struct bytes *gives;
};

static struct bytes *make(void *ctx, struct bytes *b)
{
    struct made *m = ctx;
    m->calls++;
    return m->gives != NULL ? bytes_ref(m->gives) : bytes_new(slice_of(b->data, 1));
}

static void test_forms_are_made_once_and_go_with_the_run(void **state)
{
    (void)state;
    size_t before = bytes_live();
    struct made m = {0};
    struct bytes *b = bytes_new(SLICE("run"));
    assert_null(bytes_form_peek(b, BYTES_FORM_ETF));
    struct bytes *form = bytes_form(b, BYTES_FORM_ETF, make, &m);
    assert_memory_equal(form->data, "r", 1);
    assert_ptr_equal(bytes_form(b, BYTES_FORM_ETF, make, &m), form);
    assert_ptr_equal(bytes_form_peek(b, BYTES_FORM_ETF), form);
    assert_null(bytes_form_peek(b, BYTES_FORM_DEFLATE));
    assert_int_equal(m.calls, 1);
    /* A form of a form, and one of a shared part of a rope. */
    assert_non_null(bytes_form(form, BYTES_FORM_DEFLATE, make, &m));
    struct rope r = {0};
    rope_add(&r, SLICE("x"), b);
    struct bytes *whole = rope_end(&r);
    assert_non_null(bytes_form(whole, BYTES_FORM_ZSTD, make, &m));
    assert_int_equal(m.calls, 3);
    bytes_unref(&b);
    assert_true(bytes_live() > before);
    bytes_unref(&whole);
    assert_int_equal(bytes_live(), before);
}

static void test_forms_without_memory(void **state)
{
    (void)state;
    size_t before = bytes_live();
    struct made m = {0};
    for (uint64_t n = 0; n < 2; n++) {
        struct bytes *b = bytes_new(SLICE("run"));
        mem_fail_after(n, 1);
        assert_null(bytes_form(b, BYTES_FORM_ETF, make, &m));
        mem_fail_never();
        assert_null(bytes_form_peek(b, BYTES_FORM_ETF));
        assert_non_null(bytes_form(b, BYTES_FORM_ETF, make, &m)); /* at the next time */
        bytes_unref(&b);
    }
    assert_int_equal(bytes_live(), before);
}

static void *ask_for_forms(void *arg)
{
    struct bytes **runs = arg;
    struct made m = {0};
    for (size_t i = 0; i < 2000; i++) {
        struct bytes *form = bytes_form(runs[i], (enum bytes_form)(i % BYTES_FORM_COUNT), make, &m);
        if (form == NULL || form->len != 1 || form->data[0] != 'r')
            return NULL;
    }
    return arg;
}

/* Two threads come at once: each has the same, whole form. */
static void test_forms_of_threads(void **state)
{
    (void)state;
    static struct bytes *runs[2000];
    size_t before = bytes_live();
    pthread_t threads[4];
    for (size_t i = 0; i < 2000; i++)
        runs[i] = bytes_new(SLICE("run"));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_forms, runs), 0);
    for (size_t i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, runs);
    }
    for (size_t i = 0; i < 2000; i++)
        bytes_unref(&runs[i]);
    assert_int_equal(bytes_live(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_short_memory),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_rope_shares_and_lets_go),
        cmocka_unit_test(test_rope_without_memory_is_nothing),
        cmocka_unit_test(test_forms_are_made_once_and_go_with_the_run),
        cmocka_unit_test(test_forms_without_memory),
        cmocka_unit_test(test_forms_of_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
