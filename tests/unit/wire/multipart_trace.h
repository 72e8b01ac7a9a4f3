#pragma once

/* What a form is found to hold, as text, so that two readers can be compared. */

#include <stdlib.h>
#include <string.h>

#include "wire/multipart_stream.h"

struct multipart_trace {
    char *text;
    size_t len;
    size_t max;
};

static inline void trace_add(struct multipart_trace *t, struct slice s)
{
    if (t->len + s.len > t->max)
        abort();
    if (s.len > 0)
        memcpy(t->text + t->len, s.data, s.len);
    t->len += s.len;
}

static inline void trace_field(struct multipart_trace *t, char tag, struct slice s)
{
    const char head[2] = {tag, s.data == NULL ? '-' : '+'};
    trace_add(t, slice_of(head, 2));
    trace_add(t, s);
}

static inline void trace_head(struct multipart_trace *t, const struct multipart_part *p)
{
    trace_field(t, 'n', p->name);
    trace_field(t, 'f', p->filename);
    trace_field(t, 't', p->content_type);
    trace_add(t, SLICE("b"));
}

static inline enum err trace_begin(void *ctx, const struct multipart_part *p)
{
    trace_head(ctx, p);
    return ERR_OK;
}

static inline enum err trace_data(void *ctx, struct slice bytes)
{
    trace_add(ctx, bytes);
    return ERR_OK;
}

static inline enum err trace_end(void *ctx)
{
    trace_add(ctx, SLICE("."));
    return ERR_OK;
}

/* The whole body at once. */
static inline enum err trace_whole(struct multipart_trace *t, struct slice body,
                                   struct slice boundary)
{
    struct multipart_part parts[MULTIPART_PARTS_MAX];
    size_t count = 0;
    enum err e = multipart_parse(body, boundary, parts, &count);
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        trace_head(t, &parts[i]);
        trace_add(t, parts[i].body);
        trace_add(t, SLICE("."));
    }
    return e;
}

/* In pieces of `step` bytes, the first of `first` bytes. */
static inline enum err trace_pieces(struct multipart_trace *t, struct slice body,
                                    struct slice boundary, size_t first, size_t step)
{
    const struct multipart_sink sink = {trace_begin, trace_data, trace_end, t};
    struct multipart_stream m;
    enum err e = ERR_OK;
    multipart_stream_init(&m, boundary, &sink);
    for (size_t at = 0, n = first; at < body.len; at += n, n = step) {
        if (n > body.len - at)
            n = body.len - at;
        /* Of just that size, so that a sanitizer sees a byte too far. */
        char *piece = malloc(n > 0 ? n : 1);
        if (piece == NULL)
            abort();
        if (n > 0)
            memcpy(piece, body.data + at, n);
        e = multipart_stream_feed(&m, slice_of(piece, n));
        free(piece);
        if (e != ERR_OK)
            break;
    }
    enum err end = multipart_stream_end(&m);
    return e != ERR_OK ? e : end;
}
