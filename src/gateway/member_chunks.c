/*
 * Request Guild Members (op 8): the answer. A guild may have a million members: they are read a
 * page at a time by workers, who also compose the chunk, and the loop only passes it on. The next
 * page is not begun before the session has taken most of the last one, so that a client that does
 * not read costs one chunk, and one that is away (detached) costs none until it is back.
 *
 * How many chunks there are follows from the number of members when the first page is read, and
 * stays so: who joins meanwhile has the highest id, comes last, and is left out of what no chunk is
 * left for (GUILD_MEMBER_ADD tells of them); who leaves makes a later chunk shorter, or empty.
 */
#include <string.h>

#include "base/limits.h"
#include "gateway/member_request.h"
#include "gateway/member_watch.h"
#include "gateway/presence.h"
#include "proto/guild.h"

enum {
    CHUNK_BYTES_MAX = 16 * 1024 * 1024, /* 1,000 members with 250 roles each and a presence fit */
    CHUNK_TRIES = 5 /* a page that changes again and again while it is read is sent nevertheless */
};

struct member_requests {
    struct list queue;
    uint32_t count;
    bool running;    /* a job for the first in the queue is under way */
    uint64_t serial; /* of that job; answers to others are void */
};

struct chunk_job {
    struct gw_job job; /* first; its arena holds what the query points to */
    uint64_t session_key;
    uint64_t serial;
    struct member_mark mark;
    struct member_request request; /* as it was when the job began */
    struct member_page page;
    uint32_t chunk_count;
    struct bytes *payload;
};

/* --- on a worker --- */

static uint32_t count_chunks(const struct chunk_job *c)
{
    const struct member_request *r = &c->request;
    if (!r->whole)
        return 1;
    if (r->chunk_count != 0)
        return r->chunk_count;
    uint64_t wanted = c->page.member_count < r->left ? c->page.member_count : r->left;
    uint64_t chunks = (wanted + MEMBER_CHUNK_MAX - 1) / MEMBER_CHUNK_MAX;
    return chunks == 0 ? 1 : chunks > UINT32_MAX ? UINT32_MAX : (uint32_t)chunks;
}

static bool found(const struct member_page *p, uint64_t id)
{
    for (size_t i = 0; i < p->count; i++)
        if (p->list[i].user.id.v == id)
            return true;
    return false;
}

static void write_not_found(struct json_writer *w, const struct chunk_job *c)
{
    const struct member_request *r = &c->request;
    json_key(w, "not_found");
    json_array_begin(w);
    for (size_t i = 0; i < r->query.id_count; i++)
        if (!found(&c->page, r->query.ids[i]))
            json_id(w, r->query.ids[i]);
    if (r->wrong.len > 0)
        json_raw(w, r->wrong);
    json_array_end(w);
}

static bool some_not_found(const struct chunk_job *c)
{
    const struct member_request *r = &c->request;
    for (size_t i = 0; i < r->query.id_count; i++)
        if (!found(&c->page, r->query.ids[i]))
            return true;
    return r->wrong.len > 0;
}

static void write_chunk(struct json_writer *w, const struct chunk_job *c)
{
    const struct member_request *r = &c->request;
    json_object_begin(w);
    json_kv_id(w, "guild_id", r->query.guild.v);
    json_key(w, "members");
    json_array_begin(w);
    for (size_t i = 0; i < c->page.count; i++)
        proto_member(w, &c->page.list[i], true);
    json_array_end(w);
    json_kv_u64(w, "chunk_index", r->chunk_index);
    json_kv_u64(w, "chunk_count", c->chunk_count);
    if (some_not_found(c))
        write_not_found(w, c);
    if (r->has_nonce)
        json_kv_str(w, "nonce", slice_of(r->nonce, r->nonce_len));
    json_object_end(w);
}

