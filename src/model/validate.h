#pragma once

/* Validation rules that are more than a length: pure functions over text. Lengths are rows of the
 * request-body tables (proto). */

#include <stdbool.h>

#include "base/arena.h"
#include "base/slice.h"
#include "model/entities.h"

/* Discord's rules for user names: 2-32 of [a-z0-9_.], no two dots in a row. `folded` gets the
 * lower- cased name (upper case is accepted on input); false if the rest does not fit. */
bool validate_username(struct slice in, struct arena *arena, struct slice *folded);
/* A plausible address: one '@', local 1-64, domain with a dot or "localhost", no spaces or
 * controls, at most 254 bytes. `folded` gets the lower-cased form used for uniqueness. */
bool validate_email(struct slice in, struct arena *arena, struct slice *folded);
/* A text channel's name as Discord stores it: white space becomes '-', lower case for ASCII; empty
 * if nothing is left. Voice channels and categories keep theirs (call only for text-like types). */
struct slice validate_text_channel_name(struct slice in, struct arena *arena);

/* Mentions in message content: <@id>, <@!id>, <@&id>, @everyone and @here; distinct, in order,
 * at most `max` of each kind. */
struct mention_scan {
    uint64_t users[100];
    size_t user_count;
    uint64_t roles[100];
    size_t role_count;
    bool everyone;
};
void validate_mentions(struct slice content, struct mention_scan *out);
