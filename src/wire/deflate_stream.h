#pragma once

/*
 * Writing one zlib stream (RFC 1950, 1951) to many readers at once. The stream of a connection is
 * the two bytes of the zlib header, then for each message: blocks of the message's own (stored, or
 * of a private context), and fragments that were compressed once for everybody: made with an empty
 * window, so that nothing in them refers to what came before, and ended on a byte with a sync flush
 * (00 00 FF FF). Whatever follows what, an inflater reads it as one stream.
 *
 * A private context may write between fragments: it is shown what it did not write itself
 * (deflate_context_follow, on zlib's promise for raw streams that deflateSetDictionary appends to
 * the window after a flush), so that its distances lead to the right bytes. Pure but for memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/slice.h"

enum {
    DEFLATE_HEADER_LEN = 2,       /* 78 9C: 32 KiB window, default level */
    DEFLATE_TAIL_LEN = 4,         /* what a sync flush ends with */
    DEFLATE_STORED_HEAD_LEN = 5,  /* of a stored block of at most DEFLATE_STORED_MAX bytes */
    DEFLATE_STORED_MAX = 65535,   /* RFC 1951 §3.2.4 */
    DEFLATE_CONTEXT_WINDOW = 8192 /* bytes of the stream that a private context looks back on */
};

extern const char DEFLATE_HEADER[DEFLATE_HEADER_LEN];

/* The head of a stored block of len <= DEFLATE_STORED_MAX bytes, which follow it. */
size_t deflate_stored_head(char out[DEFLATE_STORED_HEAD_LEN], size_t len);
/* All of s as stored blocks, then an empty one, so that it ends as a sync flush does. */
void deflate_stored(struct buf *out, struct slice s);

/* Makes fragments; one thread at a time. Holds zlib's tables between calls. */
struct deflater;

/* NULL when memory is short. */
MUST_CHECK struct deflater *deflater_new(void);
void deflater_free(struct deflater **d);
/* Appends one fragment. What lies beyond the first DEFLATE_WORK_MAX bytes is stored, not
 * compressed: a loop makes fragments between two events. out->failed when memory is short. */
enum { DEFLATE_WORK_MAX = 512 * 1024 };
void deflater_fragment(struct deflater *d, struct slice s, struct buf *out);

/* One connection's own compressor, DEFLATE_CONTEXT_BYTES of memory. */
struct deflate_context;
enum { DEFLATE_CONTEXT_BYTES = 56 * 1024 };

MUST_CHECK struct deflate_context *deflate_context_new(void);
void deflate_context_free(struct deflate_context **c);
/* Forgets all that it has seen. */
void deflate_context_reset(struct deflate_context *c);
/* The reader was sent these bytes (of the text, not of the stream) by others, in this order. */
void deflate_context_follow(struct deflate_context *c, struct slice s);
/* Compresses `a` then `b` and flushes; the bytes written, 0 if `capacity` is too small (then the
 * context is spoilt: reset it). deflate_context_bound says what is enough. */
size_t deflate_context_write(struct deflate_context *c, struct slice a, struct slice b, char *out,
                             size_t capacity);
size_t deflate_context_bound(size_t len);

/* One message of permessage-deflate (RFC 7692 §7.2.2) without context takeover: its tail was cut
 * off by the sender. At most out->max bytes: WS_TOO_BIG beyond. WS_PROTOCOL, NO_MEMORY. */
MUST_CHECK enum err deflate_message_read(struct slice s, struct buf *out);