static void chunk_work(struct gw_job *j)
{
    struct chunk_job *c = (struct chunk_job *)j;
    j->err =
        member_page_read(j->hub->gateway->options.core, &c->request.query, &j->arena, &c->page);
    if (j->err != ERR_OK)
        return;
    struct json_writer w;
    struct buf out;
    buf_init(&out, MEM_GATEWAY, CHUNK_BYTES_MAX);
    c->chunk_count = count_chunks(c);
    dispatch_begin(&w, &out, DISPATCH_GUILD_MEMBERS_CHUNK);
    write_chunk(&w, c);
    if (c->request.presences && !out.failed)
        out.len--; /* they come before the brace */
    else
        buf_putc(&out, '}');
    c->payload = out.failed ? NULL : bytes_new(buf_slice(&out));
    buf_deinit(&out);
    if (c->payload == NULL)
        j->err = ERR_NO_MEMORY;
}

/* --- on the loop --- */

/* Presences are of the moment when the chunk goes out: an update that the session has been told of
 * must not be taken back by what a worker saw before. Of those who are there alone. */
static struct bytes *with_presences(const struct chunk_job *c)
{
    struct hub *h = c->job.hub;
    struct buf *out = &h->scratch;
    struct json_writer w;
    struct rope rope = {0};
    buf_reset(out);
    buf_append_cstr(out, ",\"presences\":");
    json_begin(&w, out);
    json_array_begin(&w);
    for (size_t i = 0; i < c->page.count; i++) {
        uint64_t user = c->page.list[i].user.id.v;
        struct presence *p = presence_in_guild(h->gateway, c->request.query.guild.v, user);
        if (p != NULL)
            presence_write(&w, user, p, 0);
        presence_unref(&p);
    }
    json_array_end(&w);
    buf_append_cstr(out, "}}");
    rope_add(&rope, SLICE(""), c->payload);
    if (out->failed)
        rope.failed = true;
    rope_add(&rope, buf_slice(out), NULL);
    buf_shrink(out, LIMIT_PIPELINE_BYTES);
    return rope_end(&rope);
}

static void push_chunk(struct session *s, const struct chunk_job *c)
{
    struct bytes *payload = c->request.presences ? with_presences(c) : bytes_ref(c->payload);
    if (payload == NULL)
        session_fail(s); /* it would wait for the chunk without end */
    else
        session_push(s, payload);
    bytes_unref(&payload);
}

static struct member_request *first(const struct member_requests *q)
{
    return list_empty(&q->queue) ? NULL : LIST_OWNER(q->queue.next, struct member_request, node);
}

static void drop_first(struct member_requests *q)
{
    struct member_request *r = first(q);
    list_remove(&r->node);
    q->count--;
    member_request_free(&r);
}

/* Which of them are through, whatever came of it. */
static void end_request(struct session *s)
{
    drop_first(s->requests);
    if (list_empty(&s->requests->queue))
        member_requests_free(s);
}

static uint64_t page_limit(const struct member_request *r)
{
    return r->left < MEMBER_CHUNK_MAX ? r->left : MEMBER_CHUNK_MAX;
}

static void chunk_done(struct gw_job *j);

/* The request may be gone before the job is: what it points to is copied. */
static bool copy_request(struct chunk_job *c, const struct member_request *r)
{
    c->request = *r;
    c->request.node = (struct list){0};
    c->request.arena = (struct arena){0};
    if (r->whole) {
        c->request.query.limit = page_limit(r);
        c->request.query.counted = r->chunk_count == 0;
    }
    struct arena *a = &c->job.arena;
    if (r->query.id_count > 0) {
        uint64_t *ids = arena_array(a, r->query.id_count, sizeof *ids);
        if (ids == NULL)
            return false;
        memcpy(ids, r->query.ids, r->query.id_count * sizeof *ids);
        c->request.query.ids = ids;
    }
    if (r->query.prefix.len > 0)
        c->request.query.prefix = arena_dup(a, r->query.prefix);
    if (r->wrong.len > 0)
        c->request.wrong = arena_dup(a, r->wrong);
    return (r->query.prefix.len == 0 || c->request.query.prefix.data != NULL) &&
           (r->wrong.len == 0 || c->request.wrong.data != NULL);
}

