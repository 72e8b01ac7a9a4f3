/*
 * guildhall doctor: the media folder against the tables that say what is in it. Rows that somebody
 * refers to must have their file; a file must have its row, since the row comes first and goes last
 * (core/media.c).
 */

#include <inttypes.h>
#include <string.h>

#include "media/blob.h"
#include "ops/doctor.h"
#include "store/blobs.h"

enum { PAGE = 200, PAGE_BYTES = 256 * 1024, FINDINGS_MAX = 20 };

struct look {
    struct doctor *d;
    struct blob_store *blobs;
    struct arena arena;
    char after[BLOB_NAME_LEN + 1];
    struct blob_row *rows;
    size_t count;
    const char *name; /* of the file at hand */
    unsigned missing;
    unsigned damaged;
    unsigned unknown;
    uint64_t files;
};

/* ---- rows whose file is not there ---- */

static enum err read_page(struct tx *tx, void *ctx)
{
    struct look *l = ctx;
    arena_reset(&l->arena);
    return blobs_page(tx_sql(tx), slice_from(l->after), PAGE, &l->arena, &l->rows, &l->count);
}

static enum err look_at_row(struct look *l, const struct blob_row *row)
{
    uint64_t bytes = 0;
    if (!blob_name_valid(row->hash))
        return ERR_STORE;
    memcpy(l->after, row->hash.data, BLOB_NAME_LEN);
    enum err e = blob_size(l->blobs, l->after, &bytes);
    if (e == ERR_NOT_FOUND)
        l->missing++;
    else if (e == ERR_OK && bytes != row->size)
        l->damaged++;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err look_at_rows(struct look *l)
{
    enum err e = ERR_OK;
    l->count = PAGE;
    while (e == ERR_OK && l->count == PAGE && !l->d->io->stopped(l->d->io->ctx)) {
        e = store_read(l->d->o->store, read_page, l);
        for (size_t i = 0; i < l->count && e == ERR_OK; i++)
            e = look_at_row(l, &l->rows[i]);
    }
    return e;
}

/* ---- files without a row ---- */

static enum err find_row(struct tx *tx, void *ctx)
{
    struct look *l = ctx;
    struct blob_row row;
    arena_reset(&l->arena);
    return blobs_find(tx_sql(tx), slice_from(l->name), &l->arena, &row);
}

static enum err on_file(void *ctx, const char *name, uint64_t bytes)
{
    struct look *l = ctx;
    (void)bytes;
    if (l->d->io->stopped(l->d->io->ctx) || l->unknown == FINDINGS_MAX)
        return ERR_STOPPING;
    l->files++;
    l->name = name;
    enum err e = store_read(l->d->o->store, find_row, l);
    if (e == ERR_UNKNOWN_ASSET)
        l->unknown++;
    return e == ERR_UNKNOWN_ASSET ? ERR_OK : e;
}

static void say(const struct look *l)
{
    if (l->missing > 0)
        doctor_say(l->d, DOCTOR_PROBLEM,
                   "Restore the media folder of a backup; who uploads the same again mends it too.",
                   "files of images that are in use are missing: %u", l->missing);
    if (l->damaged > 0)
        doctor_say(l->d, DOCTOR_PROBLEM,
                   "Restore the media folder of a backup; who uploads the same again mends it too.",
                   "files of images that are in use have the wrong size: %u", l->damaged);
    if (l->unknown > 0)
        doctor_say(l->d, DOCTOR_WARNING,
                   "They do no harm; files in the media folder that the database does not know may "
                   "be deleted.",
                   "files that belong to nothing: %s%u",
                   l->unknown == FINDINGS_MAX ? "at least " : "", l->unknown);
    if (l->missing + l->damaged + l->unknown == 0)
        doctor_say(l->d, DOCTOR_OK, "", "%" PRIu64 " files, all of them known", l->files);
}

enum err doctor_media(struct doctor *d)
{
    struct look l = {.d = d};
    arena_init(&l.arena, MEM_CORE, PAGE_BYTES);
    enum err e = d->o->uses_s3 ? blob_s3_open(d->o->data, &d->o->s3, &l.blobs)
                               : blob_disk_open(d->o->data, d->o->log, &l.blobs);
    if (e == ERR_OK)
        e = look_at_rows(&l);
    if (e == ERR_OK)
        e = blob_walk(l.blobs, on_file, &l);
    if (e == ERR_OK || e == ERR_STOPPING) {
        say(&l);
        e = ERR_OK;
    }
    blob_close(&l.blobs);
    arena_deinit(&l.arena);
    return e;
}
