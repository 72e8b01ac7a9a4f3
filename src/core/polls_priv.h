#pragma once

/* What the files about polls share. */

#include "core/place.h"
#include "core/polls.h"
#include "store/polls.h"

/* In a closure that holds the place's stream: what the user has voted for is taken back, and told.
 */
MUST_CHECK enum err poll_take_back(struct tx *tx, const struct place *p, const struct actor *by,
                                   const struct poll_vote *v);
