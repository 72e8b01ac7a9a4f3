#pragma once

/* Payloads of what happens to invites and to requests to join; as proto/events.h says of its
 * builders. */

#include "model/event.h"
#include "proto/invite.h"

/* Of the sheet: the invite, and what it targets. */
struct event *event_invite_create(const struct invite_sheet *s, uint64_t actor);
struct event *event_invite_delete(struct guild_id guild, struct channel_id channel,
                                  struct slice code, uint64_t actor);
