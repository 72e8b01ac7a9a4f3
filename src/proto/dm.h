#pragma once

/* Channel objects of direct messages, and events about them. Each recipient reads an object of
 * their own: they are not among its recipients. */

#include "model/entities.h"
#include "model/event.h"
#include "wire/json_write.h"

void proto_dm_channel(struct json_writer *w, const struct dm_channel *d, struct user_id reader);

/* With recipient_ids in the place of the recipients. */
void proto_dm_channel_by_ids(struct json_writer *w, const struct dm_channel *d,
                             struct user_id reader);

/* EVENT_DIRECT_CHANNEL_CREATE or _UPDATE, into the reader's stream. */
struct event *event_dm_channel(enum event_kind kind, const struct dm_channel *d,
                               struct user_id reader, uint64_t actor);
/* `type` is what the log row keeps of it (delta: one digit). */
struct event *event_dm_channel_delete(struct channel_id channel, enum channel_type type,
                                      struct user_id reader, uint64_t actor);
/* EVENT_CHANNEL_RECIPIENT_ADD or _REMOVE. */
struct event *event_dm_recipient(enum event_kind kind, struct channel_id channel,
                                 const struct user *user, struct user_id reader, uint64_t actor);
