/*
 * Uploads ahead. The token is the right to send the bytes: 32 characters that nobody can guess, and
 * that nothing else can be done with. The bytes of an upload lie in the store before its row says
 * so, as those of every blob.
 */

#include "core/uploads.h"

#include <string.h>

#include "base/limits.h"
#include "core/attachment_names.h"
#include "core/attachments_priv.h"
#include "core/media.h"
#include "crypto/token.h"
#include "store/attachments.h"
#include "store/blobs.h"
#include "store/uploads.h"

enum { EXPIRED_MAX = 64, LIST_BYTES = 512 * 1024 };

/* ---- announcing ---- */

struct beginning {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct upload_draft *drafts;
    size_t count;
    struct upload_ticket *tickets;
    struct slice *names; /* clean */
    uint64_t bytes;
};

static enum err check_room(struct tx *tx, const struct beginning *x)
{
    const struct core_options *o = &x->core->o;
    struct user_id user = x->by->who->user;
    uint64_t count = 0, bytes = 0, used = 0;
    enum err e = uploads_pending(tx_sql(tx), user, &count, &bytes);
    if (e == ERR_OK && count + x->count > UPLOADS_PENDING_MAX)
        e = ERR_MAX_ATTACHMENTS;
    if (e == ERR_OK && o->user_bytes_max != 0)
        e = usage_find(tx_sql(tx), USAGE_USER, user.v, &used);
    if (e == ERR_OK && o->user_bytes_max != 0 && used + bytes + x->bytes > o->user_bytes_max)
        e = ERR_QUOTA_FULL;
    return e;
}

static enum err begin(struct tx *tx, void *ctx)
{
    struct beginning *x = ctx;
    struct user_id user = x->by->who->user;
    /* One at a time for a user, so that the limit holds. */
    enum err e = tx_lock(tx, core_user_stream(user));
    if (e == ERR_OK)
        e = check_room(tx, x);
    for (size_t i = 0; i < x->count && e == ERR_OK; i++) {
        const struct upload_row row = {.id = tx_id(tx),
                                       .channel = x->a->channel->id,
                                       .user = user,
                                       .declared_size = x->drafts[i].size,
                                       .expires_at_ms = tx_now_ms(tx) + UPLOAD_LIFE_MS,
                                       .token = slice_of(x->tickets[i].token, UPLOAD_TOKEN_LEN),
                                       .filename = x->names[i]};
        e = uploads_insert(tx_sql(tx), &row);
    }
    return e;
}

static enum err prepare(struct beginning *x, struct arena *arena)
{
    x->names = arena_array(arena, x->count, sizeof *x->names);
    if (x->names == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->count; i++) {
        if (x->core->o.file_bytes_max != 0 && x->drafts[i].size > x->core->o.file_bytes_max)
            return ERR_FILE_TOO_LARGE;
        x->bytes += x->drafts[i].size;
        x->names[i] = attachment_name_clean(x->drafts[i].filename, false, arena);
        if (x->names[i].data == NULL)
            return ERR_NO_MEMORY;
        crypto_code(x->core->o.random, UPLOAD_TOKEN_LEN, x->tickets[i].token);
    }
    return ERR_OK;
}

enum err uploads_begin(struct core *c, const struct actor *by, const struct access *a,
                       const struct upload_draft *drafts, size_t count,
                       struct upload_ticket *tickets)
{
    struct beginning x = {
        .core = c, .by = by, .a = a, .drafts = drafts, .count = count, .tickets = tickets};
    struct arena arena;
    if (c->o.blobs == NULL)
        return ERR_FEATURE_DISABLED;
    if (count == 0 || count > LIMIT_ATTACHMENTS)
        return ERR_MAX_ATTACHMENTS;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = prepare(&x, &arena);
    if (e == ERR_OK)
        e = store_write(c->store, begin, &x);
    arena_deinit(&arena);
    return e;
}

/* ---- receiving ---- */

struct receiving {
    struct slice token;
    struct arena arena;
    struct upload_row row; /* as it was looked up; then with the file */
    struct upload_row now;
};

static enum err find_live(struct tx *tx, struct receiving *x, struct upload_row *out)
{
    if (x->token.len != UPLOAD_TOKEN_LEN)
        return ERR_UPLOAD_NOT_FOUND;
    enum err e = uploads_find(tx_sql(tx), x->token, &x->arena, out);
    return e == ERR_OK && out->expires_at_ms <= tx_now_ms(tx) ? ERR_UPLOAD_NOT_FOUND : e;
}

static enum err look_up(struct tx *tx, void *ctx)
{
    struct receiving *x = ctx;
    return find_live(tx, x, &x->row);
}

enum err uploads_size(struct core *c, struct slice token, uint64_t *bytes, struct user_id *owner)
{
    struct receiving x = {.token = token};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_read(c->store, look_up, &x);
    if (e == ERR_OK) {
        *bytes = x.row.declared_size;
        *owner = x.row.user;
    }
    arena_deinit(&x.arena);
    return e;
}

