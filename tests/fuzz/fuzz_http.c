/* HTTP: an answer never depends on how the bytes were cut. */

#include "fuzz/fuzz.h"
#include "fuzz/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct http_limits limits = {.head_bytes_max = 700, .body_bytes_max = 200};
    struct buf whole;
    struct buf cut;
    buf_init(&whole, MEM_MAIN, TRACE_BYTES_MAX);
    buf_init(&cut, MEM_MAIN, TRACE_BYTES_MAX);
    trace_http(&whole, &limits, (const char *)data, size, 0, size);
    for (size_t step = 1; step <= 9; step += 4) {
        buf_reset(&cut);
        trace_http(&cut, &limits, (const char *)data, size, fuzz_first(data, size), step);
        fuzz_check(slice_eq(buf_slice(&whole), buf_slice(&cut)));
    }
    buf_deinit(&whole);
    buf_deinit(&cut);
    return 0;
}
