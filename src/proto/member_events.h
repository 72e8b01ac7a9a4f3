#pragma once

/* Payloads of what happens to members, and of moderation; as proto/events.h says of its builders.
 */

#include "model/entities.h"
#include "model/event.h"

/* with_standing: what the member may do has changed (roles, time-out, pending), so the event says
 * what it is now. */
struct event *event_member_update(const struct member *m, bool with_standing, uint64_t actor);
/* kind: EVENT_GUILD_BAN_ADD or EVENT_GUILD_BAN_REMOVE. */
struct event *event_ban(enum event_kind kind, struct guild_id guild, const struct user *user,
                        uint64_t actor);
struct event *event_messages_deleted(struct guild_id guild, struct channel_id channel,
                                     const uint64_t *ids, size_t count, uint64_t actor);
