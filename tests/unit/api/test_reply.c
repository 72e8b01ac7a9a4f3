/* Replies: every error of the table in the form that clients parse, the headers of all replies, and
 * the handlers that run on a loop. */

#include "api_fixture.h"

static void test_every_error(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (int e = ERR_OK + 1; e < ERR_COUNT; e++) {
        const struct err_info *info = err_info((enum err)e);
        if (e == ERR_RATE_LIMITED || e == ERR_SLOWMODE)
            continue; /* have bodies of their own: test_ratelimits, tests/live */
        fixture_request(&f, HTTP_METHOD_GET, "/api/gateway", "");
        buf_append_cstr(&f.x.body, "half a reply");
        reply_error(&f.r, (enum err)e);
        json_t *v = fixture_body(&f);
        bool internal = info->http_status == 0;
        assert_int_equal(f.x.status, internal ? 500 : info->http_status);
        assert_string_equal(json_string_value(json_object_get(v, "message")),
                            internal ? "500: Internal Server Error" : info->text);
        assert_int_equal(json_integer_value(json_object_get(v, "code")),
                         internal ? 0 : info->json_code);
        assert_true(slice_eq_cstr(f.x.content_type, "application/json"));
        assert_int_equal(fixture_head_has(&f, "Retry-After: 1\r\n"), f.x.status == 503);
        json_decref(v);
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_form_errors(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_GET, "/api/gateway", "");
    request_form_error(&f.r, "login", "INVALID_LOGIN", "no");
    assert_int_equal(request_form_ok(&f.r), ERR_INVALID_FORM);
    reply_error(&f.r, ERR_INVALID_FORM);
    json_t *v = fixture_body(&f);
    assert_int_equal(f.x.status, 400);
    assert_string_equal(fixture_form_code(v, "login"), "INVALID_LOGIN");
    json_decref(v);
    fixture_end(&f);
    fixture_free(&f);
}

static void test_head(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_OPTIONS, "/api/channels/1/messages", "");
    reply_preflight(&f.r);
    reply_write_head(&f.r);
    assert_int_equal(f.x.status, 204);
    assert_int_equal(f.x.body.len, 0);
    assert_true(fixture_head_has(&f, "Access-Control-Allow-Origin: *\r\n"));
    assert_true(fixture_head_has(&f, "Access-Control-Allow-Methods: GET, HEAD, POST, OPTIONS\r\n"));
    assert_true(fixture_head_has(&f, "Authorization"));
    assert_true(fixture_head_has(&f, "X-Request-Id: req\r\n"));
    fixture_end(&f);
    fixture_free(&f);
}

static void test_gateway_url(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_GET, "/api/v10/gateway", "");
    fixture_header(&f, "Host", "127.0.0.1:8080");
    assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
    assert_true(slice_eq_cstr(buf_slice(&f.x.body), "{\"url\":\"ws://127.0.0.1:8080\"}"));
    fixture_end(&f);
    fixture_free(&f);
}

static void test_gateway_url_allocates_nothing(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "https://chat.example.org", true);
    fixture_request(&f, HTTP_METHOD_GET, "/api/v10/gateway", "");
    for (int round = 0; round < 2; round++) { /* the second time in the buffers of the first */
        struct router_match m;
        buf_reset(&f.x.head);
        assert_int_equal(limits_take_address(&f.r), ERR_OK);
        assert_int_equal(
            router_match(f.api->router, HTTP_METHOD_GET, SLICE("/api/v10/gateway"), &m),
            ROUTER_FOUND);
        assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
        reply_write_head(&f.r);
        assert_false(f.x.head.failed || f.x.body.failed);
        mem_fail_after(0, UINT64_MAX);
    }
    mem_fail_never();
    assert_int_equal(f.r.arena.used, 0);
    fixture_end(&f);
    fixture_free(&f);
}

static const char *full_disk(void *ctx)
{
    (void)ctx;
    return "the disk is full";
}

static void test_probes(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_GET, "/healthz", "");
    assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
    fixture_end(&f);
    fixture_request(&f, HTTP_METHOD_GET, "/readyz", "");
    assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
    json_t *v = fixture_body(&f);
    assert_string_equal(json_string_value(json_object_get(v, "status")), "ready");
    assert_null(json_object_get(v, "reason"));
    json_decref(v);
    f.api->o.trouble = full_disk;
    assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
    assert_int_equal(f.x.status, 503);
    assert_true(fixture_head_has(&f, "Retry-After: 1\r\n"));
    v = fixture_body(&f);
    assert_string_equal(json_string_value(json_object_get(v, "status")), "not ready");
    assert_string_equal(json_string_value(json_object_get(v, "reason")), "the disk is full");
    json_decref(v);
    fixture_end(&f);
    fixture_free(&f);
}

static void test_metrics(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_GET, "/metrics", "");
    assert_int_equal(f.r.route->handler(&f.r), ERR_NOT_FOUND); /* off unless configured */
    f.api->o.metrics_route = true;
    assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
    buf_putc(&f.x.body, '\0');
    assert_non_null(strstr(f.x.body.data, "guildhall_http_requests_total"));
    fixture_end(&f);
    fixture_free(&f);
}

static void test_home(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_GET, "/", "");
    assert_int_equal(f.r.route->handler(&f.r), ERR_OK);
    assert_true(fixture_head_has(&f, "Content-Security-Policy: default-src 'none'"));
    buf_putc(&f.x.body, '\0');
    assert_non_null(strstr(f.x.body.data, "/auth/register"));
    assert_null(strstr(f.x.body.data, "<script"));
    assert_null(strstr(f.x.body.data, "src="));
    assert_null(strstr(f.x.body.data, "href="));
    fixture_end(&f);
    fixture_free(&f);
}

static void test_docs(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, MEM_API, 1 << 20);
    api_docs_write(&out);
    assert_false(out.failed);
    buf_putc(&out, '\0');
    for (size_t i = 0; i < route_count; i++) {
        assert_non_null(strstr(out.data, routes[i].path));
        if (routes[i].shape != NULL)
            assert_non_null(strstr(out.data, routes[i].shape->name));
    }
    assert_non_null(strstr(out.data, "### Allowed mentions")); /* nested shapes too */
    assert_non_null(strstr(out.data, "MANAGE_CHANNELS"));
    buf_deinit(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_error),
        cmocka_unit_test(test_form_errors),
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_gateway_url),
        cmocka_unit_test(test_gateway_url_allocates_nothing),
        cmocka_unit_test(test_probes),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_home),
        cmocka_unit_test(test_docs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
