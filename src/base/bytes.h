#pragma once

/*
 * An immutable run of bytes, made once and shared by reference between threads (the payload of a
 * gateway event). The bytes follow the header in one allocation. The sum of all live ones is
 * counted, so that a cap on shared event memory can be enforced by whoever makes them.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

struct bytes {
    _Atomic uint32_t refs;
    uint32_t len;
    char data[];
};

/* A copy with one reference; NULL when memory is short. s.len < 2^32, asserted. */
MUST_CHECK struct bytes *bytes_new(struct slice s);
struct bytes *bytes_ref(struct bytes *b);
/* NULL allowed; nulls the caller's copy. */
void bytes_unref(struct bytes **b);
/* Live bytes of all of them, headers included. */
size_t bytes_live(void);
