#include "bus/ratelimit.h"

#include <assert.h>
#include <pthread.h>

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

/* Keys come from clients, so memory is bounded twice: by keys_max, and by throwing out the window
 * that was used least recently when a shard is full. */
enum {
    SHARDS = 16,
    EVICT_LOOK = 16, /* how many of the least recently used are looked at for one that is over */
};

struct window {
    struct list recent; /* in the shard's list, most recently used last */
    uint64_t key;
    uint64_t ends_ms;
    uint32_t used;
    uint32_t refused;
};

/* Locks: one mutex a shard, never two together, nothing is called under it that blocks. */
struct shard {
    pthread_mutex_t lock;
    struct map windows;
    struct list recent;
};

struct ratelimit {
    struct shard shards[SHARDS];
    const struct clock *clock;
    uint64_t seed;
};

struct ratelimit *ratelimit_new(size_t keys_max, uint64_t seed, const struct clock *clock)
{
    struct ratelimit *r = mem_zalloc(MEM_API, sizeof *r);
    if (r == NULL)
        return NULL;
    r->clock = clock;
    r->seed = seed;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_init(&r->shards[i].lock, NULL);
        map_init(&r->shards[i].windows, MEM_API, keys_max / SHARDS + 1, seed + i);
        list_init(&r->shards[i].recent);
    }
    return r;
}

void ratelimit_free(struct ratelimit **r)
{
    if (*r == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *s = &(*r)->shards[i];
        for (struct list *n; (n = list_pop_front(&s->recent)) != NULL;)
            mem_free(MEM_API, LIST_OWNER(n, struct window, recent));
        map_deinit(&s->windows);
        pthread_mutex_destroy(&s->lock);
    }
    mem_free(MEM_API, *r);
    *r = NULL;
}

/* A window that is over is forgotten for nothing; one that still counts lets its subject begin
 * anew. Looking at all of them would make every request of a flood pay for the flood. */
static struct window *pick_victim(struct shard *s, uint64_t now_ms)
{
    unsigned looked = 0;
    LIST_FOREACH (it, &s->recent) {
        struct window *w = LIST_OWNER(it, struct window, recent);
        if (w->ends_ms <= now_ms)
            return w;
        if (++looked == EVICT_LOOK)
            break;
    }
    return LIST_OWNER(s->recent.next, struct window, recent);
}

static void evict(struct shard *s, uint64_t now_ms)
{
    struct window *w = pick_victim(s, now_ms);
    list_remove(&w->recent);
    map_remove(&s->windows, w->key);
    mem_free(MEM_API, w);
}

/* The window of a key, most recently used; NULL only when memory is short. */
static struct window *window_of(struct shard *s, uint64_t key, uint64_t now_ms)
{
    struct window *w = map_get(&s->windows, key);
    if (w != NULL) {
        list_remove(&w->recent);
        list_push_back(&s->recent, &w->recent);
        return w;
    }
    if (s->windows.count == s->windows.max)
        evict(s, now_ms);
    w = mem_zalloc(MEM_API, sizeof *w);
    if (w == NULL)
        return NULL;
    w->key = key;
    if (!map_put(&s->windows, key, w)) {
        mem_free(MEM_API, w);
        return NULL;
    }
    list_push_back(&s->recent, &w->recent);
    return w;
}

static struct ratelimit_verdict verdict_of(const struct window *w, uint64_t now_ms, uint32_t limit,
                                           uint64_t window_ms)
{
    bool open = w != NULL && w->ends_ms > now_ms;
    uint32_t used = open ? w->used : 0;
    return (struct ratelimit_verdict){
        .allowed = used < limit,
        .limit = limit,
        .remaining = used < limit ? limit - used : 0,
        .reset_after_ms = open ? w->ends_ms - now_ms : window_ms,
    };
}

struct ratelimit_verdict ratelimit_take(struct ratelimit *r, uint64_t key, uint32_t limit,
                                        uint64_t window_ms)
{
    key |= key == 0; /* the map has no key 0 */
    struct shard *s = &r->shards[map_hash(r->seed, key) % SHARDS];
    uint64_t now_ms = clock_mono_ms(r->clock);
    pthread_mutex_lock(&s->lock);
    uint32_t refused_before = 0;
    struct window *w = window_of(s, key, now_ms);
    if (w != NULL && w->ends_ms <= now_ms) {
        refused_before = w->refused;
        w->ends_ms = now_ms + window_ms;
        w->used = w->refused = 0;
    }
    struct ratelimit_verdict v = verdict_of(w, now_ms, limit, window_ms);
    v.refused_before = refused_before;
    if (v.allowed && w != NULL) {
        w->used++;
        v.remaining--;
    } else if (w != NULL && w->refused < UINT32_MAX) {
        w->refused++;
    }
    pthread_mutex_unlock(&s->lock);
    return v;
}

struct ratelimit_verdict ratelimit_peek(struct ratelimit *r, uint64_t key, uint32_t limit,
                                        uint64_t window_ms)
{
    key |= key == 0;
    struct shard *s = &r->shards[map_hash(r->seed, key) % SHARDS];
    uint64_t now_ms = clock_mono_ms(r->clock);
    pthread_mutex_lock(&s->lock);
    struct ratelimit_verdict v = verdict_of(map_get(&s->windows, key), now_ms, limit, window_ms);
    pthread_mutex_unlock(&s->lock);
    return v;
}

uint64_t ratelimit_key(const char *bucket, uint64_t subject)
{
    /* FNV-1a over the bucket's name, then mixed with the subject. */
    uint64_t h = UINT64_C(14695981039346656037);
    for (const char *p = bucket; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * UINT64_C(1099511628211);
    return map_hash(h, subject);
}
