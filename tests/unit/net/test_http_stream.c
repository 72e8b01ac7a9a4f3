/* Bodies and replies that pass in pieces: in order, bounded, and given back however they end. */

#include "net_fixture.h"

enum { STREAM_MAX = 16 * 1024 * 1024, BODY_BYTES = 300 * 1024, BIG_BYTES = 12 * 1024 * 1024 };

/* What the handler below does and has seen. Written by loops, read by the test after a reply or
 * through the atomics. */
static struct {
    struct fixture *f;
    sem_t piece;               /* hold: posted for each */
    struct http_exchange *has; /* hold: whose */
    bool hold;
    bool on_workers;
    enum err refuse; /* the second piece */
    size_t max;
    _Atomic uint64_t sum; /* of the bytes, with their places */
    size_t cut_after;     /* of a reply: then it fails */
    struct job job;
    _Atomic unsigned pieces;
    _Atomic size_t bytes;
    _Atomic unsigned released;
} T;

static uint64_t add_bytes(uint64_t sum, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + (unsigned char)data[i];
    return sum;
}

static void on_upload(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    x->admitted = ERR_OK;
    x->streams = true;
    x->stream_bytes_max = T.max;
    x->user = &T;
    http_admit(x);
}

static bool takes_stream(void *ctx, const struct http_request *r)
{
    (void)ctx;
    return slice_eq_cstr(r->path, "/in");
}

static void take_piece(struct http_exchange *x)
{
    assert_true(x->piece.len > 0 && x->piece.len <= 32 * 1024);
    T.sum = add_bytes(T.sum, x->piece.data, x->piece.len);
    T.bytes += x->piece.len;
    T.pieces++;
    x->admitted = T.pieces == 2 ? T.refuse : ERR_OK;
}

static void on_job(struct job *j)
{
    (void)j;
    struct http_exchange *x = T.has;
    take_piece(x);
    http_stream_next_post(x);
}

static void on_piece(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    assert_ptr_equal(x->user, &T);
    T.has = x;
    if (T.on_workers) {
        T.job = (struct job){.class = JOB_FILE, .run = on_job};
        assert_int_equal(workers_submit_owed(T.f->workers, &T.job), ERR_OK);
    } else if (T.hold) {
        take_piece(x);
        sem_post(&T.piece);
    } else {
        take_piece(x);
        http_stream_next(x);
    }
}

static void fill(struct http_exchange *x, size_t len)
{
    assert_true(buf_reserve(&x->body, len));
    memset(x->body.data, 'y', len);
    x->body.len = len;
}

static void on_more(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    size_t sent = BIG_BYTES - x->rest;
    bool cut = T.cut_after > 0 && sent >= T.cut_after;
    x->admitted = cut ? ERR_STORE_IO : ERR_OK;
    if (!cut)
        fill(x, x->rest < 65536 ? x->rest : 65536);
    T.pieces++;
    http_stream_next_post(x);
}

static void on_release(void *ctx, struct http_exchange *x)
{
    (void)ctx;
    assert_ptr_equal(x->user, &T);
    T.released++;
}

/* /in: how much came. /out: a large reply. */
static void on_request(void *ctx, struct http_exchange *x)
{
    x->status = 200;
    x->content_type = SLICE("text/plain");
    if (fixture_path(x, "/in")) {
        assert_true(!x->request->is_upload || x->request->body.len == 0);
        x->user = NULL;
        buf_printf(&x->body, "%zu", (size_t)T.bytes + x->request->body.len);
        http_reply(x);
    } else if (fixture_path(x, "/out")) {
        x->user = &T;
        fill(x, 1000);
        x->rest = BIG_BYTES - 1000;
        http_reply(x);
    } else {
        fixture_on_request(ctx, x);
    }
}

static const char *body(void)
{
    static char text[BIG_BYTES];
    if (text[1] == '\0') /* made once, on the test's thread */
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = (char)(i * 7 + i / 251);
    return text;
}

static struct fixture *start(struct http_server_options o)
{
    memset(&T, 0, sizeof T);
    (void)body();
    sem_init(&T.piece, 0, 0);
    T.max = STREAM_MAX;
    o.limits.stream_bytes_max = STREAM_MAX;
    o.handler = (struct http_handler){.on_request = on_request,
                                      .on_upload = on_upload,
                                      .takes_stream = takes_stream,
                                      .on_piece = on_piece,
                                      .on_more = on_more,
                                      .on_release = on_release};
    return T.f = fixture_start(o, 1);
}

