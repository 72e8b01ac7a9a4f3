#pragma once

/*
 * A snapshot cell publishes an immutable, reference-counted object: one writer at a time replaces
 * it, any number of readers take a reference without a lock. Load-then-ref by hand is a race (the
 * object can die between the two); this is the one place that gets it right, by a split reference
 * count: the cell's word holds the pointer in its low 48 bits and the count of readers on their way
 * in the upper 16; a replacer hands those over to the object's own count.
 *
 * The object starts with a struct snapshot. It is freed by its `drop` when the last reference goes,
 * on whichever thread that happens.
 */

#include <stdatomic.h>
#include <stdint.h>

struct snapshot {
    _Atomic int64_t refs;
    void (*drop)(struct snapshot *s); /* frees the object that starts with s */
};

struct snapshot_cell {
    _Atomic uint64_t word;
};

/* A new object with one reference, held by the caller. */
void snapshot_init(struct snapshot *s, void (*drop)(struct snapshot *s));
void snapshot_ref(struct snapshot *s);
/* NULL is allowed. */
void snapshot_unref(struct snapshot *s);

/* Takes over the caller's reference to `s`, which may be NULL. */
void snapshot_cell_init(struct snapshot_cell *c, struct snapshot *s);
/* A new reference to what is published now, to be given back by snapshot_unref; NULL if empty. */
struct snapshot *snapshot_cell_get(struct snapshot_cell *c);
/* Publishes `s` (taking over the caller's reference; NULL empties the cell) and drops the old. Any
 * thread, also concurrently. */
void snapshot_cell_set(struct snapshot_cell *c, struct snapshot *s);
void snapshot_cell_deinit(struct snapshot_cell *c);
