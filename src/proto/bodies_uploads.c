/* Bodies about files. */

#include "proto/bodies_uploads.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum { URL_CHARS_MAX = 4096, FILENAME_SENT_MAX = 1024 /* it is cleaned and cut */ };

static const struct field upload_fields[] = {
    {.name = "id",
     .type = FIELD_NONCE,
     .flags = N,
     .max = LIMIT_NONCE,
     .present = BIT_UNUSED,
     AT(body_upload, id)},
    STR("filename", body_upload, filename, R, 1, FILENAME_SENT_MAX),
    INT("file_size", body_upload, file_size, R, 1, INT32_MAX, BIT_UNUSED),
    IGNORED("is_clip"),
    IGNORED("original_content_type"),
};
static const struct shape SHAPE_UPLOAD = SHAPE("Upload", upload_fields, body_upload);

static const struct field uploads_create_fields[] = {
    {.name = "files",
     .type = FIELD_ARRAY,
     .flags = R,
     .min = 1,
     .max = LIMIT_ATTACHMENTS,
     .shape = &SHAPE_UPLOAD,
     .present = BIT_UNUSED,
     AT(body_uploads_create, files)},
};
const struct shape SHAPE_UPLOADS_CREATE =
    SHAPE("Uploads create", uploads_create_fields, body_uploads_create);

static const struct field url_item_fields[] = {
    {.name = NULL, .type = FIELD_STRING, .max = URL_CHARS_MAX, AT(body_url_item, value)},
};
static const struct shape SHAPE_URL_ITEM = SHAPE("address", url_item_fields, body_url_item);

static const struct field refresh_urls_fields[] = {
    {.name = "attachment_urls",
     .type = FIELD_ARRAY,
     .flags = R,
     .min = 1,
     .max = LIMIT_REFRESHED_URLS,
     .shape = &SHAPE_URL_ITEM,
     .present = BIT_UNUSED,
     AT(body_refresh_urls, attachment_urls)},
};
const struct shape SHAPE_REFRESH_URLS =
    SHAPE("Refresh attachment addresses", refresh_urls_fields, body_refresh_urls);
