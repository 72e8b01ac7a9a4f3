/*
 * The path of a request. Routing and the limits of addresses happen on its loop; then the handler
 * runs there, or the request moves to a worker, which may wait for the store:
 *
 *      loop     id -> route -> address limit ──> handler ──────────────────────────> http_reply
 *                                   └─> worker: who -> limit -> scope -> reason
 *                                               -> body -> handler ─────────────> http_reply_post
 *
 * After http_reply or http_reply_post the exchange is gone; everything of the request ends before.
 */

#include "api/api.h"

#include <assert.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/upload.h"
#include "base/clock.h"
#include "base/mem.h"

/* "https://chat.example.org/" gives host "chat.example.org", secure. */
static void split_public_url(struct api *a)
{
    struct slice url = slice_from(a->o.public_url);
    const struct slice https = SLICE("https://");
    const struct slice http = SLICE("http://");
    if (url.len == 0)
        return;
    a->url_secure = slice_starts_with(url, https);
    size_t skip = a->url_secure ? https.len : (slice_starts_with(url, http) ? http.len : 0);
    a->url_host = slice_of(url.data + skip, url.len - skip);
    a->url_host.len = slice_find(a->url_host, '/');
}

bool api_trusts(const struct api *a, const char *address)
{
    return proxies_contain(&a->proxies, slice_from(address));
}

static bool make_budget(struct api *a)
{
    enum { HOUR_MS = 60 * 60 * 1000 };
    struct budget_options o = {
        .area = MEM_API, .amount_max = a->o.sent_bytes_max, .window_ms = HOUR_MS};
    if (o.amount_max == 0)
        return true;
    random_fill(a->o.random, (unsigned char *)&o.seed, sizeof o.seed);
    a->sent = budget_new(&o);
    return a->sent != NULL;
}

enum err api_new(const struct api_options *o, struct api **out)
{
    struct api *a = mem_zalloc(MEM_API, sizeof *a);
    if (a == NULL)
        return ERR_NO_MEMORY;
    a->magic = API_MAGIC;
    a->o = *o;
    if (!proxies_parse(slice_from(o->trusted_proxies), &a->proxies)) {
        api_free(&a);
        return ERR_INVALID_FORM;
    }
    a->router = router_new(routes, route_count);
    if (a->router == NULL || !make_budget(a)) {
        api_free(&a);
        return ERR_NO_MEMORY;
    }
    split_public_url(a);
    *out = a;
    return ERR_OK;
}

void api_free(struct api **a)
{
    struct api *gone = *a;
    *a = NULL;
    if (gone == NULL)
        return;
    router_free(&gone->router);
    budget_free(&gone->sent);
    mem_free(MEM_API, gone);
}

static const char *route_label(const struct request *r)
{
    return r->route != NULL ? r->route->path : "-";
}

/* The pattern, never the path or the query: those may carry what is nobody's business. */
static void log_request(const struct request *r, enum err e)
{
    const struct log *log = r->api->o.log;
    if (log == NULL || (log->level > LOG_DEBUG && r->x->status < 500))
        return; /* the common case does not even read the clock */
    uint64_t us = (clock_mono_ns(r->api->o.clock) - r->x->started_ns) / 1000;
    const char *method = http_method_name(r->x->request->method);
    bool failed = r->x->status >= 500;
    const struct log_kv kv[] = {
        LOG_S("method", method),
        LOG_S("route", route_label(r)),
        LOG_I("status", r->x->status),
        LOG_U("us", us),
        failed ? LOG_S("error", err_info(e)->name) : LOG_END,
        LOG_END,
    };
    /* No call site: a line for each request, or its id would say nothing. */
    log_write(log, NULL, failed ? LOG_ERROR : LOG_DEBUG, "api",
              failed ? "request failed" : "request", request_id(r), kv);
}

/* Everything of the request ends here except the exchange, whose reply is complete. */
static void finish(struct request *r, enum err e)
{
    if (e == ERR_OK && r->x->body.failed)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK)
        reply_error(r, e);
    limits_note_status(r);
    reply_write_head(r);
    log_request(r, e);
    access_end(&r->access);
    request_drop_body(r);
    arena_deinit(&r->arena);
}

/* A 201 is a 201 whatever the handler did; handlers that need another status set it themselves. */
static enum err call(struct request *r)
{
    r->x->status = r->route->status;
    return r->route->handler(r);
}

