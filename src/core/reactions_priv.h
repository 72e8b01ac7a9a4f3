#pragma once

/* What the files about reactions share. */

#include "core/place.h"
#include "core/reactions.h"
#include "proto/reaction_events.h"

/* What the log keeps of a reaction, to tell of it again. */
enum { REACTION_DELTA_BYTES = 17 + 128 };
struct slice reaction_delta(const struct reaction_note *n, char out[REACTION_DELTA_BYTES]);
/* Borrows from the delta. False: it is none. */
MUST_CHECK bool reaction_from_delta(struct slice delta, struct reaction_note *n);

/* In a closure that holds the place's stream: takes back a reaction that is there, and tells of it.
 * *removed: false if there is none. */
MUST_CHECK enum err reaction_take_back(struct tx *tx, const struct place *p, const struct actor *by,
                                       const struct reaction *r, struct arena *arena,
                                       bool *removed);
