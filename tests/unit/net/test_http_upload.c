/* Bodies beyond body_bytes_max: read when the handler says so, and never before. */

#include "net_fixture.h"

enum { BODY_BYTES = 300 * 1024, UPLOAD_MAX = 1024 * 1024 };

#define HEAD(method, more)                                                                         \
    method " /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 307200\r\n" more "\r\n"

static void on_upload_yes(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    x->admitted = ERR_OK;
    http_admit(x);
}

static void on_upload_no(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    x->admitted = ERR_UNAUTHORIZED;
    http_admit(x);
}

/* The test answers. */
static void on_upload_hold(void *ctx, struct http_exchange *x)
{
    struct fixture *f = ctx;
    f->holds[f->hold_count++] = x;
    sem_post(&f->held);
}

static struct http_server_options options(void (*on_upload)(void *, struct http_exchange *))
{
    struct http_server_options o = fixture_defaults();
    o.limits.upload_bytes_max = UPLOAD_MAX;
    o.handler.on_upload = on_upload;
    return o;
}

static void send_body(int fd)
{
    static char body[BODY_BYTES];
    memset(body, 'b', sizeof body);
    client_send_bytes(fd, body, sizeof body);
}

static void expect_echo(int fd)
{
    struct reply r;
    client_read_ok(fd, &r);
    assert_int_equal(r.body_len, BODY_BYTES);
    assert_int_equal(r.body[0], 'b');
}

static void admit(struct fixture *f, unsigned which, enum err e)
{
    f->holds[which]->admitted = e;
    http_admit_post(f->holds[which]);
}

static void expect_refused(int fd, int status)
{
    struct reply r;
    assert_true(client_read(fd, &r));
    assert_int_equal(r.status, status);
    assert_true(reply_has(&r, "connection: close\r\n"));
    assert_true(client_is_ended(fd));
    close(fd);
}

static void test_nobody_to_ask(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(options(NULL), 1);
    int fd = client_dial(f);
    client_send(fd, HEAD("POST", ""));
    expect_refused(fd, 413);
    fixture_stop(f);
}

static void test_at_once(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(options(on_upload_yes), 1);
    int fd = client_dial(f);
    /* Twice on one connection, and what is small between them is as ever. */
    for (int i = 0; i < 2; i++) {
        client_send(fd, HEAD("POST", ""));
        send_body(fd);
        expect_echo(fd);
        struct reply r;
        client_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\nab");
        client_read_ok(fd, &r);
        assert_string_equal(r.body, "ab");
    }
    close(fd);
    fd = client_dial(f);
    client_send(fd, "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1048577\r\n\r\n");
    expect_refused(fd, 413);
    /* Without a length there is nothing to ask about. */
    fd = client_dial(f);
    client_send(fd,
                "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4b000\r\n");
    expect_refused(fd, 413);
    fixture_stop(f);
}

static void test_refused(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(options(on_upload_no), 1);
    int fd = client_dial(f);
    client_send(fd, HEAD("PATCH", "Expect: 100-continue\r\n"));
    expect_refused(fd, 401);
    fixture_stop(f);
}

static void test_later(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(options(on_upload_hold), 2);
    struct reply r;
    int fd = client_dial(f), other = client_dial(f);
    client_send(fd, HEAD("POST", "Expect: 100-continue\r\n"));
    sem_wait(&f->held);
    admit(f, 0, ERR_OK);
    assert_true(client_read_head(fd, &r));
    assert_int_equal(r.status, 100);
    send_body(fd);
    expect_echo(fd);
    /* What was sent ahead waits, and is not lost. */
    client_send(other, HEAD("POST", ""));
    client_send(other, "bbbb");
    sem_wait(&f->held);
    client_send(other, "bbbb");
    admit(f, 1, ERR_OK);
    static char rest[BODY_BYTES - 8];
    memset(rest, 'b', sizeof rest);
    client_send_bytes(other, rest, sizeof rest);
    expect_echo(other);
    close(fd);
    close(other);
    fixture_stop(f);
}

static void test_peer_leaves(void **state)
{
    (void)state;
    struct fixture *f = fixture_start(options(on_upload_hold), 1);
    int fd = client_dial(f);
    client_send(fd, HEAD("POST", ""));
    sem_wait(&f->held);
    struct linger reset = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    admit(f, 0, ERR_OK); /* whichever comes first */
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    fixture_stop(f);
}

static void test_all_together(void **state)
{
    (void)state;
    struct http_server_options o = options(on_upload_hold);
    o.upload_bytes_total_max = 400 * 1024;
    struct fixture *f = fixture_start(o, 1);
    int first = client_dial(f), second = client_dial(f);
    client_send(first, HEAD("POST", ""));
    sem_wait(&f->held);
    admit(f, 0, ERR_OK);
    client_send(second, HEAD("POST", ""));
    sem_wait(&f->held);
    admit(f, 1, ERR_OK);
    expect_refused(second, 503);
    send_body(first);
    expect_echo(first);
    /* Its room is free again. */
    second = client_dial(f);
    client_send(second, HEAD("POST", ""));
    sem_wait(&f->held);
    admit(f, 2, ERR_OK);
    send_body(second);
    expect_echo(second);
    close(first);
    close(second);
    fixture_stop(f);
}

/* Small ones that never end are many. */
static void test_halves_together(void **state)
{
    (void)state;
    enum { HALF = 50 * 1024, FIT = 8 };
    static char half[HALF];
    struct http_server_options o = fixture_defaults();
    o.upload_bytes_total_max = FIT * HALF;
    struct fixture *f = fixture_start(o, 1);
    int fds[FIT + 1];
    for (unsigned i = 0; i <= FIT; i++) {
        fds[i] = client_dial(f);
        client_send(fds[i], "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 51201\r\n\r\n");
        if (i < FIT)
            client_send_bytes(fds[i], half, HALF);
    }
    /* What was sent before a turn is read when the next one is over. */
    int other = client_dial(f);
    for (int i = 0; i < 2; i++) {
        struct reply r;
        client_send(other, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        client_read_ok(other, &r);
    }
    close(other);
    client_send_bytes(fds[FIT], half, HALF);
    expect_refused(fds[FIT], 503);
    for (unsigned i = 0; i < FIT; i++) {
        struct reply r;
        client_send_bytes(fds[i], half, 1);
        client_read_ok(fds[i], &r);
        assert_int_equal(r.body_len, HALF + 1);
        close(fds[i]);
    }
    fixture_stop(f);
}

static void test_replies_that_wait(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.reply_bytes_total_max = FIXTURE_BIG_BYTES + 4096;
    struct fixture *f = fixture_start(o, 1);
    struct reply r;
    int slow = client_dial_buffered(f, 4096), slower = client_dial_buffered(f, 4096);
    client_send(slow, "GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_true(client_read_head(slow, &r));
    /* One waits; two would be too much, and the second one goes. */
    client_send(slower, "GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
    FIXTURE_UNTIL(http_server_connections(f->server) == 1);
    close(slower);
    assert_true(client_read_body(slow, &r));
    assert_int_equal(r.body_len, FIXTURE_BIG_BYTES);
    /* And its room is free again. */
    slower = client_dial_buffered(f, 4096);
    client_send(slower, "GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
    client_read_ok(slower, &r);
    assert_int_equal(r.body_len, FIXTURE_BIG_BYTES);
    close(slow);
    close(slower);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_to_ask),     cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_refused),           cmocka_unit_test(test_later),
        cmocka_unit_test(test_peer_leaves),       cmocka_unit_test(test_all_together),
        cmocka_unit_test(test_replies_that_wait), cmocka_unit_test(test_halves_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
