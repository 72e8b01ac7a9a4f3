#include "gateway/replay.h"

#include <assert.h>

#include "base/mem.h"

static void release(struct replay *r)
{
    for (struct replay_piece *p = r->first, *next; p != NULL; p = next) {
        next = p->next;
        mem_free(MEM_GATEWAY, p);
    }
    r->first = r->last = r->unsent = NULL;
    r->first_at = r->last_end = r->last_room = r->unsent_at = r->unsent_room = 0;
}

void replay_deinit(struct replay *r)
{
    struct replay_walk w = {0};
    for (struct bytes *b; (b = replay_next(r, &w)) != NULL;)
        bytes_unref(&b);
    release(r);
    *r = (struct replay){.seq = r->seq, .sent = r->sent};
}

static void cursor_to(struct replay *r, struct replay_piece *p, uint32_t at)
{
    r->unsent = p;
    r->unsent_at = (uint16_t)at;
    r->unsent_room = (uint16_t)p->room;
}

void replay_turn_over(struct replay *r)
{
    if (r->unsent->next != NULL)
        cursor_to(r, r->unsent->next, 0);
}

static bool grow(struct replay *r)
{
    uint32_t room = r->last == NULL ? REPLAY_PIECE_MIN : r->last_room * 2U;
    room = room < REPLAY_PIECE_MAX ? room : REPLAY_PIECE_MAX;
    struct replay_piece *p = NULL;
    if (r->count <= REPLAY_SLOTS_MAX - room)
        p = mem_alloc(MEM_GATEWAY, sizeof *p + room * sizeof(struct bytes *));
    if (p == NULL)
        return false;
    p->next = NULL;
    p->before = r->last;
    p->room = room;
    if (r->last == NULL)
        r->first = p;
    else
        r->last->next = p;
    r->last = p;
    r->last_end = 0;
    r->last_room = (uint16_t)room;
    if (r->sent == r->seq)
        cursor_to(r, p, 0);
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
    if (r->last_end == r->last_room && !grow(r))
        return false;
    r->last->slots[r->last_end++] = payload;
    r->count++;
    r->seq++;
    r->bytes += payload->total;
    r->unsent_bytes += payload->total;
    return true;
}

/* The number before the oldest slot. */
static uint64_t dropped_to(const struct replay *r)
{
    return r->seq - r->count;
}

struct bytes *replay_get(const struct replay *r, uint64_t seq)
{
    if (seq <= dropped_to(r) || seq > r->seq)
        return NULL;
    const struct replay_piece *p = r->unsent;
    uint64_t start = r->sent + 1 - r->unsent_at; /* the number of the piece's first slot */
    while (seq < start) {
        p = p->before;
        start -= p->room;
    }
    uint64_t at = seq - start;
    for (; at >= p->room; p = p->next)
        at -= p->room;
    return p->slots[at];
}

struct bytes *replay_next(const struct replay *r, struct replay_walk *w)
{
    if (w->done == r->count)
        return NULL;
    if (w->piece == NULL) {
        w->piece = r->first;
        w->at = r->first_at;
    } else if (w->at == w->piece->room) {
        w->piece = w->piece->next;
        w->at = 0;
    }
    w->done++;
    return w->piece->slots[w->at++];
}

static void drop_oldest(struct replay *r)
{
    struct replay_piece *p = r->first;
    struct bytes **slot = &p->slots[r->first_at];
    r->bytes -= (*slot)->total;
    bytes_unref(slot);
    r->count--;
    if (r->count == 0) {
        release(r);
    } else if (++r->first_at == p->room) {
        r->first = p->next;
        r->first->before = NULL;
        r->first_at = 0;
        mem_free(MEM_GATEWAY, p);
    }
}

void replay_confirm(struct replay *r, uint64_t seq)
{
    if (seq > r->sent)
        seq = r->sent;
    while (r->count > 0 && dropped_to(r) < seq)
        drop_oldest(r);
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
    replay_confirm(r, r->marked);
    r->marked = r->seq;
    r->marked_ms = now_ms;
}

void replay_advance(struct replay *r)
{
    assert(r->sent < r->seq);
    replay_sent_one(r, *replay_unsent(r));
}

bool replay_rewind(struct replay *r, uint64_t seq)
{
    if (seq > r->seq || seq < dropped_to(r))
        return false;
    if (r->count > 0) {
        r->sent = dropped_to(r);
        r->unsent_bytes = r->bytes;
        cursor_to(r, r->first, r->first_at);
    }
    while (r->sent < seq)
        replay_advance(r);
    return true;
}
