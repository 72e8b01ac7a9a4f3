/*
 * Connections as a protocol sees them: corking, the output queue, backpressure, and an end that is
 * told exactly once. The protocol under test takes its connection by an upgrade and obeys one
 * letter at a time from the client.
 */

#include "net_fixture.h"

#include "net/conn_priv.h"
#include "net/loop_priv.h"

#define GET_WS                                                                                     \
    "GET /ws HTTP/1.1\r\nHost: t\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"                 \
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

enum { BLOCK_BYTES = 1024 * 1024, BLOCKS = 24 };

struct probe {
    struct fixture *f;
    struct conn *conn;
    struct task resume;
    struct bulk_lane lane;
    unsigned flushes;
    unsigned drains;
    unsigned closes;
    unsigned sends_ok;
    bool refused; /* conn_send said no */
    size_t read;
    size_t read_while_paused;
    bool flush_again;
    sem_t told; /* the upgrade, 'p', 'm' and on_closed are done */
    _Atomic unsigned drained;
    _Atomic(struct loop *) at; /* conn's loop, for the test's thread */
};

static char block[BLOCK_BYTES];

/* Until the queue refuses; at most 100 MiB are tried. */
static void overfill(struct probe *p)
{
    for (int i = 0; i < 100 && !p->refused; i++) {
        p->refused = !conn_send(p->conn, block, sizeof block);
        p->sends_ok += !p->refused;
    }
}

static struct loop *other_loop(const struct probe *p)
{
    return p->f->loops[conn_loop(p->conn) == p->f->loops[0] ? 1 : 0];
}

static void on_adopted(void *ctx, struct conn *c);

static void obey(struct probe *p, char letter)
{
    switch (letter) {
    case 'd': /* dirty many times: one flush */
        for (int i = 0; i < 10; i++)
            conn_mark_dirty(p->conn);
        break;
    case 'g': /* one of many, several times: one flush */
        conn_mark_bulk(p->conn, &p->lane);
        conn_mark_bulk(p->conn, &p->lane);
        break;
    case 'G': /* of many, then by itself: one flush, and at once */
        conn_mark_bulk(p->conn, &p->lane);
        conn_mark_dirty(p->conn);
        conn_mark_bulk(p->conn, &p->lane);
        break;
    case 'a': /* dirty again inside the flush */
        p->flush_again = true;
        conn_mark_dirty(p->conn);
        break;
    case 'b': /* more than the kernel takes; then small ones keep their order */
        for (int i = 0; i < BLOCKS; i++)
            conn_send(p->conn, block, sizeof block);
        conn_send2(p->conn, "en", 2, "d", 1);
        sem_post(&p->told);
        break;
    case 'o':
        overfill(p);
        break;
    case 'p':
        conn_pause(p->conn);
        sem_post(&p->told);
        break;
    case 'm':
        conn_move(p->conn, other_loop(p), on_adopted, p);
        break;
    case 'c':
        conn_close(p->conn);
        conn_close(p->conn);
        p->refused = !conn_send(p->conn, "x", 1);
        break;
    case 'l': /* the flush that is due comes before the end */
        conn_mark_dirty(p->conn);
        conn_close_after_flush(p->conn, 1000);
        conn_close_after_flush(p->conn, 1000);
        break;
    default:
        break;
    }
}

static void on_probe_read(struct conn *c, void *owner, const char *data, size_t len)
{
    struct probe *p = owner;
    assert_ptr_equal(c, p->conn);
    for (size_t i = 0; i < len && !conn_closing(c); i++) {
        p->read++;
        obey(p, data[i]);
    }
}

static void on_probe_flush(struct conn *c, void *owner)
{
    struct probe *p = owner;
    p->flushes++;
    conn_send(c, "flush.", 6);
    if (p->flush_again && p->flushes < 3)
        conn_mark_dirty(c);
}

static void on_counted_flush(struct conn *c, void *owner)
{
    (void)c;
    ++*(unsigned *)owner;
}

