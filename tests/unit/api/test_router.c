/* The router: every row under every prefix, what is refused and how, and a model check of random
 * paths against a matcher that is too simple to be wrong. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "api/router.h"
#include "base/mem.h"
#include "base/random.h"

static const char *const prefixes[] = {"/api/v10", "/api/v9", "/api"};

static struct router *made(void)
{
    struct router *r = router_new(routes, route_count);
    assert_non_null(r);
    return r;
}

/* The pattern with its parameters filled in: {x} becomes the text of its position. */
static void fill(const char *prefix, const char *pattern, char *out, size_t room)
{
    size_t len = (size_t)snprintf(out, room, "%s", prefix);
    unsigned param = 0;
    for (const char *p = pattern; *p != '\0'; p++) {
        if (*p == '{') {
            len += (size_t)snprintf(out + len, room - len, "%u7", ++param);
            p = strchr(p, '}');
        } else {
            out[len++] = *p;
        }
    }
    out[len] = '\0';
}

static void test_every_row_is_reachable(void **state)
{
    (void)state;
    struct router *r = made();
    for (size_t i = 0; i < route_count; i++) {
        const struct route *want = &routes[i];
        size_t count = want->base == ROUTE_BASE_API ? 3 : 1;
        for (size_t p = 0; p < count; p++) {
            char path[256];
            struct router_match m;
            fill(want->base == ROUTE_BASE_API ? prefixes[p] : "", want->path, path, sizeof path);
            assert_int_equal(router_match(r, want->method, slice_from(path), &m), ROUTER_FOUND);
            assert_ptr_equal(m.route, want);
            for (unsigned k = 0; k < m.param_count; k++) {
                char text[16];
                snprintf(text, sizeof text, "%u7", k + 1);
                assert_true(slice_eq_cstr(m.params[k], text));
            }
        }
    }
    router_free(&r);
    assert_null(r);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        enum http_method method;
        const char *path;
        enum router_verdict want;
    } cases[] = {
        {HTTP_METHOD_GET, "/api/v10/nope", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v10/gateway/", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v10//gateway", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v10", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/gateway", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/healthz", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "*", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v10/channels//messages", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v10/channels/1/messages/2/3", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v10/users/%zz/guilds", ROUTER_NOT_FOUND},
        {HTTP_METHOD_GET, "/api/v8/gateway", ROUTER_WRONG_VERSION},
        {HTTP_METHOD_GET, "/api/v11/nope", ROUTER_WRONG_VERSION},
        {HTTP_METHOD_GET, "/api/vX/gateway", ROUTER_NOT_FOUND},
        {HTTP_METHOD_DELETE, "/api/v10/gateway", ROUTER_WRONG_METHOD},
        {HTTP_METHOD_OTHER, "/api/v10/gateway", ROUTER_WRONG_METHOD},
        {HTTP_METHOD_HEAD, "/api/v10/auth/login", ROUTER_WRONG_METHOD},
        {HTTP_METHOD_HEAD, "/api/v10/gateway", ROUTER_FOUND},
        {HTTP_METHOD_GET, "/api/v10/users/%40me", ROUTER_FOUND},
        {HTTP_METHOD_OPTIONS, "/api/v10/gateway", ROUTER_OPTIONS},
        {HTTP_METHOD_OPTIONS, "/api/v10/nope", ROUTER_NOT_FOUND},
    };
    struct router *r = made();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct router_match m;
        if (router_match(r, cases[i].method, slice_from(cases[i].path), &m) != cases[i].want)
            fail_msg("%s", cases[i].path);
    }
    router_free(&r);
}

static void test_allowed(void **state)
{
    (void)state;
    struct router *r = made();
    struct router_match m;
    (void)router_match(r, HTTP_METHOD_PUT, SLICE("/api/channels/1/messages/2"), &m);
    assert_int_equal(m.allowed, 1u << HTTP_METHOD_GET | 1u << HTTP_METHOD_HEAD |
                                    1u << HTTP_METHOD_PATCH | 1u << HTTP_METHOD_DELETE |
                                    1u << HTTP_METHOD_OPTIONS);
    router_free(&r);
}

/* A literal wins over a parameter, wherever both fit. */
static void test_literal_before_parameter(void **state)
{
    (void)state;
    struct router *r = made();
    struct router_match me, other;
    (void)router_match(r, HTTP_METHOD_GET, SLICE("/api/users/@me"), &me);
    (void)router_match(r, HTTP_METHOD_GET, SLICE("/api/users/@you"), &other);
    assert_int_equal(me.param_count, 0);
    assert_int_equal(other.param_count, 1);
    assert_ptr_not_equal(me.route, other.route);
    router_free(&r);
}

static void test_param_index(void **state)
{
    (void)state;
    const char *pattern = "/channels/{channel_id}/messages/{message_id}";
    assert_int_equal(router_param_index(pattern, "channel_id"), 0);
    assert_int_equal(router_param_index(pattern, "message_id"), 1);
    assert_int_equal(router_param_index(pattern, "message"), ROUTE_PARAMS_MAX);
    assert_int_equal(router_param_index("/gateway", "id"), ROUTE_PARAMS_MAX);
}

