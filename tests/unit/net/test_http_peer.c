/* HTTP connections whose peer leaves, half-closes, or goes on to WebSocket. */

#include "net_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"
#define WS_HEADERS                                                                                 \
    "Host: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"        \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
#define GET_WS "GET /ws HTTP/1.1\r\n" WS_HEADERS

static struct fixture *start(void)
{
    return fixture_start(fixture_defaults(), 1);
}

/* ---- the peer leaves ---- */

static void leave_while_held(bool reset)
{
    struct fixture *f = start();
    int fd = client_dial(f);
    client_send(fd, GET("/hold"));
    fixture_await(&f->held);
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    if (reset)
        FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    /* The exchange is whole: its request can be read and its reply be given. */
    assert_true(slice_eq_cstr(f->holds[0]->request->path, "/hold"));
    assert_string_equal(f->holds[0]->peer, "127.0.0.1");
    fixture_release(f, 0);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    fixture_stop(f);
}

static void test_peer_closes_while_held(void **state)
{
    (void)state;
    leave_while_held(false);
}

static void test_peer_resets_while_held(void **state)
{
    (void)state;
    leave_while_held(true);
}

static void test_half_closed_peer_gets_its_replies(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    client_send(fd, GET("/hold") GET("/worker") GET("/"));
    shutdown(fd, SHUT_WR);
    fixture_await(&f->held);
    fixture_release(f, 0);
    client_read_ok(fd, &r);
    client_read_ok(fd, &r);
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "hello");
    assert_true(client_is_ended(fd));
    close(fd);
    fixture_stop(f);
}

/* ---- upgrade ---- */

static void read_exactly(int fd, const char *want)
{
    char got[64] = "";
    size_t len = strlen(want);
    for (size_t n = 0; n < len;) {
        ssize_t k = recv(fd, got + n, len - n, 0);
        assert_true(k > 0);
        n += (size_t)k;
    }
    assert_memory_equal(got, want, len);
}

static void upgrade_with(struct fixture *f, const char *request, const char *echo)
{
    int fd = client_dial(f);
    struct reply r;
    client_send(fd, request);
    assert_true(client_read_head(fd, &r));
    if (r.status == 200) { /* what was pipelined before the upgrade */
        assert_true(client_read_body(fd, &r));
        assert_true(client_read_head(fd, &r));
    }
    assert_int_equal(r.status, 101);
    assert_true(reply_has(&r, "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    read_exactly(fd, echo);
    client_send(fd, "more");
    read_exactly(fd, "more");
    assert_int_equal(http_server_connections(f->server), 1);
    client_send(fd, "quit");
    read_exactly(fd, "quit");
    assert_true(client_is_ended(fd));
    close(fd);
    fixture_await(&f->ws_closed);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
}

static void test_upgrade(void **state)
{
    (void)state;
    struct fixture *f = start();
    upgrade_with(f, GET_WS, "");
    upgrade_with(f, GET_WS "early", "early");
    upgrade_with(f, GET("/") GET_WS "early", "early");
    upgrade_with(f, GET("/worker") GET_WS "early", "early");
    fixture_stop(f);
}

/* A task of the test, to call what must run on the loop. */
struct upgrade_task {
    struct task task;
    struct fixture *f;
};

static void on_upgrade_task(struct task *t, struct loop *l)
{
    struct upgrade_task *u = (struct upgrade_task *)(void *)t;
    (void)l;
    fixture_upgrade(u->f, u->f->holds[0]);
}

static void test_upgrade_later_with_early_bytes(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct reply r;
    struct upgrade_task u = {.task = {.run = on_upgrade_task}, .f = f};
    client_send(fd, "GET /hold HTTP/1.1\r\n" WS_HEADERS "early");
    fixture_await(&f->held);
    client_send(fd, "later");
    loop_post(f->loops[0], &u.task);
    assert_true(client_read_head(fd, &r));
    assert_int_equal(r.status, 101);
    read_exactly(fd, "earlylater");
    close(fd);
    fixture_await(&f->ws_closed);
    fixture_stop(f);
}

static void test_upgrade_after_the_peer_left(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = client_dial(f);
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    struct upgrade_task u = {.task = {.run = on_upgrade_task}, .f = f};
    client_send(fd, "GET /hold HTTP/1.1\r\n" WS_HEADERS);
    fixture_await(&f->held);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    loop_post(f->loops[0], &u.task);
    fixture_stop(f); /* checks that nothing leaked */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peer_closes_while_held),
        cmocka_unit_test(test_peer_resets_while_held),
        cmocka_unit_test(test_half_closed_peer_gets_its_replies),
        cmocka_unit_test(test_upgrade),
        cmocka_unit_test(test_upgrade_later_with_early_bytes),
        cmocka_unit_test(test_upgrade_after_the_peer_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
