/*
 * permessage-deflate: whatever a client sends is inflated within its maximum or refused, and what
 * was inflated comes back from our own fragments; zlib and zstd both.
 */

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "fuzz/fuzz.h"
#include "wire/deflate_stream.h"
#include "wire/zstd_stream.h"

enum { MESSAGE_BYTES_MAX = 4096, OUT_BYTES_MAX = 1 << 20 };

static void check_read(struct slice input)
{
    struct buf got;
    buf_init(&got, MEM_MAIN, MESSAGE_BYTES_MAX);
    enum err e = deflate_message_read(input, &got);
    fuzz_check(got.len <= MESSAGE_BYTES_MAX);
    fuzz_check(e == ERR_OK || e == ERR_WS_TOO_BIG || e == ERR_WS_PROTOCOL);
    buf_deinit(&got);
}

/* The fragment, without its tail, is a message. */
static void check_deflate(struct deflater *d, struct slice input)
{
    struct buf fragment;
    struct buf got;
    buf_init(&fragment, MEM_MAIN, OUT_BYTES_MAX);
    buf_init(&got, MEM_MAIN, OUT_BYTES_MAX);
    deflater_fragment(d, input, &fragment);
    fuzz_check(!fragment.failed && fragment.len >= DEFLATE_TAIL_LEN);
    struct slice message = {fragment.data, fragment.len - DEFLATE_TAIL_LEN};
    fuzz_check(deflate_message_read(message, &got) == ERR_OK);
    fuzz_check(slice_eq(buf_slice(&got), input));
    buf_deinit(&fragment);
    buf_deinit(&got);
}

/* Twice in one stream, for what the first leaves behind. */
static void check_zstd(struct zstd_maker *m, struct slice input)
{
    static char text[OUT_BYTES_MAX];
    struct buf stream;
    buf_init(&stream, MEM_MAIN, OUT_BYTES_MAX);
    buf_append(&stream, ZSTD_STREAM_HEADER, ZSTD_STREAM_HEADER_LEN);
    zstd_fragment(m, input, &stream);
    zstd_fragment(m, input, &stream);
    fuzz_check(!stream.failed);
    ZSTD_DCtx *d = ZSTD_createDCtx();
    ZSTD_outBuffer out = {text, sizeof text, 0};
    ZSTD_inBuffer in = {stream.data, stream.len, 0};
    while (in.pos < in.size)
        fuzz_check(!ZSTD_isError(ZSTD_decompressStream(d, &out, &in)));
    fuzz_check(out.pos == 2 * input.len && memcmp(text, input.data, input.len) == 0 &&
               memcmp(text + input.len, input.data, input.len) == 0);
    ZSTD_freeDCtx(d);
    buf_deinit(&stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct deflater *deflater;
    static struct zstd_maker *zstd;
    struct slice input = {(const char *)data, size};
    if (deflater == NULL) {
        deflater = deflater_new();
        zstd = zstd_maker_new();
    }
    fuzz_check(deflater != NULL && zstd != NULL);
    check_read(input);
    if (size > 0 && size < OUT_BYTES_MAX / 4) {
        check_deflate(deflater, input);
        check_zstd(zstd, input);
    }
    return 0;
}
