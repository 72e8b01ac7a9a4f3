#pragma once

/* Secrets of this installation: random bytes that were made when they were first needed. */

#include "store/sql.h"

enum { SECRET_BYTES = 32 };

/* The secret of that name; `fresh` becomes it if there is none yet. Write transactions. */
MUST_CHECK enum err secrets_get_or_put(struct sql_conn *c, struct slice name,
                                       const unsigned char fresh[SECRET_BYTES],
                                       unsigned char out[SECRET_BYTES]);
/* Any transaction. */
MUST_CHECK enum err secrets_find(struct sql_conn *c, struct slice name,
                                 unsigned char out[SECRET_BYTES], bool *found);