static void on_probe_drain(struct conn *c, void *owner)
{
    struct probe *p = owner;
    assert_int_equal(conn_queued(c), 0);
    atomic_fetch_add(&p->drained, 1);
}

static void on_probe_closed(struct conn *c, void *owner)
{
    struct probe *p = owner;
    assert_true(conn_closing(c));
    p->closes++;
    sem_post(&p->told);
}

static const struct conn_ops probe_ops = {.on_read = on_probe_read,
                                          .on_flush = on_probe_flush,
                                          .on_drain = on_probe_drain,
                                          .on_closed = on_probe_closed};

static void on_adopted(void *ctx, struct conn *c)
{
    struct probe *p = ctx;
    assert_non_null(c);
    assert_string_equal(conn_peer(c), "127.0.0.1");
    p->conn = c;
    atomic_store(&p->at, conn_loop(c));
    conn_set_ops(c, &probe_ops, p);
    sem_post(&p->told);
}

static void on_probe_request(void *ctx, struct http_exchange *x)
{
    struct probe *p = ctx;
    atomic_store(&p->at, x->loop);
    p->conn = http_upgrade(x, &probe_ops, p);
    sem_post(&p->told);
}

/* A server of its own, whose upgrades end in the probe. */
static int probe_start_on(struct probe *p, unsigned loops)
{
    memset(p, 0, sizeof *p);
    bulk_lane_init(&p->lane);
    sem_init(&p->told, 0, 0);
    p->f = fixture_start(fixture_defaults(), loops);
    struct http_server_options o = p->f->options;
    char why[256];
    http_server_drain(p->f->server);
    struct http_server *first = p->f->server;
    o.handler = (struct http_handler){.on_request = on_probe_request, .ctx = p};
    assert_int_equal(http_server_start(&o, &p->f->server, why, sizeof why), ERR_OK);
    http_server_free(&first);
    int fd = client_dial(p->f);
    struct reply r;
    client_send(fd, GET_WS);
    assert_true(client_read_head(fd, &r));
    assert_int_equal(r.status, 101);
    fixture_await(&p->told); /* p->conn is set */
    return fd;
}

static int probe_start(struct probe *p)
{
    return probe_start_on(p, 1);
}

static void probe_stop(struct probe *p, int fd)
{
    if (fd >= 0)
        close(fd);
    fixture_await(&p->told);
    FIXTURE_UNTIL(http_server_connections(p->f->server) == 0);
    fixture_stop(p->f);
    assert_int_equal(p->closes, 1);
    sem_destroy(&p->told);
}

static void read_text(int fd, const char *want)
{
    char got[64];
    size_t len = strlen(want);
    assert_int_equal(recv(fd, got, len, MSG_WAITALL), (ssize_t)len);
    assert_memory_equal(got, want, len);
}

static void test_dirty_is_flushed_once_a_turn(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    client_send(fd, "d");
    read_text(fd, "flush.");
    probe_stop(&p, fd);
    assert_int_equal(p.flushes, 1);
}

/* Nothing else happens on that loop: it must not fall asleep on a dirty connection. */
static void test_dirty_again_in_the_flush(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    client_send(fd, "a");
    read_text(fd, "flush.flush.flush.");
    probe_stop(&p, fd);
    assert_int_equal(p.flushes, 3);
}

static void test_bulk(void **state)
{
    (void)state;
    static const char *const letters[] = {"g", "G"};
    for (size_t i = 0; i < 2; i++) {
        struct probe p;
        int fd = probe_start(&p);
        client_send(fd, letters[i]);
        read_text(fd, "flush.");
        client_send(fd, "l"); /* what comes after it is nothing but this */
        read_text(fd, "flush.");
        probe_stop(&p, fd);
        assert_int_equal(p.flushes, 2);
    }
}

/* More connections than a portion holds: each is flushed once, none is forgotten, though nothing
 * else happens on the loop, and who is marked by itself does not wait for the others. */
