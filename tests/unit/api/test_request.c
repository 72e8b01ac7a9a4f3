/* What handlers ask of a request: path ids, query parameters, the server's address; and the steps
 * before them that need no store: token forms, audit reason, body. */

#include "api_fixture.h"
#include "proto/bodies.h"
#include "proto/bodies_guilds.h"

static void test_path_ids(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        uint64_t want; /* 0: refused */
    } cases[] = {
        {"/api/users/123", 123},
        {"/api/users/%31%32", 12},
        {"/api/users/18446744073709551615", UINT64_MAX},
        {"/api/users/0", 0},
        {"/api/users/abc", 0},
        {"/api/users/-1", 0},
        {"/api/users/1%", 0},
        {"/api/users/99999999999999999999", 0},
    };
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t id = 0;
        fixture_request(&f, HTTP_METHOD_GET, cases[i].path, "");
        enum err e = request_param_id(&f.r, "user_id", &id);
        assert_int_equal(e, cases[i].want != 0 ? ERR_OK : ERR_INVALID_FORM);
        assert_true(id == cases[i].want);
        if (e != ERR_OK) {
            reply_error(&f.r, e);
            json_t *v = fixture_body(&f);
            assert_int_equal(f.x.status, 400);
            assert_string_equal(fixture_form_code(v, "user_id"), "NUMBER_TYPE_COERCE");
            json_decref(v);
        }
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_query_int(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        int64_t want;
        const char *code;
    } cases[] = {
        {"", 50, NULL},
        {"limit=7", 7, NULL},
        {"a=b&limit=%37", 7, NULL},
        {"limit=0", 50, "NUMBER_TYPE_MIN"},
        {"limit=101", 50, "NUMBER_TYPE_MAX"},
        {"limit=x", 50, "NUMBER_TYPE_COERCE"},
        {"limit=", 50, "NUMBER_TYPE_COERCE"},
    };
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t limit = 50;
        fixture_request(&f, HTTP_METHOD_GET, "/api/channels/1/messages", cases[i].query);
        request_query_int(&f.r, "limit", 1, 100, &limit);
        assert_int_equal(limit, cases[i].want);
        assert_int_equal(request_form_ok(&f.r), cases[i].code ? ERR_INVALID_FORM : ERR_OK);
        if (cases[i].code != NULL) {
            reply_error(&f.r, ERR_INVALID_FORM);
            json_t *v = fixture_body(&f);
            assert_string_equal(fixture_form_code(v, "limit"), cases[i].code);
            json_decref(v);
        }
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_query_bool_and_id(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        bool flag;
        uint64_t id;
        enum err want;
    } cases[] = {
        {"flag=true&id=5", true, 5, ERR_OK},        {"flag=1", true, 9, ERR_OK},
        {"flag=False", false, 9, ERR_OK},           {"flag=0&id=0", false, 0, ERR_OK},
        {"flag=maybe", false, 9, ERR_INVALID_FORM}, {"id=q", false, 9, ERR_INVALID_FORM},
    };
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool flag = false;
        uint64_t id = 9;
        fixture_request(&f, HTTP_METHOD_GET, "/api/gateway", cases[i].query);
        request_query_bool(&f.r, "flag", &flag);
        request_query_id(&f.r, "id", &id);
        assert_int_equal(flag, cases[i].flag);
        assert_int_equal(id, cases[i].id);
        assert_int_equal(request_form_ok(&f.r), cases[i].want);
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void url_is(struct fixture *f, bool websocket, const char *want)
{
    struct buf out;
    buf_init(&out, MEM_API, 1024);
    request_write_url(&f->r, &out, websocket);
    assert_true(slice_eq_cstr(buf_slice(&out), want));
    buf_deinit(&out);
}

