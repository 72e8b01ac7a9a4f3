/*
 * Making the forms of payloads. The difficulty is the rope: the parts that it shares with other
 * ropes have forms of their own, which are made before, and its own parts are made around them.
 */
#include "gateway/forms.h"

#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "wire/deflate_stream.h"
#include "wire/etf.h"
#include "wire/zstd_stream.h"

enum { FORM_BYTES_MAX = 1 << 30, NODES_BYTES_MAX = 1 << 20 };

struct forms {
    struct buf out;
    struct buf ends; /* of a rope's own parts in `out`: size_t each */
    struct deflater *deflater;
    struct zstd_maker *zstd;
    size_t work; /* of this turn */
};

static struct forms *tools(struct forms **f)
{
    if (*f != NULL)
        return *f;
    *f = mem_zalloc(MEM_GATEWAY, sizeof **f);
    if (*f == NULL)
        return NULL;
    buf_init(&(*f)->out, MEM_GATEWAY, FORM_BYTES_MAX);
    buf_init(&(*f)->ends, MEM_GATEWAY, NODES_BYTES_MAX);
    return *f;
}

void forms_free(struct forms **f)
{
    if (*f == NULL)
        return;
    buf_deinit(&(*f)->out);
    buf_deinit(&(*f)->ends);
    deflater_free(&(*f)->deflater);
    zstd_maker_free(&(*f)->zstd);
    mem_free(MEM_GATEWAY, *f);
    *f = NULL;
}

void forms_turn(struct forms *f)
{
    if (f != NULL)
        f->work = 0;
}

/* Nothing large is kept for the next one. */
static void give_back(struct forms *f)
{
    buf_reset(&f->out);
    buf_shrink(&f->out, LIMIT_PIPELINE_BYTES);
    buf_reset(&f->ends);
}

/* The keys of a guild that its sessions share: pairs of an object. */
static struct bytes *make_etf_part(void *ctx, struct bytes *b)
{
    struct forms *f = ctx;
    struct etf_writer w;
    struct bytes *made = NULL;
    f->work += b->len;
    buf_reset(&f->out);
    etf_begin_pairs(&w, &f->out, false);
    etf_text(&w, slice_of(b->data, b->len));
    if (etf_end(&w))
        made = bytes_new(buf_slice(&f->out));
    if (made != NULL)
        made->note = w.levels[0].count;
    give_back(f);
    return made;
}

static bool make_shared_etf(struct forms *f, struct bytes *rope)
{
    for (struct bytes *node = rope; node != NULL; node = node->next) {
        if (node->shared != NULL &&
            bytes_form(node->shared, BYTES_FORM_ETF, make_etf_part, f) == NULL)
            return false;
    }
    return true;
}

/* The own parts of all nodes, one after the other in `out`: the counts of maps that a shared part
 * stands in are only known at the end. */
static bool write_etf(struct forms *f, const struct bytes *rope, uint32_t *pairs)
{
    struct etf_writer w;
    buf_reset(&f->out);
    buf_reset(&f->ends);
    etf_begin_pairs(&w, &f->out, true);
    for (const struct bytes *node = rope; node != NULL; node = node->next) {
        /* A dispatch begins without the brace of the whole, but ends with it. */
        size_t brace = node->next == NULL && node->len > 0 ? 1 : 0;
        f->work += node->len;
        etf_text(&w, slice_of(node->data, node->len - brace));
        buf_append(&f->ends, &f->out.len, sizeof f->out.len);
        if (node->shared != NULL)
            etf_splice(&w, bytes_form_peek(node->shared, BYTES_FORM_ETF)->note);
    }
    *pairs = w.levels[0].count;
    return etf_end(&w) && !f->ends.failed;
}

static struct bytes *make_etf(void *ctx, struct bytes *b)
{
    struct forms *f = ctx;
    struct rope r = {0};
    struct bytes *made = NULL;
    uint32_t pairs;
    if (make_shared_etf(f, b) && write_etf(f, b, &pairs)) {
        size_t from = 0;
        size_t i = 0;
        for (const struct bytes *node = b; node != NULL; node = node->next, i++) {
            size_t to;
            memcpy(&to, f->ends.data + i * sizeof to, sizeof to);
            rope_add(&r, slice_of(f->out.data + from, to - from),
                     node->shared == NULL ? NULL : bytes_form_peek(node->shared, BYTES_FORM_ETF));
            from = to;
        }
        made = rope_end(&r);
        if (made != NULL)
            made->note = pairs;
    }
    give_back(f);
    return made;
}

/* How one part is compressed; forms of ropes are made alike. */
struct codec {
    enum bytes_form form;
    bool (*ready)(struct forms *f); /* the tool is there */
    void (*fragment)(struct forms *f, struct slice s);
};

_Static_assert((int)DEFLATE_WORK_MAX == (int)ZSTD_WORK_MAX, "one account");

