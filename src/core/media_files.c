/*
 * The order that core/media.c explains, for bytes that are on the disk before anybody knows their
 * name: they are staged, then their rows are announced, and only then they get their names.
 */

#include "core/media_files.h"

#include <assert.h>
#include <stddef.h>

#include "core/core_priv.h"
#include "store/blobs.h"

/* Whoever uploads for longer than this makes no progress; nothing else touches a stage. */
enum { SWEEP_AGE_MS = 6 * 60 * 60 * 1000 };

struct announcement {
    struct blob_stage *const *stages;
    size_t count;
    bool taken; /* all */
};

/* What the bytes are, their references know (attachments): here they are bytes. */
static enum err announce(struct tx *tx, void *ctx)
{
    struct announcement *x = ctx;
    enum err e = ERR_OK;
    x->taken = true;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++) {
        bool taken = false;
        const struct blob_row row = {.hash = slice_from(blob_stage_name(x->stages[i])),
                                     .size = blob_stage_bytes(x->stages[i]),
                                     .content_type = SLICE("application/octet-stream")};
        e = blobs_announce(tx_sql(tx), &row, tx_now_ms(tx), &taken);
        x->taken = x->taken && taken;
    }
    return e;
}

enum err media_stage_begin(struct core *c, struct blob_stage **out)
{
    return c->o.blobs != NULL ? blob_stage_begin(c->o.blobs, out) : ERR_FEATURE_DISABLED;
}

enum err media_stages_commit(struct core *c, struct blob_stage **stages, size_t count)
{
    assert(count <= MEDIA_FILES_MAX);
    struct announcement x = {stages, count, false};
    enum err e = count > 0 ? store_write(c->store, announce, &x) : ERR_OK;
    if (e == ERR_OK && count > 0 && !x.taken)
        e = ERR_RETRY;
    for (size_t i = 0; i < count; i++) {
        if (e == ERR_OK)
            e = blob_stage_commit(&stages[i]);
        blob_stage_abort(&stages[i]);
    }
    return e;
}

enum err media_read_at(struct core *c, const char *blob, uint64_t offset, void *into, size_t len,
                       size_t *got)
{
    enum err e =
        c->o.blobs == NULL ? ERR_NOT_FOUND : blob_read_at(c->o.blobs, blob, offset, into, len, got);
    if (e != ERR_NOT_FOUND)
        return e;
    if (c->o.log != NULL)
        log_error(c->o.log, "media", "a blob that is referred to has no file", LOG_S("blob", blob));
    return ERR_UNKNOWN_ASSET;
}

size_t media_read_bytes(const struct core *c)
{
    return c->o.blobs == NULL ? 0 : c->o.blobs->read_bytes;
}

enum err media_sweep_step(struct core *c, bool *more)
{
    *more = false;
    if (c->o.blobs == NULL)
        return ERR_OK;
    return blob_sweep(c->o.blobs, clock_wall_ms(c->o.clock) - (int64_t)SWEEP_AGE_MS, more);
}
