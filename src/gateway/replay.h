#pragma once

/*
 * A session's sequence: the payloads that were dispatched to it and that its client has not
 * confirmed, by reference, in order of their sequence numbers. It is the send queue and the Resume
 * buffer in one: `sent` is the cursor between the two. Grows by doubling, gives its memory back
 * when empty. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/bytes.h"

struct replay {
    struct bytes **slots;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t head;
    uint32_t count;
    uint64_t seq;        /* last number given; the slots hold (seq - count, seq] */
    uint64_t sent;       /* last number given to the connection */
    size_t bytes;        /* of all slots */
    size_t unsent_bytes; /* of (sent, seq] */
    uint64_t marked;     /* what had been pushed at marked_ms */
    uint64_t marked_ms;
};

/* A bound on how many numbers apart the slots may get; capacity never passes it. */
enum { REPLAY_SLOTS_MAX = 1 << 20 };

void replay_deinit(struct replay *r);
/* Appends, taking a new reference; false when memory is short or the maximum reached (unchanged).
 */
MUST_CHECK bool replay_push(struct replay *r, struct bytes *payload);
/* The same with a reference that the caller has: true takes it over. */
MUST_CHECK bool replay_put(struct replay *r, struct bytes *payload);
/* Where the next payload goes, if the slots need not grow: to ask the cache for it. */
static inline const void *replay_end(const struct replay *r)
{
    return r->capacity == 0 ? NULL : &r->slots[(r->head + r->count) & (r->capacity - 1)];
}
/* Where the next one to be sent is, likewise. */
static inline struct bytes **replay_unsent(const struct replay *r)
{
    uint32_t sent = r->count - (uint32_t)(r->seq - r->sent);
    return r->capacity == 0 ? NULL : &r->slots[(r->head + sent) & (r->capacity - 1)];
}
/* The payload of a number in (seq - count, seq], else NULL. Borrowed. */
struct bytes *replay_get(const struct replay *r, uint64_t seq);
/* Drops everything up to `seq`, but nothing that was not sent yet. */
void replay_confirm(struct replay *r, uint64_t seq);
/* Drops the oldest while more than `events` remain, but nothing unsent; what was dropped cannot be
 * resumed from any more. */
void replay_limit(struct replay *r, uint32_t events);
/* Bounds the time that something sent is kept unconfirmed, if called with every push and every
 * heartbeat: drops what is older than age_ms at the latest when it is twice as old. */
void replay_age(struct replay *r, uint64_t now_ms, uint64_t age_ms);
/* Marks one more as sent. */
void replay_advance(struct replay *r);
/* The same, of the payload at replay_unsent; inline, for every frame does it. */
static inline void replay_sent_one(struct replay *r, const struct bytes *payload)
{
    r->sent++;
    r->unsent_bytes -= payload->total;
}
/* Whether replay_age has anything to do. */
static inline bool replay_is_old(const struct replay *r, uint64_t now_ms, uint64_t age_ms)
{
    return now_ms - r->marked_ms >= age_ms;
}
/* Whether everything after `seq` is still here. */
static inline bool replay_reaches(const struct replay *r, uint64_t seq)
{
    return seq <= r->seq && seq >= r->seq - r->count;
}
/* Sets the cursor back to `seq`; false if something after it was dropped, or it lies ahead. */
MUST_CHECK bool replay_rewind(struct replay *r, uint64_t seq);
