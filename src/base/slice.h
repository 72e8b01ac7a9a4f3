#pragma once

/*
 * A borrowed run of bytes: pointer and length, never NUL-terminated by contract, never owning.
 * Everything that is parsed or compared travels as a slice. A slice lives as long as the memory
 * that it points into; who keeps one longer copies it (arena_dup, buf_append_slice).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"

struct slice {
    const char *data;
    size_t len;
};

/* A slice of a string literal, at no run-time cost. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})
/* The two arguments of a "%.*s". */
#define SLICE_ARG(s) (int)(s).len, (s).data

/* A slice of a NUL-terminated string; NULL gives the empty slice. */
struct slice slice_from(const char *cstr);
struct slice slice_of(const char *data, size_t len);
bool slice_eq(struct slice a, struct slice b);
/* ASCII case-insensitive equality (HTTP field names and tokens, RFC 9110 §5.1). */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_eq_cstr(struct slice a, const char *cstr);
bool slice_starts_with(struct slice s, struct slice prefix);
/* Without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);
/*
 * Cuts the next part off the front of *rest, up to `sep`, and stores it in *part.
 * Returns false when nothing is left ("a,,b" gives "a", "", "b"; "" gives nothing).
 */
bool slice_next(struct slice *rest, char sep, struct slice *part);
/* Decimal only, no sign, no spaces, no overflow. False leaves *out untouched. */
MUST_CHECK bool slice_to_u64(struct slice s, uint64_t *out);
MUST_CHECK bool slice_to_i64(struct slice s, int64_t *out);
/* Writes v in decimal, no NUL; returns the digits, 1 to SLICE_U64_DIGITS. */
enum { SLICE_U64_DIGITS = 20 };
size_t slice_put_u64(char out[SLICE_U64_DIGITS], uint64_t v);
/* Index of the first `c`, or s.len if there is none. */
size_t slice_find(struct slice s, char c);
