#pragma once

/* Incidents data of a guild (docs, "Incidents Data Object"). */

#include "model/entities.h"
#include "wire/json_write.h"

void proto_incidents(struct json_writer *w, const struct guild *g);
/* In the guild object: null if nothing was ever paused, or no more is. */
void proto_incidents_or_null(struct json_writer *w, const struct guild *g);
