#pragma once

/*
 * Writing one Zstandard frame (RFC 8878) to many readers at once: the frame lasts as long as the
 * connection, since decoders such as Python's do not read across frames. After its header come
 * blocks: raw ones for what is a connection's own, and fragments, compressed once for everybody.
 *
 * What a block may depend on from the blocks before it: bytes in the window, the last three offsets
 * ("repeat offsets"), the last tables. A fragment depends on none: it is made with an empty window
 * and no tables, and since an encoder believes the offsets to be 1, 4 and 8 at the start, no match
 * of offset 8 or less is used. So any fragments in any order are one valid frame, and a connection
 * needs no memory at all. Pure but for memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/slice.h"

enum {
    ZSTD_STREAM_HEADER_LEN = 6, /* magic number, no checksum, no size, a window of 128 KiB */
    ZSTD_RAW_HEAD_LEN = 3,      /* of a raw block of at most ZSTD_RAW_MAX bytes */
    ZSTD_RAW_MAX = 128 * 1024,  /* Block_Maximum_Size, of this window */
    ZSTD_WORK_MAX = 512 * 1024  /* what lies beyond is sent raw */
};

extern const char ZSTD_STREAM_HEADER[ZSTD_STREAM_HEADER_LEN];

/* The head of a raw block of len <= ZSTD_RAW_MAX bytes, which follow it. */
size_t zstd_raw_head(char out[ZSTD_RAW_HEAD_LEN], size_t len);
/* All of s as raw blocks. */
void zstd_raw(struct buf *out, struct slice s);

/* Makes fragments; one thread at a time. */
struct zstd_maker;

/* NULL when memory is short. */
MUST_CHECK struct zstd_maker *zstd_maker_new(void);
void zstd_maker_free(struct zstd_maker **m);
/* Appends one fragment. out->failed when memory is short. */
void zstd_fragment(struct zstd_maker *m, struct slice s, struct buf *out);
