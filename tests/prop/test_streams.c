/*
 * Connections of every encoding and compression, given wide and narrow dispatches, payloads in
 * parts, large ones and control messages, flushed at random, cut and resumed at random, with
 * private contexts that are given up in between: each client, which inflates what it is sent with
 * zlib or zstd, message by message or byte by byte, reads exactly what was meant for it, one
 * message a frame. frames.c and narrow.c are the real ones; the socket and the loop are not.
 * GUILDHALL_SEED=n makes run n the first.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "base/random.h"
#include "gateway/gateway_priv.h"
#include "prop/seed.h"
#include "wire/deflate_stream.h"
#include "wire/etf.h"

enum {
    RUNS = 60,
    STEPS = 400,
    CLIENTS = 10,
    SHARED = 4,
    KEPT = 64, /* expected messages of a client */
    TEXT_MAX = 3 << 20,
};

struct client {
    struct gw_conn conn;
    struct session session;
    struct buf wire;     /* what came, whole frames */
    struct buf expected; /* texts, each after its length (size_t) */
    z_stream z;
    ZSTD_DCtx *d;
    bool open;
    uint64_t seen; /* sequence */
};

struct world {
    struct random_seeded random;
    uint64_t seed;
    struct hub hub;
    struct client clients[CLIENTS];
    struct bytes *shared[SHARED];
    uint64_t now_ms;
    bool byte_by_byte;
    uint64_t narrow; /* frames smaller than a fragment could be, of which contexts are the cause */
    uint64_t evictions;
    uint64_t waits; /* flushes that had to go on in the next turn */
    bool later;
};

static struct world *world;
static char text[TEXT_MAX];

/* The loop and the socket, as frames.c and narrow.c see them. */

static char scratch[LOOP_SCRATCH_BYTES];

char *loop_scratch(struct loop *l)
{
    (void)l;
    return scratch;
}

struct metrics *loop_metrics(const struct loop *l)
{
    (void)l;
    return NULL;
}

uint64_t loop_now_ms(const struct loop *l)
{
    (void)l;
    return world->now_ms;
}

void loop_timer_start(struct loop *l, struct timer *t, uint64_t delay_ms,
                      void (*fn)(struct timer *))
{
    (void)l;
    t->due_ms = world->now_ms + delay_ms;
    t->fn = fn;
    t->node.next = &t->node; /* linked */
    t->node.prev = &t->node;
}

void loop_timer_stop(struct timer *t)
{
    t->node = (struct list){0};
}

static struct client *client_of(struct conn *c)
{
    return (struct client *)(void *)c;
}

bool conn_send(struct conn *c, const void *data, size_t len)
{
    buf_append(&client_of(c)->wire, data, len);
    return true;
}

size_t conn_queued(const struct conn *c)
{
    (void)c;
    return 0;
}

void conn_mark_dirty(struct conn *c)
{
    (void)c;
    world->later = true;
}

bool conn_closing(const struct conn *c)
{
    (void)c;
    return false;
}

void gw_conn_frame(struct gw_conn *g, enum ws_opcode opcode, struct slice payload)
{
    uint8_t header[WS_HEADER_MAX];
    (void)conn_send(g->conn, header, ws_header_encode(header, opcode, payload.len));
    (void)conn_send(g->conn, payload.data, payload.len);
}

void gw_conn_close(struct gw_conn *g, enum err why)
{
    (void)g;
    fail_msg("GUILDHALL_SEED=%" PRIu64 ": closed with %d", world->seed, (int)why);
}

static uint64_t below(uint64_t bound)
{
    return random_seeded_next(&world->random) % bound;
}

/* The client's side. */

static bool is_stream(const struct client *c)
{
    return c->conn.compress == GW_ZLIB_STREAM || c->conn.compress == GW_ZSTD_STREAM;
}

static size_t inflate_more(z_stream *z, struct slice s, int *result)
{
    size_t step = world->byte_by_byte ? 1 : s.len;
    z->next_out = (Bytef *)text;
    z->avail_out = TEXT_MAX;
    for (size_t at = 0; at < s.len; at += step) {
        z->next_in = (Bytef *)(uintptr_t)(s.data + at);
        z->avail_in = (uInt)step;
        *result = inflate(z, Z_SYNC_FLUSH);
        if ((*result != Z_OK && *result != Z_BUF_ERROR) || z->avail_in != 0)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": inflate: %d", world->seed, *result);
    }
    return TEXT_MAX - z->avail_out;
}

