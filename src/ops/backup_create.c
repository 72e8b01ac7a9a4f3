#include "ops/backup_create.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/backup_priv.h"
#include "ops/media_walk.h"
#include "store/db_check.h"
#include "wire/json_write.h"

enum { MANIFEST_BYTES_MAX = 64 * 1024, MANIFEST_FORMAT = 1 };

/* ---- media ---- */

static enum err on_measured(void *ctx, const char *name, uint64_t bytes)
{
    struct creation *c = ctx;
    if (!name_set_has(&c->names, name))
        c->f.pace.total += bytes;
    return ERR_OK;
}

static enum err on_media(void *ctx, const char *name, uint64_t bytes)
{
    struct creation *c = ctx;
    char path[OPS_PATH_MAX + MEDIA_PATH_MAX];
    if (name_set_has(&c->names, name))
        return ERR_OK;
    snprintf(path, sizeof path, "%s/%s", c->o->data, name);
    enum err e = backup_add_file(&c->f, name, path, bytes);
    if (e != ERR_OK)
        return e;
    c->media_files++;
    c->media_bytes += bytes;
    return name_set_add(&c->names, name) ? ERR_OK : ERR_NO_MEMORY;
}

static enum err walk_media(struct creation *c, media_fn fn)
{
    return media_walk(c->o->data, fn, c, c->f.why, BACKUP_WHY_MAX);
}

/* ---- the manifest ---- */

struct manifest {
    struct json_writer w;
    const struct ops_io *io;
};

static void on_table(void *ctx, const char *table, uint64_t rows)
{
    struct manifest *m = ctx;
    json_kv_u64(&m->w, table, rows);
}

static bool is_stopped(void *ctx)
{
    const struct manifest *m = ctx;
    return m->io->stopped(m->io->ctx);
}

static enum err write_manifest(struct creation *c, struct manifest *m)
{
    struct db_versions versions = {0, 0};
    const struct db_look look = {
        .place = {c->f.partial, c->database_at, c->database_bytes},
        .table = on_table,
        .stopped = is_stopped,
        .ctx = m,
    };
    json_object_begin(&m->w);
    json_kv_u64(&m->w, "format", MANIFEST_FORMAT);
    json_kv_cstr(&m->w, "store", store_backend(c->o->store));
    json_kv_u64(&m->w, "begun_at_s", c->f.mtime_s);
    json_kv_time(&m->w, "database_at", c->database_at_ms);
    json_kv_u64(&m->w, "database_bytes", c->database_bytes);
    json_kv_u64(&m->w, "media_files", c->media_files);
    json_kv_u64(&m->w, "media_bytes", c->media_bytes);
    json_key(&m->w, "rows");
    json_object_begin(&m->w);
    enum err e = db_look(&look, &versions, c->f.why, BACKUP_WHY_MAX);
    json_object_end(&m->w);
    json_kv_u64(&m->w, "schema", versions.schema);
    json_object_end(&m->w);
    return e;
}

static enum err add_manifest(struct creation *c)
{
    struct buf text;
    struct manifest m = {.io = c->io};
    buf_init(&text, MEM_CORE, MANIFEST_BYTES_MAX);
    json_begin(&m.w, &text);
    enum err e = write_manifest(c, &m);
    buf_putc(&text, '\n');
    if (e == ERR_OK && text.failed)
        e = ERR_NO_MEMORY;
    if (e == ERR_OK)
        e = backup_add_text(&c->f, BACKUP_MANIFEST, slice_of(text.data, text.len));
    buf_deinit(&text);
    return e;
}

/* ---- all of it ---- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Whether the open folder is `other` or lies below it. Takes over fd. */
static bool lies_below(int fd, const struct stat *other)
{
    struct stat below = {0};
    struct stat at;
    while (fd >= 0 && fstat(fd, &at) == 0 && !is_same(&at, &below)) {
        if (is_same(&at, other)) {
            close(fd);
            return true;
        }
        int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = up;
        below = at;
    }
    if (fd >= 0)
        close(fd);
    return false;
}

/* A backup among the media would be in itself, and in each one after it. */
static enum err refuse_media(const struct ops *o, const char *file, char *why)
{
    char path[OPS_PATH_MAX + 16];
    struct stat media;
    snprintf(path, sizeof path, "%s/media", o->data);
    if (stat(path, &media) != 0)
        return ERR_OK;
    snprintf(path, sizeof path, "%s", file);
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        slash[1] = '\0';
    int fd = open(slash != NULL ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (!lies_below(fd, &media))
        return ERR_OK;
    snprintf(why, BACKUP_WHY_MAX, "%.300s lies in the media folder, which is what is backed up.",
             file);
    return ERR_STORE_CONFLICT;
}

/* Roughly, for progress; what a database on PostgreSQL will need is not known before. */
static void measure_database(struct creation *c)
{
    char path[OPS_PATH_MAX + 16];
    struct stat st;
    snprintf(path, sizeof path, "%s/guildhall.db", c->o->data);
    if (strcmp(store_backend(c->o->store), "sqlite") == 0 && stat(path, &st) == 0)
        c->f.pace.total += (uint64_t)st.st_size;
}

static enum err run(struct creation *c)
{
    enum err e = backup_resume(c);
    if (e == ERR_OK)
        e = walk_media(c, on_measured);
    measure_database(c);
    if (e == ERR_OK)
        e = walk_media(c, on_media);
    if (e == ERR_OK)
        e = backup_database(c);
    name_set_sort(&c->names);
    if (e == ERR_OK)
        e = walk_media(c, on_media);
    if (e == ERR_OK)
        e = add_manifest(c);
    return e == ERR_OK ? backup_file_finish(&c->f) : e;
}

enum err backup_create(const struct ops *o, const struct backup_request *r, const struct ops_io *io,
                       char *why)
{
    struct creation c = {.o = o, .io = io};
    why[0] = '\0';
    name_set_init(&c.names);
    c.f.fd = c.f.sums_fd = -1;
    enum err e = refuse_media(o, r->path, why);
    if (e == ERR_OK)
        e = backup_file_open(&c.f, r->path, why);
    if (e == ERR_OK) {
        pace_begin(&c.f.pace, o->clock, io, "backup", r->bytes_per_s);
        e = run(&c);
    }
    backup_file_close(&c.f);
    name_set_deinit(&c.names);
    if (e == ERR_STOPPING)
        snprintf(why, BACKUP_WHY_MAX,
                 "Stopped; the same command goes on with what is in %.300s.partial.", r->path);
    else if (e != ERR_OK && why[0] == '\0')
        snprintf(why, BACKUP_WHY_MAX, "The backup failed: %s.", err_info(e)->name);
    return e;
}
