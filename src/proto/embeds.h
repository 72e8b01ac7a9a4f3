#pragma once

/* The embeds of a body (docs, "Embed Object"): what holds between their fields, and their form in
 * the store, which is that of the API. Addresses attachment:// stay what they are there; they
 * become those of the files when the message is written out (proto/media_refs.h). */

#include "base/arena.h"
#include "proto/bodies_messages.h"

/* The embeds (struct body_embed) as JSON in the arena, data NULL for none. Errors at "embeds" and
 * below, named by `path`: INVALID_FORM. NO_MEMORY. */
MUST_CHECK enum err embeds_read(const struct body_array *embeds, const char *path,
                                struct form_errors *errors, struct arena *arena, struct slice *out);
