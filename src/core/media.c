/*
 * Uploads. The difficulty is a blob that is taken and collected at the same time. The row of a blob
 * decides: taking one announces it there before its file is put, and fails while it is being
 * removed; collecting marks the row, removes the file, and drops the row, each only when the step
 * before is durable. So a file is there for as long as anybody may refer to it, and what a crash
 * leaves is found again by the row.
 */

#include "core/media.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/images.h"
#include "media/blob.h"
#include "media/sniff.h"
#include "proto/data_uri.h"
#include "store/blobs.h"

enum {
    HASH_DIGITS = 32,
    REFERENCES_MAX = 64, /* of one owner and kind, in one guild; more than one is rare */
    COLLECT_MAX = 16,    /* blobs looked at by one step */
    COLLECT_AGE_MS = 60 * 60 * 1000,
    STICKER_SIDE_MAX = 320, /* docs, "Create Guild Sticker" */
    SOUND_MS_MAX = 5200     /* docs, "Create Guild Soundboard Sound" */
};

#define TYPE(name) (1u << SNIFF_##name)
#define IMAGES (TYPE(PNG) | TYPE(APNG) | TYPE(JPEG) | TYPE(GIF) | TYPE(WEBP))

/* By kind. moves: a hash of what moves begins with "a_". */
static const struct {
    uint32_t bytes_max;
    unsigned types;
    bool moves;
} rules[] = {
    [MEDIA_GUILD_ICON] = {LIMIT_IMAGE_BYTES, IMAGES, true},
    [MEDIA_GUILD_BANNER] = {LIMIT_IMAGE_BYTES, IMAGES, true},
    [MEDIA_GUILD_SPLASH] = {LIMIT_IMAGE_BYTES, IMAGES, false},
    [MEDIA_GUILD_DISCOVERY_SPLASH] = {LIMIT_IMAGE_BYTES, IMAGES, false},
    [MEDIA_GUILD_HOME_HEADER] = {LIMIT_IMAGE_BYTES, IMAGES, false},
    [MEDIA_ROLE_ICON] = {LIMIT_ROLE_ICON_BYTES, IMAGES, false},
    [MEDIA_MEMBER_AVATAR] = {LIMIT_IMAGE_BYTES, IMAGES, true},
    [MEDIA_MEMBER_BANNER] = {LIMIT_IMAGE_BYTES, IMAGES, true},
    [MEDIA_EMOJI] = {LIMIT_EMOJI_BYTES, IMAGES | TYPE(AVIF), false},
    [MEDIA_STICKER] = {LIMIT_STICKER_BYTES, TYPE(PNG) | TYPE(APNG) | TYPE(GIF) | TYPE(LOTTIE),
                       false},
    [MEDIA_SOUND] = {LIMIT_SOUND_BYTES, TYPE(OGG) | TYPE(MP3), false},
    [MEDIA_EVENT_IMAGE] = {LIMIT_IMAGE_BYTES, IMAGES, false},
    [MEDIA_USER_AVATAR] = {LIMIT_IMAGE_BYTES, IMAGES, true},
    [MEDIA_USER_BANNER] = {LIMIT_IMAGE_BYTES, IMAGES, true},
    [MEDIA_DM_ICON] = {LIMIT_IMAGE_BYTES, IMAGES, false},
};

static const struct media_problem NO_FILE = {"IMAGE_INVALID", "Invalid file data."};
static const struct media_problem WRONG_TYPE = {"IMAGE_INVALID", "Unsupported file type given."};
static const struct media_problem TOO_WIDE = {"IMAGE_DIMENSIONS",
                                              "Must be at most 320 by 320 pixels."};
static const struct media_problem TOO_LONG = {"SOUND_DURATION",
                                              "Must be at most 5.2 seconds long."};

static struct media_problem too_large(uint32_t bytes_max)
{
    const char *text = bytes_max == LIMIT_IMAGE_BYTES     ? "File cannot be larger than 10240.0 kb."
                       : bytes_max == LIMIT_STICKER_BYTES ? "File cannot be larger than 512.0 kb."
                                                          : "File cannot be larger than 256.0 kb.";
    return (struct media_problem){"BINARY_TYPE_MAX_SIZE", text};
}

static enum err refuse(struct media_problem *problem, struct media_problem what)
{
    *problem = what;
    return ERR_INVALID_FORM;
}