#define IN "POST /in HTTP/1.1\r\nHost: t\r\n"
#define LENGTH IN "Content-Length: 307200\r\n\r\n"
#define CHUNKED IN "Transfer-Encoding: chunked\r\n\r\n"

static void send_chunked(int fd, const char *data, size_t len, size_t step)
{
    char size[32];
    for (size_t at = 0; at < len; at += step) {
        size_t n = len - at < step ? len - at : step;
        snprintf(size, sizeof size, "%zx\r\n", n);
        client_send(fd, size);
        client_send_bytes(fd, data + at, n);
        client_send(fd, "\r\n");
    }
    client_send(fd, "0\r\n\r\n");
}

static void expect_whole(int fd, size_t bytes)
{
    char text[32];
    struct reply r;
    client_read_ok(fd, &r);
    snprintf(text, sizeof text, "%zu", bytes);
    assert_string_equal(r.body, text);
    assert_true(T.sum == add_bytes(0, body(), bytes));
    T.bytes = 0;
    T.sum = 0;
    T.pieces = 0;
}

static void check_in(bool on_workers)
{
    struct fixture *f = start(fixture_defaults());
    T.on_workers = on_workers;
    int fd = client_dial(f);
    for (int i = 0; i < 2; i++) {
        client_send(fd, LENGTH);
        client_send_bytes(fd, body(), BODY_BYTES);
        expect_whole(fd, BODY_BYTES);
        client_send(fd, CHUNKED);
        send_chunked(fd, body(), BODY_BYTES, 997);
        expect_whole(fd, BODY_BYTES);
        client_send(fd, CHUNKED);
        send_chunked(fd, body(), BODY_BYTES, BODY_BYTES);
        expect_whole(fd, BODY_BYTES);
        /* Nothing at all, in a body that streams. */
        client_send(fd, CHUNKED "0\r\n\r\n");
        expect_whole(fd, 0);
    }
    /* What follows a stream is kept for its turn. */
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), BODY_BYTES);
    client_send(fd, "GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    expect_whole(fd, BODY_BYTES);
    struct reply r;
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "hello");
    assert_int_equal(T.released, 0);
    close(fd);
    fixture_stop(f);
}

static void test_in(void **state)
{
    (void)state;
    check_in(false);
}

static void test_in_on_workers(void **state)
{
    (void)state;
    check_in(true);
}

static void *run_sender(void *arg)
{
    int fd = *(int *)arg;
    client_send(fd, IN "Content-Length: 12582912\r\n\r\n");
    client_send_bytes(fd, body(), BIG_BYTES);
    return NULL;
}

/* The handler takes its time: what has come beyond a piece and a window stays in the kernel. */
static void test_backpressure(void **state)
{
    (void)state;
    struct fixture *f = start(fixture_defaults());
    T.hold = true;
    int fd = client_dial(f);
    size_t idle = mem_bytes(MEM_NET) + mem_bytes(MEM_WIRE), most = 0;
    pthread_t sender;
    assert_int_equal(pthread_create(&sender, NULL, run_sender, &fd), 0);
    while (T.bytes < BIG_BYTES) {
        fixture_await(&T.piece);
        size_t now = mem_bytes(MEM_NET) + mem_bytes(MEM_WIRE);
        most = now > most ? now : most;
        http_stream_next_post(T.has);
    }
    pthread_join(sender, NULL);
    expect_whole(fd, BIG_BYTES);
    assert_true(most - idle < 256 * 1024);
    close(fd);
    fixture_stop(f);
}

static void expect_refused(int fd, int status)
{
    struct reply r;
    assert_true(client_read(fd, &r));
    assert_int_equal(r.status, status);
    assert_true(reply_has(&r, "connection: close\r\n"));
    close(fd);
}

static void test_refused_in_the_middle(void **state)
{
    (void)state;
    struct fixture *f = start(fixture_defaults());
    T.refuse = ERR_STORE_FULL;
    int fd = client_dial(f);
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), BODY_BYTES);
    expect_refused(fd, 507);
    FIXTURE_UNTIL(T.released == 1);
    assert_int_equal(T.pieces, 2);
    fixture_stop(f);
}

