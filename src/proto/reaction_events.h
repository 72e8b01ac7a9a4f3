#pragma once

/* Payloads of MESSAGE_REACTION_*; as proto/events.h says of its builders. For a direct message
 * guild is 0, and core/place.h does the rest. */

#include "model/entities.h"
#include "model/event.h"

/* Who reacted with what to which message. */
struct reaction_note {
    struct guild_id guild;
    struct channel_id channel;
    struct message_id message;
    struct user_id user; /* whose reaction it is */
    struct emoji_ref emoji;
    bool burst;
};

/* `member`: who reacted, as a member of the guild; NULL: none in the payload. */
struct event *event_reaction_add(const struct reaction_note *n, const struct member *member,
                                 struct user_id message_author);
struct event *event_reaction_remove(const struct reaction_note *n, uint64_t actor);
/* Of n what the message is. */
struct event *event_reactions_cleared(const struct reaction_note *n, uint64_t actor);
/* And the emoji. */
struct event *event_reaction_kind_cleared(const struct reaction_note *n, uint64_t actor);
