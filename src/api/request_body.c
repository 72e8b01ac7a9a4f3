/* Request bodies: content type, JSON or a form, shape. With request_form.c the one file of the API
 * that sees jansson. */

#include <jansson.h>

#include "api/api_priv.h"
#include "api/request_form.h"
#include "api/upload.h"
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

static enum err read_json(struct request *r)
{
    struct slice text = r->x->request->body;
    if (text.len > 0 && !type_acceptable(http_header_get(r->x->request, SLICE("content-type"))))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    return parse(r, text);
}

enum err request_decode(struct request *r)
{
    const struct shape *shape = r->route->shape;
    r->body = arena_zalloc(&r->arena, shape->size);
    if (r->errors == NULL)
        r->errors = form_errors_new(&r->arena);
    if (r->body == NULL || r->errors == NULL)
        return ERR_NO_MEMORY;
    /* What is sent may take far less than what is read for the answer. */
    size_t max = r->arena.max;
    if (max - r->arena.used > LIMIT_DECODED_BODY_BYTES)
        r->arena.max = r->arena.used + LIMIT_DECODED_BODY_BYTES;
    enum err e = body_decode(shape, r->json, &r->arena, r->body, r->errors);
    r->arena.max = max;
    return e == ERR_NO_MEMORY ? arena_short(&r->arena) : e;
}

static enum err read_form(struct request *r)
{
    struct request_form *form = NULL;
    enum err e = request_form_read(r, &form);
    if (e == ERR_OK)
        e = request_decode(r);
    if (e != ERR_OK && e != ERR_INVALID_FORM)
        return e;
    if (form == NULL || r->body == NULL)
        return e;
    request_form_files(r, form);
    return request_form_ok(r);
}

enum err request_read_json(struct request *r)
{
    enum err e = read_json(r);
    return e == ERR_OK ? request_decode(r) : e;
}

enum err request_read_body(struct request *r)
{
    const struct upload_route *row = upload_route_find(r->route);
    if (row != NULL)
        return request_read_upload(r, row);
    if (r->route->shape == NULL)
        return ERR_OK;
    return r->route->shape->is_form ? read_form(r) : request_read_json(r);
}

void request_drop_body(struct request *r)
{
    json_decref(r->json);
    r->json = NULL;
    r->body = NULL;
    /* Stages that were not committed go with it, which may block. */
    if (r->upload != NULL)
        api_stream_end(upload_stream(r->upload), loop_is_current(r->x->loop));
    r->upload = NULL;
}
