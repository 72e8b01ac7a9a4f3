/* WebSocket frames: an answer never depends on how the bytes were cut. */

#include "fuzz/fuzz.h"
#include "fuzz/trace.h"

enum { MESSAGE_BYTES_MAX = 300 };

static void check(const uint8_t *data, size_t size, bool deflate)
{
    struct slice input = {(const char *)data, size};
    struct buf whole;
    struct buf cut;
    buf_init(&whole, MEM_MAIN, TRACE_BYTES_MAX);
    buf_init(&cut, MEM_MAIN, TRACE_BYTES_MAX);
    trace_ws(&whole, MESSAGE_BYTES_MAX, deflate, input, 0, size);
    for (size_t step = 1; step <= 9; step += 4) {
        buf_reset(&cut);
        trace_ws(&cut, MESSAGE_BYTES_MAX, deflate, input, fuzz_first(data, size), step);
        fuzz_check(slice_eq(buf_slice(&whole), buf_slice(&cut)));
    }
    buf_deinit(&whole);
    buf_deinit(&cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check(data, size, false);
    check(data, size, true);
    return 0;
}
