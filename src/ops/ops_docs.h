#pragma once

/* The table of commands as a part of docs/OPERATIONS.md. */

#include "base/buf.h"

void ops_docs_write(struct buf *out);