/* Rows that could not work: a scope without its id, a shape on a row of the loop, and the like. */
static void test_rows_are_sound(void **state)
{
    (void)state;
    for (size_t i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        if (r->scope == ROUTE_SCOPE_GUILD)
            assert_int_equal(router_param_index(r->path, "guild_id"), 0);
        if (r->scope == ROUTE_SCOPE_CHANNEL)
            assert_int_equal(router_param_index(r->path, "channel_id"), 0);
        if (r->scope != ROUTE_SCOPE_NONE)
            assert_int_not_equal(r->auth, ROUTE_AUTH_NONE);
        if (r->permissions != 0)
            assert_int_not_equal(r->scope, ROUTE_SCOPE_NONE);
        if (r->where == ROUTE_WHERE_LOOP) {
            assert_int_equal(r->auth, ROUTE_AUTH_NONE);
            assert_null(r->shape);
        }
        if (r->base == ROUTE_BASE_API)
            assert_true(r->bucket != NULL && r->limit > 0 && r->window_ms >= 1000);
        assert_non_null(r->handler);
        assert_true(r->summary[0] != '\0');
    }
}

static const struct {
    const char *pattern;
    enum http_method method;
} model_rows[] = {
    {"/a", HTTP_METHOD_GET},
    {"/a/{x}", HTTP_METHOD_GET},
    {"/a/b", HTTP_METHOD_POST},
    {"/a/{x}/b", HTTP_METHOD_PUT},
    {"/a/b/{x}", HTTP_METHOD_GET},
    {"/{y}/b/a", HTTP_METHOD_GET},
    {"/b/{x}/{z}", HTTP_METHOD_DELETE},
};
enum { MODEL_ROWS = sizeof model_rows / sizeof *model_rows };

static size_t split(const char *path, char out[8][8])
{
    size_t n = 0;
    struct slice rest = slice_from(path + 1);
    struct slice part;
    while (n < 8 && slice_next(&rest, '/', &part))
        snprintf(out[n++], 8, "%.*s", SLICE_ARG(part));
    return n;
}

/* At each level a literal excludes the parameter, judged over all rows that share the way here. */
static bool model_matches(const char *pattern, const char *path)
{
    char want[8][8], have[8][8], other[8][8];
    size_t n = split(pattern, want);
    if (split(path, have) != n)
        return false;
    for (size_t level = 0; level < n; level++) {
        if (want[level][0] != '{' && strcmp(want[level], have[level]) != 0)
            return false;
        for (size_t i = 0; want[level][0] == '{' && i < MODEL_ROWS; i++) {
            bool same_way = split(model_rows[i].pattern, other) > level;
            for (size_t k = 0; same_way && k < level; k++)
                same_way =
                    strcmp(other[k], want[k]) == 0 || (other[k][0] == '{' && want[k][0] == '{');
            if (same_way && strcmp(other[level], have[level]) == 0)
                return false;
        }
    }
    return true;
}

static void test_model(void **state)
{
    (void)state;
    static const char *const vocabulary[] = {"a", "b", "c"};
    struct route table[MODEL_ROWS];
    struct random_seeded random;
    random_seeded_init(&random, 42);
    for (size_t i = 0; i < MODEL_ROWS; i++)
        table[i] = (struct route){
            .method = model_rows[i].method, .path = model_rows[i].pattern, .base = ROUTE_BASE_ROOT};
    struct router *r = router_new(table, MODEL_ROWS);
    unsigned hits = 0;
    for (unsigned round = 0; round < 2000; round++) {
        char path[32] = "";
        struct router_match m;
        size_t segments = 1 + random_seeded_next(&random) % 4;
        for (size_t k = 0; k < segments; k++) {
            size_t len = strlen(path);
            snprintf(path + len, sizeof path - len, "/%s",
                     vocabulary[random_seeded_next(&random) % 3]);
        }
        enum http_method method = (enum http_method)(random_seeded_next(&random) % 6);
        const struct route *want = NULL;
        for (size_t i = 0; i < MODEL_ROWS; i++) {
            bool fits = method == HTTP_METHOD_HEAD ? table[i].method == HTTP_METHOD_GET
                                                   : table[i].method == method;
            if (fits && model_matches(table[i].path, path))
                want = &table[i];
        }
        bool found = router_match(r, method, slice_from(path), &m) == ROUTER_FOUND;
        if (found != (want != NULL) || (found && m.route != want))
            fail_msg("%s %s", http_method_name(method), path);
        hits += found;
    }
    assert_true(hits > 100);
    router_free(&r);
}

static void test_short_of_memory(void **state)
{
    (void)state;
    struct router *r = NULL;
    for (uint64_t n = 0; r == NULL; n++) {
        mem_fail_after(n, UINT64_MAX);
        r = router_new(routes, route_count);
        mem_fail_never();
        if (r == NULL)
            assert_int_equal(mem_bytes(MEM_API), 0);
    }
    router_free(&r);
    assert_int_equal(mem_bytes(MEM_API), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_row_is_reachable),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_literal_before_parameter),
        cmocka_unit_test(test_param_index),
        cmocka_unit_test(test_rows_are_sound),
        cmocka_unit_test(test_model),
        cmocka_unit_test(test_short_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
