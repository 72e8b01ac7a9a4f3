#pragma once

/*
 * A concurrent map from a non-zero 64-bit key to a snapshot cell (guild views): sharded, each shard
 * under its own mutex, which is held for a look-up and never across anything else. Cells are never
 * moved or freed before the map is, so a pointer to one may be kept. Bounded: a full map gives
 * NULL.
 */

#include <stdatomic.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"
#include "base/snapshot.h"

struct cell {
    uint64_t key;
    struct snapshot_cell snapshot;
    /* For the owner: stream position reached, raised after `snapshot` is replaced (release). */
    _Atomic uint64_t head;
    /* For the owner: 0 until the first load has been decided. */
    _Atomic uint32_t state;
    _Atomic int64_t count;
};

struct cellmap;

MUST_CHECK struct cellmap *cellmap_new(enum mem_area area, size_t max, uint64_t seed);
/* Drops every snapshot. */
void cellmap_free(struct cellmap **m);
/* NULL if absent. */
struct cell *cellmap_get(struct cellmap *m, uint64_t key);
/* The cell, made empty if it was absent; NULL when full or out of memory. */
struct cell *cellmap_get_or_add(struct cellmap *m, uint64_t key);
