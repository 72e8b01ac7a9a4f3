#pragma once

/* Voice states: objects and events (docs, "Voice State Object"). */

#include "model/entities.h"
#include "model/event.h"
#include "wire/json_write.h"

/* m: NULL leaves `member` out. with_guild_id: not inside GUILD_CREATE. */
void proto_voice_state(struct json_writer *w, const struct voice_state *s, const struct member *m,
                       bool with_guild_id);
/* A member object by itself, as lists of members have it; NULL when memory is short. */
struct bytes *voice_member_json(const struct member *m);
/* VOICE_STATE_UPDATE of a state that is there already, with a member from voice_member_json (NULL:
 * none). gone: as whoever may not see the channel reads it. NULL when memory is short. */
struct bytes *voice_state_payload(const struct voice_state *s, const struct bytes *member,
                                  bool gone);
/* `from`: the channel that it leaves; 0: none. m: may be NULL. */
struct event *event_voice_state(const struct voice_state *s, struct channel_id from,
                                const struct member *m, uint64_t actor);
