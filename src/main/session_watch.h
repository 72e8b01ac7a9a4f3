#pragma once

/* The operator's look at gateway sessions (struct ops), passed on to the gateway, which ops does
 * not know. */

#include "base/errors.h"
#include "ops/ops.h"

/* `gateway` is a struct gateway. As ops.inspect. */
MUST_CHECK enum err session_watch(void *gateway, const char *session_id, const struct ops_io *io);
