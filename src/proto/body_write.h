#pragma once

/* The way back from the struct of a shape to JSON, for documents that are kept as the API shows
 * them and change field by field. Scalars that do not change on the way: texts, booleans, integers,
 * ids, times; objects and lists of them. */

#include "proto/body.h"
#include "wire/json_write.h"

/* What `patch` says (also null) goes over what `base` says; both structs of the shape. Nested
 * objects are taken whole. */
void body_merge(const struct shape *shape, void *base, const void *patch);
/* The object, with the fields that were sent. */
void body_write(struct json_writer *w, const struct shape *shape, const void *body);
