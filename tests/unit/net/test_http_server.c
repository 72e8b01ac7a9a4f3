/* The HTTP server over real sockets: requests, replies, pipelining, upgrades, the end of either
 * side. */

#include "net_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

static struct fixture *start(void)
{
    return fixture_start(fixture_defaults(), 1);
}

/* ---- one request, one reply ---- */

struct exchange_row {
    const char *request;
    int status;
    const char *body;
    const char *line; /* in the head */
    bool ends;        /* the server closes */
};

static const struct exchange_row exchanges[] = {
    {GET("/"), 200, "hello", "content-type: text/plain\r\n", false},
    {GET("/"), 200, "hello", "via: 1.1 guildhall\r\n", false},
    {GET("/worker?a=1"), 200, "/worker?a=1", "content-length: 11\r\n", false},
    {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nabcd", 200, "abcd", "", false},
    {"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
     200, "abcde", "content-length: 5\r\n", false},
    {"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n", 200, "hello",
     "connection: close\r\n", true},
    {"GET / HTTP/1.0\r\n\r\n", 200, "hello", "connection: close\r\n", true},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "hello", "connection: keep-alive\r\n",
     false},
    {"GET / HTTP/1.1\r\nHost: t\r\nbad header\r\n\r\n", 400,
     "{\"message\": \"400: Bad Request\", \"code\": 0}", "content-type: application/json\r\n",
     true},
    {"\x16\x03\x01\x02\x03\x01\x01\r\n\r\n", 400,
     "{\"message\": \"400: Bad Request\", \"code\": 0}", "connection: close\r\n", true},
    {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 999999\r\n\r\n", 413,
     "{\"message\": \"Request entity too large\", \"code\": 40005}", "connection: close\r\n", true},
    {"POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 999999\r\n\r\n",
     413, "{\"message\": \"Request entity too large\", \"code\": 40005}", "connection: close\r\n",
     true},
    {"POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
     "{\"message\": \"501: Not Implemented\", \"code\": 0}", "connection: close\r\n", true},
};

static void test_exchanges(void **state)
{
    (void)state;
    struct fixture *f = start();
    for (size_t i = 0; i < sizeof exchanges / sizeof exchanges[0]; i++) {
        const struct exchange_row *row = &exchanges[i];
        int fd = client_dial(f);
        struct reply r;
        client_send(fd, row->request);
        assert_true(client_read(fd, &r));
        assert_int_equal(r.status, row->status);
        assert_string_equal(r.body, row->body);
        assert_true(reply_has(&r, row->line));
        if (row->ends) {
            assert_true(client_is_ended(fd));
        } else {
            client_send(fd, GET("/"));
            client_read_ok(fd, &r);
        }
        close(fd);
    }
    fixture_stop(f);
}

static void test_date_is_todays(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    struct tm before;
    client_send(fd, GET("/"));
    client_read_ok(fd, &r);
    const char *date = strstr(r.head, "date: ");
    assert_non_null(date);
    char *end = strptime(date + 6, "%a, %d %b %Y %H:%M:%S GMT", &before);
    assert_non_null(end);
    assert_memory_equal(end, "\r\n", 2);
    int day_said = before.tm_wday;
    time_t said = timegm(&before); /* sets the day of the week itself */
    assert_int_equal(day_said, before.tm_wday);
    assert_true(llabs((long long)(time(NULL) - said)) <= 5);
    close(fd);
    fixture_stop(f);
}

static void test_head_has_no_body(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    client_send(fd, "HEAD / HTTP/1.1\r\nHost: t\r\n\r\n" GET("/"));
    assert_true(client_read_head(fd, &r));
    assert_true(reply_has(&r, "content-length: 5\r\n"));
    client_read_ok(fd, &r); /* the next reply follows at once */
    assert_string_equal(r.body, "hello");
    close(fd);
    fixture_stop(f);
}

