/* The whole path of a request on a real server, as far as it goes without a store: routing, request
 * ids, refusals from the loop and from a worker, and what happens when no worker takes the job. */

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "api/api.h"
#include "base/mem.h"

enum { REPLY_MAX = 16384, WAIT_S = 10 };

struct server {
    struct metrics *metrics;
    struct loop *loop;
    struct workers *workers;
    struct ratelimit *ratelimit;
    struct api *api;
    struct http_server *http;
    char reply[REPLY_MAX];
};

static void start_http(struct server *s)
{
    char why[200] = "";
    struct http_server_options o = {
        .host = "127.0.0.1",
        .limits = {.head_bytes_max = 16384, .body_bytes_max = 65536},
        .connections_max = 16,
        .head_timeout_ms = 10000,
        .body_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
        .write_timeout_ms = 10000,
        .handler = {.on_request = api_on_request, .ctx = s->api},
        .loops = &s->loop,
        .loop_count = 1,
        .metrics = s->metrics,
    };
    if (http_server_start(&o, &s->http, why, sizeof why) != ERR_OK)
        fail_msg("%s", why);
}

static int setup(void **state)
{
    struct server *s = mem_must(MEM_MAIN, sizeof *s);
    s->metrics = metrics_new();
    const struct loop_options loop = {.clock = clock_system(), .metrics = s->metrics};
    const struct workers_options workers = {
        .threads_max = 2, .read_reserved = 1, .hash_max = 1, .queue_max = 8, .metrics = s->metrics};
    assert_int_equal(loop_new(&loop, &s->loop), ERR_OK);
    assert_int_equal(loop_start(s->loop), ERR_OK);
    assert_int_equal(workers_new(&workers, &s->workers), ERR_OK);
    s->ratelimit = ratelimit_new(64, 1, clock_system());
    const struct api_options api = {.workers = s->workers,
                                    .ratelimit = s->ratelimit,
                                    .clock = clock_system(),
                                    .metrics = s->metrics,
                                    .public_url = "",
                                    .limits_enabled = false,
                                    .requests_per_second = 50,
                                    .identifies_per_day = 1000};
    assert_int_equal(api_new(&api, &s->api), ERR_OK);
    start_http(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct server *s = *state;
    http_server_drain(s->http);
    http_server_close_all(s->http);
    workers_stop(s->workers);
    loop_stop(s->loop);
    loop_join(&s->loop);
    http_server_free(&s->http);
    workers_free(&s->workers);
    api_free(&s->api);
    ratelimit_free(&s->ratelimit);
    metrics_free(&s->metrics);
    mem_free(MEM_MAIN, s);
    return mem_bytes(MEM_API) == 0 ? 0 : -1;
}

/* Sends one request that closes the connection; the whole reply lands in s->reply. */
static const char *ask(struct server *s, const char *line, const char *headers, const char *body)
{
    char request[4096];
    const struct timeval wait = {.tv_sec = WAIT_S};
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(http_server_port(s->http)),
                                   .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    int len = snprintf(request, sizeof request,
                       "%s HTTP/1.1\r\nHost: chat.example\r\nConnection: close\r\n%s"
                       "Content-Length: %zu\r\n\r\n%s",
                       line, headers, strlen(body), body);
    assert_int_equal(send(fd, request, (size_t)len, 0), len);
    size_t got = 0;
    ssize_t n;
    while ((n = recv(fd, s->reply + got, REPLY_MAX - 1 - got, 0)) > 0)
        got += (size_t)n;
    assert_int_equal(n, 0);
    s->reply[got] = '\0';
    close(fd);
    return s->reply;
}

static void has(const char *reply, const char *text)
{
    if (strstr(reply, text) == NULL)
        fail_msg("no \"%s\" in:\n%s", text, reply);
}

static void test_conversations(void **state)
{
    static const struct {
        const char *line;
        const char *headers;
        const char *body;
        const char *status;
        const char *has;
    } cases[] = {
        {"GET /api/v10/gateway?x=1", "", "", "HTTP/1.1 200", "{\"url\":\"ws://chat.example\"}"},
        {"GET /api/v9/gateway", "", "", "HTTP/1.1 200", "application/json\r\n"},
        {"GET /api/v7/gateway", "", "", "HTTP/1.1 400", "\"code\":50041"},
        {"GET /api/v10/nope", "", "", "HTTP/1.1 404",
         "{\"message\":\"404: Not Found\",\"code\":0}"},
        {"PUT /api/v10/gateway", "", "", "HTTP/1.1 405", "Allow: GET, HEAD, OPTIONS\r\n"},
        {"PROPFIND /api/v10/gateway", "", "", "HTTP/1.1 405", "\"code\":0"},
        {"OPTIONS /api/v10/guilds", "Origin: https://a.example\r\n", "", "HTTP/1.1 204",
         "Access-Control-Allow-Methods: POST, OPTIONS\r\n"},
        {"GET /api/v10/users/@me", "", "", "HTTP/1.1 401",
         "{\"message\":\"401: Unauthorized\",\"code\":0}"},
        {"GET /api/v10/users/@me", "Authorization: Basic eDp5\r\n", "", "HTTP/1.1 401", ""},
        {"POST /api/v10/auth/register", "", "", "HTTP/1.1 400",
         "\"username\":{\"_errors\":[{\"code\":\"BASE_TYPE_REQUIRED\""},
        {"POST /api/v10/auth/register", "", "{", "HTTP/1.1 400", "\"code\":50109"},
        {"POST /api/v10/auth/register", "", "[]", "HTTP/1.1 400",
         "\"errors\":{\"_errors\":[{\"code\":\"DICT_TYPE_CONVERT\""},
        {"POST /api/v10/auth/register", "Content-Type: text/plain\r\n", "x", "HTTP/1.1 415", ""},
        {"POST /api/v10/auth/register", "", "{\"username\":\"a b\",\"password\":\"12345678\"}",
         "HTTP/1.1 400", "USERNAME_INVALID"},
        {"GET /healthz", "", "", "HTTP/1.1 200", "ok"},
        {"GET /metrics", "", "", "HTTP/1.1 404", ""},
        {"GET /", "", "", "HTTP/1.1 200", "Guildhall"},
    };
    struct server *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *reply = ask(s, cases[i].line, cases[i].headers, cases[i].body);
        has(reply, cases[i].status);
        has(reply, cases[i].has);
        has(reply, "X-Request-Id: ");
        has(reply, "Access-Control-Allow-Origin: *\r\n");
    }
}

