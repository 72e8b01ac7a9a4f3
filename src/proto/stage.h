#pragma once

/* Stage instances: objects and events (docs, "Stage Instance Object"). */

#include "model/entities.h"
#include "model/event.h"
#include "wire/json_write.h"

void proto_stage(struct json_writer *w, const struct stage_instance *s);
/* kind: STAGE_INSTANCE_CREATE, _UPDATE or _DELETE. `view`: the structure with the change (a new
 * reference is taken), may be NULL. */
struct event *event_stage(enum event_kind kind, const struct stage_instance *s,
                          struct guild_view *view, uint64_t actor);
