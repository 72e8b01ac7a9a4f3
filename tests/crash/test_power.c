/* The power goes at every operation on the disk: what was synced is there afterwards, and what was
 * not may be lost, kept or torn. Two tests are about the harness itself: a disk that lies, and a
 * database that was tampered with, must be found. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "crash/scenarios.h"
#include "prop/seed.h"

enum { SEED_STEP = 100000, LIES = 60 };

static void sweep_power(const struct crash_scenario *s, uint64_t stride, uint64_t seeds)
{
    for (uint64_t i = 0; i < seeds; i++)
        crash_sweep(s, SHIM_POWER, crash_stride(stride), first_seed() + i * SEED_STEP);
}

static void test_every_operation_of_a_workload(void **state)
{
    (void)state;
    sweep_power(&scenarios[WORK], 1, crash_rounds(2));
}

static void test_the_first_start(void **state)
{
    (void)state;
    sweep_power(&scenarios[START], 1, crash_rounds(2));
}

static void test_while_recovering_from_a_crash(void **state)
{
    (void)state;
    sweep_power(&scenarios[RECOVERY], 1, crash_rounds(1));
}

static void test_a_growing_log(void **state)
{
    (void)state;
    crash_sample(&scenarios[GROWTH], SHIM_POWER, crash_rounds(10), first_seed());
}

/* Linux forgets what a failed sync was to write, and the next sync says that all is well. A store
 * that goes on after the failure must write it anew. */
static void test_after_syncs_that_failed(void **state)
{
    (void)state;
    sweep_power(&scenarios[FAILING], 1, crash_rounds(2));
}

/* And a process that starts on what another one has left, after a sync that failed, must not build
 * on bytes that are in the machine's memory only. */
static void test_after_a_sync_that_failed_in_a_dead_process(void **state)
{
    (void)state;
    sweep_power(&scenarios[FAILED], 1, crash_rounds(2));
}

/* ---- the harness can find ---- */

static void test_a_disk_that_lies_is_found(void **state)
{
    (void)state;
    unsigned found = 0;
    struct crash_case c = {.scenario = &scenarios[LYING], .fault = SHIM_POWER};
    for (uint64_t i = 0; i < LIES && found < 3; i++) {
        c.at = 60 + i;
        c.seed = i;
        found += crash_run(&c, true) == CRASH_FOUND;
    }
    assert_int_equal(found, 3);
}

static void test_tampering_is_found(void **state)
{
    (void)state;
    static const char *const statements[] = {
        "DELETE FROM messages WHERE id = (SELECT max(id) FROM messages)",
        "DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)",
        "UPDATE messages SET content = content || 'y' WHERE id = (SELECT min(id) FROM messages)",
        "DELETE FROM recent_nonces WHERE message_id = (SELECT min(message_id) FROM recent_nonces)",
        "DELETE FROM event_log WHERE stream_kind = 1 AND stream_id = 1 AND position = 1",
        "DELETE FROM event_log WHERE stream_kind = 3 AND stream_id = 1 AND position = 1",
        "UPDATE event_log SET entity_id = entity_id + 1 WHERE stream_kind = 1 AND position = 1",
        "UPDATE streams SET head = head + 1 WHERE stream_kind = 1 AND stream_id = 1",
        "UPDATE meta SET number = number - 1 WHERE name LIKE 'anchor%'",
        "UPDATE meta SET number = 1 WHERE name = 'id_floor'",
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++)
        if (!crash_notices(statements[i]))
            fail_msg("not noticed: %s", statements[i]);
}

static void test_the_case_that_was_asked_for(void **state)
{
    (void)state;
    if (!crash_rerun(scenarios, SCENARIO_COUNT))
        skip();
}

int main(void)
{
    const struct CMUnitTest rerun[] = {cmocka_unit_test(test_the_case_that_was_asked_for)};
    if (getenv("GUILDHALL_CRASH") != NULL)
        return cmocka_run_group_tests(rerun, crash_setup, crash_teardown);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_disk_that_lies_is_found),
        cmocka_unit_test(test_tampering_is_found),
        cmocka_unit_test(test_every_operation_of_a_workload),
        cmocka_unit_test(test_the_first_start),
        cmocka_unit_test(test_while_recovering_from_a_crash),
        cmocka_unit_test(test_a_growing_log),
        cmocka_unit_test(test_after_syncs_that_failed),
        cmocka_unit_test(test_after_a_sync_that_failed_in_a_dead_process),
    };
    return cmocka_run_group_tests(tests, crash_setup, crash_teardown);
}