static void test_url(void **state)
{
    (void)state;
    static const struct {
        const char *public_url;
        const char *host;
        const char *proto;
        const char *ws;
        const char *http;
    } cases[] = {
        {"", "127.0.0.1:8080", NULL, "ws://127.0.0.1:8080", "http://127.0.0.1:8080"},
        {"", "[::1]:8080", NULL, "ws://[::1]:8080", "http://[::1]:8080"},
        {"", "chat.example.org", "https", "wss://chat.example.org", "https://chat.example.org"},
        {"", "a\"b", NULL, "ws://localhost", "http://localhost"},
        {"", NULL, NULL, "ws://localhost", "http://localhost"},
        {"https://c.example/", "other", NULL, "wss://c.example", "https://c.example"},
        {"http://c.example:81", "other", "https", "ws://c.example:81", "http://c.example:81"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fixture f = {0};
        fixture_api(&f, cases[i].public_url, false);
        fixture_request(&f, HTTP_METHOD_GET, "/api/gateway", "");
        if (cases[i].host != NULL)
            fixture_header(&f, "Host", cases[i].host);
        if (cases[i].proto != NULL)
            fixture_header(&f, "X-Forwarded-Proto", cases[i].proto);
        url_is(&f, true, cases[i].ws);
        url_is(&f, false, cases[i].http);
        fixture_end(&f);
        fixture_free(&f);
    }
}

/* Refused before the store is asked: there is none here, so a look-up would crash. */
static void test_no_usable_token(void **state)
{
    (void)state;
    static const char *const headers[] = {NULL, "", "  ", "Bot ", "Basic abc", "Digest x=y"};
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        fixture_request(&f, HTTP_METHOD_GET, "/api/users/@me", "");
        if (headers[i] != NULL)
            fixture_header(&f, "authorization", headers[i]);
        assert_int_equal(request_authenticate(&f.r), ERR_UNAUTHORIZED);
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_reason(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *want; /* NULL: none */
        enum err e;
    } cases[] = {
        {"", NULL, ERR_OK},
        {"plain", "plain", ERR_OK},
        {"caf%C3%A9%20au+lait", "caf\xc3\xa9 au+lait", ERR_OK},
        {"%C3", NULL, ERR_INVALID_FORM},
        {"%zz", NULL, ERR_INVALID_FORM},
    };
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_request(&f, HTTP_METHOD_POST, "/api/guilds", "");
        fixture_header(&f, "X-Audit-Log-Reason", cases[i].header);
        static const struct route honours = {.reason = true};
        f.r.route = &honours;
        assert_int_equal(request_read_reason(&f.r), cases[i].e);
        assert_int_equal(f.r.actor.reason.data != NULL, cases[i].want != NULL);
        if (cases[i].want != NULL)
            assert_true(slice_eq_cstr(f.r.actor.reason, cases[i].want));
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_reason_length(void **state)
{
    (void)state;
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t len = 512; len <= 513; len++) {
        char text[3 * 513 + 1] = "";
        for (size_t i = 0; i < len; i++)
            memcpy(text + 3 * i, "%20", 3);
        fixture_request(&f, HTTP_METHOD_POST, "/api/guilds", "");
        fixture_header(&f, "X-Audit-Log-Reason", text);
        static const struct route honours = {.reason = true};
        f.r.route = &honours;
        assert_int_equal(request_read_reason(&f.r), len == 512 ? ERR_OK : ERR_INVALID_FORM);
        fixture_end(&f);
    }
    fixture_free(&f);
}

static void test_body(void **state)
{
    (void)state;
    static const struct {
        const char *type; /* NULL: no header */
        const char *body;
        enum err want;
    } cases[] = {
        {"application/json", "{\"name\":\"Hall\"}", ERR_OK},
        {"Application/JSON; charset=utf-8", "{\"name\":\"Hall\"}", ERR_OK},
        {NULL, "{\"name\":\"Hall\"}", ERR_OK},
        {NULL, "", ERR_INVALID_FORM}, /* reads as {} */
        {"text/plain", "", ERR_INVALID_FORM},
        {"application/json", "[]", ERR_INVALID_FORM},
        {"application/json", "{\"name\":5}", ERR_INVALID_FORM},
        {"application/json", "{\"name\":", ERR_INVALID_JSON},
        {"application/json", "{\"name\":\"a\",\"name\":\"b\"}", ERR_INVALID_JSON},
        {"application/json", "{\"name\":\"\xff\"}", ERR_INVALID_JSON},
        {"multipart/form-data; boundary=x", "--x--", ERR_UNSUPPORTED_MEDIA_TYPE},
        {"application/x-www-form-urlencoded", "name=Hall", ERR_UNSUPPORTED_MEDIA_TYPE},
        {"application/jsonx", "{}", ERR_UNSUPPORTED_MEDIA_TYPE},
    };
    struct fixture f = {0};
    fixture_api(&f, "", false);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture_request(&f, HTTP_METHOD_POST, "/api/guilds", "");
        f.request.body = slice_from(cases[i].body);
        if (cases[i].type != NULL)
            fixture_header(&f, "Content-Type", cases[i].type);
        assert_int_equal(request_read_body(&f.r), cases[i].want);
        if (cases[i].want == ERR_OK)
            assert_true(slice_eq_cstr(((struct body_guild_create *)f.r.body)->name, "Hall"));
        fixture_end(&f);
    }
    fixture_free(&f);
}

/* A nesting bomb is refused without being parsed. */
static void test_deep_body(void **state)
{
    (void)state;
    struct fixture f = {0};
    char bomb[4097];
    memset(bomb, '[', sizeof bomb - 1);
    bomb[sizeof bomb - 1] = '\0';
    fixture_api(&f, "", false);
    fixture_request(&f, HTTP_METHOD_POST, "/api/guilds", "");
    f.request.body = slice_from(bomb);
    assert_int_equal(request_read_body(&f.r), ERR_INVALID_JSON);
    fixture_end(&f);
    fixture_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_ids),          cmocka_unit_test(test_query_int),
        cmocka_unit_test(test_query_bool_and_id), cmocka_unit_test(test_url),
        cmocka_unit_test(test_no_usable_token),   cmocka_unit_test(test_reason),
        cmocka_unit_test(test_reason_length),     cmocka_unit_test(test_body),
        cmocka_unit_test(test_deep_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
