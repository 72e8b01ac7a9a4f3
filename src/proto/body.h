#pragma once

/*
 * Request bodies by table: a shape lists the fields of an object with type, limits and where they
 * land in a C struct. One walk decodes, checks, and builds Discord's nested error tree (code
 * 50035). The tables also yield the OpenAPI schemas.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/buf.h"
#include "base/errors.h"
#include "base/slice.h"

enum field_type {
    FIELD_STRING,    /* struct slice; min..max in code points (after trimming if FIELD_TRIM) */
    FIELD_BOOL,      /* bool */
    FIELD_INTEGER,   /* int64_t; min..max; numeric strings accepted with FIELD_NUMERIC_STRING */
    FIELD_SNOWFLAKE, /* uint64_t; string or number */
    FIELD_BITS,      /* uint64_t permission set; string or number */
    FIELD_NONCE,     /* struct body_nonce; string or integer, at most `max` characters */
    FIELD_OBJECT,    /* the nested struct at offset; shape */
    FIELD_ARRAY,     /* struct body_array of nested structs; shape; min..max items */
    FIELD_ENUM,      /* int64_t; one of `choices` (ends with INT64_MIN) */
    FIELD_TIME,      /* int64_t wall milliseconds; ISO 8601, see clock_iso_parse */
    FIELD_NUMBER,    /* double; min..max, which are whole numbers here */
    FIELD_FILE,      /* struct body_file; only in the shape of a form */
    FIELD_URL,       /* struct slice, trimmed; http or https; at most `max` code points */
    FIELD_JSON,      /* const struct json_t *: the parsed value; who takes it checks it */
    FIELD_LATER,     /* of a feature that does not exist yet: only null or an empty value */
    FIELD_IGNORED    /* accepted and dropped, any type */
};

enum {
    FIELD_REQUIRED = 1,
    FIELD_NULLABLE = 2,
    FIELD_TRIM = 4,
    FIELD_NUMERIC_STRING = 8,
    FIELD_IMAGE = 16, /* of a string: a data URI, which makes the body as large as uploads may be */
    FIELD_COMMAS = 32, /* of an array of bare values: also as one text with commas between them */
    FIELD_ATTACHMENT_URL = 64 /* of a URL: also attachment://, a file of the same message */
};

struct body_nonce {
    struct slice text;
    bool is_number;
};

/* An uploaded file; slices into the body. */
struct body_file {
    struct slice bytes; /* data NULL: none */
    struct slice name;
};

struct body_array {
    void *items; /* of the item shape's struct */
    size_t count;
};

struct shape;
struct json_t; /* jansson's; its header shares names with wire/json_write.h */

struct field {
    const char *name;
    enum field_type type;
    unsigned flags;
    int64_t min;
    int64_t max;
    size_t offset;    /* in the struct of the shape */
    unsigned present; /* bit in the struct's `present`, which is its first member (uint64_t) */
    const struct shape *shape;
    const int64_t *choices;
};

/* A shape whose only field has the name NULL describes a bare value: items of an array of strings
 * or ids, or a whole body that is a list. Its struct begins with the two words as well. The struct
 * of a shape begins with `uint64_t present; uint64_t null;`: bit n of `present` is set if the field
 * with .present == n was sent, of `null` if it was sent as null. Absent fields stay zero. */
struct shape {
    const char *name;
    const struct field *fields;
    size_t field_count;
    size_t size;
    bool is_form; /* multipart/form-data: strings and files */
};

/* Whether its bodies may be as large as uploads: a form, or one with an image. */
bool shape_is_upload(const struct shape *shape);

/* The nested error tree; lives in the arena. */
struct form_errors;
MUST_CHECK struct form_errors *form_errors_new(struct arena *arena);
/* path: keys and decimal indexes joined by '.', "" for the body itself. code: e.g.
 * "BASE_TYPE_REQUIRED". path and message are copied, code is a literal. */
void form_errors_add(struct form_errors *e, const char *path, const char *code,
                     const char *message);
bool form_errors_any(const struct form_errors *e);
/* {"code":50035,"message":"Invalid Form Body","errors":{...}} */
void form_errors_write(const struct form_errors *e, struct buf *out);

/* True if a field of that bit was sent, null included; and if it was sent as null. */
#define BODY_SENT(body, bit) (((body).present >> (bit)) & 1)
#define BODY_NULL(body, bit) (((body).null >> (bit)) & 1)

/* Decodes `root` into `out` (zeroed, shape->size bytes). ERR_OK, INVALID_FORM (errors has the
 * tree), NO_MEMORY. Unknown fields are ignored, as Discord does. */
MUST_CHECK enum err body_decode(const struct shape *shape, const struct json_t *root,
                                struct arena *arena, void *out, struct form_errors *errors);
