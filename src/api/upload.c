/*
 * Parts of a form go two ways: texts gather in memory, below one bound for all of them, and files
 * go to stages as they come. Nothing is durable before upload_commit, and the end of an upload that
 * did not get there takes its stages with it.
 */

#include "api/upload.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "api/api_priv.h"
#include "api/handlers.h"
#include "base/mem.h"
#include "core/media_files.h"
#include "wire/multipart_stream.h"

enum { ARENA_BYTES = 64 * 1024, UPLOAD_MAGIC = 0x55504c44 };

struct part {
    struct slice name;
    bool is_file;
    size_t from; /* a text: in `texts` */
    size_t len;
    struct slice filename; /* a file */
    struct slice content_type;
    struct blob_stage *stage;
};

struct upload {
    struct api_stream stream; /* first */
    uint32_t magic;
    enum upload_kind kind;
    int slot; /* of api.streams; -1: counted in none */
    struct upload_limits limits;
    struct multipart_stream form;
    struct arena arena; /* names */
    struct buf texts;
    size_t count;
    size_t files;
    struct part parts[MULTIPART_PARTS_MAX];
};

/* ---- which routes ---- */

static const struct upload_route ROUTES[] = {
#define X(name, type, judge) {route_##name, UPLOAD_##type, upload_admit_##judge},
#include "api/request_uploads.def"
#undef X
};

const struct upload_route *upload_route_find(const struct route *route)
{
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
        if (ROUTES[i].handler == route->handler)
            return &ROUTES[i];
    return NULL;
}

bool upload_is_one(const struct upload_route *row, const struct http_request *q,
                   struct slice *boundary)
{
    if (row->kind == UPLOAD_RAW)
        return true;
    return multipart_boundary(http_header_get(q, SLICE("content-type")), boundary);
}

/* ---- parts ---- */

static struct part *last_part(struct upload *u)
{
    return &u->parts[u->count - 1];
}

static bool is_taken(const struct upload *u, struct slice name)
{
    for (size_t i = 0; i < u->count; i++)
        if (slice_eq(u->parts[i].name, name))
            return true;
    return false;
}

static enum err keep(struct upload *u, struct slice text, struct slice *out)
{
    *out = (struct slice){NULL, 0};
    if (text.data == NULL)
        return ERR_OK;
    *out = arena_dup(&u->arena, text);
    return out->data != NULL ? ERR_OK : arena_short(&u->arena);
}

static enum err begin_file(struct upload *u, struct part *p)
{
    if (u->limits.files_refused != ERR_OK)
        return u->limits.files_refused;
    if (u->files == u->limits.files_max || u->files == REQUEST_FILES_MAX)
        return ERR_MAX_ATTACHMENTS;
    u->files++;
    return media_stage_begin(u->stream.api->o.core, &p->stage);
}

static enum err begin_part(struct upload *u, const struct multipart_part *m)
{
    assert(u->count < MULTIPART_PARTS_MAX);
    struct part p = {.is_file = m->filename.data != NULL, .from = u->texts.len};
    /* A file without a name would be dropped unseen. */
    bool nameless = !p.is_file && slice_starts_with(m->name, SLICE("files["));
    if (nameless || is_taken(u, m->name))
        return ERR_BAD_REQUEST;
    enum err e = keep(u, m->name, &p.name);
    if (e == ERR_OK)
        e = keep(u, m->filename, &p.filename);
    if (e == ERR_OK)
        e = keep(u, m->content_type, &p.content_type);
    if (e == ERR_OK && p.is_file)
        e = begin_file(u, &p);
    if (e == ERR_OK)
        u->parts[u->count++] = p;
    return e;
}

static enum err add_file_bytes(const struct upload *u, struct blob_stage *stage, struct slice bytes)
{
    if (bytes.len > u->limits.file_bytes_max - blob_stage_bytes(stage))
        return ERR_ENTITY_TOO_LARGE;
    return blob_stage_write(stage, bytes);
}

static enum err add_text_bytes(struct upload *u, struct part *p, struct slice bytes)
{
    if (bytes.len > u->texts.max - u->texts.len)
        return ERR_ENTITY_TOO_LARGE;
    buf_append_slice(&u->texts, bytes);
    p->len += bytes.len;
    return u->texts.failed ? ERR_NO_MEMORY : ERR_OK;
}

static enum err on_part_begin(void *ctx, const struct multipart_part *m)
{
    return begin_part(ctx, m);
}

static enum err on_part_data(void *ctx, struct slice bytes)
{
    struct upload *u = ctx;
    struct part *p = last_part(u);
    return p->is_file ? add_file_bytes(u, p->stage, bytes) : add_text_bytes(u, p, bytes);
}

static enum err on_part_end(void *ctx)
{
    struct part *p = last_part(ctx);
    return p->is_file ? blob_stage_finish(p->stage) : ERR_OK;
}

/* ---- its life ---- */

struct upload *upload_of(struct api_stream *s)
{
    struct upload *u = (struct upload *)(void *)s;
    assert(u == NULL || u->magic == UPLOAD_MAGIC);
    return u;
}

struct api_stream *upload_stream(struct upload *u)
{
    return u != NULL ? &u->stream : NULL;
}

static void on_step(struct api_stream *s, struct http_exchange *x)
{
    x->admitted = upload_feed(upload_of(s), x->piece);
    http_stream_next_post(x);
}

static void on_end(struct api_stream *s)
{
    struct upload *u = upload_of(s);
    for (size_t i = 0; i < u->count; i++)
        blob_stage_abort(&u->parts[i].stage);
    buf_deinit(&u->texts);
    arena_deinit(&u->arena);
    if (u->slot >= 0)
        atomic_fetch_sub_explicit(&s->api->streams[u->slot], 1, memory_order_relaxed);
    u->magic = 0;
    mem_free(MEM_API, u);
}

