/* Blobs as replies. The handler reads the first piece, so that a small one leaves like any other
 * reply and a lost one is still a clean error; the others follow as the client takes them. */

#include "api/reply_blob.h"

#include <assert.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/api_stream.h"
#include "base/mem.h"
#include "core/media_files.h"

enum {
    PIECE_BYTES = 64 * 1024,
    WIDE_MAX = 32, /* replies at once whose pieces are as large as the store would have them */
    /* Handlers at once that wait for a store far away, which may be slow; the pieces after the
     * first have workers of their own (JOB_FILE). */
    FAR_READS_MAX = 64,
    ETAG_BYTES = 35
};

struct range {
    uint64_t from;
    uint64_t len;
};

/* ---- the pieces ---- */

struct reader {
    struct api_stream base; /* first */
    struct core *core;
    uint64_t offset;
    uint64_t left;
    size_t piece_bytes;
    char name[BLOB_NAME_LEN + 1];
};

static struct reader *reader_of(struct api_stream *s)
{
    return (struct reader *)(void *)s;
}

/* The next piece into an empty `out`. */
static enum err read_piece(struct reader *d, struct buf *out)
{
    size_t want = d->left < d->piece_bytes ? (size_t)d->left : d->piece_bytes;
    size_t got = 0;
    if (!buf_reserve(out, want))
        return ERR_NO_MEMORY;
    enum err e = media_read_at(d->core, d->name, d->offset, out->data, want, &got);
    if (e == ERR_OK && got < want)
        e = ERR_STORE_IO; /* blobs do not shrink */
    if (e != ERR_OK)
        return e;
    out->len = got;
    d->offset += got;
    d->left -= got;
    return ERR_OK;
}

static void on_step(struct api_stream *s, struct http_exchange *x)
{
    x->admitted = read_piece(reader_of(s), &x->body);
    http_stream_next_post(x);
}

/* A store far away wants few large pieces; but a piece is memory, for as long as a client is slow.
 */
static void widen(struct reader *d)
{
    _Atomic unsigned *wide = &d->base.api->wide_replies;
    size_t bytes = media_read_bytes(d->core);
    if (bytes <= PIECE_BYTES || d->left <= PIECE_BYTES)
        return;
    if (atomic_fetch_add_explicit(wide, 1, memory_order_relaxed) < WIDE_MAX)
        d->piece_bytes = bytes;
    else
        atomic_fetch_sub_explicit(wide, 1, memory_order_relaxed);
}

static void on_end(struct api_stream *s)
{
    if (reader_of(s)->piece_bytes > PIECE_BYTES)
        atomic_fetch_sub_explicit(&s->api->wide_replies, 1, memory_order_relaxed);
    s->magic = 0;
    mem_free(MEM_API, reader_of(s));
}

static void reader_init(struct reader *d, const struct request *r, const struct reply_blob *b,
                        struct range range)
{
    assert(blob_name_valid(b->name));
    memset(d, 0, sizeof *d);
    d->base.magic = API_STREAM_MAGIC;
    d->base.api = r->api;
    d->base.step = on_step;
    d->base.end = on_end;
    d->core = request_core(r);
    d->piece_bytes = PIECE_BYTES;
    d->offset = range.from;
    d->left = range.len;
    memcpy(d->name, b->name.data, BLOB_NAME_LEN);
}

/* A store far away may be slow, and handlers that wait for it leave some workers to the others. The
 * pieces after the first are jobs of a class that has its own bound. */
static enum err read_first(struct reader *d, struct buf *out)
{
    struct api *a = d->base.api;
    _Atomic unsigned *reads = &a->far_reads;
    if (media_read_bytes(d->core) == 0 || a->o.far_reads_max == 0)
        return read_piece(d, out);
    enum err e = ERR_OVERLOADED;
    if (atomic_fetch_add_explicit(reads, 1, memory_order_relaxed) < a->o.far_reads_max)
        e = read_piece(d, out);
    atomic_fetch_sub_explicit(reads, 1, memory_order_relaxed);
    return e;
}

/* The first piece into the reply; the rest is on its way when this returns. */
static enum err begin_reading(struct request *r, const struct reply_blob *b, struct range range)
{
    struct reader first;
    reader_init(&first, r, b, range);
    enum err e = read_first(&first, &r->x->body);
    if (e != ERR_OK || first.left == 0)
        return e;
    struct reader *rest = mem_alloc(MEM_API, sizeof *rest);
    if (rest == NULL)
        return ERR_NO_MEMORY;
    *rest = first;
    widen(rest);
    r->x->rest = rest->left;
    r->x->user = &rest->base;
    return ERR_OK;
}

/* ---- what is asked for ---- */

