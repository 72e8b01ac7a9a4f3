/*
 * Terms from clients. Every length is compared with what is left before anything is made, so the
 * memory that a command takes is bounded by its own bytes; the depth is the caller's bound.
 */

#include <math.h>
#include <string.h>

#include "wire/etf.h"
#include "wire/etf_tags.h"
#include "wire/utf8.h"

enum { BIG_DIGITS_MAX = 8 };

/* The largest double below which every whole number has a double of its own. */
static const double EXACT_MAX = 9007199254740992.0;

struct reader {
    struct slice in;
    size_t at;
    size_t depth_left;
    enum err err; /* sticky */
};

static json_t *fail(struct reader *r, enum err e)
{
    if (r->err == ERR_OK)
        r->err = e;
    return NULL;
}

static json_t *made(struct reader *r, json_t *v)
{
    return v != NULL ? v : fail(r, ERR_NO_MEMORY);
}

static size_t left(const struct reader *r)
{
    return r->in.len - r->at;
}

static const uint8_t *take(struct reader *r, size_t n)
{
    if (r->err != ERR_OK || n > left(r)) {
        fail(r, ERR_INVALID_JSON);
        return NULL;
    }
    const uint8_t *p = (const uint8_t *)r->in.data + r->at;
    r->at += n;
    return p;
}

