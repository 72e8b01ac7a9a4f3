/* Limits of size, number and time, with small values; starting, draining, and closing the server.
 */

#include "net_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

/* ---- sizes ---- */

static void refused_as(struct fixture *f, const char *request, size_t len, int status)
{
    int fd = client_dial(f);
    struct reply r;
    client_send_bytes(fd, request, len);
    assert_true(client_read(fd, &r));
    assert_int_equal(r.status, status);
    assert_true(reply_has(&r, "connection: close\r\n"));
    assert_true(client_is_ended(fd));
    close(fd);
}

static size_t with_filler(char *out, const char *before, size_t filler, const char *after)
{
    size_t n = strlen(before);
    memcpy(out, before, n);
    memset(out + n, 'a', filler);
    memcpy(out + n + filler, after, strlen(after) + 1);
    return n + filler + strlen(after);
}

static void test_sizes(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.limits.head_bytes_max = 16 * 1024;
    struct fixture *f = fixture_start(o, 1);
    static char request[256 * 1024];
    size_t len =
        with_filler(request, "GET /", LIMIT_HTTP_TARGET_BYTES, " HTTP/1.1\r\nHost: t\r\n\r\n");
    refused_as(f, request, len, 414);
    len = with_filler(request, "GET / HTTP/1.1\r\nHost: t\r\nX: ", 17 * 1024, "\r\n\r\n");
    refused_as(f, request, len, 431);
    len = with_filler(request, "GET / HTTP/1.1\r\nHost: t\r\n", 0, "");
    for (int i = 0; i < LIMIT_HTTP_HEADERS; i++)
        len += (size_t)snprintf(request + len, 16, "X-%d: 1\r\n", i);
    len += (size_t)snprintf(request + len, 4, "\r\n");
    refused_as(f, request, len, 431);
    len = with_filler(
        request, "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n19001\r\n",
        0x19001, "\r\n0\r\n\r\n");
    refused_as(f, request, len, 413);
    len = with_filler(request, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 102400\r\n\r\n",
                      100 * 1024, "");
    int fd = client_dial(f);
    struct reply r;
    client_send_bytes(fd, request, len);
    client_read_ok(fd, &r); /* exactly the limit is allowed */
    assert_int_equal(r.body_len, 100 * 1024);
    close(fd);
    fixture_stop(f);
}

/* ---- numbers ---- */

/* All of them in use: who comes is refused. One of them idle: it makes room. */
static void test_connections_max(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.connections_max = 3;
    struct fixture *f = fixture_start(o, 1);
    int fds[3];
    struct reply r;
    for (int i = 0; i < 3; i++) {
        fds[i] = client_dial(f);
        client_send(fds[i], GET("/hold"));
        fixture_await(&f->held);
    }
    int refused = client_dial(f);
    assert_true(client_is_ended(refused));
    close(refused);
    assert_int_equal(metrics_get(f->metrics, METRIC_CONNECTIONS_REFUSED), 1);
    assert_int_equal(http_server_connections(f->server), 3);
    fixture_release(f, 1);
    client_read_ok(fds[1], &r);
    int next = client_dial(f);
    client_send(next, GET("/"));
    client_read_ok(next, &r);
    assert_true(client_is_ended(fds[1]));
    assert_int_equal(metrics_get(f->metrics, METRIC_CONNECTIONS_DROPPED), 1);
    assert_int_equal(http_server_connections(f->server), 3);
    fixture_release(f, 0);
    fixture_release(f, 2);
    client_read_ok(fds[0], &r);
    client_read_ok(fds[2], &r);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
    close(next);
    fixture_stop(f);
}

static void test_connections_per_ip_max(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.connections_per_ip_max = 2;
    struct fixture *f = fixture_start(o, 2);
    struct reply r;
    int fds[2];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 2; i++) {
            fds[i] = client_dial(f);
            client_send(fds[i], GET("/"));
            client_read_ok(fds[i], &r);
        }
        int refused = client_dial(f);
        assert_true(client_is_ended(refused));
        close(refused);
        close(fds[0]);
        close(fds[1]);
        FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    }
    assert_int_equal(metrics_get(f->metrics, METRIC_CONNECTIONS_REFUSED), 3);
    fixture_stop(f);
}

/* ---- time ---- */