struct slice media_hash(const struct media_image *m)
{
    if (m == NULL || m->hash[0] == '\0')
        return (struct slice){NULL, 0};
    return slice_from(m->hash);
}

/* ---- taking ---- */

static enum err judge(struct slice bytes, enum media_kind kind, struct sniffed *found,
                      struct media_problem *problem)
{
    if (bytes.len > rules[kind].bytes_max)
        return refuse(problem, too_large(rules[kind].bytes_max));
    if (!sniff(bytes, found))
        return refuse(problem, NO_FILE);
    if (!(rules[kind].types & (1u << found->type)))
        return refuse(problem, WRONG_TYPE);
    if (kind == MEDIA_STICKER &&
        (found->width > STICKER_SIDE_MAX || found->height > STICKER_SIDE_MAX))
        return refuse(problem, TOO_WIDE);
    if (kind == MEDIA_SOUND && found->duration_ms > SOUND_MS_MAX)
        return refuse(problem, TOO_LONG);
    return ERR_OK;
}

static void describe(struct media_image *m, enum media_kind kind, const struct sniffed *found,
                     uint64_t size)
{
    /* What libraries mean by animated: GIFs and their like. APNG they show as it stands. */
    bool moves = found->animated && found->type != SNIFF_APNG;
    m->kind = kind;
    m->size = size;
    m->width = found->width;
    m->height = found->height;
    m->animated = kind == MEDIA_STICKER ? found->animated : moves;
    m->content_type = sniff_content_type(found->type);
    snprintf(m->hash, sizeof m->hash, "%s%.*s", rules[kind].moves && moves ? "a_" : "",
             (int)HASH_DIGITS, m->blob);
}

struct announcement {
    const struct media_image *image;
    bool taken;
};

static enum err announce(struct tx *tx, void *ctx)
{
    struct announcement *x = ctx;
    const struct media_image *m = x->image;
    const struct blob_row row = {slice_from(m->blob), m->size, m->width, m->height,
                                 slice_from(m->content_type)};
    return blobs_announce(tx_sql(tx), &row, tx_now_ms(tx), &x->taken);
}

enum err media_bytes_take(struct core *c, struct slice bytes, enum media_kind kind,
                          struct media_image *out, struct media_problem *problem)
{
    struct sniffed found;
    struct media_image m = {0};
    if (c->o.blobs == NULL)
        return ERR_FEATURE_DISABLED;
    enum err e = judge(bytes, kind, &found, problem);
    if (e == ERR_OK)
        e = blob_name(bytes, m.blob);
    if (e != ERR_OK)
        return e;
    describe(&m, kind, &found, bytes.len);
    struct announcement x = {&m, false};
    e = store_write(c->store, announce, &x);
    if (e == ERR_OK && !x.taken)
        e = ERR_RETRY;
    if (e == ERR_OK)
        e = blob_put(c->o.blobs, m.blob, bytes);
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err media_image_take(struct core *c, struct slice data_uri, enum media_kind kind,
                          struct media_image *out, struct media_problem *problem)
{
    struct buf bytes;
    enum err e = ERR_OK;
    buf_init(&bytes, MEM_CORE, rules[kind].bytes_max);
    switch (data_uri_decode(data_uri, &bytes)) {
    case DATA_URI_OK:
        e = media_bytes_take(c, buf_slice(&bytes), kind, out, problem);
        break;
    case DATA_URI_INVALID:
        e = refuse(problem, NO_FILE);
        break;
    case DATA_URI_TOO_LARGE:
        e = refuse(problem, too_large(rules[kind].bytes_max));
        break;
    case DATA_URI_NO_MEMORY:
        e = ERR_NO_MEMORY;
        break;
    }
    buf_deinit(&bytes);
    return e;
}

/* ---- referring ---- */

static enum err refer(struct tx *tx, const struct blob_reference *r)
{
    bool there = false;
    enum err e = blobs_hold(tx_sql(tx), r->hash, &there);
    if (e == ERR_OK && !there)
        e = ERR_RETRY;
    return e == ERR_OK ? blobs_refer(tx_sql(tx), r) : e;
}

static enum err release(struct tx *tx, const struct blob_reference *r)
{
    enum err e = blobs_unrefer(tx_sql(tx), r);
    return e == ERR_OK ? blobs_let_go(tx_sql(tx), r->hash, tx_now_ms(tx)) : e;
}

enum err media_refer(struct tx *tx, const struct media_image *m, struct guild_id guild,
                     uint64_t owner)
{
    const struct blob_reference r = {slice_from(m->blob), (int)m->kind, owner, guild.v};
    return refer(tx, &r);
}

/* Those of one owner and kind. */
struct references {
    struct arena arena;
    struct blob_reference *list;
    size_t count;
};

static enum err references_read(struct tx *tx, enum media_kind kind, uint64_t owner,
                                struct guild_id guild, unsigned max, struct references *x)
{
    x->list = NULL;
    x->count = 0;
    arena_init(&x->arena, MEM_CORE, SCRATCH_BYTES);
    return blobs_of_owner(tx_sql(tx), (int)kind, owner, guild.v, max, &x->arena, &x->list,
                          &x->count);
}

static enum err release_all(struct tx *tx, const struct references *x)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = release(tx, &x->list[i]);
    return e;
}

