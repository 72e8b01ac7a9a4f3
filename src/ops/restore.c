/*
 * guildhall restore FILE: everything is unpacked beside where it belongs, and only when all of it
 * was found good, and is on the disk, does it get its name; the database last, because it is what
 * makes a folder an installation.
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/backup_read.h"
#include "ops/backup_write.h"
#include "ops/ops_commands.h"
#include "store/move.h"

enum {
    RESTORE_PATH_MAX = OPS_PATH_MAX + ARCHIVE_NAME_MAX + 32,
    FOLDERS_OPEN = 16,
    MOVE_ARENA_BYTES = 16 * 1024 * 1024
};

struct restoring {
    struct ops *o;
    const struct ops_io *io;
    char folder[OPS_PATH_MAX + 32]; /* data/restore.partial */
    int fd;                         /* of the file being written; -1: none */
    struct pace pace;
    char why[BACKUP_WHY_MAX];
};

static enum err io_failed(struct restoring *x, const char *path)
{
    bool full = errno == ENOSPC || errno == EDQUOT;
    snprintf(x->why, sizeof x->why, "%.400s: %s.", path, strerror(errno));
    return full ? ERR_STORE_FULL : ERR_IO;
}

static void path_in(const char *folder, const char *name, char out[RESTORE_PATH_MAX])
{
    snprintf(out, RESTORE_PATH_MAX, "%s/%s", folder, name);
}

/* ---- the folder in between ---- */