static void test_keep_alive(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    for (int i = 0; i < 500; i++) {
        client_send(fd, i % 7 ? GET("/") : GET("/worker"));
        client_read_ok(fd, &r);
    }
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_REQUESTS), 500);
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_REQUEST_US), 500);
    assert_int_equal(metrics_get(f->metrics, METRIC_CONNECTIONS), 1);
    assert_int_equal(http_server_connections(f->server), 1);
    close(fd);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    FIXTURE_UNTIL(metrics_get(f->metrics, METRIC_CONNECTIONS) == 0);
    fixture_stop(f);
}

/* The metrics of errors: by status, parser's errors included. */
static void test_errors_are_counted(void **state)
{
    (void)state;
    struct fixture *f = start();
    const char *requests[] = {"bad\r\n\r\n",
                              "POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        int fd = client_dial(f);
        struct reply r;
        client_send(fd, requests[i]);
        assert_true(client_read(fd, &r));
        close(fd);
    }
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_REQUESTS), 2);
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_ERRORS_4XX), 1);
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_ERRORS_5XX), 1);
    fixture_stop(f);
}

/* ---- pipelining ---- */

static void pipeline(const char *path)
{
    struct fixture *f = start();
    int fd = client_dial(f);
    char all[100 * 64];
    size_t len = 0;
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(all + len, sizeof all - len,
                                "GET %s?n=%d HTTP/1.1\r\nHost: t\r\n\r\n", path, i);
    client_send_bytes(fd, all, len);
    for (int i = 0; i < 100; i++) {
        struct reply r;
        char want[32];
        snprintf(want, sizeof want, "/worker?n=%d", i);
        client_read_ok(fd, &r);
        assert_string_equal(r.body, strcmp(path, "/worker") == 0 ? want : "hello");
    }
    close(fd);
    fixture_stop(f);
}

static void test_pipeline_on_the_loop(void **state)
{
    (void)state;
    pipeline("/");
}

static void test_pipeline_through_workers(void **state)
{
    (void)state;
    pipeline("/worker");
}

/* More than the server keeps: it must stop reading and still answer all of them, in order. */
static void *send_many(void *arg)
{
    int fd = *(int *)arg;
    for (int i = 0; i < 20000; i++)
        client_send(fd, GET("/"));
    return NULL;
}

static void test_endless_pipeline_is_bounded(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    pthread_t sender;
    client_send(fd, GET("/hold"));
    fixture_await(&f->held);
    size_t before = mem_bytes(MEM_NET);
    assert_int_equal(pthread_create(&sender, NULL, send_many, &fd), 0);
    /* 20,000 requests are 600 KB; what is read of them is one read's worth. */
    FIXTURE_UNTIL(mem_bytes(MEM_NET) > before);
    assert_true(mem_bytes(MEM_NET) <= before + 2 * LIMIT_PIPELINE_BYTES);
    fixture_release(f, 0);
    for (int i = 0; i < 20001; i++) {
        struct reply r;
        client_read_ok(fd, &r);
        assert_string_equal(r.body, i == 0 ? "released" : "hello");
    }
    pthread_join(sender, NULL);
    close(fd);
    fixture_stop(f);
}

static void test_close_ends_the_pipeline(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    client_send(fd, "GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n" GET("/") GET("/"));
    client_read_ok(fd, &r);
    assert_true(client_is_ended(fd));
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_REQUESTS), 1);
    close(fd);
    fixture_stop(f);
}

/* ---- bodies ---- */

static void test_expect_continue(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    client_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                    "Content-Length: 5\r\n\r\n");
    assert_true(client_read_head(fd, &r));
    assert_int_equal(r.status, 100);
    client_send(fd, "12345");
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "12345");
    close(fd);
    fixture_stop(f);
}

