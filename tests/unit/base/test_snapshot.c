/*
 * Snapshot cells. The stress tests are meant for ThreadSanitizer and AddressSanitizer too: an
 * object that is dropped early is poisoned and freed, so a reader that comes late is seen by all
 * three.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/snapshot.h"

enum { ALIVE = 0x600d, DEAD = 0xdead, READERS = 4, WRITERS = 2, ROUNDS = 20000, WORDS = 8 };

struct object {
    struct snapshot snapshot;
    unsigned magic;
    uint64_t words[WORDS]; /* all equal */
};

static _Atomic int live_objects;
static _Atomic bool broken;

static void drop_object(struct snapshot *s)
{
    struct object *o = (struct object *)(void *)s;
    if (o->magic != ALIVE)
        atomic_store(&broken, true);
    o->magic = DEAD;
    memset(o->words, 0xee, sizeof o->words);
    atomic_fetch_sub(&live_objects, 1);
    mem_free(MEM_VIEWS, o);
}

static struct object *make(uint64_t value)
{
    struct object *o = mem_must(MEM_VIEWS, sizeof *o);
    snapshot_init(&o->snapshot, drop_object);
    o->magic = ALIVE;
    for (int i = 0; i < WORDS; i++)
        o->words[i] = value;
    atomic_fetch_add(&live_objects, 1);
    return o;
}

static bool whole(const struct object *o)
{
    for (int i = 1; i < WORDS; i++)
        if (o->words[i] != o->words[0])
            return false;
    return o->magic == ALIVE;
}

static int check_all_gone(void **state)
{
    (void)state;
    return atomic_load(&live_objects) == 0 && !atomic_load(&broken) ? 0 : -1;
}

static void test_counts(void **state)
{
    (void)state;
    struct object *o = make(1);
    snapshot_ref(&o->snapshot);
    snapshot_unref(&o->snapshot);
    assert_int_equal(atomic_load(&live_objects), 1);
    snapshot_unref(&o->snapshot);
    assert_int_equal(atomic_load(&live_objects), 0);
    snapshot_unref(NULL);
}

static void test_empty_cell(void **state)
{
    (void)state;
    struct snapshot_cell c;
    snapshot_cell_init(&c, NULL);
    for (int i = 0; i < 100000; i++) /* more often than the reader field can count */
        assert_null(snapshot_cell_get(&c));
    struct object *o = make(1);
    snapshot_cell_set(&c, &o->snapshot);
    struct snapshot *got = snapshot_cell_get(&c);
    assert_ptr_equal(got, &o->snapshot);
    snapshot_cell_set(&c, NULL);
    assert_int_equal(atomic_load(&live_objects), 1); /* the reader's reference */
    assert_null(snapshot_cell_get(&c));
    snapshot_unref(got);
    assert_int_equal(atomic_load(&live_objects), 0);
    snapshot_cell_deinit(&c);
}

static void test_replace_drops_the_old(void **state)
{
    (void)state;
    struct snapshot_cell c;
    struct object *first = make(1), *second = make(2);
    snapshot_cell_init(&c, &first->snapshot);
    snapshot_cell_set(&c, &second->snapshot);
    assert_int_equal(atomic_load(&live_objects), 1);
    struct object *got = (struct object *)(void *)snapshot_cell_get(&c);
    assert_int_equal(got->words[0], 2);
    snapshot_unref(&got->snapshot);
    snapshot_cell_deinit(&c);
    assert_int_equal(atomic_load(&live_objects), 0);
}

/* One object in two cells, and published twice over itself. */
static void test_shared_by_cells(void **state)
{
    (void)state;
    struct snapshot_cell a, b;
    struct object *o = make(1);
    snapshot_ref(&o->snapshot);
    snapshot_ref(&o->snapshot);
    snapshot_cell_init(&a, &o->snapshot);
    snapshot_cell_init(&b, &o->snapshot);
    snapshot_cell_set(&a, &o->snapshot);
    snapshot_cell_deinit(&a);
    assert_int_equal(atomic_load(&live_objects), 1);
    struct snapshot *got = snapshot_cell_get(&b);
    snapshot_cell_deinit(&b);
    assert_int_equal(atomic_load(&live_objects), 1);
    snapshot_unref(got);
    assert_int_equal(atomic_load(&live_objects), 0);
}

