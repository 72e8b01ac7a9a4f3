/* Clients to which bytes wait and that do not read them: cut off, resumable; who reads is not. */

#include "gateway_fixture.h"

enum { PERIOD_MS = 4, WAITING = 1000 };

static struct client client;

static int open_client(void **state)
{
    fx_open(state);
    FX.core.who = (struct principal){.user = {10},
                                     .bot = true,
                                     .application_flags = APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS |
                                                          APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT};
    FX.gateway->options.stall_ms = PERIOD_MS;
    return 0;
}

/* So many bytes wait for the kernel. */
static void leave(size_t bytes)
{
    client.conn.pending->len = bytes;
}

static struct session *waiting_client(void)
{
    struct session *s = client_identify(&client);
    fx_run_all();
    client.conn.pending = mem_zalloc(MEM_NET, sizeof *client.conn.pending);
    assert_non_null(client.conn.pending);
    leave(WAITING);
    return s;
}

static int close_client(void **state)
{
    stall_forget(&client.g);
    mem_free(MEM_NET, client.conn.pending);
    client.conn.pending = NULL;
    return fx_close(state);
}

/* As a period later. */
static void look(void)
{
    uint64_t until = uv_now(loop_uv(FX.loop)) + PERIOD_MS;
    while (uv_now(loop_uv(FX.loop)) < until)
        uv_update_time(loop_uv(FX.loop));
    assert_true(list_linked(&FX.hub->stall_look.node));
    loop_timer_stop(&FX.hub->stall_look);
    FX.hub->stall_look.fn(&FX.hub->stall_look);
}

static void test_never_reads(void **state)
{
    (void)state;
    struct session *s = waiting_client();
    stall_note(&client.g, 0);
    assert_non_null(client.g.stall);
    look();
    assert_int_equal(client.g.state, GW_CONN_CLOSING);
    assert_null(client.g.stall);
    assert_null(s->conn);
    assert_true(list_linked(&s->timer.node)); /* it may be resumed */
    assert_false(s->failed);
}

/* A byte in a period, and more that is added than taken. */
static void test_hardly_reads(void **state)
{
    (void)state;
    waiting_client();
    stall_note(&client.g, 0);
    leave(WAITING - 1);
    leave(client.conn.pending->len + 5000);
    stall_note(&client.g, WAITING - 1);
    look();
    assert_int_equal(client.g.state, GW_CONN_CLOSING);
}

static void test_reads_slowly(void **state)
{
    (void)state;
    waiting_client();
    stall_note(&client.g, 0);
    for (unsigned i = 0; i < 5; i++) {
        size_t left = client.conn.pending->len - PERIOD_MS * 2;
        leave(left);
        leave(left + 3);
        stall_note(&client.g, left);
        look();
        assert_int_equal(client.g.state, GW_CONN_SESSION);
    }
    leave(0);
    stall_note(&client.g, 0);
    assert_null(client.g.stall);
    assert_true(list_empty(&FX.hub->stalled));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_client, close_client)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_never_reads),
        TEST(test_hardly_reads),
        TEST(test_reads_slowly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
