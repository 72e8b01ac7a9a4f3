/*
 * The sequence of a session: what it keeps, what it forgets, and what a Resume may go back to. The
 * last test walks at random beside a model that is a plain array.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "gateway/replay.h"

static struct bytes *payload(uint64_t n)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRIu64, n);
    struct bytes *b = bytes_new(slice_of(text, (size_t)len));
    assert_non_null(b);
    return b;
}

/* The payload of a number says the number. */
static void push(struct replay *r)
{
    struct bytes *b = payload(r->seq + 1);
    assert_true(replay_push(r, b));
    bytes_unref(&b);
}

static void push_sent(struct replay *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        push(r);
        replay_advance(r);
    }
}

static void expect_kept(const struct replay *r, uint64_t first, uint64_t last)
{
    assert_int_equal(r->count, last < first ? 0 : last - first + 1);
    assert_null(replay_get(r, first - 1));
    assert_null(replay_get(r, last + 1));
    struct replay_walk walk = {0};
    for (uint64_t n = first; n <= last; n++) {
        char text[24];
        const struct bytes *b = replay_get(r, n);
        assert_ptr_equal(replay_next(r, &walk), b);
        assert_non_null(b);
        int len = snprintf(text, sizeof text, "%" PRIu64, n);
        assert_int_equal(b->len, len);
        assert_memory_equal(b->data, text, (size_t)len);
    }
    assert_null(replay_next(r, &walk));
}

static void done(struct replay *r)
{
    replay_deinit(r);
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
    assert_int_equal(bytes_live(), 0);
}

/* The short ways of who sends much name the same payloads, also from piece to piece. */
static void test_short_ways(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    assert_null(replay_end(&r));
    assert_null(replay_unsent(&r));
    for (uint64_t n = 1; n <= 100; n++) {
        push(&r);
        push(&r);
        for (int i = 0; i < 2; i++) {
            struct bytes *next = *replay_unsent(&r);
            assert_ptr_equal(next, replay_get(&r, r.sent + 1));
            replay_sent_one(&r, next);
        }
        assert_int_equal(r.sent, r.seq);
        assert_int_equal(r.unsent_bytes, 0);
        assert_ptr_equal(replay_end(&r), replay_unsent(&r));
        replay_confirm(&r, r.seq - n % 5);
    }
    done(&r);
}

static void test_push_and_send(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    assert_null(replay_get(&r, 0));
    assert_null(replay_get(&r, 1));
    for (int i = 0; i < 11; i++)
        push(&r);
    expect_kept(&r, 1, 11);
    assert_int_equal(r.bytes, 9 + 2 * 2);
    assert_int_equal(r.unsent_bytes, 9 + 2 * 2);
    replay_advance(&r);
    assert_int_equal(r.sent, 1);
    assert_int_equal(r.unsent_bytes, 8 + 2 * 2);
    done(&r);
}

static void test_confirm(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    push_sent(&r, 6);
    push(&r);
    replay_confirm(&r, 4);
    expect_kept(&r, 5, 7);
    replay_confirm(&r, 2); /* older than what is gone already */
    expect_kept(&r, 5, 7);
    replay_confirm(&r, 99); /* a client may lie: what was not sent stays */
    expect_kept(&r, 7, 7);
    assert_int_equal(r.unsent_bytes, 1);
    done(&r);
}

/* A quiet session holds nothing, and goes on counting where it was. */
static void test_memory_goes_back(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    push_sent(&r, 100);
    assert_true(mem_bytes(MEM_GATEWAY) > 0);
    replay_confirm(&r, 100);
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
    assert_int_equal(r.bytes, 0);
    push(&r);
    expect_kept(&r, 101, 101);
    done(&r);
}

static void test_limit(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    push_sent(&r, 5);
    for (int i = 0; i < 4; i++)
        push(&r);
    replay_limit(&r, 6);
    expect_kept(&r, 4, 9);
    replay_limit(&r, 1); /* unsent ones are owed */
    expect_kept(&r, 6, 9);
    done(&r);
}

