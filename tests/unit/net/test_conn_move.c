/*
 * A connection moves to another loop and back, again and again, while its peer keeps talking:
 * nothing is lost or repeated, every handler runs on the loop that it should, and the server's
 * count comes back to zero however it ends: by the peer, by the protocol, or by
 * http_server_close_all on a loop that never accepted it.
 */

#include "net_fixture.h"

#define GET_WS                                                                                     \
    "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                 \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

enum { MOVES = 50, PEERS = 6 };

/* Echoes; '>' moves to the other loop first, '!' closes. */
struct mover {
    struct fixture *f;
    struct loop *at; /* whose thread may touch this */
    unsigned moves;
    char rest[64]; /* what came after the '>' */
    size_t rest_len;
};

static _Atomic unsigned moved_total;

static void on_mover_read(struct conn *c, void *owner, const char *data, size_t len);

static void on_mover_closed(struct conn *c, void *owner)
{
    (void)c;
    struct mover *m = owner;
    struct fixture *f = m->f;
    assert_true(loop_is_current(m->at));
    mem_free(MEM_NET, m);
    sem_post(&f->ws_closed);
}

static const struct conn_ops MOVER_OPS = {.on_read = on_mover_read, .on_closed = on_mover_closed};

static void on_moved(void *ctx, struct conn *c)
{
    struct mover *m = ctx;
    assert_non_null(c);
    assert_true(loop_is_current(m->at) && conn_loop(c) == m->at);
    assert_string_equal(conn_peer(c), "127.0.0.1");
    conn_set_ops(c, &MOVER_OPS, m);
    atomic_fetch_add(&moved_total, 1);
    conn_send(c, ">", 1);
    char rest[sizeof m->rest];
    size_t len = m->rest_len;
    memcpy(rest, m->rest, len);
    on_mover_read(c, m, rest, len);
}

static void move(struct mover *m, struct conn *c, const char *rest, size_t len)
{
    assert_true(len <= sizeof m->rest);
    memcpy(m->rest, rest, len);
    m->rest_len = len;
    m->at = m->at == m->f->loops[0] ? m->f->loops[1] : m->f->loops[0];
    conn_move(c, m->at, on_moved, m);
}

static void on_mover_read(struct conn *c, void *owner, const char *data, size_t len)
{
    struct mover *m = owner;
    assert_true(loop_is_current(m->at));
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '>') {
            move(m, c, data + i + 1, len - i - 1);
            return; /* m is another thread's now */
        }
        if (data[i] == '!') {
            conn_close(c);
            return;
        }
        conn_send(c, data + i, 1);
    }
}

static void on_request(void *ctx, struct http_exchange *x)
{
    struct mover *m = mem_zalloc(MEM_NET, sizeof *m);
    assert_non_null(m);
    m->f = ctx;
    m->at = x->loop;
    if (!http_upgrade(x, &MOVER_OPS, m))
        mem_free(MEM_NET, m);
}

static struct fixture *start(void)
{
    struct fixture *f = fixture_start(fixture_defaults(), 2);
    http_server_drain(f->server);
    http_server_close_all(f->server);
    http_server_free(&f->server);
    f->options.handler.on_request = on_request;
    char why[256] = "";
    assert_int_equal(http_server_start(&f->options, &f->server, why, sizeof why), ERR_OK);
    atomic_store(&moved_total, 0);
    return f;
}

static int dial(struct fixture *f)
{
    struct reply r;
    int fd = client_dial(f);
    client_send(fd, GET_WS);
    assert_true(client_read_head(fd, &r));
    assert_int_equal(r.status, 101);
    return fd;
}

static void expect(int fd, const char *text)
{
    char got[64];
    size_t want = strlen(text);
    for (size_t n = 0; n < want;) {
        ssize_t one = recv(fd, got + n, want - n, 0);
        assert_true(one > 0);
        n += (size_t)one;
    }
    assert_memory_equal(got, text, want);
}

static void wait_for_none(const struct fixture *f)
{
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    FIXTURE_UNTIL(metrics_get(f->metrics, METRIC_CONNECTIONS) == 0);
}

static void test_echo_goes_on(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = dial(f);
    for (int i = 0; i < MOVES; i++) {
        client_send(fd, "a>b");
        client_send(fd, "c");
        expect(fd, "a>bc");
        assert_int_equal(http_server_connections(f->server), 1);
    }
    assert_int_equal(atomic_load(&moved_total), MOVES);
    close(fd);
    fixture_await(&f->ws_closed);
    wait_for_none(f);
    fixture_stop(f);
}

/* Several moves in one read: each goes on with what the one before left. */
static void test_moves_in_a_row(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fd = dial(f);
    client_send(fd, "1>2>3>>4!");
    expect(fd, "1>2>3>>4");
    assert_true(client_is_ended(fd));
    fixture_await(&f->ws_closed);
    wait_for_none(f);
    close(fd);
    fixture_stop(f);
}

/* The peer is gone before the connection arrives: the new owner hears of it. */
static void test_peer_leaves_meanwhile(void **state)
{
    (void)state;
    struct fixture *f = start();
    for (int i = 0; i < MOVES; i++) {
        int fd = dial(f);
        client_send(fd, ">");
        close(fd);
        fixture_await(&f->ws_closed);
    }
    wait_for_none(f);
    fixture_stop(f);
}

/* All of them, on whichever loop they are, and those that are on their way. */
static void test_close_all(void **state)
{
    (void)state;
    struct fixture *f = start();
    int fds[PEERS];
    for (int i = 0; i < PEERS; i++) {
        fds[i] = dial(f);
        client_send(fds[i], "x>");
        expect(fds[i], "x>");
    }
    for (int i = 0; i < PEERS; i += 2)
        client_send(fds[i], ">>>>>>>>>>>>"); /* still at it */
    http_server_close_all(f->server);
    assert_int_equal(http_server_connections(f->server), 0);
    for (int i = 0; i < PEERS; i++) {
        fixture_await(&f->ws_closed);
        close(fds[i]);
    }
    wait_for_none(f);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_echo_goes_on),
        cmocka_unit_test(test_moves_in_a_row),
        cmocka_unit_test(test_peer_leaves_meanwhile),
        cmocka_unit_test(test_close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
