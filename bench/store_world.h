#pragma once

/* What bench_store_load and bench_store_bare write: the same rows into the same tables. */

#include <stdint.h>

enum { WORLD_GUILDS = 8, WORLD_USER = 7 };

/* 100 bytes: an ordinary message. */
#define WORLD_TEXT                                                                                 \
    "It is a truth universally acknowledged that a message of ordinary length has a hundred "      \
    "bytes or so."

/* The one channel of guild `id`. */
static inline uint64_t world_channel(uint64_t id)
{
    return 1000 + id;
}
