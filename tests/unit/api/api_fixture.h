#pragma once

/* A request without a server: an exchange filled by hand, an API without core or workers, a clock
 * and limits of its own. What needs those is tested against the real binary (tests/live). */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/api_priv.h"
#include "wire/json_read.h"

struct fixture {
    int64_t now_ms;
    struct clock clock;
    struct metrics *metrics;
    struct api *api;
    struct http_request request;
    struct http_exchange x;
    struct request r;
};

static inline int64_t fixture_wall(void *ctx)
{
    return ((struct fixture *)ctx)->now_ms;
}

static inline uint64_t fixture_mono(void *ctx)
{
    return (uint64_t)((struct fixture *)ctx)->now_ms * 1000000;
}

static inline void fixture_api(struct fixture *f, const char *public_url, bool limits)
{
    f->now_ms = 1500000000000;
    f->clock = (struct clock){fixture_wall, fixture_mono, f};
    f->metrics = metrics_new();
    const struct api_options o = {
        .clock = &f->clock,
        .metrics = f->metrics,
        .ratelimit = ratelimit_new(1024, 1, &f->clock),
        .public_url = public_url,
        .limits_enabled = limits,
        .requests_per_second = 10,
        .identifies_per_day = 1000,
    };
    assert_non_null(o.ratelimit);
    assert_int_equal(api_new(&o, &f->api), ERR_OK);
}

static inline void fixture_header(struct fixture *f, const char *name, const char *value)
{
    f->request.headers[f->request.header_count++] =
        (struct http_header){slice_from(name), slice_from(value)};
}

/* Begins a request; the route is looked up if there is one. */
static inline void fixture_request(struct fixture *f, enum http_method method, const char *path,
                                   const char *query)
{
    f->request = (struct http_request){
        .method = method, .path = slice_from(path), .query = slice_from(query)};
    f->x = (struct http_exchange){.request = &f->request, .peer = "192.0.2.1"};
    buf_init(&f->x.head, MEM_API, 65536);
    buf_init(&f->x.body, MEM_API, 1 << 20);
    f->r = (struct request){.api = f->api, .x = &f->x, .id = "req"};
    arena_init(&f->r.arena, MEM_API, 1 << 20);
    if (router_match(f->api->router, method, f->request.path, &f->r.match) == ROUTER_FOUND)
        f->r.route = f->r.match.route;
}

static inline void fixture_end(struct fixture *f)
{
    request_drop_body(&f->r);
    arena_deinit(&f->r.arena);
    buf_deinit(&f->x.head);
    buf_deinit(&f->x.body);
}

static inline void fixture_free(struct fixture *f)
{
    struct ratelimit *limits = f->api->o.ratelimit;
    api_free(&f->api);
    ratelimit_free(&limits);
    metrics_free(&f->metrics);
}

static inline json_t *fixture_body(struct fixture *f)
{
    json_t *v = NULL;
    assert_false(f->x.body.failed);
    assert_int_equal(json_read(buf_slice(&f->x.body), 32, &v), ERR_OK);
    return v;
}

static inline bool fixture_head_has(struct fixture *f, const char *line)
{
    buf_putc(&f->x.head, '\0');
    bool found = strstr(f->x.head.data, line) != NULL;
    f->x.head.len--;
    return found;
}

/* The code of the first form error at a field. */
static inline const char *fixture_form_code(json_t *v, const char *field)
{
    json_t *errors = json_object_get(json_object_get(v, "errors"), field);
    json_t *first = json_array_get(json_object_get(errors, "_errors"), 0);
    return json_string_value(json_object_get(first, "code"));
}