static bool start(struct session *s, const struct member_request *r, struct guild_sub *g)
{
    struct chunk_job *c = gw_job_new(s->hub, sizeof *c, chunk_work, chunk_done);
    if (c == NULL)
        return false;
    if (!copy_request(c, r)) {
        gw_job_free(&c->job);
        return false;
    }
    c->session_key = s->key;
    c->serial = ++s->requests->serial;
    c->mark = member_watch_begin(g);
    s->requests->running = true;
    gw_job_submit(&c->job, JOB_READ);
    return true;
}

/* The guild of the first one, if the session is still in it. */
static struct guild_sub *guild_of(struct session *s, const struct member_request *r)
{
    const struct guild_link *l = session_link(s, r->query.guild.v);
    return l != NULL && l->class != NULL ? l->guild : NULL;
}

void member_requests_continue(struct session *s)
{
    while (s->requests != NULL && !s->requests->running && !s->failed && s->conn != NULL &&
           s->replay.unsent_bytes <= MEMBER_REQUEST_UNSENT_MAX) {
        struct member_request *r = first(s->requests);
        struct guild_sub *g = guild_of(s, r);
        if (g != NULL && start(s, r, g))
            return;
        end_request(s);
    }
}

/* One chunk has been sent; was it the last? */
static bool advance(struct member_request *r, const struct chunk_job *c)
{
    r->tries = 0;
    r->chunk_count = c->chunk_count;
    r->chunk_index++;
    if (c->page.count > 0)
        r->query.after = c->page.list[c->page.count - 1].user.id.v;
    if (r->left != UINT64_MAX)
        r->left -= c->page.count;
    return r->chunk_index == r->chunk_count;
}

static void take_chunk(struct session *s, struct chunk_job *c, bool stale)
{
    struct member_request *r = first(s->requests);
    if (guild_of(s, r) == NULL || c->job.err == ERR_UNKNOWN_GUILD) {
        end_request(s);
    } else if (c->job.err != ERR_OK) {
        member_request_refuse(s, r, RETRY_MS); /* the store is overloaded: ask again */
        end_request(s);
    } else if (stale && r->tries++ < CHUNK_TRIES) {
        return;
    } else {
        push_chunk(s, c);
        if (advance(r, c))
            end_request(s);
    }
}

static void chunk_done(struct gw_job *j)
{
    struct chunk_job *c = (struct chunk_job *)j;
    struct session *s = map_get(&j->hub->sessions, c->session_key);
    struct guild_sub *g = map_get(&j->hub->guilds, c->request.query.guild.v);
    bool stale = member_watch_end(g, c->mark, &c->page);
    if (s != NULL && s->requests != NULL && s->requests->serial == c->serial) {
        s->requests->running = false;
        take_chunk(s, c, stale);
        member_requests_continue(s);
    }
    bytes_unref(&c->payload);
    gw_job_free(j);
}

const struct member_request *member_requests_next(const struct session *s,
                                                  const struct member_request *r)
{
    if (s->requests == NULL)
        return NULL;
    struct list *at = r == NULL ? s->requests->queue.next : r->node.next;
    return at == &s->requests->queue ? NULL : LIST_OWNER(at, struct member_request, node);
}

bool member_requests_add(struct session *s, struct member_request *r)
{
    if (s->requests == NULL) {
        s->requests = mem_zalloc(MEM_GATEWAY, sizeof *s->requests);
        if (s->requests == NULL)
            return false;
        list_init(&s->requests->queue);
        /* A job of a queue that is gone must not be taken for one of this. */
        s->requests->serial = ++s->hub->request_queues << 32;
    }
    if (s->requests->count >= MEMBER_REQUESTS_MAX)
        return false;
    list_push_back(&s->requests->queue, &r->node);
    s->requests->count++;
    return true;
}

void member_requests_free(struct session *s)
{
    if (s->requests == NULL)
        return;
    while (!list_empty(&s->requests->queue))
        drop_first(s->requests);
    mem_free(MEM_GATEWAY, s->requests);
    s->requests = NULL;
}
