/* Group commit: what waits together is committed together. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/store_batch.h"

static const struct stream guild_1 = {STREAM_GUILD, 1};

enum { TURNS = 6 };

static enum err on_turn(struct tx *tx, void *ctx)
{
    struct batch_turn *t = ctx;
    struct add a = {.id = t->turn + 10, .stream = guild_1};
    enum err e = on_add(tx, &a);
    return e == ERR_OK && t->run->ctx != NULL && t->turn == 1 ? ERR_UNKNOWN_CHANNEL : e;
}

static void test_one_commit(void **state)
{
    /* With the gate's closure there are TURNS + 1. */
    static const struct {
        unsigned batch_max;
        bool one_fails;
        unsigned commits;
    } cases[] = {{64, false, 1}, {64, true, 1}, {3, false, 3}, {1, false, 7}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        void *own;
        fixture_setup(&own);
        struct fixture *f = own;
        f->options.batch_max = cases[i].batch_max;
        batch_open(f, TURNS);
        struct batch_run run = {
            .store = f->store, .fn = on_turn, .ctx = cases[i].one_fails ? f : NULL};
        int64_t before = metrics_get(f->metrics, METRIC_STORE_COMMITS);
        batch_run(&run, TURNS);
        int64_t commits = metrics_get(f->metrics, METRIC_STORE_COMMITS) - before;
        assert_int_equal(commits, cases[i].commits);
        assert_int_equal(count_items(f), cases[i].one_fails ? TURNS - 1 : TURNS);
        assert_true(metrics_get(f->metrics, METRIC_STORE_WAL_BYTES) > 0);
        assert_false(f->out_of_order);
        fixture_teardown(&own);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_commit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
