#pragma once

/* What the JSON writer shares with the validator: one step of UTF-8, and a way past ASCII. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Length (1 to 4) of the valid character at s, or 0: invalid or cut off. len > 0. */
size_t utf8_step(const unsigned char *s, size_t len);

/* True if one of eight bytes has its top bit set. */
static inline int utf8_word_has_high(uint64_t word)
{
    return (word & UINT64_C(0x8080808080808080)) != 0;
}

/* Eight bytes at any address. */
static inline uint64_t utf8_word_load(const void *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}
