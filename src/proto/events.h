#pragma once

/*
 * Payloads of gateway events: built once, in the transaction that causes them (or again when the
 * log is read back), as the shared rest of a dispatch frame: `"t":"NAME","op":0,"d":{...}}`. The
 * gateway prepends `{"s":N,` for each session.
 *
 * Each builder returns a new event with one reference, ready for tx_emit or for publishing, or NULL
 * when memory is short. Slices are copied.
 */

#include "model/entities.h"
#include "model/event.h"

/* `author`: the author's member object (NULL: no member in the payload); actor is the author. */
struct event *event_message_create(const struct message *m, const struct member *author,
                                   enum channel_type channel_type);
struct event *event_message_update(const struct message *m, const struct member *author,
                                   enum channel_type channel_type, uint64_t actor);
struct event *event_message_delete(struct guild_id guild, struct channel_id channel,
                                   struct message_id message, uint64_t actor);
/* Takes a new reference to `view` (the structure that includes the channel), may be NULL. */
struct event *event_channel_create(const struct channel *c, struct guild_view *view,
                                   uint64_t actor);
struct event *event_role_create(const struct role *r, struct guild_view *view, uint64_t actor);
struct event *event_member_add(const struct member *m);
/* `view`: as event_channel_create. */
struct event *event_member_remove(const struct member *m, struct guild_view *view, uint64_t actor);
/* Into the user's stream: the gateway takes the user's sessions out and sends GUILD_DELETE. */
struct event *event_guild_left(struct user_id user, struct guild_id guild);
/* Into the user's stream: the gateway subscribes the user's sessions and makes GUILD_CREATE. */
struct event *event_guild_joined(struct user_id user, struct guild_id guild);
struct event *event_token_revoked(struct user_id user, const uint8_t token_hash[32]);
/* Ephemeral. */
struct event *event_typing_start(const struct member *m, struct channel_id channel,
                                 int64_t wall_ms);
