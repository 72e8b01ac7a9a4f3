/* Bodies with files, as their handlers see them: the texts become the JSON that the shape judges,
 * and only a body that is right in all else has its files made durable. */

#include "api/request_upload.h"

#include <jansson.h>

#include "api/api_priv.h"
#include "api/upload.h"
#include "wire/json_read.h"
#include "wire/utf8.h"

enum { FIELD_NAME_MAX = 64 };

/* ---- texts ---- */

/* Fields of a form are texts; these mean something else. */
static json_t *json_of(const struct upload_text *t)
{
    int64_t number;
    bool is_bool = slice_eq_cstr(t->name, "tts");
    bool is_number = slice_eq_cstr(t->name, "flags");
    if (is_bool && (slice_eq_cstr(t->value, "true") || slice_eq_cstr(t->value, "1")))
        return json_true();
    if (is_bool && (slice_eq_cstr(t->value, "false") || slice_eq_cstr(t->value, "0")))
        return json_false();
    if (is_number && slice_to_i64(t->value, &number))
        return json_integer(number);
    return json_stringn(t->value.data, t->value.len);
}

static enum err take_loose(struct request *r, const struct upload_text *t)
{
    char name[FIELD_NAME_MAX + 1];
    if (t->name.len == 0 || t->name.len > FIELD_NAME_MAX || !utf8_valid(t->name) ||
        slice_find(t->name, '\0') < t->name.len)
        return ERR_OK; /* no field of ours */
    snprintf(name, sizeof name, "%.*s", SLICE_ARG(t->name));
    if (!utf8_valid(t->value)) {
        request_form_error(r, name, "STRING_TYPE_CONVERT", "Could not interpret value as string.");
        return ERR_INVALID_FORM;
    }
    return json_object_set_new(r->json, name, json_of(t)) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

static enum err take_all_loose(struct request *r)
{
    enum err e = ERR_OK;
    r->json = json_object();
    if (r->json == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < upload_text_count(r->upload) && e == ERR_OK; i++) {
        struct upload_text t = upload_text_at(r->upload, i);
        e = take_loose(r, &t);
    }
    return e;
}

/* payload_json is all there is, if it is there (docs, "Uploading Files"). */
static enum err take_texts(struct request *r)
{
    for (size_t i = 0; i < upload_text_count(r->upload); i++) {
        struct upload_text t = upload_text_at(r->upload, i);
        if (slice_eq_cstr(t.name, "payload_json"))
            return json_read(t.value, LIMIT_JSON_DEPTH, &r->json);
    }
    return take_all_loose(r);
}

/* ---- small bodies, which lie in memory already ---- */

static enum err take_from_memory(struct request *r, const struct upload_route *row,
                                 struct slice boundary)
{
    struct slice body = r->x->request->body;
    enum err e = request_admit_upload(r, row, boundary, &r->upload);
    if (e == ERR_OK && body.len > 0)
        e = upload_feed(r->upload, body);
    return e;
}

/* ---- all of it ---- */

static enum err commit(struct request *r, struct request_uploads *out)
{
    return upload_commit(r->upload, &r->arena, out);
}

enum err request_read_upload(struct request *r, const struct upload_route *row)
{
    struct slice boundary = {NULL, 0};
    struct request_uploads *uploads = arena_zalloc(&r->arena, sizeof *uploads);
    enum err e = uploads != NULL ? ERR_OK : ERR_NO_MEMORY;
    r->uploads = uploads;
    if (e == ERR_OK && r->upload == NULL) {
        if (!upload_is_one(row, r->x->request, &boundary))
            return request_read_json(r);
        e = take_from_memory(r, row, boundary);
    }
    if (e == ERR_OK)
        e = upload_finish(r->upload);
    if (e == ERR_OK && r->route->shape != NULL) {
        e = take_texts(r);
        if (e == ERR_OK)
            e = request_decode(r);
    }
    return e == ERR_OK ? commit(r, uploads) : e;
}

const struct request_file *request_file_at(const struct request *r, uint64_t index)
{
    for (size_t i = 0; i < r->uploads->count; i++)
        if (r->uploads->files[i].index >= 0 && (uint64_t)r->uploads->files[i].index == index)
            return &r->uploads->files[i];
    return NULL;
}

/* ---- admission ---- */

/* Of a stream, whose it is: two who share a slot share its limit, which is no harm. */
static int slot_of(const struct request *r)
{
    uint64_t key = r->principal.user.v;
    if (!r->x->request->is_upload && !r->x->request->is_chunked)
        return -1;
    if (key == 0)
        for (const char *c = r->address; *c != '\0'; c++)
            key = key * 31 + (unsigned char)*c;
    return (int)(((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) % API_STREAM_SLOTS);
}

enum err request_admit_upload(struct request *r, const struct upload_route *row,
                              struct slice boundary, struct upload **out)
{
    struct upload_options o = {.api = r->api,
                               .kind = row->kind,
                               .boundary = boundary,
                               .content_type =
                                   http_header_get(r->x->request, SLICE("content-type")),
                               .slot = slot_of(r),
                               .limits = {.file_bytes_max = r->api->o.stream_bytes_max,
                                          .body_bytes_max = r->api->o.stream_bytes_max,
                                          .files_max = 1,
                                          .owner = r->principal.user}};
    enum err e = row->admit(r, &o.limits);
    if (e != ERR_OK)
        return e;
    r->x->stream_bytes_max = o.limits.body_bytes_max;
    return upload_new(&o, out);
}

/* Files of messages. Who may not attach may still send a form without files. */
enum err upload_admit_files(struct request *r, struct upload_limits *out)
{
    enum { TEXTS_BYTES_MAX = 2 * 1024 * 1024 };
    struct attachment_limits most = attachment_limits(request_core(r));
    if (most.file_bytes_max != 0 && most.file_bytes_max < out->file_bytes_max)
        out->file_bytes_max = most.file_bytes_max;
    if (most.message_bytes_max != 0 &&
        most.message_bytes_max + TEXTS_BYTES_MAX < out->body_bytes_max)
        out->body_bytes_max = most.message_bytes_max + TEXTS_BYTES_MAX;
    out->files_max = LIMIT_ATTACHMENTS;
    if ((r->access.permissions & PERMISSION_ATTACH_FILES) == 0)
        out->files_refused = ERR_MISSING_PERMISSIONS;
    return ERR_OK;
}
