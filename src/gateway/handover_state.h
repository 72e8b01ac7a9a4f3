#pragma once

/*
 * A session as bytes, from a planned stop of the server to its next start: numbers in 7 bits a
 * byte, texts with their length before them. Whatever does not read as written here is no session.
 * Pure.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/buf.h"

struct saved_guild {
    uint64_t id;
    uint64_t position; /* of its stream: everything up to it was applied */
};

struct saved_session {
    struct slice id;
    uint64_t application_flags; /* of bots: intents are checked against them at Identify only */
    bool bot;
    uint32_t intents;
    uint32_t shard_id;
    uint32_t shard_count;
    uint32_t large_threshold;
    uint32_t version;
    uint64_t capabilities;
    uint64_t asked_seq; /* as in struct session */
    uint64_t asked_bytes;
    uint64_t user_position;
    uint64_t seq;
    int64_t seen_day_ms;
    struct slice more; /* JSON: presence, subscriptions and the like; empty: nothing */
    struct saved_guild *guilds;
    uint32_t guild_count;
    uint32_t set;       /* of payloads: what the loop had that saved it */
    uint32_t *payloads; /* numbers in the set, of seq - payload_count + 1 to seq */
    uint32_t payload_count;
};

enum { SAVED_SETS_MAX = 256 };

void saved_session_write(struct buf *out, const struct saved_session *s);
/* Everything in the arena or borrowed from `in`; false: no session, or memory is short. */
MUST_CHECK bool saved_session_read(struct slice in, struct arena *arena, struct saved_session *out);

/* Rows of payloads: the set, the number of the first, then one after the other. */
void saved_payloads_begin(struct buf *out, uint32_t set, uint32_t first);
MUST_CHECK bool saved_payloads_read(struct slice *in, uint32_t *set, uint32_t *first);
/* After its length. */
void saved_payload_length(struct buf *out, size_t len);
/* False: there are no more, or it is no such row. */
MUST_CHECK bool saved_payload_next(struct slice *in, struct slice *payload);