static void test_limits(void **state)
{
    (void)state;
    struct fixture *f = start(fixture_defaults());
    /* Declared: nothing of it is read. */
    int fd = client_dial(f);
    client_send(fd, IN "Content-Length: 16777217\r\n\r\n");
    expect_refused(fd, 413);
    assert_int_equal(T.released, 0); /* nobody was asked */
    T.max = BODY_BYTES - 1;
    fd = client_dial(f);
    client_send(fd, LENGTH);
    expect_refused(fd, 413);
    FIXTURE_UNTIL(T.released == 1);
    assert_int_equal(T.pieces, 0);
    /* Not declared: when it is too much. */
    fd = client_dial(f);
    client_send(fd, CHUNKED);
    for (size_t at = 0; at < BODY_BYTES; at += 1024) {
        client_send(fd, "400\r\n");
        client_send_bytes(fd, body() + at, 1024);
        client_send(fd, "\r\n");
    }
    expect_refused(fd, 413);
    FIXTURE_UNTIL(T.released == 2);
    assert_true(T.bytes < BODY_BYTES);
    /* A body that streams is no way around the limits of one that does not. */
    fd = client_dial(f);
    client_send(fd,
                "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n4b000\r\n");
    expect_refused(fd, 413);
    fixture_stop(f);
}

static void test_so_many(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.streams_max = 2;
    o.stream_bytes_total_max = 3 * BODY_BYTES / 2;
    struct fixture *f = start(o);
    int first = client_dial(f), second = client_dial(f), third = client_dial(f);
    client_send(first, LENGTH);
    client_send_bytes(first, body(), 100000);
    FIXTURE_UNTIL(T.bytes > 0);
    client_send(second, LENGTH); /* together too many bytes */
    expect_refused(second, 503);
    FIXTURE_UNTIL(T.released == 1);
    second = client_dial(f);
    client_send(second, CHUNKED "5\r\nabcde\r\n");
    client_send(third, CHUNKED "5\r\nabcde\r\n");
    /* One of the two was the third. */
    fd_set set;
    FD_ZERO(&set);
    FD_SET(second, &set);
    FD_SET(third, &set);
    struct timeval t = {.tv_sec = FIXTURE_WAIT_S};
    assert_true(select((second > third ? second : third) + 1, &set, NULL, NULL, &t) > 0);
    int refused = FD_ISSET(second, &set) ? second : third;
    expect_refused(refused, 503);
    close(refused == second ? third : second);
    FIXTURE_UNTIL(T.released == 3);
    /* Their room is free again. */
    client_send_bytes(first, body() + 100000, BODY_BYTES - 100000);
    struct reply r;
    client_read_ok(first, &r);
    client_send(first, LENGTH);
    client_send_bytes(first, body(), BODY_BYTES);
    client_read_ok(first, &r);
    close(first);
    fixture_stop(f);
}

static void reset(int fd)
{
    struct linger l = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close(fd);
}

static void test_peer_leaves(void **state)
{
    (void)state;
    struct fixture *f = start(fixture_defaults());
    /* While it is read. */
    int fd = client_dial(f);
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), 40000);
    FIXTURE_UNTIL(T.bytes > 0);
    reset(fd);
    FIXTURE_UNTIL(T.released == 1);
    /* While the handler has a piece: given back when the handler does. */
    T.hold = true;
    fd = client_dial(f);
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), 20000);
    fixture_await(&T.piece);
    reset(fd);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    assert_int_equal(T.released, 1);
    http_stream_next_post(T.has);
    FIXTURE_UNTIL(T.released == 2);
    /* It said that no more comes, in the middle. */
    fd = client_dial(f);
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), 20000);
    fixture_await(&T.piece);
    shutdown(fd, SHUT_WR);
    http_stream_next_post(T.has);
    FIXTURE_UNTIL(T.released == 3);
    close(fd);
    FIXTURE_UNTIL(http_server_connections(f->server) == 0);
    fixture_stop(f);
}

