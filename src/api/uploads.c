/* Files that are sent ahead of their message (core/uploads.h). */

#include "core/uploads.h"

#include "api/handlers.h"
#include "api/request_upload.h"
#include "proto/bodies_uploads.h"

static void write_id(struct json_writer *w, const struct body_nonce *id)
{
    json_key(w, "id");
    if (id->text.data == NULL)
        json_write_null(w);
    else if (id->is_number)
        json_raw(w, id->text);
    else
        json_str(w, id->text);
}

static enum err write_tickets(struct request *r, const struct body_upload *files, size_t count,
                              const struct upload_ticket *tickets)
{
    struct buf url;
    struct json_writer *w = reply_json(r);
    enum { URL_MAX = 1024 };
    buf_init(&url, MEM_API, URL_MAX);
    json_object_begin(w);
    json_key(w, "attachments");
    json_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        buf_reset(&url);
        request_write_url(r, &url, false);
        buf_append_cstr(&url, "/uploads/");
        buf_append_cstr(&url, tickets[i].token);
        json_object_begin(w);
        write_id(w, &files[i].id);
        json_kv_str(w, "upload_url", buf_slice(&url));
        json_kv_cstr(w, "upload_filename", tickets[i].token);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
    bool failed = url.failed;
    buf_deinit(&url);
    return failed ? ERR_NO_MEMORY : ERR_OK;
}

enum err route_uploads_create(struct request *r)
{
    const struct body_uploads_create *body = r->body;
    const struct body_upload *files = body->files.items;
    struct upload_draft drafts[LIMIT_ATTACHMENTS];
    struct upload_ticket tickets[LIMIT_ATTACHMENTS];
    size_t count = body->files.count;
    for (size_t i = 0; i < count; i++)
        drafts[i] = (struct upload_draft){files[i].filename, (uint64_t)files[i].file_size};
    enum err e = uploads_begin(request_core(r), &r->actor, &r->access, drafts, count, tickets);
    return e == ERR_OK ? write_tickets(r, files, count, tickets) : e;
}

/* The token is for as many bytes as were announced. */
enum err upload_admit_announced(struct request *r, struct upload_limits *out)
{
    struct slice token = request_param(r, "token");
    uint64_t bytes = 0;
    if (token.data == NULL)
        return ERR_NOT_FOUND;
    enum err e = uploads_size(request_core(r), token, &bytes, &out->owner);
    if (e == ERR_UPLOAD_NOT_FOUND)
        e = ERR_NOT_FOUND;
    if (e != ERR_OK)
        return e;
    if (bytes < out->file_bytes_max)
        out->file_bytes_max = bytes;
    if (bytes < out->body_bytes_max)
        out->body_bytes_max = bytes;
    return ERR_OK;
}

enum err route_uploads_put(struct request *r)
{
    struct slice token = request_param(r, "token");
    if (token.data == NULL || r->uploads->count != 1)
        return ERR_NOT_FOUND;
    (void)reply_body(r, (struct slice){NULL, 0});
    return uploads_receive(request_core(r), token, &r->uploads->files[0].file);
}

enum err route_uploads_delete(struct request *r)
{
    struct slice token = request_param(r, "upload_filename");
    if (token.data == NULL)
        return ERR_UPLOAD_NOT_FOUND;
    return uploads_discard(request_core(r), &r->actor, token);
}
