/*
 * JSON: what was read, written by our writer and read again, is written the same; and whatever
 * bytes the writer is given as a string, the result is JSON.
 */

#include <string.h>

#include "base/buf.h"
#include "fuzz/fuzz.h"
#include "wire/json_read.h"
#include "wire/json_write.h"
#include "wire/utf8.h"

enum { DEPTH_MAX = 16, DECIMALS = 17, OUT_BYTES_MAX = 1 << 24 };

static void write_value(struct json_writer *w, json_t *v);

static void write_array(struct json_writer *w, json_t *v)
{
    json_array_begin(w);
    for (size_t i = 0; i < json_array_size(v); i++)
        write_value(w, json_array_get(v, i));
    json_array_end(w);
}

/* As an array of keys and values: the writer's own keys are literals that need no escape. */
static void write_object(struct json_writer *w, json_t *v)
{
    json_array_begin(w);
    for (void *at = json_object_iter(v); at; at = json_object_iter_next(v, at)) {
        json_str(w, slice_of(json_object_iter_key(at), json_object_iter_key_len(at)));
        write_value(w, json_object_iter_value(at));
    }
    json_array_end(w);
}

/* Recurses no deeper than DEPTH_MAX: json_read saw to that. */
static void write_value(struct json_writer *w, json_t *v)
{
    if (json_is_object(v))
        write_object(w, v);
    else if (json_is_array(v))
        write_array(w, v);
    else if (json_is_string(v))
        json_str(w, json_read_str(v));
    else if (json_is_integer(v))
        json_i64(w, json_integer_value(v));
    else if (json_is_real(v))
        json_write_real(w, json_real_value(v), DECIMALS);
    else if (json_is_boolean(v))
        json_bool(w, json_is_true(v));
    else
        json_write_null(w);
}

static void write_whole(struct buf *out, json_t *v)
{
    struct json_writer w;
    buf_init(out, MEM_MAIN, OUT_BYTES_MAX);
    json_begin(&w, out);
    write_value(&w, v);
    fuzz_check(!out->failed && w.depth == 0);
}

static void check_round_trip(struct slice text)
{
    json_t *v = NULL;
    if (json_read(text, DEPTH_MAX, &v) != ERR_OK)
        return;
    struct buf once;
    struct buf twice;
    write_whole(&once, v);
    json_decref(v);
    fuzz_check(json_read(buf_slice(&once), DEPTH_MAX, &v) == ERR_OK);
    write_whole(&twice, v);
    json_decref(v);
    fuzz_check(slice_eq(buf_slice(&once), buf_slice(&twice)));
    buf_deinit(&once);
    buf_deinit(&twice);
}

static void check_string(struct slice text)
{
    struct buf out;
    struct json_writer w;
    json_t *v = NULL;
    buf_init(&out, MEM_MAIN, OUT_BYTES_MAX);
    json_begin(&w, &out);
    json_str(&w, text);
    fuzz_check(!out.failed && utf8_valid(buf_slice(&out)));
    if (slice_find(text, 0) == text.len) { /* the reader refuses NUL, however it is written */
        fuzz_check(json_read(buf_slice(&out), 1, &v) == ERR_OK);
        fuzz_check(!utf8_valid(text) || slice_eq(json_read_str(v), text));
        json_decref(v);
    }
    buf_deinit(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    if (!started++)
        json_read_init(1);
    struct slice text = {(const char *)data, size};
    check_round_trip(text);
    check_string(text);
    return 0;
}
