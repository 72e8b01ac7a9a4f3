#pragma once

/* Bodies about files: those sent ahead of their message, and addresses to be signed anew. */

#include "proto/body.h"

struct body_upload {
    uint64_t present;
    uint64_t null;
    struct body_nonce id; /* given back as it came */
    struct slice filename;
    int64_t file_size;
};

struct body_uploads_create {
    uint64_t present;
    uint64_t null;
    struct body_array files; /* struct body_upload */
};

struct body_refresh_urls {
    uint64_t present;
    uint64_t null;
    struct body_array attachment_urls; /* struct body_url_item */
};

struct body_url_item {
    uint64_t present;
    uint64_t null;
    struct slice value;
};

extern const struct shape SHAPE_UPLOADS_CREATE;
extern const struct shape SHAPE_REFRESH_URLS;
