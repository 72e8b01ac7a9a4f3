/* Counts in parts, so that loops seldom wait for each other. */

#include "base/counts.h"

#include <assert.h>
#include <pthread.h>

#include "base/map.h"

enum { PARTS = 16 };

struct counts {
    enum mem_area area;
    uint64_t seed;
    struct part {
        pthread_mutex_t lock;
        struct map map; /* key -> the count itself, as a pointer */
    } parts[PARTS];
};

struct counts *counts_new(enum mem_area area, size_t max, uint64_t seed)
{
    struct counts *c = mem_zalloc(area, sizeof *c);
    if (c == NULL)
        return NULL;
    c->area = area;
    c->seed = seed;
    for (size_t i = 0; i < PARTS; i++) {
        pthread_mutex_init(&c->parts[i].lock, NULL);
        map_init(&c->parts[i].map, area, max, seed + 1 + i);
    }
    return c;
}

void counts_free(struct counts **c)
{
    struct counts *gone = *c;
    *c = NULL;
    if (gone == NULL)
        return;
    for (size_t i = 0; i < PARTS; i++) {
        map_deinit(&gone->parts[i].map);
        pthread_mutex_destroy(&gone->parts[i].lock);
    }
    mem_free(gone->area, gone);
}

static struct part *lock(struct counts *c, uint64_t key)
{
    struct part *p = &c->parts[map_hash(c->seed, key) % PARTS];
    pthread_mutex_lock(&p->lock);
    return p;
}

static size_t count_of(const struct part *p, uint64_t key)
{
    return (size_t)(uintptr_t)map_get(&p->map, key);
}

static bool set(struct part *p, uint64_t key, size_t count)
{
    return map_put(&p->map, key, (void *)(uintptr_t)count);
}

bool counts_add(struct counts *c, uint64_t key)
{
    struct part *p = lock(c, key);
    bool ok = set(p, key, count_of(p, key) + 1);
    pthread_mutex_unlock(&p->lock);
    return ok;
}

size_t counts_drop(struct counts *c, uint64_t key)
{
    struct part *p = lock(c, key);
    size_t left = count_of(p, key);
    assert(left > 0);
    left--;
    if (left == 0) {
        map_remove(&p->map, key);
    } else {
        bool replaced = set(p, key, left);
        assert(replaced); /* it is there already */
    }
    pthread_mutex_unlock(&p->lock);
    return left;
}

size_t counts_get(struct counts *c, uint64_t key)
{
    struct part *p = lock(c, key);
    size_t count = count_of(p, key);
    pthread_mutex_unlock(&p->lock);
    return count;
}
