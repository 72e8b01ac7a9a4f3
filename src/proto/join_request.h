#pragma once

/* Requests to join a guild (userdoccers, "Guild Join Request"), and the events of them. */

#include "model/entities.h"
#include "model/event.h"
#include "wire/json_write.h"

/* "SUBMITTED", "APPROVED", "REJECTED": by enum join_request_status. */
const char *join_request_status_name(enum join_request_status s);
/* False: there is none of that name. */
MUST_CHECK bool join_request_status_of(struct slice name, enum join_request_status *out);
void proto_join_request(struct json_writer *w, const struct join_request *r);
/* kind: EVENT_GUILD_JOIN_REQUEST_CREATE or _UPDATE. */
struct event *event_join_request(enum event_kind kind, const struct join_request *r,
                                 uint64_t actor);
struct event *event_join_request_delete(struct guild_id guild, uint64_t id, struct user_id user);
