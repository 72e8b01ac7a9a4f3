#pragma once

/*
 * A hash map from a non-zero 64-bit key to a non-NULL pointer: open addressing, seeded hash (keys
 * come from clients), backward-shift deletion, never more than `max` entries. Owned by one thread
 * at a time. Values are borrowed: the map frees none.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"

struct map_slot {
    uint64_t key; /* 0: free */
    void *value;
};

struct map {
    struct map_slot *slots; /* NULL until the first insertion */
    size_t mask;            /* slots - 1 */
    size_t count;
    size_t max;
    uint64_t seed;
    enum mem_area area;
};

void map_init(struct map *m, enum mem_area area, size_t max, uint64_t seed);
void map_deinit(struct map *m);
/* NULL if absent. */
void *map_get(const struct map *m, uint64_t key);
/* Inserts or replaces; false when full or out of memory (nothing changed). */
MUST_CHECK bool map_put(struct map *m, uint64_t key, void *value);
/* The value removed, or NULL. */
void *map_remove(struct map *m, uint64_t key);
/*
 * Iteration: start with *cursor = 0, call until false. The map must not change meanwhile.
 */
bool map_next(const struct map *m, size_t *cursor, uint64_t *key, void **value);
/* The mixer, for other hashed structures. */
uint64_t map_hash(uint64_t seed, uint64_t key);
