/* Limits: who a request counts against, when it is refused, and what the headers say. */

#include "api_fixture.h"

/* One request through the address limit, as on the loop. */
static enum err knock(struct fixture *f, const char *path, const char *peer)
{
    fixture_request(f, HTTP_METHOD_GET, path, "");
    snprintf(f->r.address, sizeof f->r.address, "%s", peer); /* as api.c does from peer and head */
    return limits_take_address(&f->r);
}

/* One request of an account, as on a worker. */
static enum err call_as(struct fixture *f, const char *path, uint64_t user)
{
    fixture_request(f, HTTP_METHOD_GET, path, "");
    f->r.principal.user.v = user;
    return limits_take_account(&f->r);
}

static void test_address_global(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", true);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(knock(&f, "/api/gateway", "192.0.2.1"), ERR_OK);
        fixture_end(&f);
    }
    assert_int_equal(knock(&f, "/api/gateway", "192.0.2.1"), ERR_RATE_LIMITED);
    assert_int_equal(f.r.limit, REQUEST_LIMIT_GLOBAL);
    fixture_end(&f);
    assert_int_equal(knock(&f, "/api/gateway", "192.0.2.2"), ERR_OK);
    fixture_end(&f);
    f.now_ms += 1001;
    assert_int_equal(knock(&f, "/api/gateway", "192.0.2.1"), ERR_OK);
    fixture_end(&f);
    assert_int_equal(metrics_get(f.metrics, METRIC_HTTP_RATE_LIMITED), 1);
    fixture_free(&f);
}

/* Rows with authentication do not count against the address, rows without a bucket not at all. */
static void test_address_exempt(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", true);
    for (int i = 0; i < 50; i++) {
        assert_int_equal(knock(&f, "/api/users/@me", "192.0.2.1"), ERR_OK);
        assert_int_equal(f.r.limit, REQUEST_LIMIT_NONE);
        fixture_end(&f);
        assert_int_equal(knock(&f, "/healthz", "192.0.2.1"), ERR_OK);
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_account_bucket_and_major(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", true);
    f.api->o.requests_per_second = 1000;
    for (int i = 0; i < 20; i++) { /* guilds_get: 20 in 5 s */
        assert_int_equal(call_as(&f, "/api/guilds/1", 7), ERR_OK);
        assert_int_equal(f.r.verdict.remaining, 19 - i);
        fixture_end(&f);
    }
    assert_int_equal(call_as(&f, "/api/v9/guilds/1", 7), ERR_RATE_LIMITED);
    assert_int_equal(f.r.limit, REQUEST_LIMIT_BUCKET);
    fixture_end(&f);
    assert_int_equal(call_as(&f, "/api/guilds/2", 7), ERR_OK); /* another guild */
    fixture_end(&f);
    assert_int_equal(call_as(&f, "/api/guilds/1", 8), ERR_OK); /* another account */
    fixture_end(&f);
    assert_int_equal(call_as(&f, "/api/users/@me", 7), ERR_OK); /* another bucket */
    fixture_end(&f);
    fixture_free(&f);
}

static void test_headers(void **state)
{
    (void)state;
    struct fixture f = {0};
    char bucket[64];
    fixture_api(&f, "", true);
    f.api->o.requests_per_second = 1000;
    assert_int_equal(call_as(&f, "/api/guilds/1", 7), ERR_OK);
    reply_write_head(&f.r);
    snprintf(bucket, sizeof bucket, "X-RateLimit-Bucket: %016llx\r\n",
             (unsigned long long)limits_bucket_hash("guilds_get"));
    assert_true(fixture_head_has(&f, "X-RateLimit-Limit: 20\r\n"));
    assert_true(fixture_head_has(&f, "X-RateLimit-Remaining: 19\r\n"));
    assert_true(fixture_head_has(&f, "X-RateLimit-Reset-After: 5.000\r\n"));
    assert_true(fixture_head_has(&f, "X-RateLimit-Reset: 1500000005.000\r\n"));
    assert_true(fixture_head_has(&f, bucket));
    assert_true(fixture_head_has(&f, "X-Request-Id: req\r\n"));
    assert_false(fixture_head_has(&f, "Retry-After: "));
    assert_false(fixture_head_has(&f, "X-RateLimit-Scope:"));
    fixture_end(&f);
    fixture_free(&f);
}

static void refused_reply(struct fixture *f, const char *path, bool global, const char *retry_after)
{
    enum err e;
    while ((e = call_as(f, path, 7)) == ERR_OK)
        fixture_end(f);
    assert_int_equal(e, ERR_RATE_LIMITED);
    f->now_ms += 250; /* the reply tells what was true when it was refused */
    reply_error(&f->r, e);
    reply_write_head(&f->r);
    json_t *v = fixture_body(f);
    assert_int_equal(f->x.status, 429);
    assert_string_equal(json_string_value(json_object_get(v, "message")),
                        "You are being rate limited.");
    assert_true(json_is_boolean(json_object_get(v, "global")));
    assert_int_equal(json_is_true(json_object_get(v, "global")), global);
    assert_true(json_is_number(json_object_get(v, "retry_after")));
    assert_true(json_number_value(json_object_get(v, "retry_after")) > 0);
    assert_true(fixture_head_has(f, retry_after));
    assert_int_equal(fixture_head_has(f, "X-RateLimit-Global: true\r\n"), global);
    assert_true(fixture_head_has(f, global ? "X-RateLimit-Scope: global\r\n"
                                           : "X-RateLimit-Scope: user\r\n"));
    json_decref(v);
    fixture_end(f);
}

static void test_refusal(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", true);
    refused_reply(&f, "/api/users/@me", true, "Retry-After: 1\r\n");
    f.now_ms += 5000;
    f.api->o.requests_per_second = 1000;
    refused_reply(&f, "/api/guilds/1", false, "Retry-After: 5\r\n");
    fixture_free(&f);
}

/* Ten thousand refusals in ten minutes: then nothing of that address is looked at. */
static void test_refused_addresses(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", true);
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(knock(&f, "/api/users/@me", "192.0.2.9"), ERR_OK);
        f.x.status = i % 2 ? 401 : 403;
        limits_note_status(&f.r);
        f.x.status = 400; /* an ordinary mistake is none */
        limits_note_status(&f.r);
        fixture_end(&f);
    }
    assert_int_equal(knock(&f, "/api/users/@me", "192.0.2.9"), ERR_RATE_LIMITED);
    assert_int_equal(f.r.limit, REQUEST_LIMIT_GLOBAL);
    fixture_end(&f);
    f.now_ms += 600001;
    assert_int_equal(knock(&f, "/api/users/@me", "192.0.2.9"), ERR_OK);
    fixture_end(&f);
    fixture_free(&f);
}

static void test_switched_off(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (int i = 0; i < 200; i++) {
        assert_int_equal(knock(&f, "/api/gateway", "192.0.2.1"), ERR_OK);
        fixture_end(&f);
        assert_int_equal(call_as(&f, "/api/users/@me", 7), ERR_OK);
        fixture_end(&f);
    }
    fixture_request(&f, HTTP_METHOD_GET, "/api/gateway", "");
    reply_write_head(&f.r);
    assert_false(fixture_head_has(&f, "X-RateLimit"));
    fixture_end(&f);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_address_global),
        cmocka_unit_test(test_address_exempt),
        cmocka_unit_test(test_account_bucket_and_major),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_refused_addresses),
        cmocka_unit_test(test_switched_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