struct time_row {
    const char *sent;
    int status; /* 0: closed without a word */
    uint64_t at_least_ms;
};

static const struct time_row times[] = {
    {"", 0, 400},           /* idle, never a byte */
    {"GET / HT", 408, 200}, /* head */
    {"GET / HTTP/1.1\r\nHost: t\r\n", 408, 200},
    {"POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5000\r\n\r\nabc", 408, 200}, /* progress */
};

static struct http_server_options impatient(void)
{
    struct http_server_options o = fixture_defaults();
    o.head_timeout_ms = 200;
    o.body_timeout_ms = 600;
    o.idle_timeout_ms = 400;
    o.write_timeout_ms = 300;
    return o;
}

static void test_times(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(impatient(), 1);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        int fd = client_dial(f);
        struct reply r;
        uint64_t begun_ms = fixture_now_ms();
        client_send(fd, times[i].sent);
        assert_int_equal(client_read(fd, &r), times[i].status != 0);
        if (times[i].status != 0)
            assert_int_equal(r.status, times[i].status);
        uint64_t took_ms = fixture_now_ms() - begun_ms;
        assert_true(took_ms + 1 >= times[i].at_least_ms);
        assert_true(took_ms < 5000);
        assert_true(client_is_ended(fd));
        close(fd);
    }
    fixture_stop(f);
}

static void test_idle_after_a_reply(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(impatient(), 1);
    int fd = client_dial(f);
    struct reply r;
    client_send(fd, GET("/"));
    client_read_ok(fd, &r);
    uint64_t begun_ms = fixture_now_ms();
    assert_true(client_is_ended(fd));
    assert_true(fixture_now_ms() - begun_ms + 1 >= 400);
    close(fd);
    fixture_stop(f);
}

/* Sends a byte whenever `every_ms` passes without an answer; true if one came. */
static bool drip(int fd, const char *bytes, size_t len, int every_ms)
{
    struct timeval t = {.tv_usec = every_ms * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    bool answered = false;
    for (size_t i = 0; i < len && !answered; i++) {
        char c;
        if (send(fd, bytes + i, 1, MSG_NOSIGNAL) != 1)
            break;
        answered = recv(fd, &c, 1, MSG_PEEK) == 1;
    }
    t = (struct timeval){.tv_sec = FIXTURE_WAIT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
    return answered;
}

/* Bytes keep coming, but the head's time counts from the first of them. */
static void test_slow_loris(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(impatient(), 1);
    static const char head[] =
        "GET / HTTP/1.1\r\nHost: t\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    int fd = client_dial(f);
    struct reply r;
    assert_true(drip(fd, head, sizeof head - 1, 20));
    assert_true(client_read(fd, &r));
    assert_int_equal(r.status, 408);
    assert_true(client_is_ended(fd));
    close(fd);
    fixture_stop(f);
}

/* A body that moves fast enough for the progress rule still has a total. */
static void test_body_total_time(void **state)
{
    (void)state;
    struct http_server_options o = impatient();
    o.head_timeout_ms = 800;
    o.body_timeout_ms = 1200;
    struct fixture *f = fixture_start(o, 1);
    int fd = client_dial(f);
    struct reply r;
    char part[2048];
    memset(part, 'b', sizeof part);
    client_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 102400\r\n\r\n");
    uint64_t begun_ms = fixture_now_ms();
    bool answered = false;
    for (int i = 0; i < 40 && !answered; i++) {
        client_send_bytes(fd, part, sizeof part);
        answered = drip(fd, "b", 1, 50);
    }
    assert_true(answered);
    assert_true(client_read(fd, &r));
    assert_int_equal(r.status, 408);
    /* Later than the first progress period: it was the total that ended it. */
    assert_true(fixture_now_ms() - begun_ms + 1 >= 1200);
    close(fd);
    fixture_stop(f);
}

static void test_reader_that_never_reads(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(impatient(), 1);
    int fd = client_dial_buffered(f, 4096);
    client_send(fd, GET("/big"));
    FIXTURE_UNTIL(metrics_get(f->metrics, METRIC_HTTP_REQUESTS) == 1);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    close(fd);
    fixture_stop(f);
}

/* A handler may take longer than any of them. */
static void test_no_limit_while_the_handler_works(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(impatient(), 1);
    int fd = client_dial(f);
    int idle = client_dial(f);
    struct reply r;
    client_send(fd, GET("/hold"));
    fixture_await(&f->held);
    assert_true(client_is_ended(idle)); /* 400 ms have passed */
    fixture_release(f, 0);
    client_read_ok(fd, &r);
    close(idle);
    close(fd);
    fixture_stop(f);
}

/* ---- drain and close ---- */

static void test_drain_finishes_requests(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(fixture_defaults(), 2);
    int held = client_dial(f);
    int idle = client_dial(f);
    int partial = client_dial(f);
    struct reply r;
    client_send(idle, GET("/"));
    client_read_ok(idle, &r);
    client_send(held, GET("/hold"));
    fixture_await(&f->held);
    client_send(partial, "POST /echo HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\n"
                         "Content-Length: 2\r\n\r\n");
    assert_true(client_read_head(partial, &r)); /* 100: it is under way */
    uint16_t port = http_server_port(f->server);
    http_server_drain(f->server);
    assert_true(client_is_ended(idle));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), -1);
    close(fd);
    client_send(partial, "ok");
    client_read_ok(partial, &r);
    assert_true(reply_has(&r, "connection: close\r\n"));
    fixture_release(f, 0);
    client_read_ok(held, &r);
    assert_string_equal(r.body, "released");
    assert_true(reply_has(&r, "connection: close\r\n"));
    assert_true(client_is_ended(held));
    close(held);
    close(idle);
    close(partial);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    fixture_stop(f); /* drains again: that is allowed */
}