/* Big-endian, n <= 8; 0 after an error. */
static uint64_t take_uint(struct reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static struct slice take_slice(struct reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    return slice_of(p == NULL ? "" : (const char *)p, p == NULL ? 0 : n);
}

static bool is_text(struct slice s)
{
    return utf8_valid(s) && memchr(s.data, 0, s.len) == NULL;
}

static json_t *read_text(struct reader *r, size_t n)
{
    struct slice s = take_slice(r, n);
    if (r->err != ERR_OK || !is_text(s))
        return fail(r, ERR_INVALID_JSON);
    return made(r, json_stringn(s.data, s.len));
}

static json_t *read_atom(struct reader *r, size_t n)
{
    struct slice s = take_slice(r, n);
    if (r->err != ERR_OK || !is_text(s))
        return fail(r, ERR_INVALID_JSON);
    if (slice_eq_cstr(s, "true"))
        return json_true();
    if (slice_eq_cstr(s, "false"))
        return json_false();
    if (slice_eq_cstr(s, "nil") || slice_eq_cstr(s, "null"))
        return json_null();
    return made(r, json_stringn(s.data, s.len));
}

static json_t *read_float(struct reader *r)
{
    uint64_t bits = take_uint(r, 8);
    double v;
    memcpy(&v, &bits, sizeof v);
    if (r->err != ERR_OK || !isfinite(v))
        return fail(r, ERR_INVALID_JSON);
    if (v == floor(v) && fabs(v) < EXACT_MAX)
        return made(r, json_integer((json_int_t)v));
    return made(r, json_real(v));
}

static json_t *read_big(struct reader *r, size_t digits)
{
    const uint8_t *sign = take(r, 1);
    const uint8_t *p = digits <= BIG_DIGITS_MAX ? take(r, digits) : NULL;
    uint64_t v = 0;
    for (size_t i = digits; p != NULL && i-- > 0;)
        v = v << 8 | p[i];
    if (sign == NULL || p == NULL || v > INT64_MAX)
        return fail(r, ERR_INVALID_JSON);
    return made(r, json_integer(*sign == 0 ? (json_int_t)v : -(json_int_t)v));
}

static json_t *read_term(struct reader *r);

/* Takes both. */
static bool append(struct reader *r, json_t *array, json_t *v)
{
    if (v == NULL)
        return false;
    if (json_array_append_new(array, v) == 0)
        return true;
    fail(r, ERR_NO_MEMORY);
    return false;
}

/* Every element has at least a byte. */
static json_t *read_elements(struct reader *r, uint64_t count)
{
    if (r->err != ERR_OK || count > left(r))
        return fail(r, ERR_INVALID_JSON);
    json_t *array = made(r, json_array());
    for (uint64_t i = 0; array != NULL && i < count; i++) {
        if (!append(r, array, read_term(r)))
            break;
    }
    if (r->err == ERR_OK)
        return array;
    json_decref(array);
    return NULL;
}

/* Erlang's short lists of bytes. */
static json_t *read_byte_list(struct reader *r, size_t n)
{
    const uint8_t *p = take(r, n);
    json_t *array = p == NULL ? NULL : made(r, json_array());
    for (size_t i = 0; array != NULL && i < n; i++) {
        if (!append(r, array, made(r, json_integer(p[i]))))
            break;
    }
    if (r->err == ERR_OK)
        return array;
    json_decref(array);
    return NULL;
}

static json_t *read_list(struct reader *r, uint64_t count)
{
    json_t *array = read_elements(r, count);
    if (array != NULL && take_uint(r, 1) == ETF_NIL)
        return array;
    json_decref(array);
    return fail(r, ERR_INVALID_JSON); /* a tail: an improper list */
}

static bool read_pair(struct reader *r, json_t *object)
{
    if (take_uint(r, 1) != ETF_BINARY) {
        fail(r, ERR_INVALID_JSON);
        return false;
    }
    struct slice key = take_slice(r, (size_t)take_uint(r, 4));
    if (r->err != ERR_OK || !is_text(key) || json_object_getn(object, key.data, key.len) != NULL) {
        fail(r, ERR_INVALID_JSON);
        return false;
    }
    json_t *value = read_term(r);
    if (value == NULL)
        return false;
    if (json_object_setn_new_nocheck(object, key.data, key.len, value) == 0)
        return true;
    fail(r, ERR_NO_MEMORY);
    return false;
}

static json_t *read_map(struct reader *r, uint64_t count)
{
    if (r->err != ERR_OK || count > left(r))
        return fail(r, ERR_INVALID_JSON);
    json_t *object = made(r, json_object());
    for (uint64_t i = 0; object != NULL && i < count; i++) {
        if (!read_pair(r, object))
            break;
    }
    if (r->err == ERR_OK)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *read_scalar(struct reader *r, uint64_t tag)
{
    switch (tag) {
    case ETF_SMALL_INTEGER:
        return made(r, json_integer((json_int_t)take_uint(r, 1)));
    case ETF_INTEGER:
        return made(r, json_integer((int32_t)(uint32_t)take_uint(r, 4)));
    case ETF_SMALL_BIG:
        return read_big(r, (size_t)take_uint(r, 1));
    case ETF_LARGE_BIG:
        return read_big(r, (size_t)take_uint(r, 4));
    case ETF_NEW_FLOAT:
        return read_float(r);
    case ETF_SMALL_ATOM:
    case ETF_SMALL_ATOM_UTF8:
        return read_atom(r, (size_t)take_uint(r, 1));
    case ETF_ATOM:
    case ETF_ATOM_UTF8:
        return read_atom(r, (size_t)take_uint(r, 2));
    case ETF_BINARY:
        return read_text(r, (size_t)take_uint(r, 4));
    case ETF_STRING:
        return read_byte_list(r, (size_t)take_uint(r, 2));
    case ETF_NIL:
        return made(r, json_array());
    default: /* processes, functions, bit strings, and COMPRESSED, which could be a bomb */
        return fail(r, ERR_INVALID_JSON);
    }
}

static json_t *read_nested(struct reader *r, uint64_t tag)
{
    switch (tag) {
    case ETF_LIST:
        return read_list(r, take_uint(r, 4));
    case ETF_SMALL_TUPLE:
        return read_elements(r, take_uint(r, 1));
    case ETF_LARGE_TUPLE:
        return read_elements(r, take_uint(r, 4));
    default:
        return read_map(r, take_uint(r, 4));
    }
}

/* Recurses no deeper than depth_left. */
static json_t *read_term(struct reader *r)
{
    uint64_t tag = take_uint(r, 1);
    if (tag != ETF_LIST && tag != ETF_SMALL_TUPLE && tag != ETF_LARGE_TUPLE && tag != ETF_MAP)
        return read_scalar(r, tag);
    if (r->depth_left == 0)
        return fail(r, ERR_INVALID_JSON);
    r->depth_left--;
    json_t *v = read_nested(r, tag);
    r->depth_left++;
    if (r->err == ERR_OK)
        return v;
    json_decref(v);
    return NULL;
}

enum err etf_read(struct slice bytes, size_t depth_max, json_t **out)
{
    struct reader r = {.in = bytes, .depth_left = depth_max};
    if (take_uint(&r, 1) != ETF_VERSION)
        return ERR_INVALID_JSON;
    json_t *v = read_term(&r);
    if (v != NULL && r.err == ERR_OK && left(&r) > 0)
        fail(&r, ERR_INVALID_JSON);
    if (r.err == ERR_OK) {
        *out = v;
        return ERR_OK;
    }
    json_decref(v);
    return r.err;
}
