/* A bucket leaks when it is looked at, not by a clock of its own. */

#include "base/budget.h"

#include <assert.h>
#include <pthread.h>

#include "base/map.h"

enum { BUCKETS = 16384 };

struct bucket {
    uint64_t level;
    uint64_t looked_ms;
};

struct budget {
    struct budget_options o;
    pthread_mutex_t mutex;
    struct bucket buckets[BUCKETS];
};

struct budget *budget_new(const struct budget_options *o)
{
    assert(o->window_ms > 0);
    struct budget *b = mem_zalloc(o->area, sizeof *b);
    if (b == NULL)
        return NULL;
    b->o = *o;
    pthread_mutex_init(&b->mutex, NULL);
    return b;
}

void budget_free(struct budget **b)
{
    if (*b == NULL)
        return;
    pthread_mutex_destroy(&(*b)->mutex);
    mem_free((*b)->o.area, *b);
    *b = NULL;
}

static void leak(const struct budget_options *o, struct bucket *x, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms > x->looked_ms ? now_ms - x->looked_ms : 0;
    double share = (double)passed_ms / (double)o->window_ms;
    uint64_t gone = share >= 1 ? o->amount_max : (uint64_t)((double)o->amount_max * share);
    /* Not before it is something: who asks often must not stop it by that. */
    if (gone == 0 && x->level > 0)
        return;
    x->level = x->level > gone ? x->level - gone : 0;
    x->looked_ms = now_ms > x->looked_ms ? now_ms : x->looked_ms;
}

bool budget_take(struct budget *b, uint64_t key, uint64_t amount, uint64_t now_ms)
{
    struct bucket *x = &b->buckets[map_hash(b->o.seed, key) % BUCKETS];
    pthread_mutex_lock(&b->mutex);
    leak(&b->o, x, now_ms);
    bool room = x->level <= b->o.amount_max && amount <= b->o.amount_max - x->level;
    x->level += room ? amount : 0;
    pthread_mutex_unlock(&b->mutex);
    return room;
}