bool request_has_etag(const struct request *r, struct slice etag)
{
    struct slice rest = http_header_get(r->x->request, SLICE("if-none-match"));
    struct slice part;
    const struct slice weak = SLICE("W/");
    while (rest.data != NULL && slice_next(&rest, ',', &part)) {
        part = slice_trim(part);
        if (slice_starts_with(part, weak))
            part = slice_of(part.data + weak.len, part.len - weak.len);
        if (slice_eq(part, etag) || slice_eq(part, SLICE("*")))
            return true;
    }
    return false;
}

enum asked { ASKED_WHOLE, ASKED_RANGE, ASKED_NOTHING };

/* "bytes=a-b", "bytes=a-", "bytes=-n" (RFC 9110 §14.1.2); several, or what cannot be read, are as
 * none. */
static enum asked read_range(struct slice text, uint64_t size, struct range *out)
{
    const struct slice unit = SLICE("bytes=");
    uint64_t first, last = UINT64_MAX;
    /* The unit is of any case. */
    if (text.len < unit.len || !slice_eq_nocase(slice_of(text.data, unit.len), unit))
        return ASKED_WHOLE;
    text = slice_trim(slice_of(text.data + unit.len, text.len - unit.len));
    size_t dash = slice_find(text, '-');
    if (dash == text.len)
        return ASKED_WHOLE;
    struct slice from = slice_of(text.data, dash);
    struct slice to = slice_of(text.data + dash + 1, text.len - dash - 1);
    if ((to.len > 0 && !slice_to_u64(to, &last)) || (to.len == 0 && from.len == 0))
        return ASKED_WHOLE;
    if (from.len == 0) {
        first = last < size ? size - last : 0;
        last = last == 0 ? 0 : UINT64_MAX;
        if (last == 0)
            return ASKED_NOTHING;
    } else if (!slice_to_u64(from, &first) || first > last) {
        return ASKED_WHOLE;
    }
    if (first >= size)
        return ASKED_NOTHING;
    last = last < size ? last : size - 1;
    *out = (struct range){first, last - first + 1};
    return ASKED_RANGE;
}

/* A range of another version is worth nothing: If-Range names the one it is of. */
static enum asked range_of(const struct request *r, uint64_t size, struct slice etag,
                           struct range *out)
{
    const struct http_request *q = r->x->request;
    struct slice condition = http_header_get(q, SLICE("if-range"));
    bool other = condition.data != NULL && !slice_eq(slice_trim(condition), etag);
    if (q->method != HTTP_METHOD_GET || other)
        return ASKED_WHOLE;
    return read_range(slice_trim(http_header_get(q, SLICE("range"))), size, out);
}

/* ---- the reply ---- */

static struct slice etag_of(struct slice name, char out[ETAG_BYTES])
{
    out[0] = '"';
    memcpy(out + 1, name.data, ETAG_BYTES - 3);
    out[ETAG_BYTES - 2] = '"';
    return slice_of(out, ETAG_BYTES - 1);
}

static void write_head(struct request *r, const struct reply_blob *b, struct slice etag,
                       enum asked asked, struct range range)
{
    struct buf *head = &r->x->head;
    buf_append_cstr(head, "Accept-Ranges: bytes\r\nETag: ");
    buf_append_slice(head, etag);
    /* Not x->content_type, which must outlive the request. */
    if (r->x->status != 304 && asked != ASKED_NOTHING) {
        buf_append_cstr(head, "\r\nContent-Type: ");
        buf_append_slice(head, b->content_type);
    }
    if (asked == ASKED_RANGE && r->x->status == 206)
        buf_printf(head, "\r\nContent-Range: bytes %llu-%llu/%llu", (unsigned long long)range.from,
                   (unsigned long long)(range.from + range.len - 1), (unsigned long long)b->size);
    else if (asked == ASKED_NOTHING && r->x->status == 416)
        buf_printf(head, "\r\nContent-Range: bytes */%llu", (unsigned long long)b->size);
    buf_append_cstr(head, "\r\n");
}

/* The body, if there is one; HEAD is told how long it would be. */
static enum err write_body(struct request *r, const struct reply_blob *b, struct range range)
{
    bool head = r->x->request->method == HTTP_METHOD_HEAD;
    if (head)
        r->x->rest = range.len;
    return head || range.len == 0 ? ERR_OK : begin_reading(r, b, range);
}

enum err reply_blob(struct request *r, const struct reply_blob *b)
{
    char text[ETAG_BYTES];
    struct range range = {0, b->size};
    struct slice etag = b->etag.data != NULL ? b->etag : etag_of(b->name, text);
    enum asked asked = range_of(r, b->size, etag, &range);
    enum err e = ERR_OK;
    (void)reply_body(r, (struct slice){NULL, 0});
    if (request_has_etag(r, etag))
        r->x->status = 304;
    else if (asked == ASKED_NOTHING)
        r->x->status = 416;
    else
        e = write_body(r, b, range);
    if (e != ERR_OK)
        return e;
    if (asked == ASKED_RANGE && r->x->status != 304)
        r->x->status = 206;
    write_head(r, b, etag, asked, range);
    return ERR_OK;
}
