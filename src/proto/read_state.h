#pragma once

/* Read states (userdoccers, "Read State Object"): objects of READY and events of the reader's own
 * stream. */

#include "model/event.h"
#include "model/read_state.h"
#include "wire/json_write.h"

void proto_read_state(struct json_writer *w, const struct read_state *s);

struct event *event_message_ack(struct user_id reader, const struct read_state *s, bool manual);
struct event *event_pins_ack(struct user_id reader, const struct read_state *s);
/* GUILD_FEATURE_ACK, or without a guild USER_NON_CHANNEL_ACK. */
struct event *event_item_ack(struct user_id reader, const struct read_state *s);
struct event *event_recent_mention_delete(struct user_id reader, struct channel_id channel,
                                          struct message_id message);