static int on_leftover(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static bool clear_folder(const struct restoring *x)
{
    return nftw(x->folder, on_leftover, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT;
}

static enum err make_folder(struct restoring *x)
{
    bool made = clear_folder(x) && mkdir(x->folder, 0700) == 0;
    return made ? ERR_OK : io_failed(x, x->folder);
}

/* ---- unpacking ---- */

static enum err make_parents(struct restoring *x, char *path, size_t from)
{
    for (char *slash = strchr(path + from, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = mkdir(path, 0700) == 0 || errno == EEXIST;
        if (!made)
            return io_failed(x, path);
        *slash = '/';
    }
    return ERR_OK;
}

static enum err on_begin(void *ctx, const struct archive_entry *entry)
{
    struct restoring *x = ctx;
    char path[RESTORE_PATH_MAX];
    if (strcmp(entry->name, BACKUP_MANIFEST) == 0)
        return ERR_OK;
    path_in(x->folder, entry->name, path);
    enum err e = make_parents(x, path, strlen(x->folder) + 1);
    if (e != ERR_OK)
        return e;
    x->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return x->fd < 0 ? io_failed(x, path) : ERR_OK;
}

static enum err on_data(void *ctx, struct slice data)
{
    struct restoring *x = ctx;
    while (x->fd >= 0 && data.len > 0) {
        ssize_t n = write(x->fd, data.data, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_failed(x, x->folder);
        data = slice_of(data.data + n, data.len - (size_t)n);
    }
    return ERR_OK;
}

static enum err on_end(void *ctx)
{
    struct restoring *x = ctx;
    int fd = x->fd;
    x->fd = -1;
    if (fd >= 0 && close(fd) != 0)
        return io_failed(x, x->folder);
    return ERR_OK;
}

/* One sync for all files: the media may be millions. */
static enum err sync_folder(struct restoring *x, const char *path, bool whole_disk)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return io_failed(x, path);
    int rc = whole_disk ? syncfs(fd) : fsync(fd);
    enum err e = rc == 0 ? ERR_OK : io_failed(x, path);
    close(fd);
    return e;
}

static enum err unpack(struct restoring *x, const char *file, struct backup_contents *contents)
{
    const struct backup_sink sink = {on_begin, on_data, on_end, x};
    const struct backup_reading r = {.path = file, .sink = &sink, .pace = &x->pace, .why = x->why};
    enum err e = make_folder(x);
    if (e == ERR_OK)
        e = backup_verify(&r, contents);
    if (x->fd >= 0)
        close(x->fd);
    x->fd = -1;
    return e == ERR_OK ? sync_folder(x, x->folder, true) : e;
}

/* ---- into place ---- */

static enum err check_target(struct restoring *x)
{
    static const char *const NAMES[] = {"guildhall.db", "guildhall.db-wal"};
    char path[RESTORE_PATH_MAX];
    for (size_t i = 0; i < 2; i++) {
        path_in(x->o->data, NAMES[i], path);
        if (access(path, F_OK) != 0)
            continue;
        snprintf(x->why, sizeof x->why, "There is a database already: %.400s.", path);
        return ERR_STORE_CONFLICT;
    }
    /* An empty folder may stay; rename replaces it. */
    path_in(x->o->data, "media", path);
    if (rmdir(path) == 0 || errno == ENOENT)
        return ERR_OK;
    snprintf(x->why, sizeof x->why,
             "There are media already: %.300s. Move them away, and run this again.", path);
    return ERR_STORE_CONFLICT;
}

/* False: there was none. */
static bool rename_in(const char *from, const char *to, const char *name)
{
    char old[RESTORE_PATH_MAX];
    char new[RESTORE_PATH_MAX];
    path_in(from, name, old);
    path_in(to, name, new);
    return rename(old, new) == 0;
}

static enum err place_media(struct restoring *x)
{
    bool placed = rename_in(x->folder, x->o->data, "media");
    return placed || errno == ENOENT ? ERR_OK : io_failed(x, x->folder);
}

static enum err place_file(struct restoring *x)
{
    return rename_in(x->folder, x->o->data, BACKUP_DATABASE) ? ERR_OK : io_failed(x, x->folder);
}

static bool on_rows(void *ctx, const char *table, uint64_t rows)
{
    struct restoring *x = ctx;
    (void)table;
    (void)rows;
    return !x->io->stopped(x->io->ctx);
}

static enum err open_unpacked(struct restoring *x, struct store **out)
{
    const struct store_options o = {.path = x->folder,
                                    .readers = 1,
                                    .batch_max = 1,
                                    .queue_max = 1,
                                    .read_limit_ms = 60000,
                                    .clock = x->o->clock,
                                    .log = x->o->log};
    return store_open(&o, out, x->why, sizeof x->why);
}

static enum err move_rows(struct restoring *x)
{
    struct store *store = NULL;
    struct arena arena;
    struct table_sums sums;
    enum err e = open_unpacked(x, &store);
    if (e != ERR_OK)
        return e;
    arena_init(&arena, MEM_CORE, MOVE_ARENA_BYTES);
    store_freeze(store);
    const struct move m = {.from = store,
                           .to = x->o->store_url,
                           .arena = &arena,
                           .progress = on_rows,
                           .ctx = x,
                           .clock = x->o->clock,
                           .log = x->o->log};
    ops_printf(x->io, "copying into PostgreSQL\n");
    e = store_move(&m, &sums, x->why, sizeof x->why);
    store_close(&store);
    arena_deinit(&arena);
    return e;
}

static enum err place_database(struct restoring *x)
{
    if (x->o->store_url[0] == '\0')
        return place_file(x);
    enum err e = move_rows(x);
    if (e != ERR_OK)
        (void)rename_in(x->o->data, x->folder, "media"); /* as if nothing had been done */
    return e;
}

static enum err run(struct restoring *x, const char *file, struct backup_contents *contents)
{
    enum err e = check_target(x);
    if (e == ERR_OK)
        e = unpack(x, file, contents);
    if (e == ERR_OK)
        e = place_media(x);
    if (e == ERR_OK)
        e = sync_folder(x, x->o->data, false);
    if (e == ERR_OK)
        e = place_database(x);
    if (e == ERR_OK)
        e = sync_folder(x, x->o->data, false);
    if (e != ERR_STORE_CONFLICT)
        (void)clear_folder(x); /* what is left is removed by the next run */
    return e;
}

enum ops_result ops_restore(struct ops *o, const struct ops_args *a, const struct ops_io *io)
{
    struct restoring x = {.o = o, .io = io, .fd = -1};
    struct backup_contents contents;
    char file[OPS_PATH_MAX];
    if (!ops_path(a, a->words[0], file, io))
        return OPS_USAGE;
    snprintf(x.folder, sizeof x.folder, "%s/restore.partial", o->data);
    pace_begin(&x.pace, o->clock, io, "restore", 0);
    enum err e = run(&x, file, &contents);
    if (e == ERR_OK) {
        ops_printf(io,
                   "Restored: database %" PRIu64 " bytes, %" PRIu64 " media files of %" PRIu64
                   " bytes.\n",
                   contents.database.bytes, contents.media_files, contents.media_bytes);
        return OPS_OK;
    }
    if (x.why[0] == '\0')
        snprintf(x.why, sizeof x.why, "The restore failed: %s.", err_info(e)->name);
    ops_printf(io, "guildhall: %s\n", x.why);
    return OPS_FAILED;
}
