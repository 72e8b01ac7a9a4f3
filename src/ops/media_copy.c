/*
 * guildhall media copy: all blobs of one place into the other, before the configuration names it.
 * Blobs never change, so it may run while the server serves, and again after it was broken off:
 * what is there already is not sent again. Each is read in pieces, and its bytes must be what its
 * name says.
 */

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "media/blob.h"
#include "ops/ops_commands.h"
#include "ops/pace.h"

enum { PIECE_BYTES = 1024 * 1024 };

struct media_copying {
    struct blob_store *from;
    struct blob_store *to;
    struct pace pace;
    char *piece; /* of PIECE_BYTES */
    uint64_t copied;
    uint64_t there;
    uint64_t damaged;
};

static enum err read_into(struct media_copying *x, const char *name, struct blob_stage *stage)
{
    uint64_t at = 0;
    size_t got = PIECE_BYTES;
    enum err e = ERR_OK;
    while (e == ERR_OK && got == PIECE_BYTES) {
        e = blob_read_at(x->from, name, at, x->piece, PIECE_BYTES, &got);
        if (e == ERR_OK)
            e = blob_stage_write(stage, slice_of(x->piece, got));
        at += got;
        if (e == ERR_OK && !pace_spend(&x->pace, got))
            e = ERR_STOPPING;
    }
    return e == ERR_OK ? blob_stage_finish(stage) : e;
}

static enum err copy_blob(struct media_copying *x, const char *name)
{
    struct blob_stage *stage = NULL;
    enum err e = blob_stage_begin(x->to, &stage);
    if (e != ERR_OK)
        return e;
    e = read_into(x, name, stage);
    bool same = e == ERR_OK && strcmp(blob_stage_name(stage), name) == 0;
    if (e == ERR_OK && same)
        e = blob_stage_commit(&stage);
    blob_stage_abort(&stage);
    if (e == ERR_NOT_FOUND)
        return ERR_OK; /* collected meanwhile */
    x->copied += same ? 1 : 0;
    x->damaged += e == ERR_OK && !same ? 1 : 0;
    return e;
}

static enum err on_blob(void *ctx, const char *name, uint64_t bytes)
{
    struct media_copying *x = ctx;
    uint64_t there;
    enum err e = blob_size(x->to, name, &there);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && there != bytes))
        return copy_blob(x, name);
    x->there += e == ERR_OK ? 1 : 0;
    return e;
}

static enum ops_result report(const struct media_copying *x, const struct ops_io *io, enum err e)
{
    ops_printf(io, "%" PRIu64 " files copied, %" PRIu64 " were there already.\n", x->copied,
               x->there);
    if (x->damaged > 0)
        ops_printf(io,
                   "%" PRIu64 " files are damaged and were not copied; guildhall doctor names "
                   "what uses them.\n",
                   x->damaged);
    if (e != ERR_OK)
        ops_printf(io, "guildhall: broken off (%s); run it again to go on.\n", err_info(e)->name);
    return e == ERR_OK && x->damaged == 0 ? OPS_OK : OPS_FAILED;
}

static enum err copy_all(struct media_copying *x)
{
    x->piece = mem_alloc(MEM_CORE, PIECE_BYTES);
    enum err e = x->piece == NULL ? ERR_NO_MEMORY : blob_walk(x->from, on_blob, x);
    mem_free(MEM_CORE, x->piece);
    return e;
}

enum ops_result ops_media_copy(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    const char *to = ops_option(a, "to");
    bool to_s3 = to != NULL && strcmp(to, "s3") == 0;
    struct blob_store *disk = NULL;
    struct blob_store *s3 = NULL;
    if (to == NULL || (!to_s3 && strcmp(to, "disk") != 0) || o->s3.url[0] == '\0') {
        ops_printf(io, "guildhall: say --to s3 or --to disk, and set media.s3_url and its "
                       "neighbours.\n");
        return OPS_USAGE;
    }
    enum err e = blob_disk_open(o->data, o->log, &disk);
    if (e == ERR_OK)
        e = blob_s3_open(o->data, &o->s3, &s3);
    struct media_copying x = {.from = to_s3 ? disk : s3, .to = to_s3 ? s3 : disk};
    pace_begin(&x.pace, o->clock, io, "copying", 0);
    if (e == ERR_OK)
        e = copy_all(&x);
    enum ops_result result = report(&x, io, e);
    blob_close(&s3);
    blob_close(&disk);
    return result;
}