enum err media_release(struct tx *tx, enum media_kind kind, struct guild_id guild, uint64_t owner)
{
    struct references x;
    enum err e = references_read(tx, kind, owner, guild, REFERENCES_MAX, &x);
    if (e == ERR_OK)
        e = release_all(tx, &x);
    arena_deinit(&x.arena);
    return e;
}

enum err media_replace(struct tx *tx, const struct media_image *m, enum media_kind kind,
                       struct guild_id guild, uint64_t owner)
{
    enum err e = media_release(tx, kind, guild, owner);
    if (e != ERR_OK || media_hash(m).data == NULL)
        return e;
    assert(m->kind == kind);
    return media_refer(tx, m, guild, owner);
}

enum err media_copy(struct tx *tx, enum media_kind kind, struct guild_id from_guild, uint64_t from,
                    struct guild_id to_guild, uint64_t to)
{
    struct references x;
    enum err e = references_read(tx, kind, from, from_guild, REFERENCES_MAX, &x);
    for (size_t i = 0; i < x.count && e == ERR_OK; i++) {
        const struct blob_reference r = {x.list[i].hash, (int)kind, to, to_guild.v};
        e = refer(tx, &r);
    }
    arena_deinit(&x.arena);
    return e;
}

enum err media_release_guild(struct tx *tx, struct guild_id guild, unsigned max, unsigned *gone)
{
    struct references x = {0};
    arena_init(&x.arena, MEM_CORE, (size_t)max * 1024 + SCRATCH_BYTES);
    enum err e = blobs_of_guild(tx_sql(tx), guild, max, &x.arena, &x.list, &x.count);
    if (e == ERR_OK)
        e = release_all(tx, &x);
    if (e == ERR_OK)
        *gone = (unsigned)x.count;
    arena_deinit(&x.arena);
    return e;
}

enum err media_release_user(struct tx *tx, struct user_id user, unsigned max, unsigned *gone)
{
    static const enum media_kind kinds[] = {MEDIA_MEMBER_AVATAR, MEDIA_MEMBER_BANNER,
                                            MEDIA_USER_AVATAR, MEDIA_USER_BANNER};
    const struct guild_id any = {0};
    unsigned done = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && e == ERR_OK && done < max; i++) {
        struct references x;
        e = references_read(tx, kinds[i], user.v, any, max - done, &x);
        if (e == ERR_OK)
            e = release_all(tx, &x);
        done += (unsigned)x.count;
        arena_deinit(&x.arena);
    }
    if (e == ERR_OK)
        *gone = done;
    return e;
}

/* ---- serving ---- */

struct finding {
    enum media_kind kind;
    struct guild_id guild;
    uint64_t owner;
    struct slice digits; /* data NULL: any */
    struct arena *arena;
    struct media_file *out;
};

static bool names(const struct blob_reference *r, struct slice digits)
{
    return digits.data == NULL || (digits.len == HASH_DIGITS && r->hash.len >= HASH_DIGITS &&
                                   memcmp(r->hash.data, digits.data, HASH_DIGITS) == 0);
}

/* What is stored names one of the types that we know; the reply needs one that stays. */
static struct slice static_type(struct slice stored)
{
    for (int t = 0; t < SNIFF_TYPE_COUNT; t++) {
        struct slice known = slice_from(sniff_content_type((enum sniff_type)t));
        if (known.len > 0 && slice_eq(known, stored))
            return known;
    }
    return SLICE("application/octet-stream");
}

