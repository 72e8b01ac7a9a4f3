/* One makes it for all: never two leaders of one key at a time, and nobody waits for ever. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

#include "base/flights.h"

enum { THREADS = 8, TURNS = 2000, KEYS = 3, LONG_MS = 60000 };

static struct flights *shared;
static _Atomic int leading[KEYS];
static _Atomic int led;

static void *fly(void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < TURNS; i++) {
        unsigned key = i % KEYS;
        enum flight f = flights_board(shared, key, LONG_MS);
        if (f == FLIGHT_LANDED)
            continue;
        if (f != FLIGHT_LEAD || atomic_fetch_add(&leading[key], 1) != 0)
            return shared;
        atomic_fetch_add(&led, 1);
        atomic_fetch_sub(&leading[key], 1);
        flights_land(shared, key);
    }
    return NULL;
}

static void test_one_leader(void **state)
{
    pthread_t threads[THREADS];
    void *failed;
    (void)state;
    shared = flights_new(MEM_CORE, KEYS);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fly, NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_true(led >= 1 && led <= THREADS * TURNS);
    flights_free(&shared);
}

static void test_bounds(void **state)
{
    struct flights *f = flights_new(MEM_CORE, 2);
    (void)state;
    assert_int_equal(flights_board(f, 1, 0), FLIGHT_LEAD);
    assert_int_equal(flights_board(f, 1, 1), FLIGHT_LATE);
    assert_int_equal(flights_board(f, 0, 0), FLIGHT_LEAD);
    assert_int_equal(flights_board(f, 2, 0), FLIGHT_FULL);
    flights_land(f, 1);
    assert_int_equal(flights_board(f, 2, 0), FLIGHT_LEAD);
    flights_land(f, 0);
    flights_land(f, 2);
    flights_free(&f);
    assert_null(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_leader),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
