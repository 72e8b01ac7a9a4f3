#include "base/shelf.h"

#include <assert.h>
#include <pthread.h>

#include "base/list.h"
#include "base/map.h"

struct item {
    struct list recent; /* most recently used last; or, when taken out, in a list of those */
    uint64_t key;
    struct snapshot *object;
    size_t bytes;
};

struct shelf {
    pthread_mutex_t mutex; /* innermost: nothing else is locked while it is held */
    struct map items;
    struct list recent;
    size_t bytes;
    size_t bytes_max;
    enum mem_area area;
};

static void lock(struct shelf *s)
{
    int rc = pthread_mutex_lock(&s->mutex);
    assert(rc == 0);
}

static void unlock(struct shelf *s)
{
    int rc = pthread_mutex_unlock(&s->mutex);
    assert(rc == 0);
}

struct shelf *shelf_new(enum mem_area area, size_t count_max, size_t bytes_max, uint64_t seed)
{
    struct shelf *s = mem_zalloc(area, sizeof *s);
    if (s == NULL)
        return NULL;
    int rc = pthread_mutex_init(&s->mutex, NULL);
    assert(rc == 0);
    map_init(&s->items, area, count_max, seed);
    list_init(&s->recent);
    s->bytes_max = bytes_max;
    s->area = area;
    return s;
}

static void take_out(struct shelf *s, struct item *it, struct list *out)
{
    map_remove(&s->items, it->key);
    list_remove(&it->recent);
    list_push_back(out, &it->recent);
    s->bytes -= it->bytes;
}

static void drop(struct shelf *s, struct list *out)
{
    for (struct list *n; (n = list_pop_front(out)) != NULL;) {
        struct item *it = LIST_OWNER(n, struct item, recent);
        snapshot_unref(it->object);
        mem_free(s->area, it);
    }
}

void shelf_free(struct shelf **s)
{
    if (*s == NULL)
        return;
    drop(*s, &(*s)->recent);
    map_deinit(&(*s)->items);
    pthread_mutex_destroy(&(*s)->mutex);
    mem_free((*s)->area, *s);
    *s = NULL;
}

struct snapshot *shelf_get(struct shelf *s, uint64_t key)
{
    struct snapshot *object = NULL;
    lock(s);
    struct item *it = map_get(&s->items, key);
    if (it != NULL) {
        list_remove(&it->recent);
        list_push_back(&s->recent, &it->recent);
        object = it->object;
        snapshot_ref(object);
    }
    unlock(s);
    return object;
}

static void make_room(struct shelf *s, size_t bytes, struct list *out)
{
    while (!list_empty(&s->recent) &&
           (s->items.count == s->items.max || s->bytes + bytes > s->bytes_max))
        take_out(s, LIST_OWNER(s->recent.next, struct item, recent), out);
}

/* Whether it is kept. */
static bool add(struct shelf *s, struct item *it, struct list *out)
{
    if (it->bytes > s->bytes_max)
        return false;
    make_room(s, it->bytes, out);
    if (!map_put(&s->items, it->key, it))
        return false;
    list_push_back(&s->recent, &it->recent);
    s->bytes += it->bytes;
    return true;
}

void shelf_put(struct shelf *s, uint64_t key, struct snapshot *object, size_t bytes)
{
    struct list out;
    list_init(&out);
    struct item *it = mem_zalloc(s->area, sizeof *it);
    if (it != NULL) {
        snapshot_ref(object);
        *it = (struct item){.key = key, .object = object, .bytes = bytes};
    }
    lock(s);
    struct item *before = map_get(&s->items, key);
    if (before != NULL)
        take_out(s, before, &out);
    if (it != NULL && !add(s, it, &out))
        list_push_back(&out, &it->recent);
    unlock(s);
    drop(s, &out);
}

size_t shelf_bytes(struct shelf *s)
{
    lock(s);
    size_t bytes = s->bytes;
    unlock(s);
    return bytes;
}
