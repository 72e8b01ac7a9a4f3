#pragma once

/* Scheduled events of guilds (docs, "Guild Scheduled Event"): objects, events, and what recurs. */

#include "base/arena.h"
#include "model/entities.h"
#include "model/event.h"
#include "proto/bodies_events.h"
#include "wire/json_write.h"

struct scheduled_event_extras {
    const struct user *creator; /* NULL: no key */
    bool with_user_count;
};

void proto_scheduled_event(struct json_writer *w, const struct scheduled_event *x,
                           const struct scheduled_event_extras *extras);
/* One who is interested; member NULL: no key. */
void proto_scheduled_user(struct json_writer *w, struct scheduled_event_id event,
                          const struct user *u, const struct member *member);

/* kind: GUILD_SCHEDULED_EVENT_CREATE, _UPDATE or _DELETE. Seen by who sees its channel, or by the
 * whole guild if it has none. */
struct event *event_scheduled_event(enum event_kind kind, const struct scheduled_event *x,
                                    uint64_t actor);
/* GUILD_SCHEDULED_EVENT_DELETE again from the object that it had (complete JSON). */
struct event *event_scheduled_gone(struct guild_id guild, struct channel_id channel,
                                   struct scheduled_event_id event, uint64_t actor,
                                   struct slice object);
/* kind: GUILD_SCHEDULED_EVENT_USER_ADD or _REMOVE. */
struct event *event_scheduled_user(enum event_kind kind, struct guild_id guild,
                                   struct channel_id channel, struct scheduled_event_id event,
                                   struct user_id user);

/* The rule as it is stored and shown, from a decoded body. data NULL: no memory. */
struct slice proto_recurrence(const struct body_recurrence *r, struct arena *arena);
