#pragma once

/*
 * Templates (docs, "Guild Template"), and the document that they keep: a guild's settings, roles
 * and channels under small numbers of their own. Discord knows four types of channels there; ours
 * are shown as the nearest of them, with what they are as `source_type`.
 */

#include "model/entities.h"
#include "model/guild_view.h"
#include "wire/json_write.h"

void proto_template(struct json_writer *w, const struct guild_template *t);

/* serialized_source_guild. Roles of bots and overwrites for members stay behind. */
void proto_template_document(struct json_writer *w, const struct guild_view *view);