static size_t compress_work(size_t len)
{
    return 2 * (len < DEFLATE_WORK_MAX ? len : DEFLATE_WORK_MAX);
}

static bool deflate_ready(struct forms *f)
{
    if (f->deflater == NULL)
        f->deflater = deflater_new();
    return f->deflater != NULL;
}

static void deflate_part(struct forms *f, struct slice s)
{
    deflater_fragment(f->deflater, s, &f->out);
}

static bool zstd_ready(struct forms *f)
{
    if (f->zstd == NULL)
        f->zstd = zstd_maker_new();
    return f->zstd != NULL;
}

static void zstd_part(struct forms *f, struct slice s)
{
    zstd_fragment(f->zstd, s, &f->out);
}

static const struct codec DEFLATE = {BYTES_FORM_DEFLATE, deflate_ready, deflate_part};
static const struct codec ZSTD = {BYTES_FORM_ZSTD, zstd_ready, zstd_part};

struct codec_call {
    struct forms *forms;
    const struct codec *codec;
};

static struct bytes *make_compressed(void *ctx, struct bytes *b);

/* One node: what is shared first, since the parts are made in the same memory. */
static bool add_compressed(struct codec_call *call, struct rope *r, const struct bytes *node)
{
    struct forms *f = call->forms;
    struct bytes *shared = NULL;
    if (node->shared != NULL) { /* plain, so this goes no deeper */
        shared = bytes_form(node->shared, call->codec->form, make_compressed, call);
        if (shared == NULL)
            return false;
    }
    f->work += compress_work(node->len);
    buf_reset(&f->out);
    if (node->len > 0)
        call->codec->fragment(f, slice_of(node->data, node->len));
    if (f->out.failed)
        return false;
    rope_add(r, buf_slice(&f->out), shared);
    return true;
}

static struct bytes *make_compressed(void *ctx, struct bytes *b)
{
    struct codec_call *call = ctx;
    struct rope r = {0};
    for (const struct bytes *node = b; node != NULL; node = node->next) {
        if (!add_compressed(call, &r, node))
            r.failed = true;
    }
    give_back(call->forms);
    return rope_end(&r);
}

struct bytes *forms_encoded(struct forms **f, struct bytes *payload, enum gw_encoding e)
{
    if (e == GW_JSON)
        return payload;
    struct bytes *made = bytes_form_peek(payload, BYTES_FORM_ETF);
    if (made != NULL)
        return made;
    struct forms *t = tools(f);
    return t == NULL ? NULL : bytes_form(payload, BYTES_FORM_ETF, make_etf, t);
}

const struct bytes *forms_encoded_peek(const struct bytes *payload, enum gw_encoding e)
{
    return e == GW_JSON ? payload : bytes_form_peek(payload, BYTES_FORM_ETF);
}

static const struct codec *codec_of(enum gw_compress c)
{
    return c == GW_ZSTD_STREAM ? &ZSTD : &DEFLATE;
}

struct bytes *forms_compressed(struct forms **f, struct bytes *encoded, enum gw_compress c)
{
    if (c == GW_PLAIN)
        return encoded;
    const struct codec *codec = codec_of(c);
    struct bytes *made = bytes_form_peek(encoded, codec->form);
    if (made != NULL)
        return made;
    struct codec_call call = {tools(f), codec};
    if (call.forms == NULL || !codec->ready(call.forms))
        return NULL;
    return bytes_form(encoded, codec->form, make_compressed, &call);
}

static bool exhausted(const struct forms *f)
{
    return f != NULL && f->work >= FORMS_TURN_WORK;
}

static bool is_made(const struct bytes *encoded, enum gw_compress c)
{
    return encoded != NULL &&
           (c == GW_PLAIN || bytes_form_peek(encoded, codec_of(c)->form) != NULL);
}

/* Both forms of a part that ropes share; true also when memory is short, which shows later. */
static bool part_ready(struct forms **f, struct bytes *part, enum gw_encoding e, enum gw_compress c)
{
    struct bytes *encoded = e == GW_JSON ? part : bytes_form_peek(part, BYTES_FORM_ETF);
    if (is_made(encoded, c))
        return true;
    if (exhausted(*f))
        return false;
    if (encoded == NULL && tools(f) != NULL)
        encoded = bytes_form(part, BYTES_FORM_ETF, make_etf_part, *f);
    if (encoded != NULL && !is_made(encoded, c))
        (void)forms_compressed(f, encoded, c);
    return true;
}

bool forms_ready(struct forms **f, struct bytes *payload, enum gw_encoding e, enum gw_compress c)
{
    if (is_made(forms_encoded_peek(payload, e), c))
        return true;
    for (const struct bytes *node = payload; node != NULL; node = node->next) {
        if (node->shared != NULL && !part_ready(f, node->shared, e, c))
            return false;
    }
    return !exhausted(*f);
}
