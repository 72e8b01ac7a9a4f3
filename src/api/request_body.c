/* Request bodies: content type, JSON, shape. The one file of the API that sees jansson. */

#include <jansson.h>

#include "api/api_priv.h"
#include "wire/json_read.h"

/* application/json with any parameters, or nothing said. */
static bool type_acceptable(struct slice type)
{
    if (type.data == NULL)
        return true;
    struct slice essence = {type.data, slice_find(type, ';')};
    return slice_eq_nocase(slice_trim(essence), SLICE("application/json"));
}

static enum err parse(struct request *r, struct slice text)
{
    /* Nothing sent reads as {}: the answer then names the fields that are missing. */
    if (text.len == 0)
        text = SLICE("{}");
    return json_read(text, LIMIT_JSON_DEPTH, &r->json);
}

enum err request_read_body(struct request *r)
{
    const struct shape *shape = r->route->shape;
    if (shape == NULL)
        return ERR_OK;
    struct slice text = r->x->request->body;
    if (text.len > 0 && !type_acceptable(http_header_get(r->x->request, SLICE("content-type"))))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    enum err e = parse(r, text);
    if (e != ERR_OK)
        return e;
    r->body = arena_zalloc(&r->arena, shape->size);
    if (r->errors == NULL)
        r->errors = form_errors_new(&r->arena);
    if (r->body == NULL || r->errors == NULL)
        return ERR_NO_MEMORY;
    return body_decode(shape, r->json, &r->arena, r->body, r->errors);
}

void request_drop_body(struct request *r)
{
    json_decref(r->json);
    r->json = NULL;
    r->body = NULL;
}
