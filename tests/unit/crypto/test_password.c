#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <time.h>

#include "crypto/password.h"

static void test_hash(void **state)
{
    (void)state;
    char a[PASSWORD_HASH_LEN];
    char b[PASSWORD_HASH_LEN];
    assert_int_equal(password_hash(SLICE("correct horse"), a), ERR_OK);
    assert_int_equal(password_hash(SLICE("correct horse"), b), ERR_OK);
    assert_string_not_equal(a, b); /* salted */
    assert_int_equal(strncmp(a, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_true(password_verify(SLICE("correct horse"), a));
    assert_true(password_verify(SLICE("correct horse"), b));
    assert_false(password_verify(SLICE("correct hors"), a));
    assert_false(password_verify(SLICE("Correct horse"), a));
    assert_false(password_verify((struct slice){0}, a));
}

static void test_odd_input(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_LEN];
    assert_int_equal(password_hash((struct slice){0}, hash), ERR_OK);
    assert_true(password_verify((struct slice){0}, hash));
    assert_true(password_verify(SLICE(""), hash));
    assert_int_equal(password_hash(slice_of("a\0b", 3), hash), ERR_OK);
    assert_true(password_verify(slice_of("a\0b", 3), hash));
    assert_false(password_verify(slice_of("a\0c", 3), hash)); /* NUL ends nothing */
    assert_false(password_verify(SLICE("x"), ""));
    assert_false(password_verify(SLICE("x"), "$argon2id$v=19$m=19456,t=2,p=1$broken"));
}

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* The least of some runs: what the work costs, whatever else the machine does meanwhile. */
static uint64_t cost_ns(bool nobody, const char *hash)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        uint64_t start = cpu_ns();
        bool ok = nobody ? password_verify_nobody(SLICE("x")) : password_verify(SLICE("x"), hash);
        uint64_t took = cpu_ns() - start;
        assert_false(ok);
        least = took < least ? took : least;
    }
    return least;
}

static void test_nobody(void **state)
{
    (void)state;
    char hash[PASSWORD_HASH_LEN];
    assert_int_equal(password_hash(SLICE("somebody"), hash), ERR_OK);
    uint64_t somebody_ns = cost_ns(false, hash);
    uint64_t nobody_ns = cost_ns(true, NULL);
    assert_true(nobody_ns > somebody_ns / 2 && nobody_ns < somebody_ns * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_odd_input),
        cmocka_unit_test(test_nobody),
    };
    return crypto_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
