#pragma once

/*
 * Writing JSON into a buffer, streaming, no tree: this is the hot path of replies and events.
 * Commas are the writer's business. Errors are the buffer's sticky `failed`. Nesting is asserted.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

struct json_writer {
    struct buf *out;
    uint64_t comma; /* one bit a level: a value was written there */
    unsigned depth; /* < 64 */
    bool after_key;
};

/* Where jansson has a function of the plain name (object, array, null, real), ours is longer: two
 * functions of one name in a program are one function, and jansson's parser would call ours. */
void json_begin(struct json_writer *w, struct buf *out);
void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
/* key: a literal that needs no escaping. */
void json_key(struct json_writer *w, const char *key);
void json_str(struct json_writer *w, struct slice s); /* escaped; invalid UTF-8 becomes U+FFFD */
void json_cstr(struct json_writer *w, const char *s);
void json_u64(struct json_writer *w, uint64_t v);
void json_i64(struct json_writer *w, int64_t v);
void json_id(struct json_writer *w, uint64_t id);         /* decimal string */
void json_id_or_null(struct json_writer *w, uint64_t id); /* 0: null */
void json_bool(struct json_writer *w, bool v);
void json_write_null(struct json_writer *w);
void json_write_real(struct json_writer *w, double v, int decimals);
/* Wall time in Discord's form. */
void json_time(struct json_writer *w, int64_t wall_ms);
void json_time_or_null(struct json_writer *w, int64_t wall_ms); /* 0: null */
/* A complete JSON value made elsewhere. */
void json_raw(struct json_writer *w, struct slice text);
void json_raw_cstr(struct json_writer *w, const char *text);

/* json_key followed by the value. */
void json_kv_str(struct json_writer *w, const char *key, struct slice s);
void json_kv_str_or_null(struct json_writer *w, const char *key,
                         struct slice s); /* data NULL: null */
void json_kv_cstr(struct json_writer *w, const char *key, const char *s);
void json_kv_u64(struct json_writer *w, const char *key, uint64_t v);
void json_kv_i64(struct json_writer *w, const char *key, int64_t v);
void json_kv_id(struct json_writer *w, const char *key, uint64_t id);
void json_kv_id_or_null(struct json_writer *w, const char *key, uint64_t id);
void json_kv_bool(struct json_writer *w, const char *key, bool v);
void json_kv_null(struct json_writer *w, const char *key);
void json_kv_time(struct json_writer *w, const char *key, int64_t wall_ms);
void json_kv_time_or_null(struct json_writer *w, const char *key, int64_t wall_ms);
void json_kv_raw(struct json_writer *w, const char *key, const char *text);
