#include "bus/bus.h"

#include <assert.h>
#include <pthread.h>

#include "base/mem.h"

/* One queue a loop; more loops than this the configuration does not allow. */
enum { BUS_QUEUES_MAX = 64 };

/* Locks: each queue has its own mutex, no two are ever held together, and nothing is called under
 * it. */
struct bus_queue {
    pthread_mutex_t lock;
    struct event **ring;
    size_t capacity;
    size_t head;
    size_t count;
    bool lost;
    void (*wake)(void *ctx);
    void *ctx;
};

struct bus {
    struct bus_queue queues[BUS_QUEUES_MAX];
    size_t queue_count;
    struct metrics *metrics;
};

struct bus *bus_new(struct metrics *metrics)
{
    struct bus *b = mem_zalloc(MEM_EVENTS, sizeof *b);
    if (b != NULL)
        b->metrics = metrics;
    return b;
}

void bus_free(struct bus **b)
{
    if (*b == NULL)
        return;
    for (size_t i = 0; i < (*b)->queue_count; i++) {
        struct bus_queue *q = &(*b)->queues[i];
        for (size_t n = 0; n < q->count; n++)
            event_unref(&q->ring[(q->head + n) % q->capacity]);
        mem_free(MEM_EVENTS, q->ring);
        pthread_mutex_destroy(&q->lock);
    }
    mem_free(MEM_EVENTS, *b);
    *b = NULL;
}

struct bus_queue *bus_subscribe(struct bus *b, size_t capacity, void (*wake)(void *ctx), void *ctx)
{
    assert(capacity > 0);
    assert(b->queue_count < BUS_QUEUES_MAX);
    struct bus_queue *q = &b->queues[b->queue_count];
    q->ring = mem_array(MEM_EVENTS, capacity, sizeof *q->ring);
    if (q->ring == NULL)
        return NULL;
    pthread_mutex_init(&q->lock, NULL);
    q->capacity = capacity;
    q->wake = wake;
    q->ctx = ctx;
    b->queue_count++;
    return q;
}

/* Puts what fits; from the first that does not, everything is lost until the subscriber has read
 * so. */
static bool queue_put(struct bus_queue *q, struct event *const *events, size_t count)
{
    pthread_mutex_lock(&q->lock);
    bool was_idle = q->count == 0 && !q->lost;
    for (size_t i = 0; i < count && !q->lost; i++) {
        if (q->count == q->capacity) {
            q->lost = true;
            break;
        }
        q->ring[(q->head + q->count) % q->capacity] = event_ref(events[i]);
        q->count++;
    }
    pthread_mutex_unlock(&q->lock);
    return was_idle;
}

void bus_publish(struct bus *b, struct event *const *events, size_t count)
{
    if (count == 0)
        return;
    metrics_add(b->metrics, METRIC_EVENTS_PUBLISHED, (int64_t)count);
    for (size_t i = 0; i < b->queue_count; i++) {
        struct bus_queue *q = &b->queues[i];
        if (queue_put(q, events, count) && q->wake != NULL)
            q->wake(q->ctx);
    }
}

size_t bus_take(struct bus_queue *q, struct event **out, size_t max, bool *lost)
{
    pthread_mutex_lock(&q->lock);
    size_t taken = q->count < max ? q->count : max;
    for (size_t i = 0; i < taken; i++)
        out[i] = q->ring[(q->head + i) % q->capacity];
    q->head = (q->head + taken) % q->capacity;
    q->count -= taken;
    /* The loss lies behind what is still queued: it is told once the rest was taken. */
    *lost = q->lost && q->count == 0;
    if (*lost)
        q->lost = false;
    pthread_mutex_unlock(&q->lock);
    return taken;
}

bool bus_waits(struct bus_queue *q)
{
    pthread_mutex_lock(&q->lock);
    bool waits = q->count > 0 || q->lost;
    pthread_mutex_unlock(&q->lock);
    return waits;
}