static void test_rewind(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    push_sent(&r, 8);
    push(&r);
    replay_confirm(&r, 3);
    struct {
        uint64_t seq;
        bool ok;
        size_t unsent; /* bytes, all numbers have one digit */
    } const cases[] = {{2, false, 1}, {3, true, 6},   {5, true, 4},
                       {9, true, 0},  {10, false, 0}, {8, true, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t before = r.sent;
        assert_int_equal(replay_rewind(&r, cases[i].seq), cases[i].ok);
        assert_int_equal(r.sent, cases[i].ok ? cases[i].seq : before);
        assert_int_equal(r.unsent_bytes, cases[i].unsent);
        expect_kept(&r, 4, 9);
    }
    done(&r);
}

static void test_rewind_empty(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    assert_true(replay_rewind(&r, 0));
    assert_false(replay_rewind(&r, 1));
    push_sent(&r, 2);
    replay_confirm(&r, 2);
    assert_true(replay_rewind(&r, 2));
    assert_false(replay_rewind(&r, 1));
    done(&r);
}

/* What a push costs does not grow with what is kept: sessions of one guild grow at one event. */
static void test_growth_is_even(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    size_t most = 0;
    for (int i = 0; i < 5000; i++) {
        size_t before = mem_bytes(MEM_GATEWAY);
        push(&r);
        size_t grown = mem_bytes(MEM_GATEWAY) - before;
        most = grown > most ? grown : most;
    }
    assert_in_range(most, 1, (REPLAY_PIECE_MAX + 8) * sizeof(void *));
    /* And it is given back piece by piece. */
    assert_true(replay_rewind(&r, 4000));
    size_t full = mem_bytes(MEM_GATEWAY);
    replay_confirm(&r, 4000);
    assert_true(mem_bytes(MEM_GATEWAY) < full / 4);
    done(&r);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct replay r = {.seq = 0};
    push_sent(&r, 4);
    struct bytes *b = payload(5);
    mem_fail_after(0, 1);
    assert_false(replay_push(&r, b));
    mem_fail_never();
    expect_kept(&r, 1, 4);
    assert_int_equal(r.seq, 4);
    assert_true(replay_push(&r, b));
    bytes_unref(&b);
    expect_kept(&r, 1, 5);
    done(&r);
}

/* The model: lowest number kept, numbers sent and given. */
static void test_random_walk(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct random_seeded random;
        random_seeded_init(&random, seed);
        struct replay r = {.seq = 0};
        uint64_t first = 1, sent = 0, seq = 0;
        int steps = seed % 10 == 0 ? 1200 : 200; /* some of them into the largest pieces */
        for (int i = 0; i < steps; i++) {
            uint64_t dice = random_seeded_next(&random);
            uint64_t any = random_seeded_next(&random) % (seq + 3);
            switch (dice % 8) {
            case 0:
            case 1:
            case 2:
                push(&r);
                seq++;
                break;
            case 3:
            case 4:
                if (sent < seq) {
                    replay_advance(&r);
                    sent++;
                }
                break;
            case 5:
                replay_confirm(&r, any);
                any = any < sent ? any : sent;
                first = first > any + 1 ? first : any + 1;
                break;
            case 6:
                replay_limit(&r, (uint32_t)(any % 16));
                while (seq - first + 1 > any % 16 && first <= sent)
                    first++;
                break;
            default: {
                bool ok = any <= seq && any + 1 >= first;
                assert_int_equal(replay_rewind(&r, any), ok);
                sent = ok ? any : sent;
                break;
            }
            }
            assert_int_equal(r.sent, sent);
            expect_kept(&r, first, seq);
        }
        done(&r);
    }
}

/* Kept for at least the age and no longer than twice, whatever the client confirms. */
static void test_age(void **state)
{
    enum { AGE = 1000, STEP = 100 };
    struct replay r = {0};
    (void)state;
    uint64_t pushed_ms[400] = {0};
    for (uint64_t i = 1; i < 400; i++) {
        uint64_t now_ms = i * STEP;
        struct bytes *b = bytes_new(SLICE("x"));
        replay_age(&r, now_ms, AGE);
        assert_true(replay_push(&r, b));
        bytes_unref(&b);
        pushed_ms[i] = now_ms;
        replay_advance(&r);
        uint64_t oldest = r.seq - r.count + 1;
        assert_true(now_ms - pushed_ms[oldest] < 2 * AGE + STEP);
        for (uint64_t k = 1; k < oldest; k++)
            assert_true(now_ms - pushed_ms[k] >= AGE);
    }
    assert_true(r.count >= AGE / STEP);
    replay_age(&r, 400 * STEP + AGE, AGE);
    replay_age(&r, 400 * STEP + 2 * AGE, AGE);
    assert_int_equal(r.count, 0);
    assert_null(r.first);
    replay_deinit(&r);
}

/* What was not sent stays, however old. */
static void test_age_unsent(void **state)
{
    struct replay r = {0};
    (void)state;
    for (int i = 0; i < 10; i++) {
        struct bytes *b = bytes_new(SLICE("x"));
        assert_true(replay_push(&r, b));
        bytes_unref(&b);
    }
    replay_advance(&r);
    replay_age(&r, 1000, 10);
    replay_age(&r, 2000, 10);
    assert_int_equal(r.count, 9);
    assert_int_equal(r.unsent_bytes, 9);
    replay_deinit(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_ways),   cmocka_unit_test(test_push_and_send),
        cmocka_unit_test(test_confirm),      cmocka_unit_test(test_memory_goes_back),
        cmocka_unit_test(test_limit),        cmocka_unit_test(test_rewind),
        cmocka_unit_test(test_rewind_empty), cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_random_walk),  cmocka_unit_test(test_age),
        cmocka_unit_test(test_age_unsent),   cmocka_unit_test(test_growth_is_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
