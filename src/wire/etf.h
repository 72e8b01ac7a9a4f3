#pragma once

/*
 * Erlang's external term format (the documentation of OTP, "External Term Format"), as Discord's
 * clients speak it with encoding=etf. Out: a transcoder from JSON text that we wrote ourselves,
 * token by token, without a tree. In: a decoder of commands into what json_read would give. Both
 * pure.
 *
 * Objects are MAP_EXT, strings BINARY_EXT, arrays LIST_EXT, true, false and null the small atoms
 * true, false and nil, integers the smallest of the three integer types, other numbers NEW_FLOAT.
 * Keys are binaries, but those of the envelope (t, s, op, d; also of d where d is not an event's)
 * and the name of an event are atoms, as Discord's own are: clients in Erlang match them, erlpack
 * reads both alike.
 */

#include <jansson.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/slice.h"

enum { ETF_DEPTH_MAX = 64, ETF_HEAD_MAX = 24 };

struct etf_level {
    size_t count_at; /* in out: four bytes, known when the level ends */
    uint32_t count;
    bool map;
    bool key_next;
};

/* Between two pieces of the text only `out`, `depth` and `levels[0]` are of interest to others. */
struct etf_writer {
    struct buf *out;
    unsigned depth;
    unsigned atom_depth; /* keys of levels up to here are atoms; 0: none */
    bool name_next;      /* the value that comes is an event's name */
    bool failed;         /* not JSON, too deep */
    struct etf_level levels[ETF_DEPTH_MAX];
};

/* One value, with the format's version before it: a whole message of the gateway. */
void etf_begin_message(struct etf_writer *w, struct buf *out);
/* The pairs of an object whose braces and count are somebody else's: `,`-separated "key":value.
 * envelope: they are t, op and d. levels[0].count says how many there were. */
void etf_begin_pairs(struct etf_writer *w, struct buf *out, bool envelope);
/* Goes on with more of the text, which may be cut between any two tokens. */
void etf_text(struct etf_writer *w, struct slice json);
/* `count` pairs of the object that is open come from elsewhere, here. */
void etf_splice(struct etf_writer *w, uint32_t count);
/* Everything was closed, and nothing failed. */
MUST_CHECK bool etf_end(const struct etf_writer *w);

/* The beginning of a dispatch: version, a map of `pairs` + 1 pairs, of which the first is s. */
size_t etf_dispatch_head(char out[ETF_HEAD_MAX], uint64_t seq, uint32_t pairs);

/* One term. Lists, tuples and STRING_EXT become arrays, atoms other than true, false, nil and null
 * strings; a float without a fraction becomes an integer, because JavaScript sends large integers
 * as floats. INVALID_JSON: not the format, compressed, keys that are not binaries, the same key
 * twice, deeper than depth_max, not UTF-8, a NUL in a string, bytes left over. NO_MEMORY. The
 * caller owns *out. */
MUST_CHECK enum err etf_read(struct slice bytes, size_t depth_max, json_t **out);