static void test_bulk_in_portions(void **state)
{
    (void)state;
    enum { MANY = 3 * LOOP_BULK_PER_TURN + 5 };
    static struct conn conns[MANY];
    static const struct conn_ops ops = {.on_flush = on_counted_flush};
    struct clock clock = *clock_system();
    struct loop_options o = {.clock = &clock};
    struct loop *l;
    assert_int_equal(loop_new(&o, &l), ERR_OK);
    atomic_store(&l->thread_self, (uintptr_t)pthread_self());
    unsigned flushes[MANY] = {0};
    struct bulk_lane lane;
    bulk_lane_init(&lane);
    for (size_t i = 0; i < MANY; i++) {
        conns[i] = (struct conn){.magic = CONN_MAGIC, .state = CONN_OPEN, .loop = l};
        conns[i].ops = &ops;
        conns[i].owner = &flushes[i];
        conn_mark_bulk(&conns[i], &lane);
    }
    conn_mark_dirty(&conns[MANY - 1]);
    uv_run(loop_uv(l), UV_RUN_NOWAIT);
    assert_int_equal(flushes[MANY - 1], 1);
    unsigned sum = 0;
    for (size_t i = 0; i < MANY; i++)
        sum += flushes[i];
    assert_in_range(sum, 1, 2 * LOOP_BULK_PER_TURN + 1); /* a turn may end twice in one run */
    for (size_t i = 0; i < MANY && !loop_bulk_empty(l); i++)
        uv_run(loop_uv(l), UV_RUN_NOWAIT);
    for (size_t i = 0; i < MANY; i++)
        assert_int_equal(flushes[i], 1);
    loop_join(&l);
}

/* One of a lane, whose writing is so much. */
struct written {
    unsigned flushes;
    size_t bytes;
};

static void on_writing_flush(struct conn *c, void *owner)
{
    struct written *w = owner;
    w->flushes++;
    c->loop->sent_bytes += w->bytes;
}

enum { LANE = 60 };

/* A loop that this thread runs, with two lanes of it: the first writes much, and was there first.
 */
struct lanes {
    struct clock clock;
    struct loop *loop;
    struct bulk_lane lane[2];
    struct conn conns[2][LANE];
    struct written written[2][LANE];
};

static void open_lanes(struct lanes *x, size_t bytes)
{
    static const struct conn_ops ops = {.on_flush = on_writing_flush};
    *x = (struct lanes){.clock = *clock_system()};
    struct loop_options o = {.clock = &x->clock};
    assert_int_equal(loop_new(&o, &x->loop), ERR_OK);
    atomic_store(&x->loop->thread_self, (uintptr_t)pthread_self());
    for (size_t i = 0; i < 2; i++) {
        bulk_lane_init(&x->lane[i]);
        for (size_t k = 0; k < LANE; k++) {
            x->written[i][k].bytes = i == 0 ? bytes : 0;
            x->conns[i][k] = (struct conn){.magic = CONN_MAGIC,
                                           .state = CONN_OPEN,
                                           .loop = x->loop,
                                           .ops = &ops,
                                           .owner = &x->written[i][k]};
            conn_mark_bulk(&x->conns[i][k], &x->lane[i]);
        }
    }
}

static unsigned flushed(const struct lanes *x, size_t lane)
{
    unsigned sum = 0;
    for (size_t k = 0; k < LANE; k++)
        sum += x->written[lane][k].flushes;
    return sum;
}

