/* Pieces go through workers one at a time: a stream has one job, which is its own. Neither a full
 * queue nor a short memory can therefore leave a stream without its end. */

#include "api/api_stream.h"

#include <assert.h>

#include "api/api_priv.h"

static struct api_stream *stream_of(struct job *j)
{
    struct api_stream *s = LIST_OWNER(j, struct api_stream, job);
    assert(s->magic == API_STREAM_MAGIC);
    return s;
}

static void on_step(struct job *j)
{
    struct api_stream *s = stream_of(j);
    s->step(s, s->x);
}

static void on_end(struct job *j)
{
    struct api_stream *s = stream_of(j);
    s->end(s);
}

void api_stream_step(struct api_stream *s, struct http_exchange *x)
{
    assert(s->magic == API_STREAM_MAGIC);
    s->x = x;
    s->job = (struct job){.class = JOB_FILE, .run = on_step};
    enum err e = workers_submit_owed(s->api->o.workers, &s->job);
    if (e == ERR_OK)
        return;
    x->admitted = e;
    http_stream_next(x);
}

void api_stream_end(struct api_stream *s, bool on_loop)
{
    if (s == NULL)
        return;
    assert(s->magic == API_STREAM_MAGIC);
    s->job = (struct job){.class = JOB_FILE, .run = on_end};
    /* Without workers the server is stopping: nobody is kept waiting by a loop any more. */
    if (!on_loop || workers_submit_owed(s->api->o.workers, &s->job) != ERR_OK)
        s->end(s);
}

void api_on_stream(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    api_stream_step(x->user, x);
}

void api_on_release(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    struct api_stream *s = x->user;
    x->user = NULL;
    api_stream_end(s, true);
}
