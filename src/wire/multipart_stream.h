#pragma once

/*
 * multipart/form-data in pieces: for bodies that are too large to lie in memory. Feed the bytes as
 * they come; parts are told as they are found, their contents in slices of what was fed (and of the
 * delimiter itself, where something only began like it). Pure: no memory but the struct, which
 * holds the headers of one part. As strict as multipart_parse, with the same errors for the same
 * bytes however they are cut; what was told before an error is to be thrown away.
 */

#include "wire/multipart.h"

/* An error of these ends the parsing with it. The slices die with the call. */
struct multipart_sink {
    /* p->body is empty. */
    enum err (*part_begin)(void *ctx, const struct multipart_part *p);
    enum err (*part_data)(void *ctx, struct slice bytes);
    enum err (*part_end)(void *ctx);
    void *ctx;
};

enum { MULTIPART_DELIMITER_MAX = 4 + MULTIPART_BOUNDARY_MAX };

struct multipart_stream {
    struct multipart_sink sink;
    uint8_t state; /* multipart_stream.c */
    enum err error;
    unsigned parts;
    unsigned lines;   /* of the headers of this part */
    size_t matched;   /* bytes of the delimiter that the last bytes are */
    size_t head_len;  /* of `head` */
    size_t line_from; /* where its last line begins */
    size_t delimiter_len;
    struct multipart_part part;              /* slices into `head` */
    char delimiter[MULTIPART_DELIMITER_MAX]; /* CRLF "--" boundary */
    char head[MULTIPART_HEADER_BYTES_MAX];
};

/* boundary: of multipart_boundary; copied. */
void multipart_stream_init(struct multipart_stream *m, struct slice boundary,
                           const struct multipart_sink *sink);
/* BAD_REQUEST, ENTITY_TOO_LARGE, or what the sink said; the same from then on. */
MUST_CHECK enum err multipart_stream_feed(struct multipart_stream *m, struct slice bytes);
/* No more bytes come. BAD_REQUEST if the form is not complete. */
MUST_CHECK enum err multipart_stream_end(struct multipart_stream *m);