/* Who writes little does not wait for who writes much; nobody is left out, and none comes twice. */
static void test_lanes_take_turns(void **state)
{
    (void)state;
    enum { TIMES = 8 };
    static struct lanes x;
    open_lanes(&x, (TIMES - 1) * LOOP_BULK_CALL);
    while (flushed(&x, 1) < LANE)
        uv_run(loop_uv(x.loop), UV_RUN_NOWAIT);
    /* As much for one lane as for the other, and a turn's portion. */
    assert_in_range(flushed(&x, 0), LANE / TIMES / 2,
                    LANE / TIMES + LOOP_BULK_PER_TURN / TIMES + 2);
    for (unsigned i = 0; i < LANE * TIMES && !loop_bulk_empty(x.loop); i++)
        uv_run(loop_uv(x.loop), UV_RUN_NOWAIT);
    for (size_t i = 0; i < 2 * LANE; i++)
        assert_int_equal(x.written[i / LANE][i % LANE].flushes, 1);
    loop_join(&x.loop);
}

/* What is held waits, and nothing else does; a lane that goes leaves its connections to the loop.
 */
static void test_lane_held(void **state)
{
    (void)state;
    static struct lanes x;
    open_lanes(&x, 0);
    x.lane[0].held = true;
    loop_hold_bulk(x.loop, true);
    for (unsigned i = 0; i < LANE; i++)
        uv_run(loop_uv(x.loop), UV_RUN_NOWAIT);
    assert_int_equal(flushed(&x, 0), 0);
    assert_int_equal(flushed(&x, 1), LANE);
    assert_false(loop_bulk_empty(x.loop));
    bulk_lane_deinit(&x.lane[0]);
    assert_true(loop_bulk_empty(x.loop));
    uv_run(loop_uv(x.loop), UV_RUN_NOWAIT);
    assert_int_equal(flushed(&x, 0), LANE);
    loop_join(&x.loop);
}

static void test_queue_keeps_the_order(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    static char got[BLOCK_BYTES];
    client_send(fd, "b");
    fixture_await(&p.told); /* nobody reads yet, so most of it is queued */
    assert_int_equal(atomic_load(&p.drained), 0);
    for (int i = 0; i < BLOCKS; i++) {
        assert_int_equal(recv(fd, got, sizeof got, MSG_WAITALL), BLOCK_BYTES);
        assert_memory_equal(got, block, sizeof got);
    }
    read_text(fd, "end");
    FIXTURE_UNTIL(atomic_load(&p.drained) == 1);
    probe_stop(&p, fd);
}

static void test_queue_refuses_beyond_its_maximum(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    client_send(fd, "o");
    probe_stop(&p, -1); /* it is closed without our help */
    close(fd);
    assert_true(p.refused);
    assert_true(p.sends_ok >= CONN_QUEUE_BYTES_MAX / BLOCK_BYTES);
    /* What the kernel took came on top. */
    assert_true(p.sends_ok < 2 * CONN_QUEUE_BYTES_MAX / BLOCK_BYTES);
}

static void on_turn_task(struct task *t, struct loop *l)
{
    struct probe *p = LIST_OWNER(&t->letter, struct probe, resume.letter);
    (void)l;
    sem_post(&p->told);
}

static void on_resume_task(struct task *t, struct loop *l)
{
    struct probe *p = LIST_OWNER(&t->letter, struct probe, resume.letter);
    (void)l;
    p->read_while_paused = p->read;
    conn_resume(p->conn);
}

static void test_pause_and_resume(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    client_send(fd, "p");
    fixture_await(&p.told);
    client_send(fd, "d");
    /* The byte lies in the server's socket. Two whole turns later it would have been read. */
    for (int i = 0; i < 2; i++) {
        p.resume.run = on_turn_task;
        loop_post(p.f->loops[0], &p.resume);
        fixture_await(&p.told);
    }
    p.resume.run = on_resume_task;
    loop_post(p.f->loops[0], &p.resume);
    read_text(fd, "flush.");
    probe_stop(&p, fd);
    assert_int_equal(p.read_while_paused, 1);
    assert_int_equal(p.read, 2);
}

static void test_close_is_told_once(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    client_send(fd, "cddd");
    assert_true(client_is_ended(fd));
    probe_stop(&p, fd);
    assert_int_equal(p.read, 1);
    assert_true(p.refused);
}

