/* Who is closed when there are too many that have shown nothing: the oldest of them, and nobody who
 * has. */

#include "net_fixture.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: t\r\n\r\n"

enum { MANY = 40, CAP = 8 };

static struct fixture *start(unsigned strangers_max, unsigned per_ip_max, unsigned loops)
{
    struct http_server_options o = fixture_defaults();
    o.strangers_max = strangers_max;
    o.strangers_per_ip_max = per_ip_max;
    return fixture_start(o, loops);
}

static int64_t dropped(const struct fixture *f)
{
    return metrics_get(f->metrics, METRIC_CONNECTIONS_DROPPED);
}

static void wait_connections(struct fixture *f, unsigned n)
{
    FIXTURE_UNTIL(http_server_connections(f->server) == n);
}

static void upgrade(int fd)
{
    struct reply r;
    client_send(fd,
                "GET /ws HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    assert_true(client_read_head(fd, &r));
    assert_int_equal(r.status, 101);
}

/* The oldest go, the youngest stay, and all that want something get it. */
static void test_oldest_first(void **state)
{
    (void)state;
    const struct {
        unsigned all, per_ip;
    } rows[] = {{CAP, 0}, {0, CAP}, {CAP, 1000}, {1000, CAP}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture *f = start(rows[i].all, rows[i].per_ip, 1);
        int fds[MANY];
        struct reply r;
        for (int k = 0; k < MANY; k++) {
            fds[k] = client_dial(f);
            if (k >= CAP)
                assert_true(client_is_ended(fds[k - CAP]));
        }
        wait_connections(f, CAP);
        assert_int_equal(dropped(f), MANY - CAP);
        for (int k = MANY - CAP; k < MANY; k++) {
            client_send(fds[k], GET("/"));
            client_read_ok(fds[k], &r);
        }
        for (int k = 0; k < MANY; k++)
            close(fds[k]);
        fixture_stop(f);
    }
}

/* Half a request is nothing; a whole one is something, for good. */
static void test_a_request_makes_known(void **state)
{
    (void)state;
    struct fixture *f = start(CAP, 0, 1);
    struct reply r;
    int known = client_dial(f);
    client_send(known, GET("/"));
    client_read_ok(known, &r);
    int half = client_dial(f);
    client_send(half, "GET / HTTP/1.1\r\nHost: t\r\n");
    int fds[MANY];
    for (int k = 0; k < MANY; k++)
        fds[k] = client_dial(f);
    assert_true(client_is_ended(half));
    wait_connections(f, CAP + 1);
    client_send(known, GET("/"));
    client_read_ok(known, &r);
    for (int k = 0; k < MANY; k++)
        close(fds[k]);
    close(known);
    close(half);
    fixture_stop(f);
}

/* A request under way is not cut off. */
static void test_a_request_under_way(void **state)
{
    (void)state;
    struct fixture *f = start(CAP, 0, 1);
    struct reply r;
    int held = client_dial(f);
    client_send(held, GET("/hold"));
    fixture_await(&f->held);
    int fds[MANY];
    for (int k = 0; k < MANY; k++)
        fds[k] = client_dial(f);
    wait_connections(f, CAP + 1);
    fixture_release(f, 0);
    client_read_ok(held, &r);
    for (int k = 0; k < MANY; k++)
        close(fds[k]);
    close(held);
    fixture_stop(f);
}

/* Another protocol has to show something again. */
static void test_an_upgrade_is_a_stranger(void **state)
{
    (void)state;
    struct fixture *f = start(CAP, 0, 1);
    int ws = client_dial(f);
    upgrade(ws);
    int fds[MANY];
    for (int k = 0; k < MANY; k++)
        fds[k] = client_dial(f);
    assert_true(client_is_ended(ws));
    fixture_await(&f->ws_closed);
    for (int k = 0; k < MANY; k++)
        close(fds[k]);
    close(ws);
    fixture_stop(f);
}

static bool is_proxy(void *ctx, const char *peer)
{
    (void)ctx;
    return strcmp(peer, "127.0.0.1") == 0;
}

/* The one address of a proxy is that of many people. */
static void test_proxy(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.strangers_per_ip_max = CAP;
    o.connections_per_ip_max = CAP;
    o.is_proxy = is_proxy;
    struct fixture *f = fixture_start(o, 1);
    int fds[MANY];
    for (int k = 0; k < MANY; k++)
        fds[k] = client_dial(f);
    wait_connections(f, MANY);
    assert_int_equal(dropped(f), 0);
    for (int k = 0; k < MANY; k++)
        close(fds[k]);
    wait_connections(f, 0);
    fixture_stop(f);
}

/* Counts are of all loops, and come back to nothing. */
static void test_several_loops(void **state)
{
    (void)state;
    struct fixture *f = start(CAP, 0, 2);
    struct reply r;
    for (int round = 0; round < 3; round++) {
        int fds[MANY];
        for (int k = 0; k < MANY; k++)
            fds[k] = client_dial(f);
        FIXTURE_UNTIL(http_server_connections(f->server) <= CAP + 2);
        int honest = client_dial(f);
        client_send(honest, GET("/"));
        client_read_ok(honest, &r);
        close(honest);
        for (int k = 0; k < MANY; k++)
            close(fds[k]);
        wait_connections(f, 0);
    }
    fixture_stop(f);
}

/* When none is free: the longest idle goes, then there is room. */
static void test_idle_ones_make_room(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.connections_max = CAP;
    struct fixture *f = fixture_start(o, 1);
    struct reply r;
    int fds[CAP];
    for (int k = 0; k < CAP; k++) {
        fds[k] = client_dial(f);
        client_send(fds[k], GET("/"));
        client_read_ok(fds[k], &r);
    }
    client_send(fds[0], GET("/")); /* now the second is the longest idle */
    client_read_ok(fds[0], &r);
    int next = client_dial(f);
    client_send(next, GET("/"));
    client_read_ok(next, &r);
    assert_true(client_is_ended(fds[1]));
    client_send(fds[0], GET("/"));
    client_read_ok(fds[0], &r);
    for (int k = 0; k < CAP; k++)
        close(fds[k]);
    close(next);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_oldest_first),
        cmocka_unit_test(test_a_request_makes_known),
        cmocka_unit_test(test_a_request_under_way),
        cmocka_unit_test(test_an_upgrade_is_a_stranger),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_several_loops),
        cmocka_unit_test(test_idle_ones_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
