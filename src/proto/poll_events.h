#pragma once

/* Payloads of MESSAGE_POLL_VOTE_*; as proto/events.h says of its builders. */

#include "model/entities.h"
#include "model/event.h"

/* `guild` 0: a direct message. */
struct poll_vote_note {
    struct guild_id guild;
    struct channel_id channel;
    struct message_id message;
    struct user_id user;
    unsigned answer;
};

/* kind: EVENT_MESSAGE_POLL_VOTE_ADD or _REMOVE. */
struct event *event_poll_vote(enum event_kind kind, const struct poll_vote_note *n);
