#include "gateway/replay.h"

#include <assert.h>

#include "base/mem.h"

enum { REPLAY_SLOTS_MIN = 4 };

void replay_deinit(struct replay *r)
{
    for (uint32_t i = 0; i < r->count; i++)
        bytes_unref(&r->slots[(r->head + i) & (r->capacity - 1)]);
    mem_free(MEM_GATEWAY, r->slots);
    *r = (struct replay){.seq = r->seq, .sent = r->sent};
}

static bool grow(struct replay *r)
{
    uint32_t capacity = r->capacity == 0 ? REPLAY_SLOTS_MIN : r->capacity * 2;
    if (capacity > REPLAY_SLOTS_MAX)
        return false;
    struct bytes **slots = mem_array(MEM_GATEWAY, capacity, sizeof(struct bytes *));
    if (slots == NULL)
        return false;
    for (uint32_t i = 0; i < r->count; i++)
        slots[i] = r->slots[(r->head + i) & (r->capacity - 1)];
    mem_free(MEM_GATEWAY, r->slots);
    r->slots = slots;
    r->capacity = capacity;
    r->head = 0;
    return true;
}

bool replay_push(struct replay *r, struct bytes *payload)
{
    bool taken = replay_put(r, payload);
    if (taken)
        bytes_ref(payload);
    return taken;
}

bool replay_put(struct replay *r, struct bytes *payload)
{
    if (r->count == r->capacity && !grow(r))
        return false;
    r->slots[(r->head + r->count) & (r->capacity - 1)] = payload;
    r->count++;
    r->seq++;
    r->bytes += payload->total;
    r->unsent_bytes += payload->total;
    return true;
}

struct bytes *replay_get(const struct replay *r, uint64_t seq)
{
    uint64_t first = r->seq - r->count + 1;
    if (seq < first || seq > r->seq)
        return NULL;
    return r->slots[(r->head + (uint32_t)(seq - first)) & (r->capacity - 1)];
}

static void drop_oldest(struct replay *r)
{
    struct bytes **slot = &r->slots[r->head];
    r->bytes -= (*slot)->total;
    bytes_unref(slot);
    r->head = (r->head + 1) & (r->capacity - 1);
    r->count--;
}

/* The number before the oldest slot. */
static uint64_t dropped_to(const struct replay *r)
{
    return r->seq - r->count;
}

static void release_if_empty(struct replay *r)
{
    if (r->count > 0)
        return;
    mem_free(MEM_GATEWAY, r->slots);
    r->slots = NULL;
    r->capacity = 0;
    r->head = 0;
}

void replay_confirm(struct replay *r, uint64_t seq)
{
    if (seq > r->sent)
        seq = r->sent;
    while (r->count > 0 && dropped_to(r) < seq)
        drop_oldest(r);
    release_if_empty(r);
}

void replay_limit(struct replay *r, uint32_t events)
{
    while (r->count > events && dropped_to(r) < r->sent)
        drop_oldest(r);
}

void replay_age(struct replay *r, uint64_t now_ms, uint64_t age_ms)
{
    if (!replay_is_old(r, now_ms, age_ms))
        return;
    uint64_t old = r->marked < r->sent ? r->marked : r->sent;
    while (r->count > 0 && dropped_to(r) < old)
        drop_oldest(r);
    release_if_empty(r);
    r->marked = r->seq;
    r->marked_ms = now_ms;
}

void replay_advance(struct replay *r)
{
    assert(r->sent < r->seq);
    r->sent++;
    r->unsent_bytes -= replay_get(r, r->sent)->total;
}

bool replay_rewind(struct replay *r, uint64_t seq)
{
    if (seq > r->seq || seq < dropped_to(r))
        return false;
    while (r->sent > seq) {
        r->unsent_bytes += replay_get(r, r->sent)->total;
        r->sent--;
    }
    while (r->sent < seq)
        replay_advance(r);
    return true;
}
