/*
 * Fragments are taken out of whole frames that libzstd makes: it finds the matches
 * (ZSTD_generateSequences), those that would depend on the reader's past are taken back into the
 * literals, and the rest is encoded (ZSTD_compressSequences); then the frame's header goes and the
 * mark of its last block. Both functions are of libzstd's experimental interface; a test holds what
 * they make against the ordinary decoder, fragment by fragment, in random order.
 */
#define ZSTD_STATIC_LINKING_ONLY

#include "wire/zstd_stream.h"

#include <assert.h>
#include <zstd.h>

#include "base/mem.h"

enum {
    LEVEL = 3,
    WINDOW_LOG = 17,
    PIECE_BYTES = 32 * 1024, /* compressed in one go; bounds the memory of the sequences */
    SEQUENCES_MAX = PIECE_BYTES / 3 + 16, /* a match has three bytes at least */
    WORTHWHILE_BYTES = 16, /* below it no block gets smaller, and libzstd gives no sequences */
    OFFSET_UNSAFE = 8,     /* 1, 4 and 8 are the repeat offsets at the start of a frame */
    FRAME_FIXED_LEN = 5,   /* magic number and descriptor */
    BLOCK_HEAD_LEN = 3,
    BLOCK_LAST = 1,
    BLOCK_RLE = 1
};

_Static_assert(ZSTD_RAW_MAX == 1 << WINDOW_LOG, "a block is no larger than the window");

const char ZSTD_STREAM_HEADER[ZSTD_STREAM_HEADER_LEN] = {
    0x28, (char)(uint8_t)0xB5, 0x2F, (char)(uint8_t)0xFD, 0, (WINDOW_LOG - 10) << 3};

struct zstd_maker {
    ZSTD_CCtx *context;
    ZSTD_Sequence sequences[SEQUENCES_MAX];
    char frame[ZSTD_COMPRESSBOUND(PIECE_BYTES) + 64];
};

size_t zstd_raw_head(char out[ZSTD_RAW_HEAD_LEN], size_t len)
{
    assert(len <= ZSTD_RAW_MAX);
    uint32_t head = (uint32_t)len << 3; /* not the last, type 0 */
    for (unsigned i = 0; i < ZSTD_RAW_HEAD_LEN; i++)
        out[i] = (char)(uint8_t)(head >> (8 * i));
    return ZSTD_RAW_HEAD_LEN;
}

void zstd_raw(struct buf *out, struct slice s)
{
    char head[ZSTD_RAW_HEAD_LEN];
    for (size_t at = 0; at < s.len;) {
        size_t n = s.len - at < ZSTD_RAW_MAX ? s.len - at : ZSTD_RAW_MAX;
        buf_append(out, head, zstd_raw_head(head, n));
        buf_append(out, s.data + at, n);
        at += n;
    }
}

static void *allocate(void *opaque, size_t size)
{
    (void)opaque;
    return mem_alloc(MEM_WIRE, size);
}

static void release(void *opaque, void *p)
{
    (void)opaque;
    mem_free(MEM_WIRE, p);
}

static bool set(ZSTD_CCtx *c, ZSTD_cParameter what, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(c, what, value));
}

struct zstd_maker *zstd_maker_new(void)
{
    struct zstd_maker *m = mem_alloc(MEM_WIRE, sizeof *m);
    if (m == NULL)
        return NULL;
    m->context = ZSTD_createCCtx_advanced((ZSTD_customMem){allocate, release, NULL});
    if (m->context != NULL && set(m->context, ZSTD_c_compressionLevel, LEVEL) &&
        set(m->context, ZSTD_c_windowLog, WINDOW_LOG) &&
        set(m->context, ZSTD_c_contentSizeFlag, 0) && set(m->context, ZSTD_c_checksumFlag, 0) &&
        set(m->context, ZSTD_c_blockDelimiters, ZSTD_sf_explicitBlockDelimiters))
        return m;
    zstd_maker_free(&m);
    return NULL;
}

