#pragma once

/* What x->user is while a body or a reply passes in pieces (net/http_server.h). */

#include "api/api.h"
#include "net/workers.h"

enum { API_STREAM_MAGIC = 0x5354524d };

struct api_stream {
    uint32_t magic;
    struct api *api;
    struct http_exchange *x; /* of the job under way */
    struct job job;          /* one at a time */
    /* Worker: one piece in or out; ends with http_stream_next_post. */
    void (*step)(struct api_stream *s, struct http_exchange *x);
    /* Gives it back. May block. */
    void (*end)(struct api_stream *s);
};

/* Loop thread: step on a worker. */
void api_stream_step(struct api_stream *s, struct http_exchange *x);
/* Any thread: end, on a worker if this is a loop. NULL allowed. */
void api_stream_end(struct api_stream *s, bool on_loop);
