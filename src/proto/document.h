#pragma once

/*
 * Settings kept as JSON (store/guild_documents.h). They are kept in the form in which the API shows
 * them, so that the shapes of bodies read them back.
 */

#include "proto/body.h"

struct document {
    struct json_t *json; /* owned; what was decoded points into it */
};

/* Decodes `text` by the shape into `out` (zeroed before; data NULL: it stays zero). STORE: it is
 * not of that shape. Ends with document_end, also after an error. */
MUST_CHECK enum err document_read(struct document *d, struct slice text, const struct shape *shape,
                                  struct arena *arena, void *out);
void document_end(struct document *d);
