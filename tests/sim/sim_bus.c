/*
 * A bus within its contract (bus/bus.h: a hint), at its worst: per queue it drops, repeats and
 * reorders, and says that it lost something some time later, or only after all is calm.
 */
#include <stdlib.h>
#include <string.h>

#include "sim.h"

enum { QUEUES_MAX = SIM_LOOPS_MAX, REORDER = 8 };

struct bus_queue {
    struct event **ring;
    size_t count;
    size_t capacity;
    bool dropped; /* and not said so yet */
    bool lost;
    void (*wake)(void *ctx);
    void *ctx;
};

struct bus {
    struct bus_queue queues[QUEUES_MAX];
    size_t queue_count;
};

struct bus *bus_new(struct metrics *metrics)
{
    (void)metrics;
    struct bus *b = calloc(1, sizeof *b);
    if (b == NULL)
        abort();
    return b;
}

void bus_free(struct bus **b)
{
    for (size_t i = 0; i < (*b)->queue_count; i++) {
        struct bus_queue *q = &(*b)->queues[i];
        for (size_t k = 0; k < q->count; k++)
            event_unref(&q->ring[k]);
        free(q->ring);
    }
    free(*b);
    *b = NULL;
}

struct bus_queue *bus_subscribe(struct bus *b, size_t capacity, void (*wake)(void *ctx), void *ctx)
{
    struct bus_queue *q = &b->queues[b->queue_count++];
    *q = (struct bus_queue){.capacity = capacity, .wake = wake, .ctx = ctx};
    q->ring = calloc(capacity, sizeof(struct event *));
    if (q->ring == NULL)
        abort();
    return q;
}

static void put(struct bus_queue *q, struct event *e, size_t back)
{
    if (q->count == q->capacity) {
        q->dropped = true;
        SIM.n.drops++;
        return;
    }
    size_t at = q->count - (back < q->count ? back : q->count);
    memmove(&q->ring[at + 1], &q->ring[at], (q->count - at) * sizeof(struct event *));
    q->ring[at] = event_ref(e);
    q->count++;
}

static void publish(struct bus_queue *q, struct event *e)
{
    bool faulty = !SIM.calm && sim_below(1000) < SIM.bus_faults;
    uint64_t kind = faulty ? sim_below(3) : 3;
    if (kind == 0) {
        q->dropped = true;
        SIM.n.drops++;
    } else if (kind == 1) {
        size_t back = 1 + sim_below(REORDER);
        SIM.n.reorders++;
        put(q, e, back);
    } else {
        put(q, e, 0);
    }
    if (kind == 2 && q->count > 1) { /* once more, or an older one once more */
        struct event *again = q->ring[q->count - 1 - sim_below(q->count < 16 ? q->count : 16)];
        SIM.n.repeats++;
        put(q, again, 0);
    }
    q->wake(q->ctx);
}

void bus_publish(struct bus *b, struct event *const *events, size_t count)
{
    for (size_t i = 0; b != NULL && i < b->queue_count; i++) {
        for (size_t k = 0; k < count; k++)
            publish(&b->queues[i], events[k]);
    }
}

size_t bus_take(struct bus_queue *q, struct event **out, size_t max, bool *lost)
{
    size_t n = q->count < max ? q->count : max;
    memcpy(out, q->ring, n * sizeof(struct event *));
    memmove(q->ring, q->ring + n, (q->count - n) * sizeof(struct event *));
    q->count -= n;
    *lost = q->lost && q->count == 0;
    if (*lost)
        q->lost = false;
    return n;
}

bool bus_waits(struct bus_queue *q)
{
    return q->count > 0 || q->lost;
}

/* What was dropped is confessed: not at once. */
void sim_bus_tick(void)
{
    for (size_t i = 0; SIM.bus != NULL && i < SIM.bus->queue_count; i++) {
        struct bus_queue *q = &SIM.bus->queues[i];
        if (q->dropped && (SIM.calm || sim_one_in(200))) {
            q->dropped = false;
            q->lost = true;
            q->wake(q->ctx);
        }
    }
}

bool sim_bus_idle(void)
{
    for (size_t i = 0; i < SIM.bus->queue_count; i++) {
        const struct bus_queue *q = &SIM.bus->queues[i];
        if (q->count > 0 || q->dropped || q->lost)
            return false;
    }
    return true;
}