void zstd_maker_free(struct zstd_maker **m)
{
    if (*m == NULL)
        return;
    (void)ZSTD_freeCCtx((*m)->context);
    mem_free(MEM_WIRE, *m);
    *m = NULL;
}

/* Matches that could be written as a repeat of an offset that the reader does not have become
 * literals of the sequence after them. Returns how many sequences are left. */
static size_t keep_safe(ZSTD_Sequence *q, size_t count)
{
    size_t kept = 0;
    unsigned literals = 0;
    for (size_t i = 0; i < count; i++) {
        bool delimiter = q[i].offset == 0;
        literals += q[i].litLength;
        if (!delimiter && q[i].offset <= OFFSET_UNSAFE) {
            literals += q[i].matchLength;
            continue;
        }
        q[kept++] = (ZSTD_Sequence){q[i].offset, literals, q[i].matchLength, 0};
        literals = 0;
    }
    return kept; /* the last one is a delimiter, so no literals are left over */
}

/* One frame of s in m->frame; 0 when memory is short. */
static size_t make_frame(struct zstd_maker *m, struct slice s)
{
    (void)ZSTD_CCtx_reset(m->context, ZSTD_reset_session_only);
    size_t n = ZSTD_generateSequences(m->context, m->sequences, SEQUENCES_MAX, s.data, s.len);
    if (ZSTD_isError(n))
        return 0;
    n = keep_safe(m->sequences, n);
    (void)ZSTD_CCtx_reset(m->context, ZSTD_reset_session_only);
    n = ZSTD_compressSequences(m->context, m->frame, sizeof m->frame, m->sequences, n, s.data,
                               s.len);
    return ZSTD_isError(n) ? 0 : n;
}

static uint32_t block_head(const char *p)
{
    return (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8 | (uint32_t)(uint8_t)p[2] << 16;
}

/* Where the blocks begin (RFC 8878 §3.1.1.1): after the window, or the size of a single segment. */
static size_t header_len(const char *frame)
{
    static const uint8_t SIZE_LEN[] = {0, 2, 4, 8};
    unsigned descriptor = (uint8_t)frame[FRAME_FIXED_LEN - 1];
    bool single = (descriptor & 0x20) != 0;
    size_t size_len = SIZE_LEN[descriptor >> 6];
    return FRAME_FIXED_LEN + (single ? (size_len == 0 ? 1 : size_len) : 1 + size_len);
}

/* The last block is not the last any more. False if the blocks do not end where the frame does. */
static bool unmark_last(char *frame, size_t at, size_t len)
{
    while (at + BLOCK_HEAD_LEN <= len) {
        uint32_t head = block_head(frame + at);
        size_t size = (head >> 1 & 3) == BLOCK_RLE ? 1 : head >> 3;
        if ((head & BLOCK_LAST) != 0) {
            frame[at] = (char)((uint8_t)frame[at] & ~(unsigned)BLOCK_LAST);
            return at + BLOCK_HEAD_LEN + size == len;
        }
        at += BLOCK_HEAD_LEN + size;
    }
    return false;
}

void zstd_fragment(struct zstd_maker *m, struct slice s, struct buf *out)
{
    for (size_t at = 0; at < s.len;) {
        if (at >= ZSTD_WORK_MAX || s.len - at < WORTHWHILE_BYTES) {
            zstd_raw(out, slice_of(s.data + at, s.len - at));
            return;
        }
        size_t n = s.len - at < PIECE_BYTES ? s.len - at : PIECE_BYTES;
        size_t len = make_frame(m, slice_of(s.data + at, n));
        size_t from = len == 0 ? 0 : header_len(m->frame);
        if (len == 0 || !unmark_last(m->frame, from, len)) {
            out->failed = true;
            return;
        }
        buf_append(out, m->frame + from, len - from);
        at += n;
    }
}
