/*
 * The difficulty: a picture costs a thousand times what asking for it costs. So what was made is
 * kept, what is being made is made once, what cannot be made is remembered, and what waits is
 * bounded; whoever comes too late serves the original, and says that it may be cached briefly.
 */

#include "core/images.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/flights.h"
#include "base/map.h"
#include "core/core_priv.h"
#include "media/image_cache.h"
#include "media/image_pool.h"
#include "media/sniff.h"

enum {
    FLIGHTS_MAX = 64,
    WAIT_MS = 2000,                   /* for a process to be free */
    DESCRIBE_WAIT_MS = 400,           /* of IMAGE_DESCRIBE_MS */
    HEAD_BYTES_MAX = 16 * 1024 * 1024 /* of a file that is looked at here, if nobody else can */
};

struct images {
    struct images_options o;
    struct image_pool *pool;
    struct image_cache *cache;
    struct flights *flights;
    /* Threads that wait here. Relaxed: it bounds, it orders nothing. */
    _Atomic unsigned callers;
};

enum err images_new(const struct images_options *o, struct images **out)
{
    const struct image_pool_options pool = {
        .blobs = o->blobs,
        .log = o->log,
        .metrics = o->metrics,
        .processes = o->processes,
        .memory_bytes_max = o->memory_bytes_max,
        .pixels_max = o->pixels_max,
        .time_ms_max = o->time_ms_max,
    };
    const struct image_cache_options cache = {o->data, o->cache_bytes_max, o->clock, o->log,
                                              o->metrics};
    struct images *i = mem_zalloc(MEM_CORE, sizeof *i);
    if (i == NULL)
        return ERR_NO_MEMORY;
    i->o = *o;
    i->flights = flights_new(MEM_CORE, FLIGHTS_MAX);
    i->cache = image_cache_new(&cache);
    enum err e =
        i->flights == NULL || i->cache == NULL ? ERR_NO_MEMORY : image_pool_new(&pool, &i->pool);
    if (e == ERR_OK)
        *out = i;
    else
        images_free(&i);
    return e;
}

void images_stop(struct images *i)
{
    if (i != NULL && i->pool != NULL)
        image_pool_stop(i->pool);
}

void images_free(struct images **i)
{
    if (*i == NULL)
        return;
    image_pool_free(&(*i)->pool);
    image_cache_free(&(*i)->cache);
    flights_free(&(*i)->flights);
    mem_free(MEM_CORE, *i);
    *i = NULL;
}

bool images_enabled(const struct core *c)
{
    return c->o.images != NULL;
}

enum err image_tag(const char *blob, const struct image_want *want, char out[IMAGE_TAG_BYTES])
{
    char key[IMAGE_CACHE_KEY_BYTES], name[BLOB_NAME_LEN + 1];
    image_cache_key(blob, want, key);
    enum err e = blob_name(slice_from(key), name);
    if (e == ERR_OK)
        snprintf(out, IMAGE_TAG_BYTES, "\"%.32s\"", name);
    return e;
}

void image_forget(struct core *c, const char *blob)
{
    if (c->o.images != NULL)
        image_cache_forget(c->o.images->cache, blob);
}

/* Workers that wait for pictures do nothing else: those who wait are few, whatever is asked for.
 * True: leave comes after. */
static bool enter(struct images *i)
{
    if (atomic_fetch_add_explicit(&i->callers, 1, memory_order_relaxed) < i->o.callers_max)
        return true;
    atomic_fetch_sub_explicit(&i->callers, 1, memory_order_relaxed);
    metrics_add(i->o.metrics, METRIC_IMAGE_OVERLOADS, 1);
    return false;
}

static void leave(struct images *i)
{
    atomic_fetch_sub_explicit(&i->callers, 1, memory_order_relaxed);
}

/* ---- describing ---- */

/* From the header alone. */
static enum err describe_plainly(struct core *c, const char *blob, struct image_facts *out)
{
    struct buf bytes;
    struct sniffed s;
    buf_init(&bytes, MEM_CORE, HEAD_BYTES_MAX);
    enum err e = c->o.blobs == NULL ? ERR_NOT_FOUND : blob_get(c->o.blobs, blob, &bytes);
    if (e == ERR_OK && (!sniff(buf_slice(&bytes), &s) || s.width == 0))
        e = ERR_UNSUPPORTED_MEDIA_TYPE;
    buf_deinit(&bytes);
    if (e == ERR_OK)
        *out = (struct image_facts){.width = s.width, .height = s.height, .animated = s.animated};
    return e;
}

static void describe_as(const struct image_said *said, struct image_facts *out)
{
    *out = (struct image_facts){
        .width = said->width, .height = said->height, .animated = said->animated};
    memcpy(out->placeholder, said->placeholder, sizeof out->placeholder);
}

