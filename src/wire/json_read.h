#pragma once

/*
 * Reading JSON: jansson behind limits. Size is the caller's body limit; depth is checked by a scan
 * before parsing, so that hostile nesting never recurses. Duplicate keys are refused.
 */

#include <jansson.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

/* Routes jansson's memory through base/mem (MEM_JSON) and seeds its hash. Once, before any thread.
 */
void json_read_init(uint32_t seed);
/* Any JSON value (scalars too). INVALID_JSON (syntax, depth, duplicate key, trailing bytes,
 * invalid UTF-8), NO_MEMORY. The caller owns *out (json_decref). */
MUST_CHECK enum err json_read(struct slice text, size_t depth_max, json_t **out);
/* A snowflake sent as decimal string or as number; false if it is neither, or zero. */
MUST_CHECK bool json_read_snowflake(const json_t *v, uint64_t *out);
struct slice json_read_str(const json_t *v); /* of a json string */
