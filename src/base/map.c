/*
 * Open addressing with linear probing. Removal shifts the rest of the run back instead of leaving
 * tombstones, so a map that lives for weeks does not slow down. Keys come from clients, so the hash
 * is seeded: without the seed nobody can choose keys that fall into one run.
 */

#include "base/map.h"

#include <assert.h>

enum { MAP_FIRST_SLOTS = 8 };

void map_init(struct map *m, enum mem_area area, size_t max, uint64_t seed)
{
    assert(max > 0 && max <= SIZE_MAX / 4 / sizeof(struct map_slot));
    *m = (struct map){.max = max, .seed = seed, .area = area};
}

void map_deinit(struct map *m)
{
    mem_free(m->area, m->slots);
    map_init(m, m->area, m->max, m->seed);
}

/* Two rounds of multiply and fold, the seed entering in both: the second keeps two keys that
 * collide under one seed from colliding under all. */
uint64_t map_hash(uint64_t seed, uint64_t key)
{
    uint64_t x = key ^ seed;
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x += (seed << 32) | (seed >> 32);
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

static size_t home(const struct map *m, uint64_t key)
{
    return (size_t)map_hash(m->seed, key) & m->mask;
}

/* The slot that holds key, or the free one where it would go. There is always a free one. */
static size_t find(const struct map *m, uint64_t key)
{
    size_t at = home(m, key);
    while (m->slots[at].key != 0 && m->slots[at].key != key)
        at = (at + 1) & m->mask;
    return at;
}

void *map_get(const struct map *m, uint64_t key)
{
    assert(key != 0);
    return m->slots == NULL ? NULL : m->slots[find(m, key)].value;
}

static bool grow(struct map *m)
{
    size_t old_count = m->slots == NULL ? 0 : m->mask + 1;
    size_t new_count = old_count == 0 ? MAP_FIRST_SLOTS : old_count * 2;
    struct map_slot *old = m->slots;
    struct map_slot *slots = mem_array(m->area, new_count, sizeof *slots);
    if (slots == NULL)
        return false;
    m->slots = slots;
    m->mask = new_count - 1;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].key != 0)
            m->slots[find(m, old[i].key)] = old[i];
    mem_free(m->area, old);
    return true;
}

/* At most three quarters full. */
static bool has_room(const struct map *m)
{
    return m->slots != NULL && m->count < (m->mask + 1) / 4 * 3;
}

bool map_put(struct map *m, uint64_t key, void *value)
{
    assert(key != 0 && value != NULL);
    if (m->slots != NULL) {
        struct map_slot *slot = &m->slots[find(m, key)];
        if (slot->key == key) {
            slot->value = value;
            return true;
        }
    }
    if (m->count >= m->max || (!has_room(m) && !grow(m)))
        return false;
    m->slots[find(m, key)] = (struct map_slot){key, value};
    m->count++;
    return true;
}

/* Closes the hole at `hole`: each later entry of the run moves back unless its home is past it. */
static void shift_back(struct map *m, size_t hole)
{
    for (size_t at = (hole + 1) & m->mask; m->slots[at].key != 0; at = (at + 1) & m->mask) {
        size_t from_home = (at - home(m, m->slots[at].key)) & m->mask;
        if (from_home >= ((at - hole) & m->mask)) {
            m->slots[hole] = m->slots[at];
            hole = at;
        }
    }
    m->slots[hole] = (struct map_slot){0, NULL};
}

void *map_remove(struct map *m, uint64_t key)
{
    assert(key != 0);
    if (m->slots == NULL)
        return NULL;
    size_t at = find(m, key);
    void *value = m->slots[at].value;
    if (value == NULL)
        return NULL;
    shift_back(m, at);
    m->count--;
    return value;
}

bool map_next(const struct map *m, size_t *cursor, uint64_t *key, void **value)
{
    size_t count = m->slots == NULL ? 0 : m->mask + 1;
    for (size_t at = *cursor; at < count; at++) {
        if (m->slots[at].key == 0)
            continue;
        *key = m->slots[at].key;
        *value = m->slots[at].value;
        *cursor = at + 1;
        return true;
    }
    return false;
}
