/* The kernel's generator for secrets, and xoshiro256** (Blackman and Vigna, 2018) for the rest. */

#include "base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void system_fill(void *ctx, void *out, size_t len)
{
    (void)ctx;
    unsigned char *at = out;
    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        /* Going on with guessable tokens would be worse than stopping. */
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}

const struct random *random_system(void)
{
    static const struct random random = {system_fill, NULL};
    return &random;
}

void random_fill(const struct random *r, void *out, size_t len)
{
    r->fill(r->ctx, out, len);
}

uint64_t random_u64(const struct random *r)
{
    uint64_t v;
    random_fill(r, &v, sizeof v);
    return v;
}

/* Values below 2^64 mod bound are refused, which leaves a whole number of bounds: no bias. */
uint64_t random_below(const struct random *r, uint64_t bound)
{
    assert(bound > 0);
    uint64_t refused = (0 - bound) % bound;
    uint64_t v;
    do
        v = random_u64(r);
    while (v < refused);
    return v % bound;
}

/* splitmix64, which the authors of xoshiro name for spreading a seed over the state. */
void random_seeded_init(struct random_seeded *s, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        s->s[i] = z ^ (z >> 31);
    }
}

static uint64_t rotl(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t random_seeded_next(struct random_seeded *s)
{
    uint64_t result = rotl(s->s[1] * 5, 7) * 9;
    uint64_t t = s->s[1] << 17;
    s->s[2] ^= s->s[0];
    s->s[3] ^= s->s[1];
    s->s[1] ^= s->s[2];
    s->s[0] ^= s->s[3];
    s->s[2] ^= t;
    s->s[3] = rotl(s->s[3], 45);
    return result;
}

static void seeded_fill(void *ctx, void *out, size_t len)
{
    unsigned char *at = out;
    while (len > 0) {
        uint64_t v = random_seeded_next(ctx);
        size_t n = len < sizeof v ? len : sizeof v;
        memcpy(at, &v, n);
        at += n;
        len -= n;
    }
}

struct random random_seeded_as(struct random_seeded *s)
{
    return (struct random){seeded_fill, s};
}
