/*
 * What a session owes its connection, as WebSocket frames: all that is unsent leaves in one system
 * call at the end of the loop's turn. A frame is a head of its own, with the sequence number, and a
 * payload that all sessions share, in the form that the connection reads (forms.c).
 *
 *   plain       header │ {"s":N,                          │ payload
 *   zlib        header │ [78 9C] stored block of {"s":N,  │ payload as a fragment … 00 00 FF FF
 *               header │ [78 9C] both by the connection's own context (narrow.c)
 *   zstd        header │ [frame header] raw block         │ payload as blocks
 *   per message header │ stored block                     │ fragment without its last four bytes
 *
 * JSON without compression is what must be fast; it has its own, older path here.
 */
#include "gateway/frames.h"

#include <string.h>

#include "gateway/gateway_priv.h"
#include "wire/deflate_stream.h"
#include "wire/etf.h"
#include "wire/zstd_stream.h"

enum { CONTROL_BYTES_MAX = 16 * 1024 * 1024 };

_Static_assert((int)FRAME_OWN_MAX >= (int)ETF_HEAD_MAX, "both heads fit");

size_t frame_own(enum gw_encoding e, uint64_t seq, const struct bytes *encoded,
                 char out[FRAME_OWN_MAX])
{
    if (e == GW_ETF)
        return etf_dispatch_head(out, seq, encoded->note);
    memcpy(out, "{\"s\":", 5);
    size_t n = 5 + slice_put_u64(out + 5, seq);
    out[n] = ',';
    return n + 1;
}

/* What stands before the first message of a stream. */
static struct slice stream_header(const struct gw_conn *g)
{
    if (g->begun || g->compress == GW_PLAIN || g->compress == GW_PER_MESSAGE)
        return SLICE("");
    if (g->compress == GW_ZSTD_STREAM)
        return slice_of(ZSTD_STREAM_HEADER, ZSTD_STREAM_HEADER_LEN);
    return slice_of(DEFLATE_HEADER, DEFLATE_HEADER_LEN);
}

static enum ws_opcode opcode_of(const struct gw_conn *g)
{
    bool text =
        g->encoding == GW_JSON && g->compress != GW_ZLIB_STREAM && g->compress != GW_ZSTD_STREAM;
    return text ? WS_TEXT : WS_BINARY;
}

/* The header of a frame of the connection, with the bit of RFC 7692 §6 if its payload is deflated.
 */
static size_t put_header(const struct gw_conn *g, char *out, uint64_t payload_len)
{
    size_t n = ws_header_encode((uint8_t *)out, opcode_of(g), payload_len);
    if (g->compress == GW_PER_MESSAGE)
        out[0] = (char)((uint8_t)out[0] | WS_BIT_COMPRESSED);
    return n;
}

/* `{"s":N,` of the frames of a run: counting up costs less than writing the number anew. */
struct counted {
    char text[FRAME_OWN_MAX];
    size_t len;
    uint64_t seq;
};

static void count_from(struct counted *c, uint64_t seq)
{
    memcpy(c->text, "{\"s\":", 5);
    c->len = 5 + slice_put_u64(c->text + 5, seq);
    c->text[c->len++] = ',';
    c->seq = seq;
}

static inline void count_up(struct counted *c)
{
    char *last = &c->text[c->len - 2];
    c->seq++;
    if (LIKELY(*last != '9'))
        ++*last;
    else
        count_from(c, c->seq);
}

/* Every frame of a fan-out is made here: header, `{"s":N,`, and the shared payload. The room is
 * FRAME_PREFIX_MAX and the payload. */
static inline size_t put_frame(char *out, const struct counted *c, const struct bytes *payload)
{
    size_t len = c->len + payload->total;
    size_t header = ws_header_encode((uint8_t *)out, WS_TEXT, len);
    memcpy(out + header, c->text, sizeof c->text); /* all of it: what is too much is written over */
    out += header + c->len;
    if (LIKELY(payload->len == payload->total))
        memcpy(out, payload->data, payload->len);
    else
        bytes_copy(payload, out);
    return header + len;
}

/* As many unsent frames as fit into the scratch memory; returns the bytes. */
static size_t encode_plain(struct session *s, char *out, size_t capacity, uint64_t *frames)
{
    struct counted c;
    size_t used = 0;
    count_from(&c, s->replay.sent + 1);
    while (s->replay.sent < s->replay.seq) {
        const struct bytes *payload = *replay_unsent(&s->replay);
        if (used + FRAME_PREFIX_MAX + payload->total > capacity)
            break;
        used += put_frame(out + used, &c, payload);
        replay_sent_one(&s->replay, payload);
        count_up(&c);
        (*frames)++;
    }
    return used;
}

