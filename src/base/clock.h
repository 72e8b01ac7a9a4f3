#pragma once

/* Time, behind an interface that tests replace. Thread-safe if the implementation is; the system
 * clock is. Wall time names moments (ids, timestamps); monotonic time measures. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

struct clock {
    int64_t (*wall_ms)(void *ctx);  /* since 1970-01-01 UTC; may step */
    uint64_t (*mono_ns)(void *ctx); /* never steps back */
    void *ctx;
};

/* The machine's clocks; static lifetime. */
const struct clock *clock_system(void);
int64_t clock_wall_ms(const struct clock *c);
uint64_t clock_mono_ns(const struct clock *c);
uint64_t clock_mono_ms(const struct clock *c);

/* "2026-11-21T01:23:45.678000+00:00" (Discord's form: microseconds, numeric offset). */
enum { CLOCK_ISO_LEN = 32 };
/* Writes CLOCK_ISO_LEN bytes and a NUL. wall_ms in years 1970 to 9999, else clamped. */
void clock_iso(int64_t wall_ms, char out[CLOCK_ISO_LEN + 1]);
/* ISO 8601 with a date and a time of day, "2026-11-21T01:23:45.678Z": seconds, their fraction and
 * the zone may be absent (no zone: UTC). False, and *wall_ms untouched, for everything else, and
 * for moments outside of the years 1970 to 9999. */
MUST_CHECK bool clock_iso_parse(struct slice text, int64_t *wall_ms);
