#include "gateway/inbox.h"

#include "base/mem.h"

enum { INBOX_SLOTS_MIN = 8 };

static bool grow(struct inbox *b)
{
    if (b->capacity == INBOX_EVENTS_MAX)
        return false;
    uint16_t capacity = b->capacity == 0 ? INBOX_SLOTS_MIN : (uint16_t)(b->capacity * 2);
    struct event **ring = mem_array(MEM_GATEWAY, capacity, sizeof(struct event *));
    if (ring == NULL)
        return false;
    for (uint16_t i = 0; i < b->count; i++)
        ring[i] = b->ring[(b->head + i) & (b->capacity - 1)];
    mem_free(MEM_GATEWAY, b->ring);
    b->ring = ring;
    b->capacity = capacity;
    b->head = 0;
    return true;
}

bool inbox_put(struct inbox *b, struct event *e)
{
    bool logged = e->position != 0;
    if ((logged && b->lost) || (b->count == b->capacity && !grow(b))) {
        b->lost = b->lost || logged;
        return false;
    }
    b->ring[(b->head + b->count) & (b->capacity - 1)] = event_ref(e);
    b->count++;
    return true;
}

static void release_if_empty(struct inbox *b)
{
    if (b->count > 0)
        return;
    mem_free(MEM_GATEWAY, b->ring);
    *b = (struct inbox){.lost = b->lost};
}

struct event *inbox_take(struct inbox *b)
{
    if (b->count == 0)
        return NULL;
    struct event *e = b->ring[b->head];
    b->head = (uint16_t)((b->head + 1) & (b->capacity - 1));
    b->count--;
    release_if_empty(b);
    return e;
}

bool inbox_take_lost(struct inbox *b)
{
    bool lost = b->lost && b->count == 0;
    if (lost)
        b->lost = false;
    return lost;
}

void inbox_deinit(struct inbox *b)
{
    for (struct event *e; (e = inbox_take(b)) != NULL;)
        event_unref(&e);
    *b = (struct inbox){0};
}