/* The client still talks when the server says good-bye; it must read the last words nevertheless.
 */
static void test_close_after_flush_lets_the_peer_read(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct probe p;
        int fd = probe_start(&p);
        static char junk[100 * 1024];
        client_send(fd, "l");
        client_send_bytes(fd, junk, sizeof junk);
        read_text(fd, "flush.");
        char c;
        assert_int_equal(recv(fd, &c, 1, 0), 0); /* FIN, not a reset */
        probe_stop(&p, fd);
        assert_int_equal(p.flushes, 1);
        assert_int_equal(p.read, 1);
    }
}

/* A peer that neither reads to the end nor leaves is let go of after CONN_DRAIN_MS. */
static void test_close_after_flush_does_not_wait_forever(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    client_send(fd, "l");
    read_text(fd, "flush.");
    uint64_t begun_ms = fixture_now_ms();
    fixture_await(&p.told);
    assert_true(fixture_now_ms() - begun_ms < CONN_DRAIN_MS + 3000);
    sem_post(&p.told);
    probe_stop(&p, fd);
}

static void test_peer_that_leaves_is_told_once(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    probe_stop(&p, fd);
}

static void test_move_to_another_loop(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start_on(&p, 2);
    for (int i = 0; i < 50; i++) {
        struct loop *before = atomic_load(&p.at);
        client_send(fd, "m");
        fixture_await(&p.told);
        assert_ptr_not_equal(atomic_load(&p.at), before);
        client_send(fd, "d");
        read_text(fd, "flush.");
        assert_int_equal(http_server_connections(p.f->server), 1);
    }
    probe_stop(&p, fd);
    assert_int_equal(p.flushes, 50);
}

/* Wherever it is, or on its way: closing the server finds it. */
static void test_close_all_finds_moved_ones(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct probe p;
        int fd = probe_start_on(&p, 2);
        client_send(fd, "m");
        if (i % 2)
            fixture_await(&p.told);
        http_server_close_all(p.f->server);
        assert_int_equal(http_server_connections(p.f->server), 0);
        assert_true(client_is_ended(fd));
        probe_stop(&p, fd);
    }
}

static void test_stop_closes_what_is_open(void **state)
{
    (void)state;
    struct probe p;
    int fd = probe_start(&p);
    struct fixture *f = p.f;
    workers_stop(f->workers);
    loop_stop(f->loops[0]);
    loop_join(&f->loops[0]);
    assert_true(client_is_ended(fd));
    assert_int_equal(p.closes, 1);
    close(fd);
    http_server_free(&f->server);
    workers_free(&f->workers);
    metrics_free(&f->metrics);
    mem_free(MEM_NET, f);
    sem_destroy(&p.told);
    assert_int_equal(mem_bytes(MEM_NET), 0);
}

static int fill_block(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i * 31 + i / 251);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dirty_is_flushed_once_a_turn),
        cmocka_unit_test(test_dirty_again_in_the_flush),
        cmocka_unit_test(test_bulk),
        cmocka_unit_test(test_bulk_in_portions),
        cmocka_unit_test(test_lanes_take_turns),
        cmocka_unit_test(test_lane_held),
        cmocka_unit_test(test_queue_keeps_the_order),
        cmocka_unit_test(test_queue_refuses_beyond_its_maximum),
        cmocka_unit_test(test_pause_and_resume),
        cmocka_unit_test(test_close_is_told_once),
        cmocka_unit_test(test_close_after_flush_lets_the_peer_read),
        cmocka_unit_test(test_close_after_flush_does_not_wait_forever),
        cmocka_unit_test(test_peer_that_leaves_is_told_once),
        cmocka_unit_test(test_move_to_another_loop),
        cmocka_unit_test(test_close_all_finds_moved_ones),
        cmocka_unit_test(test_stop_closes_what_is_open),
    };
    return cmocka_run_group_tests(tests, fill_block, NULL);
}
