#pragma once

/*
 * One does it for all: of threads that want the same costly thing at the same time, the first makes
 * it and the others sleep until it is made, then look where it was put. Bounded in things under way
 * and in time. One mutex, held for a walk over a small array.
 */

#include <stdint.h>

#include "base/attrs.h"
#include "base/mem.h"

struct flights;

enum flight {
    FLIGHT_LEAD,   /* the caller makes it, then calls flights_land */
    FLIGHT_LANDED, /* somebody else made it, or failed to */
    FLIGHT_LATE,   /* it is still being made */
    FLIGHT_FULL    /* too many different things are being made */
};

/* NULL when memory is short. */
MUST_CHECK struct flights *flights_new(enum mem_area area, unsigned max);
/* Nobody may be inside. NULL allowed; nulls the caller's copy. */
void flights_free(struct flights **f);
/* Two things of one key wait for each other, which costs time and nothing else. */
MUST_CHECK enum flight flights_board(struct flights *f, uint64_t key, uint64_t wait_ms);
/* By the leader, once. */
void flights_land(struct flights *f, uint64_t key);
