#pragma once

/* Messages as people write them, from a number: a dozen words, the frequent ones often. The server
 * and the bare program are given the same ones, so that both index the same words. */

#include <stdint.h>
#include <stdio.h>

enum { MESSAGE_WORDS = 12, MESSAGE_VOCABULARY = 20000, MESSAGE_TEXT_BYTES = 160 };

static inline uint64_t message_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Its length. The cube of a uniform number prefers small ones much as Zipf's law does. */
static inline size_t message_text(uint64_t number, char out[MESSAGE_TEXT_BYTES])
{
    size_t len = 0;
    for (uint64_t i = 0; i < MESSAGE_WORDS; i++) {
        double u = (double)(message_mix(number * MESSAGE_WORDS + i + 1) >> 11) /
                   (double)(UINT64_C(1) << 53);
        int n = snprintf(out + len, MESSAGE_TEXT_BYTES - len, "%sw%ux", i == 0 ? "" : " ",
                         (unsigned)(u * u * u * MESSAGE_VOCABULARY));
        len += (size_t)n;
    }
    return len;
}