static void test_head_has_no_body(void **state)
{
    const char *reply = ask(*state, "HEAD /api/v10/gateway", "", "");
    has(reply, "HTTP/1.1 200");
    assert_null(strstr(reply, "ws://"));
}

static void test_request_id(void **state)
{
    static const struct {
        const char *sent;
        bool kept;
    } cases[] = {
        {"a", true},
        {"Az09.-_", true},
        {"0123456789012345678901234567890123456789012345678901234567890123", true},
        {"01234567890123456789012345678901234567890123456789012345678901234", false},
        {"a b", false},
        {"a\"b", false},
        {"", false},
    };
    struct server *s = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[128], want[128], made[17];
        snprintf(header, sizeof header, "X-Request-Id: %s\r\n", cases[i].sent);
        snprintf(want, sizeof want, "\r\nX-Request-Id: %s\r\n", cases[i].sent);
        const char *reply = ask(s, "GET /api/gateway", header, "");
        assert_int_equal(strstr(reply, want) != NULL, cases[i].kept);
        if (!cases[i].kept) {
            assert_int_equal(sscanf(strstr(reply, "X-Request-Id: "), "X-Request-Id: %16s", made),
                             1);
            assert_int_equal(strspn(made, "0123456789abcdef"), 16);
        }
    }
}

/* Nobody takes the job: 503 with Retry-After, at once, and routes of the loop go on. */
static void test_no_worker(void **state)
{
    struct server *s = *state;
    workers_stop(s->workers);
    const char *reply = ask(s, "GET /api/v10/users/@me", "", "");
    has(reply, "HTTP/1.1 503");
    has(reply, "Retry-After: 1\r\n");
    has(ask(s, "GET /api/v10/gateway", "", ""), "HTTP/1.1 200");
}

static void test_counted(void **state)
{
    struct server *s = *state;
    (void)ask(s, "GET /api/v10/gateway", "", "");
    (void)ask(s, "GET /api/v10/nope", "", "");
    assert_int_equal(metrics_get(s->metrics, METRIC_HTTP_REQUESTS), 2);
    assert_int_equal(metrics_get(s->metrics, METRIC_HTTP_ERRORS_4XX), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conversations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_head_has_no_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_request_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_worker, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counted, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