/* What one call of the system took. */
struct sent {
    uint64_t frames;
    size_t bytes;
    bool later; /* the rest waits for the next turn, not for the kernel */
};

/* One dispatch on its way out. */
struct frame {
    char own[FRAME_OWN_MAX];
    size_t own_len;
    struct bytes *encoded;
    struct bytes *rest; /* what follows the head: `encoded`, compressed or not */
    size_t rest_len;    /* of which so much is sent */
};

/* The next dispatch in the connection's encoding; false when memory is short. */
static bool frame_start(struct session *s, struct frame *f)
{
    struct gw_conn *g = s->conn;
    uint64_t seq = s->replay.sent + 1;
    enum gw_encoding e = (enum gw_encoding)g->encoding;
    f->encoded = forms_encoded(&s->hub->forms, replay_get(&s->replay, seq), e);
    if (f->encoded == NULL)
        return false;
    f->own_len = frame_own(e, seq, f->encoded, f->own);
    return true;
}

static bool frame_compress(struct session *s, struct frame *f)
{
    enum gw_compress c = (enum gw_compress)s->conn->compress;
    f->rest = forms_compressed(&s->hub->forms, f->encoded, c);
    if (f->rest == NULL)
        return false;
    f->rest_len = f->rest->total - (c == GW_PER_MESSAGE ? DEFLATE_TAIL_LEN : 0);
    return true;
}

/* All that comes before the rest. */
static size_t frame_head(const struct gw_conn *g, const struct frame *f, char out[FRAME_PREFIX_MAX])
{
    char block[DEFLATE_STORED_HEAD_LEN];
    struct slice start = stream_header(g);
    size_t block_len = 0;
    if (g->compress == GW_ZSTD_STREAM)
        block_len = zstd_raw_head(block, f->own_len);
    else if (g->compress != GW_PLAIN)
        block_len = deflate_stored_head(block, f->own_len);
    size_t n = put_header(g, out, start.len + block_len + f->own_len + f->rest_len);
    memcpy(out + n, start.data, start.len);
    n += start.len;
    memcpy(out + n, block, block_len);
    n += block_len;
    memcpy(out + n, f->own, f->own_len);
    return n + f->own_len;
}

/* It is on its way. */
static void frame_sent(struct session *s, const struct frame *f)
{
    s->conn->begun = true;
    if (s->conn->stream != NULL)
        narrow_dispatch(s->conn->stream, f->own_len + f->encoded->total);
    replay_advance(&s->replay);
}

/* Hardly anybody else was sent it, and nobody needed its fragment yet. */
static bool is_narrow(const struct session *s, const struct bytes *encoded)
{
    const struct bytes *payload = replay_get(&s->replay, s->replay.sent + 1);
    return s->conn->stream != NULL && encoded->total <= NARROW_BYTES_MAX &&
           encoded->total == encoded->len &&
           /* Relaxed: an estimate. */
           atomic_load_explicit(&payload->refs, memory_order_relaxed) <= NARROW_REFS_MAX &&
           bytes_form_peek(encoded, BYTES_FORM_DEFLATE) == NULL;
}

/* The whole frame by the connection's own context, at out; 0 if that is not to be. */
static size_t write_narrow(struct session *s, const struct frame *f, char *out, size_t capacity)
{
    struct slice start = stream_header(s->conn);
    size_t head = WS_HEADER_MAX + start.len;
    if (!is_narrow(s, f->encoded) ||
        capacity < head + deflate_context_bound(f->own_len + f->encoded->len))
        return 0;
    size_t n = narrow_write(s->conn, slice_of(f->own, f->own_len), f->encoded, out + head,
                            capacity - head);
    if (n == 0)
        return 0;
    size_t header = put_header(s->conn, out, start.len + n);
    memcpy(out + header, start.data, start.len);
    memmove(out + header + start.len, out + head, n);
    return header + start.len + n;
}

/* The whole frame with the shared form, at out; 0 if it does not fit. */
static size_t write_shared(struct session *s, const struct frame *f, char *out, size_t capacity)
{
    if (FRAME_PREFIX_MAX + (size_t)f->rest->total > capacity)
        return 0;
    size_t n = frame_head(s->conn, f, out);
    bytes_copy(f->rest, out + n);
    return n + f->rest_len;
}

/* The loop has others to serve before the next dispatch can be brought into its form. */
static bool must_wait(struct session *s)
{
    const struct gw_conn *g = s->conn;
    return !forms_ready(&s->hub->forms, replay_get(&s->replay, s->replay.sent + 1),
                        (enum gw_encoding)g->encoding, (enum gw_compress)g->compress);
}

/* As encode_plain, in the connection's form; false when memory is short. *later: more could be
 * sent, but not in this turn. */
