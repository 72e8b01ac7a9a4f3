#pragma once

/* Reading a template's document (template.h). A header of its own, because jansson's has names of
 * wire/json_write.h. */

#include "proto/bodies_guilds.h"

enum { TEMPLATE_DOCUMENT_BYTES_MAX = 4 * 1024 * 1024 };
/* Reads a document back. Texts of *out point into *json, which the caller gives back with
 * template_document_free; lists are in the arena. */
MUST_CHECK enum err template_document_read(struct slice document, struct arena *arena,
                                           struct json_t **json, struct body_guild_create *out);
/* NULL allowed; nulls the caller's copy. */
void template_document_free(struct json_t **json);
