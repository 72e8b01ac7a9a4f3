/*
 * Sixteen small maps of pointers, each under its mutex. Cells are allocated one by one and never
 * move, so the mutex covers the look-up only and the work on a cell is lock-free.
 */

#include "base/cellmap.h"

#include <assert.h>
#include <pthread.h>

#include "base/map.h"

enum { SHARD_BITS = 4, SHARD_COUNT = 1 << SHARD_BITS, CACHE_LINE = 64 };

struct shard {
    pthread_mutex_t mutex; /* innermost: nothing else is locked while it is held */
    struct map cells;
    char apart[CACHE_LINE]; /* keeps the next shard's mutex off this one's cache line */
};

struct cellmap {
    _Atomic size_t count; /* relaxed: only its own value matters */
    size_t max;
    uint64_t seed;
    enum mem_area area;
    struct shard shards[SHARD_COUNT];
};

static void lock(struct shard *s)
{
    int rc = pthread_mutex_lock(&s->mutex);
    assert(rc == 0);
}

static void unlock(struct shard *s)
{
    int rc = pthread_mutex_unlock(&s->mutex);
    assert(rc == 0);
}

struct cellmap *cellmap_new(enum mem_area area, size_t max, uint64_t seed)
{
    struct cellmap *m = mem_zalloc(area, sizeof *m);
    if (m == NULL)
        return NULL;
    m->max = max;
    m->seed = seed;
    m->area = area;
    for (int i = 0; i < SHARD_COUNT; i++) {
        int rc = pthread_mutex_init(&m->shards[i].mutex, NULL);
        assert(rc == 0);
        map_init(&m->shards[i].cells, area, max, seed);
    }
    return m;
}

static void drop_shard(struct cellmap *m, struct shard *s)
{
    size_t cursor = 0;
    uint64_t key;
    void *value;
    while (map_next(&s->cells, &cursor, &key, &value)) {
        struct cell *cell = value;
        snapshot_cell_deinit(&cell->snapshot);
        mem_free(m->area, cell);
    }
    map_deinit(&s->cells);
    pthread_mutex_destroy(&s->mutex);
}

void cellmap_free(struct cellmap **m)
{
    struct cellmap *gone = *m;
    *m = NULL;
    if (gone == NULL)
        return;
    for (int i = 0; i < SHARD_COUNT; i++)
        drop_shard(gone, &gone->shards[i]);
    mem_free(gone->area, gone);
}

/* By the top bits: the maps inside use the low ones. */
static struct shard *shard_of(struct cellmap *m, uint64_t key)
{
    return &m->shards[map_hash(m->seed, key) >> (64 - SHARD_BITS)];
}

struct cell *cellmap_get(struct cellmap *m, uint64_t key)
{
    struct shard *s = shard_of(m, key);
    lock(s);
    struct cell *cell = map_get(&s->cells, key);
    unlock(s);
    return cell;
}

/* A new cell in a locked shard. The place is taken before it is used, so that two shards that grow
 * at once cannot pass the maximum together. */
static struct cell *add(struct cellmap *m, struct shard *s, uint64_t key)
{
    struct cell *cell = NULL;
    if (atomic_fetch_add_explicit(&m->count, 1, memory_order_relaxed) >= m->max)
        goto fail;
    cell = mem_zalloc(m->area, sizeof *cell);
    if (cell == NULL)
        goto fail;
    cell->key = key;
    snapshot_cell_init(&cell->snapshot, NULL);
    if (map_put(&s->cells, key, cell))
        return cell;
fail:
    atomic_fetch_sub_explicit(&m->count, 1, memory_order_relaxed);
    mem_free(m->area, cell);
    return NULL;
}

struct cell *cellmap_get_or_add(struct cellmap *m, uint64_t key)
{
    struct shard *s = shard_of(m, key);
    lock(s);
    struct cell *cell = map_get(&s->cells, key);
    if (cell == NULL)
        cell = add(m, s, key);
    unlock(s);
    return cell;
}