/* on_end counts off, whatever came of it. */
static enum err count_stream(struct upload *u)
{
    struct api *a = u->stream.api;
    if (u->slot < 0)
        return ERR_OK;
    unsigned before = atomic_fetch_add_explicit(&a->streams[u->slot], 1, memory_order_relaxed);
    bool room = a->o.streams_per_user == 0 || before < a->o.streams_per_user;
    return room ? ERR_OK : ERR_OVERLOADED;
}

enum err upload_new(const struct upload_options *o, struct upload **out)
{
    struct upload *u = mem_zalloc(MEM_API, sizeof *u);
    if (u == NULL)
        return ERR_NO_MEMORY;
    u->stream = (struct api_stream){
        .magic = API_STREAM_MAGIC, .api = o->api, .step = on_step, .end = on_end};
    u->magic = UPLOAD_MAGIC;
    u->kind = o->kind;
    u->slot = o->slot;
    u->limits = o->limits;
    arena_init(&u->arena, MEM_API, ARENA_BYTES);
    buf_init(&u->texts, MEM_API, o->api->o.body_bytes_max);
    const struct multipart_sink sink = {on_part_begin, on_part_data, on_part_end, u};
    enum err e = count_stream(u);
    if (e == ERR_OK && o->kind == UPLOAD_FORM)
        multipart_stream_init(&u->form, o->boundary, &sink);
    else if (e == ERR_OK)
        e = begin_part(u, &(struct multipart_part){.name = SLICE(""),
                                                   .filename = SLICE(""),
                                                   .content_type = o->content_type});
    if (e == ERR_OK)
        *out = u;
    else
        on_end(&u->stream);
    return e;
}

enum err upload_feed(struct upload *u, struct slice bytes)
{
    if (u->kind == UPLOAD_FORM)
        return multipart_stream_feed(&u->form, bytes);
    return add_file_bytes(u, last_part(u)->stage, bytes);
}

enum err upload_finish(struct upload *u)
{
    return u->kind == UPLOAD_FORM ? multipart_stream_end(&u->form) : on_part_end(u);
}

/* ---- what came ---- */

size_t upload_text_count(const struct upload *u)
{
    return u->count - u->files;
}

struct upload_text upload_text_at(const struct upload *u, size_t i)
{
    for (size_t k = 0; k < u->count; k++) {
        const struct part *p = &u->parts[k];
        if (!p->is_file && i-- == 0)
            return (struct upload_text){p->name, slice_of(u->texts.data + p->from, p->len)};
    }
    return (struct upload_text){{NULL, 0}, {NULL, 0}};
}

/* n of "files[n]", "file" and "file<n>"; -1. */
static int64_t index_of(struct slice name)
{
    uint64_t n;
    const struct slice list = SLICE("files["), one = SLICE("file");
    bool in_list = slice_starts_with(name, list) && name.data[name.len - 1] == ']';
    if (slice_eq(name, one))
        return 0;
    size_t skip = in_list ? list.len : one.len;
    if (!in_list && !slice_starts_with(name, one))
        return -1;
    struct slice digits = slice_of(name.data + skip, name.len - skip - (in_list ? 1 : 0));
    return slice_to_u64(digits, &n) && n <= INT64_MAX ? (int64_t)n : -1;
}

static enum err describe(const struct part *p, struct arena *arena, struct request_file *out)
{
    *out = (struct request_file){.index = index_of(p->name)};
    out->field = arena_dup(arena, p->name);
    out->file.filename = arena_dup(arena, p->filename);
    if (p->content_type.data != NULL)
        out->file.content_type = arena_dup(arena, p->content_type);
    bool kept = out->field.data != NULL && out->file.filename.data != NULL &&
                (p->content_type.data == NULL || out->file.content_type.data != NULL);
    memcpy(out->file.blob, blob_stage_name(p->stage), sizeof out->file.blob);
    out->file.size = blob_stage_bytes(p->stage);
    return kept ? ERR_OK : arena_short(arena);
}

static bool within_budget(const struct upload *u)
{
    const struct api *a = u->stream.api;
    uint64_t bytes = 0;
    for (size_t i = 0; i < u->count; i++)
        bytes += u->parts[i].is_file ? blob_stage_bytes(u->parts[i].stage) : 0;
    return a->sent == NULL || bytes == 0 ||
           budget_take(a->sent, u->limits.owner.v, bytes, clock_mono_ms(a->o.clock));
}

enum err upload_commit(struct upload *u, struct arena *arena, struct request_uploads *out)
{
    struct blob_stage *stages[REQUEST_FILES_MAX] = {NULL};
    struct request_file *files = arena_array(arena, u->files + 1, sizeof *files);
    size_t n = 0;
    enum err e = files != NULL ? ERR_OK : ERR_NO_MEMORY;
    for (size_t i = 0; i < u->count && e == ERR_OK; i++)
        if (u->parts[i].is_file)
            e = describe(&u->parts[i], arena, &files[n++]);
    if (e == ERR_OK && !within_budget(u))
        e = ERR_QUOTA_FULL;
    if (e != ERR_OK)
        return e;
    n = 0;
    for (size_t i = 0; i < u->count; i++) {
        if (u->parts[i].is_file)
            stages[n++] = u->parts[i].stage;
        u->parts[i].stage = NULL;
    }
    e = media_stages_commit(u->stream.api->o.core, stages, n);
    if (e == ERR_OK)
        *out = (struct request_uploads){files, n};
    return e;
}
