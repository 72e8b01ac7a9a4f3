/*
 * The difficulty: a context may only point back to bytes that the client's inflater really has, in
 * the places where it has them. `at` is how far into the stream the context has followed; if the
 * stream is further, the dispatches between are read again from the replay buffer, and if they
 * cannot be (control messages between, already confirmed), the context starts anew from the
 * dispatches that do end the stream.
 */
#include "gateway/narrow.h"

#include "gateway/frames.h"
#include "gateway/gateway_priv.h"
#include "wire/deflate_stream.h"

struct narrow {
    struct list node; /* in the pool */
    struct gw_stream *owner;
    struct deflate_context *context;
    uint64_t at;
    bool spoilt; /* has followed nothing that counts */
    uint64_t used_ms;
};

void narrow_pool_init(struct narrow_pool *p, struct loop *l)
{
    *p = (struct narrow_pool){.loop = l, .max = NARROW_CONTEXTS_MAX};
    list_init(&p->used);
}

static void narrow_free(struct narrow_pool *p, struct narrow *n)
{
    n->owner->narrow = NULL;
    list_remove(&n->node);
    p->count--;
    deflate_context_free(&n->context);
    mem_free(MEM_GATEWAY, n);
}

void narrow_release(struct narrow_pool *p, struct gw_stream *s)
{
    if (s->narrow != NULL)
        narrow_free(p, s->narrow);
    if (list_empty(&p->used))
        loop_timer_stop(&p->timer);
}

static void on_idle(struct timer *t)
{
    struct narrow_pool *p = LIST_OWNER(t, struct narrow_pool, timer);
    uint64_t now_ms = loop_now_ms(p->loop);
    while (!list_empty(&p->used)) {
        struct narrow *n = LIST_OWNER(p->used.next, struct narrow, node);
        if (now_ms - n->used_ms < NARROW_IDLE_MS) {
            loop_timer_start(p->loop, &p->timer, NARROW_IDLE_MS - (now_ms - n->used_ms), on_idle);
            return;
        }
        narrow_free(p, n);
    }
}

static struct narrow *narrow_new(struct narrow_pool *p)
{
    struct narrow *n = mem_zalloc(MEM_GATEWAY, sizeof *n);
    if (n == NULL)
        return NULL;
    n->context = deflate_context_new();
    if (n->context == NULL) {
        mem_free(MEM_GATEWAY, n);
        return NULL;
    }
    p->count++;
    return n;
}

/* The stream's context, as the most recently used; NULL when memory is short. */
static struct narrow *acquire(struct narrow_pool *p, struct gw_stream *s)
{
    struct narrow *n = s->narrow;
    if (n == NULL && p->count < p->max) {
        n = narrow_new(p);
    } else if (n == NULL) {
        n = LIST_OWNER(p->used.next, struct narrow, node);
        n->owner->narrow = NULL;
    }
    if (n == NULL)
        return NULL;
    n->spoilt = n->spoilt || n->owner != s;
    n->owner = s;
    s->narrow = n;
    n->used_ms = loop_now_ms(p->loop);
    list_remove(&n->node);
    list_push_back(&p->used, &n->node);
    if (!list_linked(&p->timer.node))
        loop_timer_start(p->loop, &p->timer, NARROW_IDLE_MS, on_idle);
    return n;
}

void narrow_control(struct gw_stream *s, struct slice text)
{
    struct narrow *n = s->narrow;
    if (n != NULL && !n->spoilt && n->at == s->bytes) {
        deflate_context_follow(n->context, text);
        n->at += text.len;
    }
    s->bytes += text.len;
    s->run = 0;
}

void narrow_dispatch(struct gw_stream *s, size_t text_len)
{
    s->bytes += text_len;
    s->run++;
}

/* A dispatch that was sent, as its text was; false if it is not kept, or is in parts. */
static bool sent_text(const struct gw_conn *g, uint64_t seq, char own[FRAME_OWN_MAX],
                      struct slice *first, struct slice *second)
{
    const struct bytes *payload = replay_get(&g->session->replay, seq);
    const struct bytes *encoded =
        payload == NULL ? NULL : forms_encoded_peek(payload, (enum gw_encoding)g->encoding);
    if (encoded == NULL || encoded->total != encoded->len)
        return false;
    *first = slice_of(own, frame_own((enum gw_encoding)g->encoding, seq, encoded, own));
    *second = slice_of(encoded->data, encoded->len);
    return true;
}

/* How many of the last dispatches to read again: those that make exactly the `gap`, or as many as
 * fill the window. *bytes: their text. */
static uint32_t look_back(const struct gw_conn *g, uint64_t gap, size_t *bytes)
{
    char own[FRAME_OWN_MAX];
    struct slice first;
    struct slice second;
    uint32_t count = 0;
    *bytes = 0;
    while (*bytes != gap && *bytes < DEFLATE_CONTEXT_WINDOW && count < g->stream->run &&
           sent_text(g, g->session->replay.sent - count, own, &first, &second)) {
        *bytes += first.len + second.len;
        count++;
    }
    return count;
}

/* The context knows the end of the stream. */
static void catch_up(const struct gw_conn *g, struct narrow *n)
{
    char own[FRAME_OWN_MAX];
    struct slice first;
    struct slice second;
    size_t bytes;
    uint64_t gap = n->spoilt ? UINT64_MAX : g->stream->bytes - n->at;
    uint32_t count = look_back(g, gap, &bytes);
    if (bytes != gap)
        deflate_context_reset(n->context);
    while (count > 0 && sent_text(g, g->session->replay.sent + 1 - count, own, &first, &second)) {
        deflate_context_follow(n->context, first);
        deflate_context_follow(n->context, second);
        count--;
    }
    n->at = g->stream->bytes;
    n->spoilt = false;
}

size_t narrow_write(struct gw_conn *g, struct slice own, const struct bytes *encoded, char *out,
                    size_t capacity)
{
    struct narrow *n = acquire(&g->hub->narrow, g->stream);
    if (n == NULL)
        return 0;
    catch_up(g, n);
    size_t used = deflate_context_write(n->context, own, slice_of(encoded->data, encoded->len), out,
                                        capacity);
    n->spoilt = used == 0;
    n->at += own.len + encoded->len;
    return used;
}