enum err image_describe(struct core *c, const char *blob, struct image_facts *out)
{
    const struct image_question q = {.blob = blob,
                                     .describe = true,
                                     .wait_ms = DESCRIBE_WAIT_MS,
                                     .time_ms = IMAGE_DESCRIBE_MS - DESCRIBE_WAIT_MS};
    struct image_said said;
    if (c->o.images == NULL || !enter(c->o.images))
        return describe_plainly(c, blob, out);
    enum err e = image_pool_ask(c->o.images->pool, &q, &said, NULL);
    leave(c->o.images);
    if (e == ERR_NOT_FOUND)
        return e;
    if (e == ERR_OK)
        describe_as(&said, out);
    return e == ERR_OK ? e : describe_plainly(c, blob, out);
}

/* ---- making ---- */

struct making {
    struct images *i;
    const char *blob;
    const struct image_want *want;
    char key[IMAGE_CACHE_KEY_BYTES];
    struct buf *out;
    struct image_made *made;
};

static const char *content_type(enum image_format format)
{
    static const char *const types[IMAGE_FORMAT_COUNT] = {NULL,         "image/png", "image/jpeg",
                                                          "image/webp", "image/gif", "image/avif"};
    return types[format];
}

/* True: it is known, and *e the answer. */
static bool kept(const struct making *m, enum err *e)
{
    enum image_format format = IMAGE_FORMAT_SAME;
    enum image_cached what = image_cache_get(m->i->cache, m->key, m->out, &format);
    if (what == IMAGE_CACHED_NOT)
        return false;
    metrics_add(m->i->o.metrics, METRIC_IMAGE_CACHE_HITS, 1);
    bool no = what == IMAGE_CACHED_REFUSED || what == IMAGE_CACHED_FAILED;
    *e = no ? ERR_UNSUPPORTED_MEDIA_TYPE : ERR_OK;
    *m->made = (struct image_made){what == IMAGE_CACHED_ALREADY, content_type(format)};
    return true;
}

static enum err make(const struct making *m)
{
    const struct image_question q = {.blob = m->blob, .want = *m->want, .wait_ms = WAIT_MS};
    struct image_said said;
    size_t before = m->out->len;
    const struct slice nothing = {NULL, 0};
    enum err e = image_pool_ask(m->i->pool, &q, &said, m->out);
    metrics_add(m->i->o.metrics, METRIC_IMAGE_CACHE_MISSES, 1);
    bool said_no = said.outcome == IMAGE_OUTCOME_UNKNOWN || said.outcome == IMAGE_OUTCOME_TOO_LARGE;
    if (e == ERR_UNSUPPORTED_MEDIA_TYPE)
        image_cache_put(m->i->cache, m->key, said_no ? IMAGE_CACHED_REFUSED : IMAGE_CACHED_FAILED,
                        IMAGE_FORMAT_SAME, nothing);
    if (e != ERR_OK)
        return e;
    bool already = said.outcome == IMAGE_OUTCOME_ALREADY;
    enum image_format format = already ? IMAGE_FORMAT_SAME : (enum image_format)said.format;
    if (!already && (said.bytes == 0 || content_type(format) == NULL))
        return ERR_UNSUPPORTED_MEDIA_TYPE;
    image_cache_put(m->i->cache, m->key, already ? IMAGE_CACHED_ALREADY : IMAGE_CACHED_MADE, format,
                    slice_of(m->out->data + before, m->out->len - before));
    *m->made = (struct image_made){already, content_type(format)};
    return ERR_OK;
}

static uint64_t hash_of(const char *key)
{
    uint64_t hash = 0;
    for (const char *at = key; *at != '\0'; at++)
        hash = map_hash(hash, (unsigned char)*at + 1U);
    return hash;
}

static enum err make_once(const struct making *m)
{
    uint64_t hash = hash_of(m->key);
    enum err e = ERR_OVERLOADED;
    switch (flights_board(m->i->flights, hash, WAIT_MS + m->i->o.time_ms_max)) {
    case FLIGHT_LEAD:
        if (!kept(m, &e)) /* it may have landed between our look and our boarding */
            e = make(m);
        flights_land(m->i->flights, hash);
        return e;
    case FLIGHT_LANDED:
        (void)kept(m, &e);
        return e;
    default:
        return ERR_OVERLOADED;
    }
}

enum err image_make(struct core *c, const char *blob, const struct image_want *want,
                    struct buf *out, struct image_made *made)
{
    struct making m = {c->o.images, blob, want, {0}, out, made};
    enum err e;
    if (m.i == NULL)
        return ERR_FEATURE_DISABLED;
    image_cache_key(blob, want, m.key);
    if (kept(&m, &e))
        return e;
    if (!enter(m.i))
        return ERR_OVERLOADED;
    e = make_once(&m);
    leave(m.i);
    return e;
}
