/* Key and value in one call: the form that most lines of proto/ use. Nothing but pairs. */

#include "wire/json_write.h"

void json_kv_str(struct json_writer *w, const char *key, struct slice s)
{
    json_key(w, key);
    json_str(w, s);
}

void json_kv_str_or_null(struct json_writer *w, const char *key, struct slice s)
{
    json_key(w, key);
    if (s.data)
        json_str(w, s);
    else
        json_write_null(w);
}

void json_kv_cstr(struct json_writer *w, const char *key, const char *s)
{
    json_key(w, key);
    json_cstr(w, s);
}

void json_kv_u64(struct json_writer *w, const char *key, uint64_t v)
{
    json_key(w, key);
    json_u64(w, v);
}

void json_kv_i64(struct json_writer *w, const char *key, int64_t v)
{
    json_key(w, key);
    json_i64(w, v);
}

void json_kv_id(struct json_writer *w, const char *key, uint64_t id)
{
    json_key(w, key);
    json_id(w, id);
}

void json_kv_id_or_null(struct json_writer *w, const char *key, uint64_t id)
{
    json_key(w, key);
    json_id_or_null(w, id);
}

void json_kv_bool(struct json_writer *w, const char *key, bool v)
{
    json_key(w, key);
    json_bool(w, v);
}

void json_kv_null(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_write_null(w);
}

void json_kv_time(struct json_writer *w, const char *key, int64_t wall_ms)
{
    json_key(w, key);
    json_time(w, wall_ms);
}

void json_kv_time_or_null(struct json_writer *w, const char *key, int64_t wall_ms)
{
    json_key(w, key);
    json_time_or_null(w, wall_ms);
}

void json_kv_raw(struct json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_raw_cstr(w, text);
}