static void test_bytes_one_at_a_time(void **state)
{
    (void)state;
    static const char request[] = "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n"
                                  "\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" GET("/");
    struct fixture *f = start();
    int fd = client_dial(f);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    for (size_t i = 0; i < sizeof request - 1; i++)
        client_send_bytes(fd, request + i, 1);
    struct reply r;
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "abcde");
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "hello");
    close(fd);
    fixture_stop(f);
}

/* The client sends on after the early answer; closing at once would reset and eat the answer. */
static void test_early_413_can_be_read(void **state)
{
    (void)state;
    struct fixture *f = start();
    static char junk[256 * 1024];
    for (int i = 0; i < 20; i++) {
        int fd = client_dial(f);
        struct reply r;
        client_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 262144\r\n\r\n");
        client_send_bytes(fd, junk, sizeof junk);
        assert_true(client_read(fd, &r));
        assert_int_equal(r.status, 413);
        assert_true(client_is_ended(fd));
        close(fd);
    }
    fixture_stop(f);
}

static void test_big_reply_to_a_slow_reader(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial_buffered(f, 4096);
    struct reply r;
    client_send(fd, GET("/big") GET("/"));
    assert_true(client_read_head(fd, &r));
    /* The kernel is full: the rest waits in the connection, counted and bounded. */
    FIXTURE_UNTIL(metrics_get(f->metrics, METRIC_HTTP_REQUESTS) == 1);
    assert_true(mem_bytes(MEM_NET) < 3 * FIXTURE_BIG_BYTES);
    assert_true(client_read_body(fd, &r));
    assert_int_equal(r.body_len, FIXTURE_BIG_BYTES);
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "hello");
    close(fd);
    fixture_stop(f);
}

/* What an idle connection costs: the state of the connection, nothing of its requests. */
static void test_idle_connections_are_small(void **state)
{
    (void)state;
    enum { COUNT = 100 };
    struct fixture *f = start();
    int fds[COUNT];
    size_t before = 0;
    for (int i = 0; i < COUNT; i++) {
        struct reply r;
        fds[i] = client_dial(f);
        client_send(fds[i], i % 2 ? GET("/worker") : GET("/"));
        client_read_ok(fds[i], &r);
        if (i == 0)
            before = mem_bytes(MEM_NET) + mem_bytes(MEM_WIRE);
    }
    size_t each = (mem_bytes(MEM_NET) + mem_bytes(MEM_WIRE) - before) / (COUNT - 1);
    assert_true(each < 1024);
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    fixture_stop(f);
}

/* ---- many at once, on two loops ---- */

static void *run_client(void *arg)
{
    struct fixture *f = arg;
    for (int k = 0; k < 10; k++) {
        int fd = client_dial(f);
        for (int i = 0; i < 50; i++) {
            struct reply r;
            client_send(fd, i % 2 ? GET("/worker") GET("/") : GET("/") GET("/worker"));
            client_read_ok(fd, &r);
            client_read_ok(fd, &r);
        }
        close(fd);
    }
    return NULL;
}

static void test_many_clients(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(fixture_defaults(), 2);
    pthread_t clients[8];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&clients[i], NULL, run_client, f), 0);
    for (int i = 0; i < 8; i++)
        pthread_join(clients[i], NULL);
    assert_int_equal(metrics_get(f->metrics, METRIC_HTTP_REQUESTS), 8 * 10 * 50 * 2);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchanges),
        cmocka_unit_test(test_date_is_todays),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_errors_are_counted),
        cmocka_unit_test(test_pipeline_on_the_loop),
        cmocka_unit_test(test_pipeline_through_workers),
        cmocka_unit_test(test_endless_pipeline_is_bounded),
        cmocka_unit_test(test_close_ends_the_pipeline),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_bytes_one_at_a_time),
        cmocka_unit_test(test_early_413_can_be_read),
        cmocka_unit_test(test_big_reply_to_a_slow_reader),
        cmocka_unit_test(test_idle_connections_are_small),
        cmocka_unit_test(test_many_clients),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
