/* Attachments. */

#include "proto/attachment.h"

#include "proto/media_refs.h"

enum { URL_MAX = 4096, PLACEHOLDER_VERSION = 1, MS = 1000 };

/* The same file by way of what makes other sizes and formats of it: the same path behind /media. */
void proto_attachment_proxy(struct json_writer *w, const struct attachment *a)
{
    char bytes[URL_MAX];
    struct buf url = {.data = bytes, .cap = sizeof bytes, .max = sizeof bytes};
    buf_append_slice(&url, slice_of(a->url.data, a->url_base));
    buf_append_cstr(&url, "/media");
    buf_append_slice(&url, slice_of(a->url.data + a->url_base, a->url.len - a->url_base));
    json_str(w, url.failed ? a->url : buf_slice(&url));
}

static void known(struct json_writer *w, const char *key, struct slice value)
{
    if (value.data != NULL)
        json_kv_str(w, key, value);
}

void proto_attachment(struct json_writer *w, const struct attachment *a)
{
    json_object_begin(w);
    json_kv_id(w, "id", a->id);
    json_kv_str(w, "filename", a->filename);
    json_kv_u64(w, "size", a->size);
    json_kv_str(w, "url", a->url);
    json_key(w, "proxy_url");
    proto_attachment_proxy(w, a);
    if (a->width != 0) {
        json_kv_u64(w, "width", a->width);
        json_kv_u64(w, "height", a->height);
    }
    known(w, "content_type", a->content_type);
    if (a->placeholder.data != NULL) {
        json_kv_str(w, "placeholder", a->placeholder);
        json_kv_u64(w, "placeholder_version", PLACEHOLDER_VERSION);
    }
    known(w, "title", a->title);
    known(w, "description", a->description);
    if (a->duration_ms >= 0) {
        json_key(w, "duration_secs");
        json_write_real(w, (double)a->duration_ms / MS, 3);
    }
    known(w, "waveform", a->waveform);
    json_kv_u64(w, "flags", a->flags);
    json_object_end(w);
}

/* A file that an embed shows is not shown once more. */
void proto_attachments(struct json_writer *w, const struct message *m, bool blank)
{
    json_key(w, "attachments");
    json_array_begin(w);
    for (size_t i = 0; !blank && i < m->attachment_count; i++)
        if (!media_refs_shows(m->embeds, m->attachments[i].filename))
            proto_attachment(w, &m->attachments[i]);
    json_array_end(w);
}
