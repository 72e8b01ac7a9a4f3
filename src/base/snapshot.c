/*
 * Snapshot cells: a reader must raise the count of an object that a writer may be dropping at this
 * very moment. The reader therefore announces itself in the same atomic step that reads the
 * pointer:
 *
 *   cell word   [ readers on their way : 16 | pointer : 48 ]
 *
 *   get:  word += 1 reader        the object cannot die from here on
 *         object.refs += 1        the caller's reference
 *         word -= 1 reader        if the cell still holds this object and counts a reader,
 *         else object.refs -= 1   otherwise a replacer has moved the announcement there
 *   set:  old = exchange(word, new pointer with 0 readers)
 *         old object.refs += readers announced in old - what the cell itself held
 *
 * Between the two steps of `set`, readers may already subtract announcements that have not been
 * added yet, and drop their own references too. So the cell does not hold one reference but a
 * weight that no number of such readers can use up (CELL_WEIGHT > 2^16); only after the hand-over
 * does the count tell the truth, and whoever takes it to 0 then is the last.
 *
 * An object that is published again while an old reader is still on its way is harmless:
 * announcements for one object are interchangeable, and each reader takes back exactly one, from
 * the word while there is one, else from the object.
 *
 * The reader field cannot overflow with fewer than 65,536 threads inside `get`; on an empty cell,
 * where announcements are never taken back, it wraps off the top of the word, without harm.
 */

#include "base/snapshot.h"

#include <assert.h>
#include <stddef.h>

#define ONE_READER (UINT64_C(1) << 48)
#define POINTER_MASK (ONE_READER - 1)
#define CELL_WEIGHT (INT64_C(1) << 32)

static struct snapshot *pointer_of(uint64_t word)
{
    return (struct snapshot *)(uintptr_t)(word & POINTER_MASK);
}

static int64_t readers_of(uint64_t word)
{
    return (int64_t)(word >> 48);
}

void snapshot_init(struct snapshot *s, void (*drop)(struct snapshot *s))
{
    atomic_init(&s->refs, 1);
    s->drop = drop;
}

/* Relaxed: the caller has a reference (or an announcement), so the count is not 0 and nothing is
 * decided by its value. */
void snapshot_ref(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
}

/* Release: what this holder did with the object comes before the drop. Acquire: the one who drops
 * sees what all the others did. */
static void subtract(struct snapshot *s, int64_t n)
{
    int64_t before = atomic_fetch_sub_explicit(&s->refs, n, memory_order_acq_rel);
    if (before == n)
        s->drop(s);
}

void snapshot_unref(struct snapshot *s)
{
    if (s != NULL)
        subtract(s, 1);
}

/* Turns the caller's one reference into the cell's weight. Relaxed: the release that publishes the
 * word orders it. */
static uint64_t word_holding(struct snapshot *s)
{
    uint64_t word = (uint64_t)(uintptr_t)s;
    assert((word & ~POINTER_MASK) == 0);
    if (s != NULL)
        atomic_fetch_add_explicit(&s->refs, CELL_WEIGHT - 1, memory_order_relaxed);
    return word;
}

void snapshot_cell_init(struct snapshot_cell *c, struct snapshot *s)
{
    atomic_init(&c->word, word_holding(s));
}

/* Takes back one announcement for s, from the word or, if it has moved, from the object. */
static void withdraw(struct snapshot_cell *c, struct snapshot *s)
{
    uint64_t word = atomic_load_explicit(&c->word, memory_order_relaxed);
    while (pointer_of(word) == s && readers_of(word) > 0) {
        /* Release: the reference taken above must be counted before a replacer, which reads this
         * word with acquire, subtracts the cell's weight. On failure nothing is decided: relaxed.
         */
        if (atomic_compare_exchange_weak_explicit(&c->word, &word, word - ONE_READER,
                                                  memory_order_release, memory_order_relaxed))
            return;
    }
    subtract(s, 1);
}

struct snapshot *snapshot_cell_get(struct snapshot_cell *c)
{
    /* Acquire: pairs with the release in set, so that the object's contents are visible. The word
     * is changed by read-modify-writes only, so every release stays in one release sequence. */
    uint64_t word = atomic_fetch_add_explicit(&c->word, ONE_READER, memory_order_acquire);
    struct snapshot *s = pointer_of(word);
    if (s == NULL)
        return NULL;
    snapshot_ref(s);
    withdraw(c, s);
    return s;
}

void snapshot_cell_set(struct snapshot_cell *c, struct snapshot *s)
{
    /* Release: the new object's contents come before its pointer. Acquire: the references counted
     * by readers who have withdrawn come before the subtraction below. */
    uint64_t old = atomic_exchange_explicit(&c->word, word_holding(s), memory_order_acq_rel);
    if (pointer_of(old) != NULL)
        subtract(pointer_of(old), CELL_WEIGHT - readers_of(old));
}

void snapshot_cell_deinit(struct snapshot_cell *c)
{
    snapshot_cell_set(c, NULL);
}
