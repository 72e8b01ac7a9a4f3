#pragma once

/* The body of retention rules (our addition). */

#include "proto/body.h"

enum body_retention_field { BODY_RETENTION_KEEP };

struct body_retention {
    uint64_t present;
    uint64_t null;
    int64_t keep_seconds; /* null: for ever */
};

extern const struct shape SHAPE_RETENTION;
