#pragma once

/* A command's usage text as data: "FILE [--count N] [--json] --to URL". Private to src/ops. */

#include <stdbool.h>

#include "base/slice.h"

struct ops_usage_item {
    struct slice name; /* "FILE", or "count" of "--count N" */
    bool is_option;
    bool has_value; /* an option that is followed by its value */
    bool required;  /* not in brackets */
};

/* Takes the next item off the front of *rest; false at the end. */
bool ops_usage_next(struct slice *rest, struct ops_usage_item *out);
/* The item of option `name`; false if there is none. */
bool ops_usage_option(const char *usage, struct slice name, struct ops_usage_item *out);
/* Words that may be given, and that must be. */
void ops_usage_words(const char *usage, size_t *most, size_t *least);
