#pragma once

/* The search index, written in the transaction that changes a message. */

#include "core/place.h"

/* The message is found from now on by what it is now (a new one, or an edited one: `known`). Types
 * that nobody wrote (joins, pins ...) are not indexed. */
MUST_CHECK enum err search_index(struct tx *tx, const struct message *m, bool known);
