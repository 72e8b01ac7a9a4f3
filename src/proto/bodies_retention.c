/* The body of retention rules. */

#include "proto/bodies_retention.h"

#include "base/limits.h"
#include "proto/body_rows.h"

static const struct field retention_fields[] = {
    INT("keep_seconds", body_retention, keep_seconds, R | N, LIMIT_RETENTION_MIN_S,
        LIMIT_RETENTION_MAX_S, BODY_RETENTION_KEEP),
};
const struct shape SHAPE_RETENTION = SHAPE("Message retention", retention_fields, body_retention);
