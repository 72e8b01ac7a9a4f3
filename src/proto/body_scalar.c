/* Scalars of request bodies: one decoder a field type, each with the codes and words that Discord
 * uses for what is wrong. */

#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "proto/body_priv.h"
#include "wire/json_read.h"
#include "wire/utf8.h"

enum { MESSAGE_MAX = 400, SHOWN_MAX = 64, CHOICES_TEXT_MAX = 256 };

void body_fail(struct body_walk *w, const char *code, const char *fmt, ...)
{
    char message[MESSAGE_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    form_errors_add(w->errors, w->path, code, message);
}

/* A value as it is quoted in an error message. A string that is cut inside a character is mended by
 * the JSON writer. */
static void show(const json_t *v, char *out, size_t room)
{
    switch (json_typeof(v)) {
    case JSON_STRING:
        snprintf(out, room, "%s", json_string_value(v));
        break;
    case JSON_INTEGER:
        snprintf(out, room, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        break;
    case JSON_REAL:
        snprintf(out, room, "%g", json_real_value(v));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(out, room, "%s", json_is_true(v) ? "True" : "False");
        break;
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        snprintf(out, room, "%s",
                 json_is_null(v) ? "None" : (json_is_object(v) ? "{...}" : "[...]"));
        break;
    }
}

void body_fail_coerce(struct body_walk *w, const json_t *v, const char *what)
{
    char shown[SHOWN_MAX];
    show(v, shown, sizeof shown);
    body_fail(w, "NUMBER_TYPE_COERCE", "Value \"%s\" is not %s.", shown, what);
}

static void fail_length(struct body_walk *w, const struct field *f, bool too_long)
{
    long long min = f->min;
    long long max = f->max;
    if (min > 1 && max > 0)
        body_fail(w, "BASE_TYPE_BAD_LENGTH", "Must be between %lld and %lld in length.", min, max);
    else if (too_long)
        body_fail(w, "BASE_TYPE_MAX_LENGTH", "Must be %lld or fewer in length.", max);
    else
        body_fail(w, "BASE_TYPE_MIN_LENGTH", "Must be %lld or more in length.", min);
}

/* Lengths count code points, as Discord's do. Nothing where something is required reads as absent.
 */
static void decode_string(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    if (!json_is_string(v)) {
        body_fail(w, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
        return;
    }
    struct slice text = json_read_str(v);
    if (f->flags & FIELD_TRIM)
        text = utf8_trim(text);
    int64_t count = (int64_t)utf8_count(text);
    if (count == 0 && f->min > 0 && (f->flags & FIELD_REQUIRED))
        body_fail(w, "BASE_TYPE_REQUIRED", "This field is required");
    else if (count < f->min || (f->max > 0 && count > f->max))
        fail_length(w, f, count > f->max);
    else
        *(struct slice *)at = text;
}

static void decode_bool(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)f;
    if (json_is_boolean(v))
        *(bool *)at = json_is_true(v);
    else
        body_fail(w, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.");
}

/* Integers, reals without a fraction, and decimal strings if the field takes them. */
static bool integer_of(const struct field *f, const json_t *v, int64_t *out)
{
    if (json_is_integer(v)) {
        *out = json_integer_value(v);
        return true;
    }
    if (json_is_real(v)) {
        double real = json_real_value(v);
        if (trunc(real) != real || fabs(real) > 9007199254740992.0)
            return false;
        *out = (int64_t)real;
        return true;
    }
    bool may_be_text = (f->flags & FIELD_NUMERIC_STRING) != 0;
    return may_be_text && json_is_string(v) && slice_to_i64(json_read_str(v), out);
}

static void decode_integer(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    int64_t number;
    if (!integer_of(f, v, &number))
        body_fail_coerce(w, v, "int");
    else if (number < f->min)
        body_fail(w, "NUMBER_TYPE_MIN", "int value should be greater than or equal to %lld.",
                  (long long)f->min);
    else if (number > f->max)
        body_fail(w, "NUMBER_TYPE_MAX", "int value should be less than or equal to %lld.",
                  (long long)f->max);
    else
        *(int64_t *)at = number;
}

static void decode_snowflake(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)f;
    uint64_t id;
    if (json_read_snowflake(v, &id))
        *(uint64_t *)at = id;
    else
        body_fail_coerce(w, v, "snowflake");
}

static void decode_bits(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)f;
    uint64_t bits;
    if (json_is_string(v) && slice_to_u64(json_read_str(v), &bits))
        *(uint64_t *)at = bits;
    else if (json_is_integer(v) && json_integer_value(v) >= 0)
        *(uint64_t *)at = (uint64_t)json_integer_value(v);
    else
        body_fail_coerce(w, v, "int");
}

/* Kept as text in either form; is_number says how to write it back. */
static void decode_nonce(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    struct body_nonce nonce = {.is_number = json_is_integer(v)};
    if (nonce.is_number) {
        char *text = arena_printf(w->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
        w->short_of_memory |= text == NULL;
        nonce.text = slice_from(text);
    } else if (json_is_string(v)) {
        nonce.text = json_read_str(v);
    } else {
        body_fail(w, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
        return;
    }
    if ((int64_t)utf8_count(nonce.text) > f->max)
        fail_length(w, f, true);
    else
        *(struct body_nonce *)at = nonce;
}

static void fail_choices(struct body_walk *w, const struct field *f)
{
    char text[CHOICES_TEXT_MAX] = "";
    size_t len = 0;
    for (const int64_t *c = f->choices; *c != INT64_MIN && len < sizeof text; c++) {
        int n =
            snprintf(text + len, sizeof text - len, "%s%lld", len > 0 ? ", " : "", (long long)*c);
        len += (size_t)n;
    }
    body_fail(w, "BASE_TYPE_CHOICES", "Value must be one of {%s}.", text);
}

static void decode_enum(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    int64_t number;
    if (!integer_of(f, v, &number)) {
        body_fail_coerce(w, v, "int");
        return;
    }
    for (const int64_t *c = f->choices; *c != INT64_MIN; c++) {
        if (*c == number) {
            *(int64_t *)at = number;
            return;
        }
    }
    fail_choices(w, f);
}

static void decode_time(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)f;
    char shown[SHOWN_MAX];
    if (json_is_string(v) && clock_iso_parse(json_read_str(v), at))
        return;
    show(v, shown, sizeof shown);
    body_fail(w, "DATE_TIME_TYPE_PARSE", "Could not parse %s. Should be ISO8601.", shown);
}

static void decode_number(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    double number = json_number_value(v);
    if (!json_is_number(v))
        body_fail_coerce(w, v, "float");
    else if (number < (double)f->min)
        body_fail(w, "NUMBER_TYPE_MIN", "float value should be greater than or equal to %lld.",
                  (long long)f->min);
    else if (number > (double)f->max)
        body_fail(w, "NUMBER_TYPE_MAX", "float value should be less than or equal to %lld.",
                  (long long)f->max);
    else
        *(double *)at = number;
}

static bool is_empty(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_NULL:
    case JSON_FALSE:
        return true;
    case JSON_STRING:
        return json_string_length(v) == 0;
    case JSON_ARRAY:
        return json_array_size(v) == 0;
    case JSON_OBJECT:
        return json_object_size(v) == 0;
    case JSON_INTEGER:
    case JSON_REAL:
    case JSON_TRUE:
        break;
    }
    return false;
}

/* Refusing beats dropping: the sender would believe that its embed arrived. */
static void decode_later(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)f;
    (void)at;
    if (!is_empty(v))
        body_fail(w, "FEATURE_NOT_AVAILABLE", "This server does not support this field yet.");
}

static void decode_ignored(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)w;
    (void)f;
    (void)v;
    (void)at;
}

static void decode_json(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    (void)w;
    (void)f;
    *(const json_t **)at = v;
}

typedef void (*scalar_decoder)(struct body_walk *w, const struct field *f, const json_t *v,
                               void *at);

static const scalar_decoder decoders[] = {
    [FIELD_STRING] = decode_string,   [FIELD_BOOL] = decode_bool,
    [FIELD_INTEGER] = decode_integer, [FIELD_SNOWFLAKE] = decode_snowflake,
    [FIELD_BITS] = decode_bits,       [FIELD_NONCE] = decode_nonce,
    [FIELD_ENUM] = decode_enum,       [FIELD_LATER] = decode_later,
    [FIELD_IGNORED] = decode_ignored, [FIELD_TIME] = decode_time,
    [FIELD_NUMBER] = decode_number,   [FIELD_URL] = body_url,
    [FIELD_JSON] = decode_json,
};

bool body_is_scalar(enum field_type t)
{
    return t != FIELD_OBJECT && t != FIELD_ARRAY;
}

void body_scalar(struct body_walk *w, const struct field *f, const json_t *v, void *at)
{
    decoders[f->type](w, f, v, at);
}
