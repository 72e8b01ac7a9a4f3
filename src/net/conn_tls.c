/*
 * TLS on a connection. What is difficult is that nothing above may notice: a turn's bytes leave in
 * one system call, a connection may end inside any call, and move to another loop.
 *
 * The peer's bytes are decrypted all at once, as many as one read brings, so that nothing decrypted
 * waits inside OpenSSL while the connection is paused. The stream is made when the first bytes
 * come: a socket that stays silent costs no more than a plain one. The buffers are the loop's: they
 * are used within one call only.
 *
 * A handshake costs a signature, up to a millisecond. A loop begins few in a turn, and leaves the
 * first bytes of the others in the kernel meanwhile: else a thousand clients that come at once
 * would stop everybody else for a second.
 */

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "net/conn_priv.h"
#include "net/loop_priv.h"

enum {
    CHUNK_BYTES = 256 * 1024, /* of plaintext, between two system calls */
    OUT_BYTES_MAX = CHUNK_BYTES + CHUNK_BYTES / TLS_RECORD_BYTES * TLS_RECORD_EXTRA + 64 * 1024,
    /* What a read brings, the record that it completes, and the room that a last read asks for */
    PLAIN_BYTES_MAX = LOOP_READ_BYTES + 2 * TLS_RECORD_BYTES,
    LINGER_MS = 1000,
    RECORD_HANDSHAKE = 22, /* the first byte that TLS says (RFC 8446 §5.1) */
};

void loop_tls_init(struct loop_tls *t)
{
    buf_init(&t->plain, MEM_NET, PLAIN_BYTES_MAX);
    buf_init(&t->joined, MEM_NET, TLS_RECORD_BYTES);
    buf_init(&t->out, MEM_NET, OUT_BYTES_MAX);
}

void loop_tls_deinit(struct loop_tls *t)
{
    buf_deinit(&t->plain);
    buf_deinit(&t->joined);
    buf_deinit(&t->out);
}

void conn_tls_begin(struct conn *c)
{
    c->secure = true;
    loop_timer_start(c->loop, &c->timer, c->home->handshake_timeout_ms, conn_on_out_of_time);
}

bool conn_tls_must_wait(const struct conn *c)
{
    return c->tls == NULL && c->loop->tls.handshakes >= LOOP_HANDSHAKES_PER_TURN;
}

/* What a stream wrote leaves. False: the connection is closing. */
static bool send_out(struct conn *c)
{
    struct buf *out = &c->loop->tls.out;
    bool sent = !out->failed && (out->len == 0 || conn_send_raw(c, out->data, out->len, "", 0));
    if (out->failed)
        conn_fail(c);
    buf_reset(out);
    return sent;
}

static bool write_plain(struct conn *c, const char *data, size_t len)
{
    bool good = true;
    while (good && len > 0) {
        size_t n = len < CHUNK_BYTES ? len : CHUNK_BYTES;
        good = tls_stream_write(c->tls, slice_of(data, n), &c->loop->tls.out);
        if (!good)
            conn_fail(c);
        good = send_out(c) && good;
        data += n;
        len -= n;
    }
    return good;
}

/* Two pieces become one record, as far as one goes. */
bool conn_tls_send(struct conn *c, const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (c->tls == NULL || !tls_stream_ready(c->tls)) {
        conn_fail(c);
        return false;
    }
    if (a_len >= TLS_RECORD_BYTES || b_len == 0)
        return write_plain(c, a, a_len) && write_plain(c, b, b_len);
    size_t n = b_len < TLS_RECORD_BYTES - a_len ? b_len : TLS_RECORD_BYTES - a_len;
    struct buf *joined = &c->loop->tls.joined;
    buf_reset(joined);
    buf_append(joined, a, a_len);
    buf_append(joined, b, n);
    if (joined->failed) {
        conn_fail(c);
        return false;
    }
    return write_plain(c, joined->data, joined->len) && write_plain(c, b + n, b_len - n);
}

void conn_tls_farewell(struct conn *c)
{
    if (c->tls == NULL || c->state != CONN_OPEN)
        return;
    tls_stream_close(c->tls, &c->loop->tls.out);
    (void)send_out(c);
}

/* Most often a person's browser, with http:// before an address that is https://. */
static void refuse_stranger(struct conn *c, char first)
{
    static const char ANSWER[] =
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 86\r\n"
        "connection: close\r\n\r\n"
        "{\"message\": \"400: Bad Request (HTTP was sent to a port that speaks HTTPS)\", \"code\": "
        "0}";
    log_info(loop_log(c->loop), "net", "a client that does not speak TLS",
             LOG_S("peer", conn_peer(c)));
    if (first >= 'A' && first <= 'Z')
        (void)conn_send_raw(c, ANSWER, sizeof ANSWER - 1, "", 0);
    conn_close_after_flush(c, LINGER_MS);
}

static bool begin_stream(struct conn *c, char first)
{
    if (first != RECORD_HANDSHAKE) {
        refuse_stranger(c, first);
        return false;
    }
    c->loop->tls.handshakes++;
    c->tls = tls_stream_new(c->home->tls);
    if (c->tls == NULL)
        conn_fail(c);
    return c->tls != NULL;
}

static void on_failed(struct conn *c)
{
    log_debug(loop_log(c->loop), "net", "TLS failed", LOG_S("peer", conn_peer(c)),
              LOG_S("reason", tls_stream_reason(c->tls)));
    metrics_add(loop_metrics(c->loop), METRIC_TLS_FAILURES, 1);
    if (c->state == CONN_OPEN)
        conn_close_after_flush(c, LINGER_MS);
}

static void note_ready(struct conn *c)
{
    loop_timer_stop(&c->timer);
    metrics_add(loop_metrics(c->loop), METRIC_TLS_HANDSHAKES, 1);
}

void conn_tls_read(struct conn *c, const char *data, size_t len)
{
    if (c->tls == NULL && !begin_stream(c, data[0]))
        return;
    struct buf *plain = &c->loop->tls.plain;
    bool was_ready = tls_stream_ready(c->tls);
    buf_reset(plain);
    enum tls_state state = tls_stream_read(c->tls, slice_of(data, len), plain, &c->loop->tls.out);
    if (!was_ready && tls_stream_ready(c->tls))
        note_ready(c);
    if (!send_out(c))
        return;
    if (plain->len > 0)
        c->ops->on_read(c, c->owner, plain->data, plain->len);
    /* The owner may have closed it, or moved it away. */
    if (c->state != CONN_OPEN || c->tls == NULL)
        return;
    if (state == TLS_FAILED)
        on_failed(c);
    else if (state == TLS_ENDED)
        conn_peer_ended(c);
}