static bool encode_forms(struct session *s, char *out, size_t capacity, struct sent *sent)
{
    while (s->replay.sent < s->replay.seq) {
        struct frame f;
        if (capacity - sent->bytes < FRAME_PREFIX_MAX)
            return true;
        sent->later = must_wait(s);
        if (sent->later)
            return true;
        if (!frame_start(s, &f))
            return false;
        size_t n = write_narrow(s, &f, out + sent->bytes, capacity - sent->bytes);
        if (n == 0 && !frame_compress(s, &f))
            return false;
        if (n == 0)
            n = write_shared(s, &f, out + sent->bytes, capacity - sent->bytes);
        if (n == 0)
            return true;
        frame_sent(s, &f);
        sent->bytes += n;
        sent->frames++;
    }
    return true;
}

/* A frame larger than the scratch memory goes out by itself, part by part. */
static bool send_large(struct session *s, size_t *bytes)
{
    struct frame f;
    char head[FRAME_PREFIX_MAX];
    if (!frame_start(s, &f) || !frame_compress(s, &f))
        return false;
    size_t n = frame_head(s->conn, &f, head);
    size_t left = f.rest_len;
    *bytes = n + left;
    bool ok = conn_send(s->conn->conn, head, n);
    struct slice part;
    bool second = false;
    for (const struct bytes *at = f.rest; ok && bytes_part(&at, &second, &part);) {
        part.len = part.len < left ? part.len : left;
        left -= part.len;
        ok = part.len == 0 || conn_send(s->conn->conn, part.data, part.len);
    }
    frame_sent(s, &f);
    return ok;
}

/* A run of frames in one system call, or one that is too large for that. */
static bool send_some(struct session *s, struct sent *sent)
{
    char *out = loop_scratch(s->hub->loop);
    const struct gw_conn *g = s->conn;
    bool ok = true;
    if (LIKELY(g->compress == GW_PLAIN && g->encoding == GW_JSON))
        sent->bytes = encode_plain(s, out, LOOP_SCRATCH_BYTES, &sent->frames);
    else
        ok = encode_forms(s, out, LOOP_SCRATCH_BYTES, sent);
    if (sent->frames > 0)
        ok = conn_send(g->conn, out, sent->bytes) && ok;
    else if (ok && !sent->later) {
        sent->frames = 1;
        ok = send_large(s, &sent->bytes);
    }
    return ok;
}

void session_flush(struct session *s)
{
    struct conn *c = s->conn->conn;
    struct metrics *m = loop_metrics(s->hub->loop);
    while (s->replay.sent < s->replay.seq && conn_queued(c) < CONN_QUEUED_MAX) {
        struct sent sent = {0};
        bool ok = send_some(s, &sent);
        metrics_add(m, METRIC_GATEWAY_FRAMES, (int64_t)sent.frames);
        metrics_add(m, METRIC_GATEWAY_BYTES, (int64_t)sent.bytes);
        metrics_add(m, METRIC_GATEWAY_WRITES, sent.frames > 0);
        if (!ok) {
            if (!conn_closing(c)) /* no memory for the form: resumable, with luck later */
                gw_conn_close(s->conn, ERR_GW_UNKNOWN);
            return; /* closing: on_closed detaches the session */
        }
        if (sent.later) {
            conn_mark_dirty(c);
            return;
        }
    }
}

/* A message that is no dispatch, in the connection's compression. */
static void send_control(struct gw_conn *g, struct slice text)
{
    struct buf b;
    if (g->compress == GW_PLAIN || g->compress == GW_PER_MESSAGE) {
        gw_conn_frame(g, opcode_of(g), text); /* too short to be worth deflating */
        return;
    }
    buf_init(&b, MEM_GATEWAY, CONTROL_BYTES_MAX);
    buf_append_slice(&b, stream_header(g));
    if (g->compress == GW_ZSTD_STREAM)
        zstd_raw(&b, text);
    else
        deflate_stored(&b, text);
    if (b.failed) {
        gw_conn_close(g, ERR_GW_UNKNOWN);
    } else {
        g->begun = true;
        if (g->stream != NULL)
            narrow_control(g->stream, text);
        gw_conn_frame(g, opcode_of(g), buf_slice(&b));
    }
    buf_deinit(&b);
}

void gw_conn_send(struct gw_conn *g, struct slice json)
{
    struct buf etf;
    struct etf_writer w;
    if (g->state == GW_CONN_CLOSING)
        return;
    if (g->encoding == GW_JSON) {
        send_control(g, json);
        return;
    }
    buf_init(&etf, MEM_GATEWAY, CONTROL_BYTES_MAX);
    etf_begin_message(&w, &etf);
    etf_text(&w, json);
    if (etf_end(&w))
        send_control(g, buf_slice(&etf));
    else
        gw_conn_close(g, ERR_GW_UNKNOWN);
    buf_deinit(&etf);
}
