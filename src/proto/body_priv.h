#pragma once

/* What the decoder and the error tree share. */

#include "proto/body.h"

/* True once an error could not be kept: the tree is incomplete and must not be sent. */
bool form_errors_short_of_memory(const struct form_errors *e);

enum { BODY_PATH_MAX = 256 };

/* One decoding under way. Errors land at `path`, which grows and shrinks with the descent. */
struct body_walk {
    struct arena *arena;
    struct form_errors *errors;
    char path[BODY_PATH_MAX];
    size_t path_len;
    bool short_of_memory;
};

/* An error at the walk's path. */
void body_fail(struct body_walk *w, const char *code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* `Value "x" is not <what>.` with code NUMBER_TYPE_COERCE, x cut to a readable length. */
void body_fail_coerce(struct body_walk *w, const struct json_t *v, const char *what);

/* One scalar of the field's type into `at`; errors go to the walk. */
void body_scalar(struct body_walk *w, const struct field *f, const struct json_t *v, void *at);
bool body_is_scalar(enum field_type t);
/* The scalar FIELD_URL. */
void body_url(struct body_walk *w, const struct field *f, const struct json_t *v, void *at);

/* Goes down to a key or an index; the way back is body_path_pop with what it gave. */
size_t body_path_push(struct body_walk *w, const char *key);
size_t body_path_push_index(struct body_walk *w, size_t index);
void body_path_pop(struct body_walk *w, size_t before);
/* One object by its shape, for values that a table alone cannot describe (proto/components.c).
 * `out` zeroed. */
void body_object(struct body_walk *w, const struct shape *shape, const struct json_t *v, void *out);
