/* Settings kept as JSON. */

#include "proto/document.h"

#include <string.h>

#include "base/limits.h"
#include "wire/json_read.h"

enum err document_read(struct document *d, struct slice text, const struct shape *shape,
                       struct arena *arena, void *out)
{
    document_end(d);
    memset(out, 0, shape->size);
    if (text.data == NULL)
        return ERR_OK;
    struct form_errors *errors = form_errors_new(arena);
    if (errors == NULL)
        return ERR_NO_MEMORY;
    enum err e = json_read(text, LIMIT_JSON_DEPTH, &d->json);
    if (e == ERR_OK)
        e = body_decode(shape, d->json, arena, out, errors);
    return e == ERR_INVALID_JSON || e == ERR_INVALID_FORM ? ERR_STORE : e;
}

void document_end(struct document *d)
{
    json_decref(d->json);
    d->json = NULL;
}