static size_t zstd_more(ZSTD_DCtx *d, struct slice s)
{
    size_t step = world->byte_by_byte ? 1 : s.len;
    ZSTD_outBuffer out = {text, TEXT_MAX, 0};
    for (size_t at = 0; at < s.len; at += step) {
        ZSTD_inBuffer in = {s.data + at, step, 0};
        while (in.pos < in.size) {
            size_t result = ZSTD_decompressStream(d, &out, &in);
            if (ZSTD_isError(result))
                fail_msg("GUILDHALL_SEED=%" PRIu64 ": %s", world->seed, ZSTD_getErrorName(result));
        }
    }
    return out.pos;
}

static size_t read_per_message(struct slice s)
{
    z_stream z = {0};
    int result = Z_OK;
    assert_int_equal(inflateInit2(&z, -15), Z_OK);
    memcpy(scratch, s.data, s.len); /* large enough: see make_payload */
    memcpy(scratch + s.len, "\0\0\xff\xff", 4);
    bool bytes = world->byte_by_byte;
    world->byte_by_byte = false;
    size_t n = inflate_more(&z, slice_of(scratch, s.len + 4), &result);
    world->byte_by_byte = bytes;
    (void)inflateEnd(&z);
    return n;
}

/* The text of one frame. */
static struct slice read_frame(struct client *c, uint8_t first, struct slice s)
{
    bool deflated = (first & WS_BIT_COMPRESSED) != 0;
    int result = Z_OK;
    enum ws_opcode opcode = is_stream(c) || c->conn.encoding == GW_ETF ? WS_BINARY : WS_TEXT;
    assert_int_equal(first & 0x8F, 0x80 | (int)opcode);
    assert_true(!deflated || c->conn.compress == GW_PER_MESSAGE);
    if (c->conn.compress == GW_ZLIB_STREAM) {
        assert_true(s.len >= 4 && memcmp(s.data + s.len - 4, "\0\0\xff\xff", 4) == 0);
        return slice_of(text, inflate_more(&c->z, s, &result));
    }
    if (c->conn.compress == GW_ZSTD_STREAM)
        return slice_of(text, zstd_more(c->d, s));
    return deflated ? slice_of(text, read_per_message(s)) : s;
}

/* Everything that came is what was expected, and what was flushed has come. */
static void client_read(struct client *c)
{
    size_t at = 0;
    while (at < c->wire.len) {
        const uint8_t *p = (const uint8_t *)c->wire.data + at;
        size_t head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10;
        size_t len = p[1] < 126 ? p[1] : 0;
        for (size_t i = 2; i < head; i++)
            len = len << 8 | p[i];
        assert_true(at + head + len <= c->wire.len);
        struct slice got = read_frame(c, p[0], slice_of((const char *)p + head, len));
        size_t want;
        assert_true(c->expected.len >= sizeof want);
        memcpy(&want, c->expected.data, sizeof want);
        if (got.len != want || memcmp(got.data, c->expected.data + sizeof want, want) != 0)
            fail_msg("GUILDHALL_SEED=%" PRIu64 ": %zu bytes read, %zu meant", world->seed, got.len,
                     want);
        buf_consume(&c->expected, sizeof want + want);
        at += head + len;
    }
    buf_reset(&c->wire);
}

static void expect(struct client *c, struct slice prefix, struct slice rest)
{
    size_t len = prefix.len + rest.len;
    buf_append(&c->expected, &len, sizeof len);
    buf_append_slice(&c->expected, prefix);
    buf_append_slice(&c->expected, rest);
    assert_false(c->expected.failed);
}

static void expect_dispatch(struct client *c, uint64_t seq)
{
    const struct bytes *payload = replay_get(&c->session.replay, seq);
    char *flat = mem_must(MEM_MAIN, payload->total);
    char head[ETF_HEAD_MAX];
    bytes_copy(payload, flat);
    struct slice json = slice_of(flat, payload->total);
    if (c->conn.encoding == GW_ETF) {
        struct etf_writer w;
        struct buf etf;
        buf_init(&etf, MEM_MAIN, TEXT_MAX);
        etf_begin_pairs(&w, &etf, true);
        etf_text(&w, slice_of(json.data, json.len - 1)); /* without the brace */
        assert_true(etf_end(&w));
        expect(c, slice_of(head, etf_dispatch_head(head, seq, w.levels[0].count)), buf_slice(&etf));
        buf_deinit(&etf);
    } else {
        int n = snprintf(head, sizeof head, "{\"s\":%" PRIu64 ",", seq);
        expect(c, slice_of(head, (size_t)n), json);
    }
    mem_free(MEM_MAIN, flat);
}

