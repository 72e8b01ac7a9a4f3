#pragma once

/* Integration objects (docs, "Integration") and their events. Applications are the only kind. */

#include "model/entities.h"
#include "model/event.h"
#include "wire/json_write.h"

void proto_integration(struct json_writer *w, const struct integration *i);
/* As the audit log shows it. */
void proto_integration_partial(struct json_writer *w, const struct integration *i);

struct event *event_integration_create(const struct integration *i, uint64_t actor);
/* application: of the integration, 0: not known any more. */
struct event *event_integration_delete(struct guild_id guild, uint64_t id, uint64_t application,
                                       uint64_t actor);
struct event *event_integrations_update(struct guild_id guild, uint64_t actor);
