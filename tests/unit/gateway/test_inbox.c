/* An inbox: what waits for its stream's turn, in order, up to its maximum. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/inbox.h"

static bool put(struct inbox *b, uint64_t position)
{
    struct event *e = event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 1}, NULL, 0);
    assert_non_null(e);
    e->position = position;
    bool taken = inbox_put(b, e);
    event_unref(&e);
    return taken;
}

static uint64_t take(struct inbox *b)
{
    struct event *e = inbox_take(b);
    assert_non_null(e);
    uint64_t position = e->position;
    event_unref(&e);
    return position;
}

/* As it fills and empties over and over, at every offset of the ring. */
static void test_order(void **state)
{
    (void)state;
    struct inbox b = {0};
    uint64_t put_last = 0;
    uint64_t taken_last = 0;
    for (unsigned round = 1; round < 40; round++) {
        for (unsigned i = 0; i < round; i++)
            assert_true(put(&b, ++put_last));
        for (unsigned i = 0; i < round - 1; i++)
            assert_int_equal(take(&b), ++taken_last);
    }
    while (b.count > 0)
        assert_int_equal(take(&b), ++taken_last);
    assert_int_equal(taken_last, put_last);
    assert_null(inbox_take(&b));
    assert_int_equal(mem_bytes(MEM_GATEWAY) + mem_bytes(MEM_EVENTS), 0);
}

static void test_overflow(void **state)
{
    (void)state;
    struct inbox b = {0};
    for (uint64_t p = 1; p <= INBOX_EVENTS_MAX; p++)
        assert_true(put(&b, p));
    assert_false(b.lost);
    assert_false(put(&b, 0)); /* nobody reads that again: it is not lost to the log */
    assert_false(b.lost);
    assert_false(put(&b, INBOX_EVENTS_MAX + 1));
    assert_true(b.lost);
    assert_int_equal(take(&b), 1);
    assert_false(put(&b, INBOX_EVENTS_MAX + 2)); /* there would be a hole before it */
    assert_true(put(&b, 0));
    assert_false(inbox_take_lost(&b));
    for (uint64_t p = 2; p <= INBOX_EVENTS_MAX; p++)
        assert_int_equal(take(&b), p);
    assert_int_equal(take(&b), 0);
    assert_true(inbox_waits(&b));
    assert_true(inbox_take_lost(&b));
    assert_false(inbox_waits(&b));
    assert_false(inbox_take_lost(&b));
    assert_true(put(&b, 1000));
    inbox_deinit(&b);
    assert_int_equal(mem_bytes(MEM_GATEWAY) + mem_bytes(MEM_EVENTS), 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    struct inbox b = {0};
    struct event *e = event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 1}, NULL, 0);
    assert_non_null(e);
    e->position = 1;
    mem_fail_after(0, 1);
    assert_false(inbox_put(&b, e));
    mem_fail_never();
    event_unref(&e);
    assert_true(inbox_take_lost(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
