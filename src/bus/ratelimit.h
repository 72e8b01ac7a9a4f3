#pragma once

/*
 * Rate limits: fixed windows per (bucket, subject) key, in bounded local memory, sharded under
 * mutexes. When a shard is full, expired windows go first, then the least recently used: a limit
 * never fails closed and never grows.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/clock.h"

struct ratelimit;

struct ratelimit_verdict {
    bool allowed;
    uint32_t limit;
    uint32_t remaining;
    uint64_t reset_after_ms; /* until the window ends */
    uint32_t refused_before; /* of take, if a window begins: uses refused in the one before */
};

MUST_CHECK struct ratelimit *ratelimit_new(size_t keys_max, uint64_t seed,
                                           const struct clock *clock);
void ratelimit_free(struct ratelimit **r);
/* Counts one use of `key` (any 64-bit hash) against `limit` per window_ms. Any thread. */
struct ratelimit_verdict ratelimit_take(struct ratelimit *r, uint64_t key, uint32_t limit,
                                        uint64_t window_ms);
/* The same without counting. */
struct ratelimit_verdict ratelimit_peek(struct ratelimit *r, uint64_t key, uint32_t limit,
                                        uint64_t window_ms);
/* The key of a subject (user id, address hash ...) in a bucket: a static name. */
uint64_t ratelimit_key(const char *bucket, uint64_t subject);
/* Bucket of gateway session starts per bot user and 24 hours (GET /gateway/bot shows it). */
#define RATELIMIT_IDENTIFY "gateway.identify"
enum { RATELIMIT_IDENTIFY_WINDOW_MS = 24 * 60 * 60 * 1000 };
/* And of those on one shard_id % max_concurrency: one in 5 seconds (docs). */
#define RATELIMIT_IDENTIFY_PLACE "gateway.identify.place"
enum { RATELIMIT_IDENTIFY_PLACE_WINDOW_MS = 5000 };