static void client_open(struct client *c)
{
    struct session *s = &c->session;
    enum gw_compress compress = (enum gw_compress)below(4);
    c->conn = (struct gw_conn){.magic = GW_CONN_MAGIC, .hub = &world->hub, .session = s};
    c->conn.conn = (struct conn *)(void *)c;
    c->conn.encoding = (uint8_t)below(2);
    c->conn.compress = (uint8_t)compress;
    if (compress == GW_ZLIB_STREAM)
        c->conn.stream = mem_must(MEM_GATEWAY, sizeof *c->conn.stream);
    s->conn = &c->conn;
    c->z = (z_stream){0};
    assert_int_equal(inflateInit2(&c->z, 15), Z_OK);
    c->d = ZSTD_createDCtx();
    c->open = true;
}

static void client_close(struct client *c)
{
    if (!c->open)
        return;
    if (c->conn.stream != NULL)
        narrow_release(&world->hub.narrow, c->conn.stream);
    mem_free(MEM_GATEWAY, c->conn.stream);
    (void)inflateEnd(&c->z);
    ZSTD_freeDCtx(c->d);
    buf_reset(&c->wire);
    buf_reset(&c->expected);
    c->session.conn = NULL;
    c->open = false;
}

/* What the server does. */

static void put_words(struct buf *b, size_t bytes)
{
    static const char *const WORDS[] = {"\"id\":\"1300000000000000001\"",
                                        "\"username\":\"somebody\"",
                                        "\"content\":\"h\\u00e9llo w\\\"orld\"",
                                        "\"flags\":0",
                                        "\"timestamp\":\"2026-11-21T14:48:47.000000+00:00\"",
                                        "\"embeds\":[]",
                                        "\"nested\":{\"a\":[1,2.5,null,true]}"};
    size_t end = b->len + bytes;
    while (b->len < end) {
        char noise[40];
        buf_append_cstr(b, WORDS[below(sizeof WORDS / sizeof WORDS[0])]);
        int n = snprintf(noise, sizeof noise, ",\"n%" PRIu64 "\":%" PRIu64 ",", below(1000000),
                         random_seeded_next(&world->random) >> below(64));
        buf_append(b, noise, (size_t)n);
    }
    b->len--; /* the last comma */
}

static struct bytes *make_payload(void)
{
    struct buf b;
    struct rope r = {0};
    buf_init(&b, MEM_MAIN, TEXT_MAX);
    buf_append_cstr(&b, "\"t\":\"MESSAGE_CREATE\",\"op\":0,\"d\":{");
    put_words(&b, below(40) == 0 ? 200000 : below(8) == 0 ? 1 + below(20000) : 1 + below(900));
    for (uint64_t parts = below(6) == 0 ? 1 + below(3) : 0; parts > 0; parts--) {
        char key[32];
        int n = snprintf(key, sizeof key, ",\"g%" PRIu64 "\":{", parts);
        buf_append(&b, key, (size_t)n);
        rope_add(&r, buf_slice(&b), world->shared[below(SHARED)]);
        buf_reset(&b);
        buf_append_cstr(&b, ",\"own\":[{\"x\":\"y\"}]}");
    }
    buf_append_cstr(&b, "}}");
    assert_false(b.failed);
    struct bytes *made = r.first == NULL ? bytes_new(buf_slice(&b)) : NULL;
    if (r.first != NULL) {
        rope_add(&r, buf_slice(&b), NULL);
        made = rope_end(&r);
    }
    buf_deinit(&b);
    assert_non_null(made);
    return made;
}

static void push(struct client *c, struct bytes *payload)
{
    if (c->session.replay.count >= KEPT)
        return;
    assert_true(replay_push(&c->session.replay, payload));
}

static void flush(struct client *c)
{
    struct session *s = &c->session;
    if (!c->open)
        return;
    for (uint64_t seq = s->replay.sent + 1; seq <= s->replay.seq; seq++)
        expect_dispatch(c, seq);
    /* Turn after turn; most often there is work left of the turn before. */
    for (;;) {
        world->later = false;
        session_flush(s);
        if (!world->later)
            break;
        world->waits++;
        forms_turn(world->hub.forms);
    }
    assert_int_equal(s->replay.sent, s->replay.seq);
    client_read(c);
    assert_int_equal(c->expected.len, 0);
    c->seen = s->replay.seq;
}

