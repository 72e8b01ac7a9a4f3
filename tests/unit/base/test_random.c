/* Generators: known values, bounds, and that the kernel's one answers at all. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/random.h"

/* The authors' xoshiro256** from the state {1, 2, 3, 4}. */
static void test_known_sequence(void **state)
{
    (void)state;
    static const uint64_t expected[] = {UINT64_C(11520), UINT64_C(0), UINT64_C(1509978240),
                                        UINT64_C(1215971899390074240)};
    struct random_seeded s = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(random_seeded_next(&s) == expected[i]);
}

static void test_seeds(void **state)
{
    (void)state;
    struct random_seeded a, b, c;
    random_seeded_init(&a, 1);
    random_seeded_init(&b, 1);
    random_seeded_init(&c, 2);
    for (int i = 0; i < 100; i++) {
        uint64_t v = random_seeded_next(&a);
        assert_true(v == random_seeded_next(&b));
        assert_true(v != random_seeded_next(&c));
    }
    random_seeded_init(&a, 0); /* splitmix keeps the state from being all zero */
    assert_true((a.s[0] | a.s[1] | a.s[2] | a.s[3]) != 0);
}

/* Returns given values in turn. */
struct scripted {
    const uint64_t *values;
    size_t at;
};

static void scripted_fill(void *ctx, void *out, size_t len)
{
    struct scripted *s = ctx;
    assert_int_equal(len, 8);
    memcpy(out, &s->values[s->at++], 8);
}

/* 2^64 mod 3 is 1, so exactly the value 0 must be refused. */
static void test_below_refuses_the_biased(void **state)
{
    (void)state;
    static const uint64_t values[] = {0, 0, 4};
    struct scripted s = {values, 0};
    struct random r = {scripted_fill, &s};
    assert_int_equal(random_below(&r, 3), 1);
    assert_int_equal(s.at, 3);
}

static void test_below_covers(void **state)
{
    (void)state;
    struct random_seeded s;
    unsigned hits[7] = {0};
    random_seeded_init(&s, 3);
    struct random r = random_seeded_as(&s);
    for (int i = 0; i < 70000; i++)
        hits[random_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(hits[i], 9500, 10500);
    assert_int_equal(random_below(&r, 1), 0);
}

static void check_fills_exactly(const struct random *r)
{
    for (size_t len = 0; len <= 20; len++) {
        unsigned char out[24], seen[24] = {0};
        for (int round = 0; round < 64; round++) {
            memset(out, 0, sizeof out);
            random_fill(r, out, len);
            for (size_t i = 0; i < sizeof out; i++)
                seen[i] |= out[i];
        }
        for (size_t i = 0; i < sizeof out; i++)
            assert_int_equal(seen[i] != 0, i < len);
    }
}

static void test_fill(void **state)
{
    (void)state;
    struct random_seeded s;
    random_seeded_init(&s, 4);
    struct random r = random_seeded_as(&s);
    check_fills_exactly(&r);
    check_fills_exactly(random_system());
    assert_true(random_u64(random_system()) != random_u64(random_system()));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sequence),
        cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_below_refuses_the_biased),
        cmocka_unit_test(test_below_covers),
        cmocka_unit_test(test_fill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
