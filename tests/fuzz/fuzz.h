#pragma once

/* What fuzz targets share. Each defines the one function that libFuzzer, or replay.c, calls. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A broken invariant ends the process, whatever the build type: libFuzzer then keeps the input. */
static inline void fuzz_check(int holds)
{
    if (!holds)
        abort();
}

/* Where to cut: drawn from the input itself, so that a crash replays. */
static inline size_t fuzz_first(const uint8_t *data, size_t size)
{
    size_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    return size ? sum % size : 0;
}
