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
};

/* A bound on how many numbers apart the slots may get; capacity never passes it. */
enum { REPLAY_SLOTS_MAX = 1 << 20 };

void replay_deinit(struct replay *r);
/* Appends, taking a new reference; false when memory is short or the maximum reached (unchanged).
 */
MUST_CHECK bool replay_push(struct replay *r, struct bytes *payload);
/* The payload of a number in (seq - count, seq], else NULL. Borrowed. */
struct bytes *replay_get(const struct replay *r, uint64_t seq);
/* Drops everything up to `seq`, but nothing that was not sent yet. */
void replay_confirm(struct replay *r, uint64_t seq);
/* Drops the oldest while more than `events` remain, but nothing unsent; what was dropped cannot be
 * resumed from any more. */
void replay_limit(struct replay *r, uint32_t events);
/* Marks one more as sent. */
void replay_advance(struct replay *r);
/* Sets the cursor back to `seq`; false if something after it was dropped, or it lies ahead. */
MUST_CHECK bool replay_rewind(struct replay *r, uint64_t seq);