static void test_close_all_with_held_exchange(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(fixture_defaults(), 1);
    int fd = client_dial(f);
    client_send(fd, GET("/hold"));
    fixture_await(&f->held);
    http_server_close_all(f->server);
    assert_true(client_is_ended(fd));
    fixture_release(f, 0);
    close(fd);
    fixture_stop(f);
}

/* ---- start ---- */

static void fails_to_start(struct fixture *f, const char *host, uint16_t port, const char *says)
{
    struct http_server_options o = f->options;
    struct http_server *s = NULL;
    char why[256] = "";
    o.host = host;
    o.port = port;
    assert_int_equal(http_server_start(&o, &s, why, sizeof why), ERR_IO);
    assert_null(s);
    assert_non_null(strstr(why, says));
    assert_non_null(strstr(why, host));
}

static void test_start_failures(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(fixture_defaults(), 2);
    /* SO_REUSEPORT alone would let a second server in. */
    fails_to_start(f, "127.0.0.1", http_server_port(f->server), "address already in use");
    fails_to_start(f, "203.0.113.7", 0, "address not available");
    fails_to_start(f, "not a host", 80, "cannot resolve");
    fixture_stop(f);
}

static void test_localhost_by_name(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.host = "localhost";
    struct fixture *f = fixture_start(o, 2);
    int fd = client_dial(f); /* 127.0.0.1 */
    struct reply r;
    client_send(fd, GET("/"));
    client_read_ok(fd, &r);
    close(fd);
    fixture_stop(f);
}

/* ---- memory runs out ---- */

/* Whichever allocation of a connection's life fails, the client is answered or cut off, and the
 * server lives on. */
static void test_short_memory(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(fixture_defaults(), 1);
    for (uint64_t n = 0; n < 12; n++) {
        struct reply r;
        mem_fail_after(n, 1);
        int fd = client_dial(f);
        client_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                        "Content-Length: 3\r\n\r\nabc");
        bool answered = client_read(fd, &r);
        mem_fail_never();
        if (answered)
            assert_true(r.status == 200 || r.status == 500 || r.status == 503);
        assert_true(client_is_ended(fd));
        close(fd);
        fd = client_dial(f);
        client_send(fd, GET("/"));
        client_read_ok(fd, &r);
        close(fd);
    }
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_connections_max),
        cmocka_unit_test(test_connections_per_ip_max),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_idle_after_a_reply),
        cmocka_unit_test(test_slow_loris),
        cmocka_unit_test(test_body_total_time),
        cmocka_unit_test(test_reader_that_never_reads),
        cmocka_unit_test(test_no_limit_while_the_handler_works),
        cmocka_unit_test(test_drain_finishes_requests),
        cmocka_unit_test(test_close_all_with_held_exchange),
        cmocka_unit_test(test_start_failures),
        cmocka_unit_test(test_localhost_by_name),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
