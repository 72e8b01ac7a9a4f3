/* kill -9 before, in and after every single operation on the disk: whatever was acknowledged is
 * there afterwards, and nothing is there by halves. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crash/scenarios.h"
#include "prop/seed.h"

static void test_the_case_that_was_asked_for(void **state)
{
    (void)state;
    if (!crash_rerun(scenarios, SCENARIO_COUNT))
        skip();
}

enum { SEED_STEP = 100000 };

static const enum shim_fault kills[] = {SHIM_KILL_BEFORE, SHIM_KILL_TORN, SHIM_KILL_AFTER};

static void sweep_kills(const struct crash_scenario *s, uint64_t stride)
{
    for (uint64_t round = 0; round < crash_rounds(1); round++)
        for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++)
            crash_sweep(s, kills[i], crash_stride(stride), first_seed() + round * SEED_STEP);
}

static void test_every_operation_of_a_workload(void **state)
{
    (void)state;
    sweep_kills(&scenarios[WORK], 1);
}

static void test_the_first_start(void **state)
{
    (void)state;
    sweep_kills(&scenarios[START], 2);
}

static void test_while_recovering_from_a_crash(void **state)
{
    (void)state;
    sweep_kills(&scenarios[RECOVERY], 1);
}

static void test_a_growing_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kills / sizeof kills[0]; i++)
        crash_sample(&scenarios[GROWTH], kills[i], crash_rounds(5), first_seed());
}

int main(void)
{
    const struct CMUnitTest rerun[] = {cmocka_unit_test(test_the_case_that_was_asked_for)};
    if (getenv("GUILDHALL_CRASH") != NULL)
        return cmocka_run_group_tests(rerun, crash_setup, crash_teardown);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation_of_a_workload),
        cmocka_unit_test(test_the_first_start),
        cmocka_unit_test(test_while_recovering_from_a_crash),
        cmocka_unit_test(test_a_growing_log),
    };
    return cmocka_run_group_tests(tests, crash_setup, crash_teardown);
}
