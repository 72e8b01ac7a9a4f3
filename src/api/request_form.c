/* Forms: their texts become JSON, so that one walk with one set of errors judges both kinds of
 * bodies. */

#include "api/request_form.h"

#include <jansson.h>

#include "proto/body.h"
#include "wire/multipart.h"
#include "wire/utf8.h"

struct request_form {
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count;
};

enum { FIELD_NAME_MAX = 64 };

static enum err take_text(struct request *r, const struct multipart_part *p)
{
    char name[FIELD_NAME_MAX + 1];
    if (p->name.len == 0 || p->name.len > FIELD_NAME_MAX || !utf8_valid(p->name))
        return ERR_OK; /* no field of ours */
    snprintf(name, sizeof name, "%.*s", SLICE_ARG(p->name));
    if (!utf8_valid(p->body) || json_object_get(r->json, name) != NULL) {
        request_form_error(r, name, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
        return ERR_INVALID_FORM;
    }
    json_t *text = json_stringn(p->body.data, p->body.len);
    return json_object_set_new(r->json, name, text) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

enum err request_form_read(struct request *r, struct request_form **out)
{
    struct slice boundary;
    struct request_form *form = arena_zalloc(&r->arena, sizeof *form);
    if (form == NULL)
        return ERR_NO_MEMORY;
    if (!multipart_boundary(http_header_get(r->x->request, SLICE("content-type")), &boundary))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    enum err e = multipart_parse(r->x->request->body, boundary, form->parts, &form->count);
    if (e == ERR_OK && (r->json = json_object()) == NULL)
        e = ERR_NO_MEMORY;
    for (size_t i = 0; i < form->count && e == ERR_OK; i++)
        if (form->parts[i].filename.data == NULL)
            e = take_text(r, &form->parts[i]);
    if (e == ERR_OK)
        *out = form;
    return e;
}

static const struct multipart_part *file_of(const struct request_form *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (form->parts[i].filename.data != NULL && slice_eq_cstr(form->parts[i].name, name))
            return &form->parts[i];
    return NULL;
}

void request_form_files(struct request *r, const struct request_form *form)
{
    const struct shape *shape = r->route->shape;
    for (size_t i = 0; i < shape->field_count; i++) {
        const struct field *f = &shape->fields[i];
        if (f->type != FIELD_FILE)
            continue;
        const struct multipart_part *part = file_of(form, f->name);
        struct body_file *file = (struct body_file *)(void *)((char *)r->body + f->offset);
        if (part != NULL)
            *file = (struct body_file){part->body, part->filename};
        else
            request_form_error(r, f->name, "BASE_TYPE_REQUIRED", "This field is required");
    }
}