static void control(struct client *c)
{
    struct slice json = below(2) == 0 ? SLICE("{\"t\":null,\"s\":null,\"op\":11,\"d\":null}")
                                      : SLICE("{\"t\":null,\"s\":null,\"op\":9,\"d\":false}");
    if (!c->open)
        return;
    if (c->conn.encoding == GW_ETF) {
        struct buf etf;
        struct etf_writer w;
        buf_init(&etf, MEM_MAIN, TEXT_MAX);
        etf_begin_message(&w, &etf);
        etf_text(&w, json);
        expect(c, buf_slice(&etf), SLICE(""));
        buf_deinit(&etf);
    } else {
        expect(c, json, SLICE(""));
    }
    gw_conn_send(&c->conn, json);
    client_read(c);
    assert_int_equal(c->expected.len, 0);
}

/* A heartbeat confirms; a cut loses what was flushed last; a resume goes on with what was seen. */
static void cut(struct client *c)
{
    uint64_t lost = below(c->session.replay.count + 1);
    bool was_open = c->open;
    client_close(c);
    if (!was_open)
        return;
    c->seen = c->session.replay.sent - (lost < c->session.replay.sent ? lost : 0);
    if (!replay_rewind(&c->session.replay, c->seen))
        c->seen = c->session.replay.sent;
    client_open(c);
}

static void pass_time(void)
{
    struct timer *t = &world->hub.narrow.timer;
    world->now_ms += below(NARROW_IDLE_MS);
    if (t->node.next != NULL && t->due_ms <= world->now_ms) {
        loop_timer_stop(t);
        t->fn(t);
        world->evictions++;
    }
}

static void step(void)
{
    struct client *c = &world->clients[below(CLIENTS)];
    struct bytes *payload = NULL;
    switch (below(12)) {
    case 0:
    case 1:
    case 2:
        payload = make_payload();
        for (size_t i = 0; i < CLIENTS; i++)
            push(&world->clients[i], payload);
        break;
    case 3:
    case 4:
    case 5:
    case 6:
        payload = make_payload();
        push(c, payload);
        break;
    case 7:
        control(c);
        break;
    case 8:
        flush(c);
        replay_confirm(&c->session.replay, c->seen - below(3) % (c->seen + 1));
        control(c);
        break;
    case 9:
        if (below(4) == 0)
            cut(c);
        break;
    case 10:
        pass_time();
        break;
    default:
        for (size_t i = 0; i < CLIENTS; i++)
            flush(&world->clients[i]);
        break;
    }
    bytes_unref(&payload);
    if (c->conn.stream != NULL && c->open && c->conn.stream->narrow != NULL)
        world->narrow++;
}

static void world_begin(struct world *w, uint64_t seed)
{
    *w = (struct world){.seed = seed, .byte_by_byte = seed % 3 == 0};
    world = w;
    random_seeded_init(&w->random, seed);
    narrow_pool_init(&w->hub.narrow, NULL);
    w->hub.narrow.max = 1 + (unsigned)below(CLIENTS);
    for (size_t i = 0; i < SHARED; i++) {
        struct buf b;
        buf_init(&b, MEM_MAIN, TEXT_MAX);
        put_words(&b, 1 + below(30000));
        w->shared[i] = bytes_new(buf_slice(&b));
        buf_deinit(&b);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = &w->clients[i];
        c->session.hub = &w->hub;
        buf_init(&c->wire, MEM_MAIN, 64 << 20);
        buf_init(&c->expected, MEM_MAIN, 64 << 20);
        client_open(c);
    }
}

static void world_end(struct world *w)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        struct client *c = &w->clients[i];
        flush(c);
        client_close(c);
        replay_deinit(&c->session.replay);
        buf_deinit(&c->wire);
        buf_deinit(&c->expected);
    }
    assert_int_equal(w->hub.narrow.count, 0);
    forms_free(&w->hub.forms);
    for (size_t i = 0; i < SHARED; i++)
        bytes_unref(&w->shared[i]);
}

static void test_every_client_reads_what_was_meant(void **state)
{
    (void)state;
    static struct world w;
    uint64_t first = first_seed();
    uint64_t narrow = 0;
    uint64_t evictions = 0;
    uint64_t waits = 0;
    size_t live = bytes_live();
    size_t wire = mem_bytes(MEM_WIRE);
    for (uint64_t seed = first; seed < first + rounds(RUNS); seed++) {
        world_begin(&w, seed);
        for (int i = 0; i < STEPS; i++)
            step();
        world_end(&w);
        narrow += w.narrow;
        evictions += w.evictions;
        waits += w.waits;
        assert_int_equal(bytes_live(), live);
        assert_int_equal(mem_bytes(MEM_WIRE), wire);
    }
    /* What is meant to be tested happened. */
    assert_true(narrow > 100);
    assert_true(evictions > 10);
    assert_true(waits > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_client_reads_what_was_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
