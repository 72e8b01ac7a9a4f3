#pragma once

/*
 * A body with files on its way in: the api's side of a stream. Made on a worker when the head has
 * come (or, of a small body, when all is there), fed on workers one piece at a time, read by
 * request_upload.c. What it holds is bounded: the texts of the form, and a stage per file.
 */

#include "api/api_stream.h"
#include "api/request_upload.h"

enum upload_kind { UPLOAD_FORM, UPLOAD_RAW };

struct upload_route {
    enum err (*handler)(struct request *r);
    enum upload_kind kind;
    enum err (*admit)(struct request *r, struct upload_limits *out);
};

struct upload;

struct upload_options {
    struct api *api;
    enum upload_kind kind;
    struct slice boundary;     /* FORM */
    struct slice content_type; /* RAW: copied; may be absent */
    int slot;                  /* of api.streams that it counts in; -1: in none */
    struct upload_limits limits;
};

/* A text part; slices into the upload. */
struct upload_text {
    struct slice name;
    struct slice value;
};

/* NULL: the route takes no files. */
const struct upload_route *upload_route_find(const struct route *route);
/* A body of this route with this head is one with files. *boundary: of a FORM. */
bool upload_is_one(const struct upload_route *row, const struct http_request *q,
                   struct slice *boundary);

MUST_CHECK enum err upload_new(const struct upload_options *o, struct upload **out);
struct api_stream *upload_stream(struct upload *u);
struct upload *upload_of(struct api_stream *s);
/* ENTITY_TOO_LARGE, MAX_ATTACHMENTS, BAD_REQUEST, STORE_FULL, ... */
MUST_CHECK enum err upload_feed(struct upload *u, struct slice bytes);
/* All of it has come. */
MUST_CHECK enum err upload_finish(struct upload *u);
size_t upload_text_count(const struct upload *u);
struct upload_text upload_text_at(const struct upload *u, size_t i);
/* Makes the files durable blobs with rows and lists them in the arena; once. */
MUST_CHECK enum err upload_commit(struct upload *u, struct arena *arena,
                                  struct request_uploads *out);