struct stress {
    struct snapshot_cell cell;
    pthread_barrier_t start;
    _Atomic bool stop;
    struct object *fixed[2]; /* of the republishing test */
};

static void *read_cell(void *arg)
{
    struct stress *s = arg;
    struct object *kept = NULL;
    pthread_barrier_wait(&s->start);
    for (unsigned i = 0; !atomic_load(&s->stop); i++) {
        struct object *o = (struct object *)(void *)snapshot_cell_get(&s->cell);
        if ((o != NULL && !whole(o)) || (kept != NULL && !whole(kept)))
            atomic_store(&broken, true);
        /* Some references live across several replacements. */
        struct object *gone = i % 7 == 0 ? kept : o;
        if (i % 7 == 0)
            kept = o;
        if (gone != NULL)
            snapshot_unref(&gone->snapshot);
    }
    if (kept != NULL)
        snapshot_unref(&kept->snapshot);
    return NULL;
}

static void *write_fresh(void *arg)
{
    struct stress *s = arg;
    pthread_barrier_wait(&s->start);
    for (uint64_t i = 0; i < ROUNDS; i++)
        snapshot_cell_set(&s->cell, i % 16 == 0 ? NULL : &make(i)->snapshot);
    return NULL;
}

/* The same two objects again and again: a late reader finds its pointer back in the cell. */
static void *write_fixed(void *arg)
{
    struct stress *s = arg;
    pthread_barrier_wait(&s->start);
    for (size_t i = 0; i < ROUNDS; i++) {
        struct snapshot *next = &s->fixed[i % 2]->snapshot;
        snapshot_ref(next);
        snapshot_cell_set(&s->cell, next);
    }
    return NULL;
}

static void run(struct stress *s, void *(*write)(void *))
{
    pthread_t readers[READERS], writers[WRITERS];
    atomic_init(&s->stop, false);
    assert_int_equal(pthread_barrier_init(&s->start, NULL, READERS + WRITERS), 0);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_cell, s), 0);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write, s), 0);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_join(writers[i], NULL), 0);
    atomic_store(&s->stop, true);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(readers[i], NULL), 0);
    pthread_barrier_destroy(&s->start);
}

static void test_stress_fresh(void **state)
{
    (void)state;
    struct stress s;
    snapshot_cell_init(&s.cell, &make(0)->snapshot);
    run(&s, write_fresh);
    assert_false(atomic_load(&broken));
    assert_in_range(atomic_load(&live_objects), 0, 1);
    snapshot_cell_deinit(&s.cell);
    assert_int_equal(atomic_load(&live_objects), 0);
}

static void test_stress_republished(void **state)
{
    (void)state;
    struct stress s;
    s.fixed[0] = make(0);
    s.fixed[1] = make(1);
    snapshot_cell_init(&s.cell, NULL);
    run(&s, write_fixed);
    snapshot_cell_deinit(&s.cell);
    assert_false(atomic_load(&broken));
    for (int i = 0; i < 2; i++) {
        /* Exactly the test's own reference is left: no announcement was lost or taken back twice.
         */
        assert_int_equal(atomic_load(&s.fixed[i]->snapshot.refs), 1);
        snapshot_unref(&s.fixed[i]->snapshot);
    }
    assert_int_equal(atomic_load(&live_objects), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_counts, check_all_gone),
        cmocka_unit_test_teardown(test_empty_cell, check_all_gone),
        cmocka_unit_test_teardown(test_replace_drops_the_old, check_all_gone),
        cmocka_unit_test_teardown(test_shared_by_cells, check_all_gone),
        cmocka_unit_test_teardown(test_stress_fresh, check_all_gone),
        cmocka_unit_test_teardown(test_stress_republished, check_all_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