static enum err find_row(struct tx *tx, struct finding *x, struct slice hash)
{
    struct blob_row row;
    enum err e = blobs_find(tx_sql(tx), hash, x->arena, &row);
    if (e != ERR_OK)
        return e;
    if (row.hash.len != BLOB_NAME_LEN)
        return ERR_UNKNOWN_ASSET;
    x->out->size = row.size;
    x->out->content_type = static_type(row.content_type);
    memcpy(x->out->blob, row.hash.data, BLOB_NAME_LEN);
    x->out->blob[BLOB_NAME_LEN] = '\0';
    return ERR_OK;
}

static enum err find(struct tx *tx, void *ctx)
{
    struct finding *x = ctx;
    struct references r;
    enum err e = references_read(tx, x->kind, x->owner, x->guild, REFERENCES_MAX, &r);
    struct slice hash = {NULL, 0};
    for (size_t i = 0; i < r.count && e == ERR_OK; i++)
        if (names(&r.list[i], x->digits))
            hash = r.list[i].hash;
    if (e == ERR_OK)
        e = hash.data == NULL ? ERR_UNKNOWN_ASSET : find_row(tx, x, hash);
    arena_deinit(&r.arena);
    return e;
}

enum err media_find(struct core *c, enum media_kind kind, struct guild_id guild, uint64_t owner,
                    struct slice hash, struct arena *arena, struct media_file *out)
{
    const struct slice moving = SLICE("a_");
    if (hash.data != NULL && slice_starts_with(hash, moving))
        hash = slice_of(hash.data + moving.len, hash.len - moving.len);
    struct finding x = {kind, guild, owner, hash, arena, out};
    return store_read(c->store, find, &x);
}

enum err media_read(struct core *c, const struct media_file *f, struct buf *out)
{
    enum err e = c->o.blobs == NULL ? ERR_NOT_FOUND : blob_get(c->o.blobs, f->blob, out);
    if (e != ERR_NOT_FOUND)
        return e;
    if (c->o.log != NULL)
        log_error(c->o.log, "media", "a blob that is referred to has no file",
                  LOG_S("blob", f->blob));
    return ERR_UNKNOWN_ASSET;
}

/* ---- collecting ---- */

struct collection {
    struct core *core;
    int64_t before_ms;
    struct arena arena;
    struct slice *list;
    size_t count;
    struct slice hash; /* the one at hand */
    bool going;
};

static enum err read_list(struct tx *tx, void *ctx)
{
    struct collection *x = ctx;
    return blobs_to_review(tx_sql(tx), x->before_ms, COLLECT_MAX, &x->arena, &x->list, &x->count);
}

static enum err condemn(struct tx *tx, void *ctx)
{
    struct collection *x = ctx;
    return blobs_condemn(tx_sql(tx), x->hash, x->before_ms, &x->going);
}

static enum err forget(struct tx *tx, void *ctx)
{
    struct collection *x = ctx;
    return blobs_forget(tx_sql(tx), x->hash);
}

static enum err collect_one(struct collection *x)
{
    char name[BLOB_NAME_LEN + 1];
    enum err e = store_write(x->core->store, condemn, x);
    if (e != ERR_OK || !x->going)
        return e;
    if (!blob_name_valid(x->hash))
        return ERR_STORE;
    memcpy(name, x->hash.data, BLOB_NAME_LEN);
    name[BLOB_NAME_LEN] = '\0';
    e = blob_remove(x->core->o.blobs, name);
    if (e == ERR_OK)
        image_forget(x->core, name);
    return e == ERR_OK ? store_write(x->core->store, forget, x) : e;
}

enum err media_collect_step(struct core *c, bool *more)
{
    struct collection x = {.core = c,
                           .before_ms = clock_wall_ms(c->o.clock) - (int64_t)COLLECT_AGE_MS};
    *more = false;
    if (c->o.blobs == NULL)
        return ERR_OK;
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_read(c->store, read_list, &x);
    for (size_t i = 0; i < x.count && e == ERR_OK; i++) {
        x.hash = x.list[i];
        e = collect_one(&x);
    }
    *more = e == ERR_OK && x.count == COLLECT_MAX;
    arena_deinit(&x.arena);
    return e;
}
