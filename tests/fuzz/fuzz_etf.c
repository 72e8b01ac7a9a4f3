/*
 * ETF from clients: garbage is refused, and what was read is written as JSON and encoded again
 * without loss. ETF to clients: any text that is JSON can be encoded, any other never crashes.
 */

#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "wire/etf.h"
#include "wire/json_read.h"

enum { DEPTH_MAX = 16, OUT_BYTES_MAX = 1 << 24 };

static bool encode(struct slice json, struct buf *out)
{
    struct etf_writer w;
    buf_reset(out);
    etf_begin_message(&w, out);
    etf_text(&w, json);
    return etf_end(&w);
}

static void check_read(struct slice bytes, struct buf *out)
{
    json_t *v = NULL;
    if (etf_read(bytes, DEPTH_MAX, &v) != ERR_OK)
        return;
    static char text[OUT_BYTES_MAX];
    size_t len = json_dumpb(v, text, sizeof text, JSON_COMPACT | JSON_ENCODE_ANY);
    fuzz_check(len > 0 && len <= sizeof text);
    fuzz_check(encode(slice_of(text, len), out));
    json_decref(v);
}

static void check_write(struct slice json, struct buf *out)
{
    json_t *v = NULL;
    if (slice_find(json, 0) != json.len)
        return; /* jansson takes a NUL after a number for the end of the text */
    bool valid = json_read(json, DEPTH_MAX, &v) == ERR_OK;
    bool encoded = encode(json, out);
    if (valid)
        json_decref(v);
    fuzz_check(encoded || !valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    struct buf out;
    if (!started++)
        json_read_init(1);
    buf_init(&out, MEM_MAIN, OUT_BYTES_MAX);
    struct slice bytes = {(const char *)data, size};
    check_read(bytes, &out);
    check_write(bytes, &out);
    buf_deinit(&out);
    return 0;
}
