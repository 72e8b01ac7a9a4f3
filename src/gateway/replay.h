#pragma once

/*
 * A session's sequence: the payloads that were dispatched to it and that its client has not
 * confirmed, by reference, in order of their sequence numbers. It is the send queue and the Resume
 * buffer in one: `sent` is the cursor between the two. The slots stand in pieces, which are got and
 * given back one by one: no push pays for all that came before it, though thousands of sessions of
 * one guild need their next piece at the same event. Empty, it holds no memory. Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/bytes.h"

struct replay_piece;

/* First what every push touches. */
struct replay {
    struct replay_piece *last;
    uint64_t seq;        /* last number given; the slots hold (seq - count, seq] */
    uint64_t sent;       /* last number given to the connection */
    size_t bytes;        /* of all slots */
    size_t unsent_bytes; /* of (sent, seq] */
    uint64_t marked_ms;
    uint32_t count;
    uint16_t last_end;  /* the slots that `last` has taken ... */
    uint16_t last_room; /* ... of so many */
    uint16_t unsent_at; /* likewise, of `unsent` */
    uint16_t unsent_room;
    uint16_t first_at;           /* the oldest slot, in `first` */
    struct replay_piece *unsent; /* where sent + 1 is, or will be */
    struct replay_piece *first;  /* NULL: no slots */
    uint64_t marked;             /* what had been pushed at marked_ms */
};

/* The first piece is small, for the many sessions to which little is sent; each that follows has
 * twice as many slots, up to the maximum. */
enum { REPLAY_PIECE_MIN = 4, REPLAY_PIECE_MAX = 64 };

struct replay_piece {
    struct replay_piece *next;
    struct replay_piece *before;
    uint32_t room;
    struct bytes *slots[];
};

/* A bound on how many slots there are. */
enum { REPLAY_SLOTS_MAX = 1 << 20 };

void replay_deinit(struct replay *r);
/* Appends, taking a new reference; false when memory is short or the maximum reached (unchanged).
 */
MUST_CHECK bool replay_push(struct replay *r, struct bytes *payload);
/* The same with a reference that the caller has: true takes it over. */
MUST_CHECK bool replay_put(struct replay *r, struct bytes *payload);
/* Where the next payload goes, if there is room: to ask the cache for it. */
static inline const void *replay_end(const struct replay *r)
{
    return r->last == NULL ? NULL : &r->last->slots[r->last_end];
}
/* Where the next one to be sent is, likewise. */
static inline struct bytes **replay_unsent(const struct replay *r)
{
    return r->unsent == NULL ? NULL : &r->unsent->slots[r->unsent_at];
}
/* The payload of a number in (seq - count, seq], else NULL. Borrowed. Quick near `sent`. */
struct bytes *replay_get(const struct replay *r, uint64_t seq);

/* A walk over all slots, from the oldest; it begins zeroed. */
struct replay_walk {
    const struct replay_piece *piece;
    uint32_t at;
    uint32_t done;
};
/* NULL at the end. Borrowed. Nothing may be pushed or dropped on the way. */
struct bytes *replay_next(const struct replay *r, struct replay_walk *w);
/* Drops everything up to `seq`, but nothing that was not sent yet. */
void replay_confirm(struct replay *r, uint64_t seq);
/* Drops the oldest while more than `events` remain, but nothing unsent; what was dropped cannot be
 * resumed from any more. */
void replay_limit(struct replay *r, uint32_t events);
/* Bounds the time that something sent is kept unconfirmed, if called with every push and every
 * heartbeat: drops what is older than age_ms at the latest when it is twice as old. */
void replay_age(struct replay *r, uint64_t now_ms, uint64_t age_ms);
/* The cursor has come to the end of its piece. */
void replay_turn_over(struct replay *r);
/* Marks the payload at replay_unsent as sent; inline, for every frame does it. */
static inline void replay_sent_one(struct replay *r, const struct bytes *payload)
{
    r->sent++;
    r->unsent_bytes -= payload->total;
    if (UNLIKELY(++r->unsent_at == r->unsent_room))
        replay_turn_over(r);
}
/* The same of whatever is there. */
void replay_advance(struct replay *r);
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