static enum err let_go(struct tx *tx, const struct upload_row *u)
{
    const struct blob_reference r = {u->hash, MEDIA_UPLOAD, u->id, 0};
    if (u->hash.data == NULL)
        return ERR_OK;
    enum err e = blobs_unrefer(tx_sql(tx), &r);
    return e == ERR_OK ? blobs_let_go(tx_sql(tx), u->hash, tx_now_ms(tx)) : e;
}

static enum err receive(struct tx *tx, void *ctx)
{
    struct receiving *x = ctx;
    const struct blob_reference r = {x->row.hash, MEDIA_UPLOAD, x->row.id, 0};
    bool there = false;
    enum err e = tx_lock(tx, core_user_stream(x->row.user));
    if (e == ERR_OK)
        e = find_live(tx, x, &x->now);
    if (e == ERR_OK)
        e = let_go(tx, &x->now);
    if (e == ERR_OK)
        e = blobs_hold(tx_sql(tx), x->row.hash, &there);
    if (e == ERR_OK && !there)
        e = ERR_RETRY;
    if (e == ERR_OK)
        e = blobs_refer(tx_sql(tx), &r);
    if (e == ERR_OK)
        e = uploads_set_file(tx_sql(tx), &x->row, &there);
    return e == ERR_OK && !there ? ERR_UPLOAD_NOT_FOUND : e;
}

static enum err receive_file(struct core *c, struct receiving *x, const struct upload_file *f)
{
    struct attachment a = {0};
    enum err e = store_read(c->store, look_up, x);
    if (e == ERR_OK && f->size > x->row.declared_size)
        e = ERR_FILE_TOO_LARGE;
    if (e == ERR_OK)
        e = attachment_describe(c, f->blob, f->size, attachment_describe_until(c), &x->arena, &a);
    if (e != ERR_OK)
        return e;
    x->row.size = f->size;
    x->row.hash = slice_from(f->blob);
    x->row.width = a.width;
    x->row.height = a.height;
    x->row.content_type = a.content_type;
    x->row.placeholder = a.placeholder;
    return store_write(c->store, receive, x);
}

enum err uploads_receive(struct core *c, struct slice token, const struct upload_file *f)
{
    struct receiving x = {.token = token};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = receive_file(c, &x, f);
    arena_deinit(&x.arena);
    return e;
}

/* ---- going ---- */

struct discarding {
    struct receiving base;
    struct user_id user;
};

static enum err remove_row(struct tx *tx, const struct upload_row *u)
{
    enum err e = let_go(tx, u);
    return e == ERR_OK ? uploads_delete(tx_sql(tx), u->id) : e;
}

static enum err discard(struct tx *tx, void *ctx)
{
    struct discarding *x = ctx;
    enum err e = tx_lock(tx, core_user_stream(x->user));
    if (e == ERR_OK)
        e = find_live(tx, &x->base, &x->base.row);
    if (e == ERR_OK && x->base.row.user.v != x->user.v)
        e = ERR_UPLOAD_NOT_FOUND;
    return e == ERR_OK ? remove_row(tx, &x->base.row) : e;
}

enum err uploads_discard(struct core *c, const struct actor *by, struct slice token)
{
    struct discarding x = {.base = {.token = token}, .user = by->who->user};
    arena_init(&x.base.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, discard, &x);
    arena_deinit(&x.base.arena);
    return e;
}

struct expiry {
    struct arena arena;
    size_t count;
};

static enum err remove_all(struct tx *tx, const struct upload_row *list, size_t count)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = remove_row(tx, &list[i]);
    return e;
}

static enum err expire(struct tx *tx, void *ctx)
{
    struct expiry *x = ctx;
    struct upload_row *list = NULL;
    arena_reset(&x->arena);
    x->count = 0;
    enum err e =
        uploads_expired(tx_sql(tx), tx_now_ms(tx), EXPIRED_MAX, &x->arena, &list, &x->count);
    return e == ERR_OK ? remove_all(tx, list, x->count) : e;
}

static enum err count_expired(struct tx *tx, void *ctx)
{
    struct expiry *x = ctx;
    struct upload_row *list = NULL;
    arena_reset(&x->arena);
    return uploads_expired(tx_sql(tx), tx_now_ms(tx), 1, &x->arena, &list, &x->count);
}

enum err uploads_expire_step(struct core *c, bool *more)
{
    struct expiry x = {0};
    arena_init(&x.arena, MEM_CORE, LIST_BYTES);
    enum err e = store_read(c->store, count_expired, &x);
    if (e == ERR_OK && x.count > 0)
        e = store_write(c->store, expire, &x);
    *more = e == ERR_OK && x.count == EXPIRED_MAX;
    arena_deinit(&x.arena);
    return e;
}

enum err uploads_release_user(struct tx *tx, struct user_id user, unsigned max, unsigned *gone)
{
    struct upload_row *list = NULL;
    struct arena arena;
    size_t count = 0;
    arena_init(&arena, MEM_CORE, LIST_BYTES);
    enum err e = uploads_of_user(tx_sql(tx), user, max < EXPIRED_MAX ? max : EXPIRED_MAX, &arena,
                                 &list, &count);
    if (e == ERR_OK)
        e = remove_all(tx, list, count);
    if (e == ERR_OK)
        *gone = (unsigned)count;
    arena_deinit(&arena);
    return e;
}
