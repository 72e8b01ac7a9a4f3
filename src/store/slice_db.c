/*
 * A file system layer for SQLite that shows a slice of a file as if it were a file. Each database
 * has a layer of its own, registered as long as it is open: SQLite hands the options on in no other
 * way.
 */

#include "store/slice_db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

enum { SLICE_MAGIC = 0x534c4442, SECTOR_BYTES = 4096, FULL_NAME_MAX = 64 };

struct slice_db {
    uint32_t magic; /* travels through SQLite's void * */
    sqlite3_vfs vfs;
    sqlite3_vfs *system; /* for time and randomness */
    struct slice_db_options o;
    char name[32];
    sqlite3 *db;
};

/* SQLite allocates it, by szOsFile. */
struct slice_file {
    sqlite3_file base; /* first: sqlite3_file * is cast back */
    const struct slice_db *slice;
    int fd;
};

static struct slice_file *file_of(sqlite3_file *f)
{
    return (struct slice_file *)(void *)f;
}

static struct slice_db *slice_of_vfs(sqlite3_vfs *v)
{
    struct slice_db *d = v->pAppData;
    assert(d->magic == SLICE_MAGIC);
    return d;
}

/* ---- the file ---- */

static int on_close(sqlite3_file *base)
{
    close(file_of(base)->fd);
    return SQLITE_OK;
}

/* How many of the bytes from `at` on are the database's. */
static size_t inside(const struct slice_file *f, size_t len, uint64_t at)
{
    const struct slice_db_options *o = &f->slice->o;
    if (o->writing)
        return len;
    if (at >= o->bytes)
        return 0;
    return o->bytes - at < len ? (size_t)(o->bytes - at) : len;
}

