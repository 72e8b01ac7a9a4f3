#pragma once

/* Bodies that are forms with files (multipart/form-data). */

#include "api/request.h"

/* The text fields of the body as a JSON object of strings, for the shape to judge; parts lists all.
 * UNSUPPORTED_MEDIA_TYPE, BAD_REQUEST, ENTITY_TOO_LARGE, INVALID_FORM (a text that is none, or a
 * field sent twice), NO_MEMORY. */
struct request_form;
MUST_CHECK enum err request_form_read(struct request *r, struct request_form **out);
/* The files into their places in r->body; a missing one is a form error. */
void request_form_files(struct request *r, const struct request_form *form);
