#pragma once

/* Reactions and polls of a message, and the emojis that they show. */

#include "model/entities.h"
#include "wire/json_write.h"

/* {id, name}, with `animated` of custom ones. */
void proto_emoji_ref(struct json_writer *w, const struct emoji_ref *emoji);
/* The array `reactions` of a message (docs, "Reaction Object"). */
void proto_reactions(struct json_writer *w, const struct message *m);
