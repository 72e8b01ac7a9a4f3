#pragma once

/* Randomness, behind an interface that tests replace with a seeded one. */

#include <stddef.h>
#include <stdint.h>

struct random {
    void (*fill)(void *ctx, void *out, size_t len);
    void *ctx;
};

/* The kernel's generator: fit for secrets, thread-safe, static lifetime. */
const struct random *random_system(void);
void random_fill(const struct random *r, void *out, size_t len);
uint64_t random_u64(const struct random *r);
/* Uniform in [0, bound), bound > 0. */
uint64_t random_below(const struct random *r, uint64_t bound);

/* A seeded generator (xoshiro256**) for tests, jitter and hash seeds; never for secrets. Not
 * thread-safe. random_seeded_as gives it the interface above; `s` must outlive it. */
struct random_seeded {
    uint64_t s[4];
};
void random_seeded_init(struct random_seeded *s, uint64_t seed);
uint64_t random_seeded_next(struct random_seeded *s);
struct random random_seeded_as(struct random_seeded *s);