static void test_bad_chunk(void **state)
{
    (void)state;
    struct fixture *f = start(fixture_defaults());
    int fd = client_dial(f);
    client_send(fd, CHUNKED "5\r\nabcdeX");
    expect_refused(fd, 400);
    FIXTURE_UNTIL(T.released == 1);
    fixture_stop(f);
}

/* Too slow is: not even 16 KiB in body_timeout_ms. */
static void test_trickle(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.body_timeout_ms = 200;
    struct fixture *f = start(o);
    int fd = client_dial(f);
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), 16 * 1024 - 1);
    expect_refused(fd, 408);
    FIXTURE_UNTIL(T.released == 1);
    /* A slow handler is not the peer's fault. */
    T.hold = true;
    T.bytes = 0;
    T.sum = 0;
    fd = client_dial(f);
    client_send(fd, LENGTH);
    client_send_bytes(fd, body(), BODY_BYTES);
    uint64_t until = fixture_now_ms() + 900;
    while (T.bytes < BODY_BYTES) {
        fixture_await(&T.piece);
        if (T.bytes < 100000)
            FIXTURE_UNTIL(fixture_now_ms() > until); /* more than all limits together */
        http_stream_next_post(T.has);
    }
    expect_whole(fd, BODY_BYTES);
    close(fd);
    fixture_stop(f);
}

static void test_out(void **state)
{
    (void)state;
    struct fixture *f = start(fixture_defaults());
    struct reply r;
    int fd = client_dial_buffered(f, 4096);
    size_t idle = mem_bytes(MEM_NET) + mem_bytes(MEM_WIRE), most = 0;
    client_send(fd, "GET /out HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_true(client_read_head(fd, &r));
    assert_true(reply_has(&r, "content-length: 12582912\r\n"));
    char chunk[4096];
    for (size_t left = BIG_BYTES; left > 0;) {
        ssize_t n = recv(fd, chunk, left < sizeof chunk ? left : sizeof chunk, 0);
        assert_true(n > 0);
        for (ssize_t i = 0; i < n; i++)
            assert_true(chunk[i] == 'y');
        left -= (size_t)n;
        size_t now = mem_bytes(MEM_NET) + mem_bytes(MEM_WIRE);
        most = now > most ? now : most;
    }
    assert_true(most - idle < 512 * 1024);
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "hello");
    assert_int_equal(T.released, 1);
    /* Only the head. */
    unsigned before = T.pieces;
    client_send(fd, "HEAD /out HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_true(client_read_head(fd, &r));
    assert_true(reply_has(&r, "content-length: 12582912\r\n"));
    client_read_ok(fd, &r);
    assert_string_equal(r.body, "hello");
    assert_int_equal(T.released, 2);
    assert_int_equal(T.pieces, before);
    close(fd);
    fixture_stop(f);
}

static void test_out_ends(void **state)
{
    (void)state;
    struct http_server_options o = fixture_defaults();
    o.write_timeout_ms = 300;
    struct fixture *f = start(o);
    struct reply r;
    /* The rest cannot be had: cut off, so that nobody takes it for the whole. */
    T.cut_after = 1024 * 1024;
    int fd = client_dial(f);
    client_send(fd, "GET /out HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_true(client_read_head(fd, &r));
    assert_false(client_read_body(fd, &r));
    close(fd);
    FIXTURE_UNTIL(T.released == 1);
    /* The peer leaves. */
    T.cut_after = 0;
    fd = client_dial_buffered(f, 4096);
    client_send(fd, "GET /out HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_true(client_read_head(fd, &r));
    reset(fd);
    FIXTURE_UNTIL(T.released == 2);
    /* The peer does not read. */
    fd = client_dial_buffered(f, 4096);
    client_send(fd, "GET /out HTTP/1.1\r\nHost: t\r\n\r\n");
    FIXTURE_UNTIL(T.released == 3);
    close(fd);
    fixture_stop(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in),           cmocka_unit_test(test_in_on_workers),
        cmocka_unit_test(test_backpressure), cmocka_unit_test(test_refused_in_the_middle),
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_so_many),
        cmocka_unit_test(test_peer_leaves),  cmocka_unit_test(test_bad_chunk),
        cmocka_unit_test(test_trickle),      cmocka_unit_test(test_out),
        cmocka_unit_test(test_out_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
