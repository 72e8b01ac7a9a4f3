#pragma once

/*
 * Private deflate contexts of zlib-stream connections, for what hardly anybody else is sent (direct
 * messages, answers): a context looks back on what this very connection was sent, which shared
 * fragments cannot. It is made when it is first of use, given up after NARROW_IDLE_MS without use,
 * and a loop has NARROW_CONTEXTS_MAX of them at most: the least recently used goes. Whatever was
 * sent past it, it is shown again from the session's replay buffer before it goes on.
 */

#include <stdint.h>

#include "base/list.h"
#include "base/slice.h"
#include "net/loop.h"

enum {
    NARROW_CONTEXTS_MAX = 256,    /* a loop's: 14 MiB */
    NARROW_IDLE_MS = 5000,        /* then its memory goes back */
    NARROW_BYTES_MAX = 16 * 1024, /* larger payloads go part by part, at the cheap level */
    /* So many holders of a payload are a narrow audience. A fragment costs 10 us once and leaves
     * 0.62 of the bytes, a context 7 to 15 us for each and leaves 0.17 (wire/deflate_stream.c):
     * four are worth 50 us of one loop, four hundred are not. */
    NARROW_REFS_MAX = 4
};

struct gw_conn;
struct bytes;
struct narrow;

/* A hub's. */
struct narrow_pool {
    struct list used; /* the least recently used first */
    unsigned count;
    unsigned max; /* NARROW_CONTEXTS_MAX */
    struct timer timer;
    struct loop *loop;
};

/* What a zlib-stream connection was sent so far, as text: its inflater's past. */
struct gw_stream {
    uint64_t bytes;
    uint32_t run; /* so many dispatches, the last ones, are the end of it, with nothing between */
    struct narrow *narrow;
};

void narrow_pool_init(struct narrow_pool *p, struct loop *l);
/* Of a stream that ends, or leaves the loop. */
void narrow_release(struct narrow_pool *p, struct gw_stream *s);
/* A control message went out: text that the context can be shown at once. */
void narrow_control(struct gw_stream *s, struct slice text);
/* A dispatch went out. */
void narrow_dispatch(struct gw_stream *s, size_t text_len);
/* Compresses the next dispatch of g's session, `own` and `encoded`, with the connection's context;
 * 0 if there is none to be had: then it is sent as everybody's. */
size_t narrow_write(struct gw_conn *g, struct slice own, const struct bytes *encoded, char *out,
                    size_t capacity);