static enum err run_steps(struct request *r)
{
    static enum err (*const steps[])(struct request *) = {
        request_authenticate, limits_take_account, request_authorize,
        request_read_reason,  request_read_body,   call,
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        enum err e = steps[i](r);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static void on_job(struct job *j)
{
    struct request *r = LIST_OWNER(j, struct request, job);
    assert(r->magic == REQUEST_MAGIC);
    struct http_exchange *x = r->x;
    finish(r, run_steps(r));
    mem_free(MEM_API, r);
    http_reply_post(x);
}

static enum job_class class_of(enum route_where where)
{
    switch (where) {
    case ROUTE_WHERE_WRITE:
        return JOB_WRITE;
    case ROUTE_WHERE_HASH:
        return JOB_HASH;
    case ROUTE_WHERE_READ:
    case ROUTE_WHERE_LOOP:
        break;
    }
    return JOB_READ;
}

/* Moves the request off the loop. On failure the caller still answers it. */
static enum err submit(const struct request *r, void (*run)(struct job *j))
{
    struct request *moved = mem_alloc(MEM_API, sizeof *moved);
    if (moved == NULL)
        return ERR_NO_MEMORY;
    memcpy(moved, r, sizeof *moved); /* nothing in it points into itself yet */
    moved->job = (struct job){.class = class_of(r->route->where), .run = run};
    enum err e = workers_submit(r->api->o.workers, &moved->job);
    if (e != ERR_OK)
        mem_free(MEM_API, moved);
    return e;
}

static enum err refuse_route(struct request *r, enum router_verdict verdict)
{
    switch (verdict) {
    case ROUTER_OPTIONS:
        reply_preflight(r);
        return ERR_OK;
    case ROUTER_WRONG_METHOD:
        buf_append_cstr(&r->x->head, "Allow: ");
        reply_write_methods(&r->x->head, r->match.allowed);
        buf_append_cstr(&r->x->head, "\r\n");
        return ERR_METHOD_NOT_ALLOWED;
    case ROUTER_WRONG_VERSION:
        return ERR_INVALID_API_VERSION;
    case ROUTER_NOT_FOUND:
    case ROUTER_FOUND:
        break;
    }
    return ERR_NOT_FOUND;
}

/* True if the request moved to a worker. */
static bool dispatch(struct request *r, enum err *e)
{
    r->route = r->match.route;
    /* A stream was counted when it was admitted. */
    *e = r->upload == NULL ? limits_take_address(r) : ERR_OK;
    if (*e != ERR_OK)
        return false;
    if (r->route->where == ROUTE_WHERE_LOOP) {
        *e = call(r);
        return false;
    }
    *e = submit(r, on_job);
    return *e == ERR_OK;
}

void api_on_request(void *ctx, struct http_exchange *x)
{
    struct api *a = ctx;
    assert(a->magic == API_MAGIC);
    struct request r = {.magic = REQUEST_MAGIC, .api = a, .x = x};
    enum err e;
    r.upload = upload_of(x->user);
    x->user = NULL;
    http_request_id(x->request, x->loop, r.id);
    client_address(&a->proxies, x->request, x->peer, r.address);
    arena_init(&r.arena, MEM_API, LIMIT_REQUEST_ARENA_BYTES);
    enum router_verdict verdict =
        router_match(a->router, x->request->method, x->request->path, &r.match);
    if (verdict != ROUTER_FOUND)
        e = refuse_route(&r, verdict);
    else if (dispatch(&r, &e))
        return;
    finish(&r, e);
    http_reply(x);
}

/* ---- large bodies ---- */

/* Whether this caller may use the route; what the body says is judged when it is there. */
static enum err judge_upload(struct request *r)
{
    const struct upload_route *row = upload_route_find(r->route);
    struct slice boundary = {NULL, 0};
    struct upload *upload = NULL;
    enum err e = request_authenticate(r);
    if (e == ERR_OK)
        e = request_authorize(r);
    if (e != ERR_OK || row == NULL || !upload_is_one(row, r->x->request, &boundary))
        return e;
    e = request_admit_upload(r, row, boundary, &upload);
    if (e != ERR_OK)
        return e;
    r->x->streams = true;
    r->x->user = upload_stream(upload);
    return ERR_OK;
}

static void on_upload_job(struct job *j)
{
    struct request *r = LIST_OWNER(j, struct request, job);
    assert(r->magic == REQUEST_MAGIC);
    struct http_exchange *x = r->x;
    x->admitted = judge_upload(r);
    if (x->admitted == ERR_INVALID_FORM) /* an id in the path that is none */
        x->admitted = ERR_BAD_REQUEST;
    if (x->admitted != ERR_OK) {
        x->status = err_info(x->admitted)->http_status;
        limits_note_status(r);
    }
    access_end(&r->access);
    arena_deinit(&r->arena);
    mem_free(MEM_API, r);
    http_admit_post(x);
}

static bool takes_uploads(const struct route *route, const struct http_request *q)
{
    const struct upload_route *row = upload_route_find(route);
    struct slice boundary;
    if (row != NULL && upload_is_one(row, q, &boundary))
        return true;
    return route->shape != NULL && shape_is_upload(route->shape) &&
           route->auth != ROUTE_AUTH_NONE && route->where != ROUTE_WHERE_LOOP;
}

/* True if a worker has it now. */
static bool ask_worker(struct request *r, enum err *e)
{
    r->route = r->match.route;
    *e = takes_uploads(r->route, r->x->request) ? limits_take_address(r) : ERR_ENTITY_TOO_LARGE;
    if (*e == ERR_OK)
        *e = submit(r, on_upload_job);
    return *e == ERR_OK;
}

bool api_takes_stream(void *ctx, const struct http_request *q)
{
    const struct api *a = ctx;
    struct router_match match;
    struct slice boundary;
    assert(a->magic == API_MAGIC);
    if (router_match(a->router, q->method, q->path, &match) != ROUTER_FOUND)
        return false;
    const struct upload_route *row = upload_route_find(match.route);
    return row != NULL && upload_is_one(row, q, &boundary);
}

void api_on_upload(void *ctx, struct http_exchange *x)
{
    struct api *a = ctx;
    assert(a->magic == API_MAGIC);
    struct request r = {.magic = REQUEST_MAGIC, .api = a, .x = x};
    enum err e = ERR_ENTITY_TOO_LARGE;
    http_request_id(x->request, x->loop, r.id);
    client_address(&a->proxies, x->request, x->peer, r.address);
    arena_init(&r.arena, MEM_API, LIMIT_REQUEST_ARENA_BYTES);
    if (router_match(a->router, x->request->method, x->request->path, &r.match) == ROUTER_FOUND &&
        ask_worker(&r, &e))
        return;
    arena_deinit(&r.arena);
    x->admitted = e;
    http_admit(x);
}
