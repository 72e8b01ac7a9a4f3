#pragma once

/*
 * An immutable run of bytes, made once and shared by reference between threads (the payload of a
 * gateway event). The bytes follow the header in one allocation. The sum of all live ones is
 * counted, so that a cap on shared event memory can be enforced by whoever makes them.
 *
 * A run may have other forms (another encoding, compressed), each made once, when it is first asked
 * for, by whichever thread comes first, and freed with the run.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/slice.h"

/* Forms may have forms in turn: what was compressed of what was encoded. */
enum bytes_form { BYTES_FORM_ETF, BYTES_FORM_DEFLATE, BYTES_FORM_ZSTD, BYTES_FORM_COUNT };

struct bytes_forms;

struct bytes {
    _Atomic uint32_t refs;
    uint32_t len;   /* of data */
    uint32_t total; /* of data, shared and next together */
    uint32_t note;  /* of whoever made it, of a form for instance; else 0 */
    /* Usually NULL both: see struct rope. Owned references. */
    struct bytes *shared;
    struct bytes *next;
    _Atomic(struct bytes_forms *) forms; /* mostly NULL; owned */
    char data[];
};

/* A copy with one reference; NULL when memory is short. s.len < 2^32, asserted. */
MUST_CHECK struct bytes *bytes_new(struct slice s);
struct bytes *bytes_ref(struct bytes *b);
/* So many references at once: cheaper where thousands are taken. */
void bytes_ref_many(struct bytes *b, uint32_t count);
/* NULL allowed; nulls the caller's copy. */
void bytes_unref(struct bytes **b);
/* Live bytes of all of them, headers included. */
size_t bytes_live(void);

/*
 * A rope makes one run out of parts, some of which are shared with other runs (the guild inside the
 * READY of each of its members): a chain of nodes, each with bytes of its own, then those of
 * another run, then the next node. To its readers it is a struct bytes as any other: `total` bytes,
 * given by bytes_copy or, part by part, by bytes_part.
 */
struct rope {
    struct bytes *first;
    struct bytes *last;
    bool failed;
};

/* Starts with a zeroed rope. `shared` (may be NULL) is a plain run and gets a reference of its own.
 */
void rope_add(struct rope *r, struct slice own, struct bytes *shared);
/* The whole, one reference; NULL when memory was short, or nothing was added. Ends the rope. */
MUST_CHECK struct bytes *rope_end(struct rope *r);
/* All `total` bytes, in order. */
void bytes_copy(const struct bytes *b, char *out);
/* Walks the parts: start with *at = b and *second = false; false when there are no more. Parts may
 * be empty. */
bool bytes_part(const struct bytes **at, bool *second, struct slice *part);

/* Makes one form of b: a new run with one reference, or NULL. */
typedef struct bytes *bytes_make_fn(void *ctx, struct bytes *b);
/* The form, borrowed: it lives as long as b. Any thread with a reference to b; two that come at
 * once may both make it, one of the two is kept. NULL: memory is short, or make gave none. */
struct bytes *bytes_form(struct bytes *b, enum bytes_form form, bytes_make_fn *make, void *ctx);
/* The form if it was made already, else NULL. */
struct bytes *bytes_form_peek(const struct bytes *b, enum bytes_form form);
