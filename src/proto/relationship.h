#pragma once

/* Relations and notes as people's clients read them (userdoccers, "Relationships"), and events. */

#include "model/event.h"
#include "model/relationship.h"
#include "wire/json_write.h"

/* What r->other is to the reader. */
void proto_relationship(struct json_writer *w, const struct relationship *r);

/* With user_id in the place of the user. */
void proto_relationship_by_id(struct json_writer *w, const struct relationship *r);

/* EVENT_RELATIONSHIP_ADD or _UPDATE, into the reader's stream. */
struct event *event_relationship(enum event_kind kind, const struct relationship *r,
                                 struct user_id reader, uint64_t actor);
/* `type`: what it was (delta of its row: one digit). */
struct event *event_relationship_remove(struct user_id other, unsigned type, struct user_id reader,
                                        uint64_t actor);
struct event *event_note(struct user_id about, struct slice note, struct user_id reader);