static int on_read(sqlite3_file *base, void *out, int amount, sqlite3_int64 at)
{
    const struct slice_file *f = file_of(base);
    size_t wanted = (size_t)amount;
    size_t len = inside(f, wanted, (uint64_t)at);
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(f->fd, (char *)out + done, len - done,
                          (off_t)(f->slice->o.offset + (uint64_t)at + done));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return SQLITE_IOERR_READ;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    memset((char *)out + done, 0, wanted - done); /* SQLite counts on it */
    return done == wanted ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *data, int amount, sqlite3_int64 at)
{
    const struct slice_file *f = file_of(base);
    const char *from = data;
    size_t left = (size_t)amount;
    off_t to = (off_t)(f->slice->o.offset + (uint64_t)at);
    while (left > 0) {
        ssize_t n = pwrite(f->fd, from, left, to);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : SQLITE_IOERR_WRITE;
        from += n;
        left -= (size_t)n;
        to += n;
    }
    return SQLITE_OK;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    const struct slice_file *f = file_of(base);
    off_t end = (off_t)(f->slice->o.offset + (uint64_t)size);
    return ftruncate(f->fd, end) == 0 ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

static int on_sync(sqlite3_file *base, int flags)
{
    (void)flags;
    return fsync(file_of(base)->fd) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int on_file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    const struct slice_file *f = file_of(base);
    off_t end = lseek(f->fd, 0, SEEK_END);
    if (end < 0)
        return SQLITE_IOERR_FSTAT;
    uint64_t behind = (uint64_t)end > f->slice->o.offset ? (uint64_t)end - f->slice->o.offset : 0;
    bool cut = !f->slice->o.writing && behind > f->slice->o.bytes;
    *out = (sqlite3_int64)(cut ? f->slice->o.bytes : behind);
    return SQLITE_OK;
}

static int on_lock(sqlite3_file *base, int level)
{
    (void)base;
    (void)level;
    return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *base, int *out)
{
    (void)base;
    *out = 0;
    return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int op, void *arg)
{
    (void)base;
    (void)op;
    (void)arg;
    return SQLITE_NOTFOUND;
}

static int on_sector_size(sqlite3_file *base)
{
    (void)base;
    return SECTOR_BYTES;
}

static int on_characteristics(sqlite3_file *base)
{
    (void)base;
    return 0;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
};

/* ---- the layer ---- */

static int on_open(sqlite3_vfs *v, const char *name, sqlite3_file *base, int flags, int *out)
{
    (void)name;
    const struct slice_db *d = slice_of_vfs(v);
    struct slice_file *f = file_of(base);
    base->pMethods = NULL; /* then SQLite does not close it */
    if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
        return SQLITE_CANTOPEN;
    f->fd = open(d->o.file, (d->o.writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (f->fd < 0)
        return SQLITE_CANTOPEN;
    f->slice = d;
    base->pMethods = &METHODS;
    if (out != NULL)
        *out = flags;
    return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
    (void)v;
    (void)name;
    (void)sync_folder;
    return SQLITE_OK;
}

/* There are no other files: no journal and no write-ahead log. */
static int on_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
    (void)v;
    (void)name;
    (void)flags;
    *out = 0;
    return SQLITE_OK;
}

static int on_full_name(sqlite3_vfs *v, const char *name, int max, char *out)
{
    (void)v;
    int len = snprintf(out, (size_t)max, "%s", name);
    return len >= 0 && len < max ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int on_randomness(sqlite3_vfs *v, int len, char *out)
{
    sqlite3_vfs *system = slice_of_vfs(v)->system;
    return system->xRandomness(system, len, out);
}

static int on_sleep(sqlite3_vfs *v, int us)
{
    sqlite3_vfs *system = slice_of_vfs(v)->system;
    return system->xSleep(system, us);
}

static int on_time(sqlite3_vfs *v, double *out)
{
    sqlite3_vfs *system = slice_of_vfs(v)->system;
    return system->xCurrentTime(system, out);
}

static int on_last_error(sqlite3_vfs *v, int len, char *out)
{
    (void)v;
    if (len > 0)
        out[0] = '\0';
    return errno;
}

static void make_layer(struct slice_db *d)
{
    snprintf(d->name, sizeof d->name, "slice-%p", (void *)d);
    d->vfs = (sqlite3_vfs){
        .iVersion = 1,
        .szOsFile = (int)sizeof(struct slice_file),
        .mxPathname = FULL_NAME_MAX,
        .zName = d->name,
        .pAppData = d,
        .xOpen = on_open,
        .xDelete = on_delete,
        .xAccess = on_access,
        .xFullPathname = on_full_name,
        .xRandomness = on_randomness,
        .xSleep = on_sleep,
        .xCurrentTime = on_time,
        .xGetLastError = on_last_error,
    };
}

enum err slice_db_open(const struct slice_db_options *o, struct slice_db **out)
{
    struct slice_db *d = mem_zalloc(MEM_STORE, sizeof *d);
    if (d == NULL)
        return ERR_NO_MEMORY;
    d->magic = SLICE_MAGIC;
    d->o = *o;
    d->system = sqlite3_vfs_find(NULL);
    make_layer(d);
    int flags = SQLITE_OPEN_FULLMUTEX |
                (o->writing ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    int rc = sqlite3_vfs_register(&d->vfs, 0);
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2("slice", &d->db, flags, d->name);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(d->db, "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2048", NULL, NULL,
                          NULL);
    if (rc == SQLITE_OK) {
        *out = d;
        return ERR_OK;
    }
    slice_db_close(&d);
    return rc == SQLITE_NOMEM ? ERR_NO_MEMORY : rc == SQLITE_CANTOPEN ? ERR_STORE_IO : ERR_STORE;
}

sqlite3 *slice_db_handle(const struct slice_db *d)
{
    return d->db;
}

void slice_db_close(struct slice_db **dp)
{
    struct slice_db *d = *dp;
    if (d == NULL)
        return;
    int rc = sqlite3_close(d->db);
    assert(rc == SQLITE_OK && "statements are left");
    (void)rc;
    sqlite3_vfs_unregister(&d->vfs);
    d->magic = 0;
    mem_free(MEM_STORE, d);
    *dp = NULL;
}
