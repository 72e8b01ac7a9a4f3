#pragma once

/* How the builders of payloads (events.h and the event files of the nouns) make one: a dispatch
 * frame under construction, and events of guilds. */

#include "base/buf.h"
#include "model/event.h"
#include "wire/json_write.h"

struct event_draft {
    struct buf out;
    struct json_writer w; /* inside the object of "d" */
};

void event_draft_begin(struct event_draft *d, enum event_kind kind);
/* Closes d and the frame. NULL when memory is short. */
struct bytes *event_draft_end(struct event_draft *d);

struct stream event_guild_stream(struct guild_id guild);
/* In the guild's stream, without payload. NULL when memory is short. */
struct event *event_of_guild(enum event_kind kind, struct guild_id guild, uint64_t entity,
                             uint64_t actor);
/* Ends d and puts the payload into e, or neither: the event is dropped if there is no payload. */
struct event *event_with_payload(struct event *e, struct event_draft *d);
