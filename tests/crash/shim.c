/* The file system between SQLite and the disk: see shim.h. The difficulty is to let nothing happen
 * after the fault: every operation holds the lock from its count to its end, and the fault keeps
 * it.
 */

#include "crash/shim.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/random.h"
#include "crash/disk.h"

enum op { OP_CREATE, OP_WRITE, OP_SYNC, OP_TRUNCATE, OP_DELETE };

struct shim_file {
    sqlite3_file base;      /* first: sqlite3_file * is cast back */
    struct disk_node *node; /* NULL: temporary, not watched */
    char path[DISK_PATH_MAX];
    bool syncs_folder; /* SQLite's own syncs the folder with the first sync of such a file */
    enum shim_files kind;
    _Alignas(uint64_t) unsigned char real[]; /* the ordinary file; SQLite aligns to 8 */
};

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    struct shim_plan plan;
    uint64_t operations;
    enum shim_error error;
    uint64_t error_at; /* 0: at once */
    uint64_t error_count;
    uint64_t failures;
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *shim_fault_name(enum shim_fault f)
{
    static const char *const names[SHIM_FAULT_COUNT] = {"none", "before", "after", "torn", "power"};
    return names[f];
}

const char *shim_error_name(enum shim_error e)
{
    static const char *const names[SHIM_ERROR_COUNT] = {"sync-fails", "write-fails", "full",
                                                        "read-only"};
    return names[e];
}

static struct shim_file *file_of(sqlite3_file *f)
{
    return (struct shim_file *)(void *)f;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return (sqlite3_file *)(void *)file_of(f)->real;
}

/* ---- faults ---- */

static bool counts(enum shim_files kind)
{
    return shim.plan.files == SHIM_ALL_FILES || shim.plan.files == kind;
}

void shim_exit(int code)
{
    syscall(SYS_exit_group, code);
    abort();
}

/* Under the lock, which is kept. */
static _Noreturn void power_off(void)
{
    disk_cut_power(shim.plan.seed);
    shim_exit(SHIM_EXIT);
}

static _Noreturn void die(void)
{
    if (shim.plan.memory != NULL && !disk_save(shim.plan.memory))
        shim_exit(1);
    shim_exit(SHIM_EXIT);
}

/* Counts an operation; true if it is the one. */
static bool begin(enum shim_files kind)
{
    if (!counts(kind))
        return false;
    shim.operations++;
    bool due = shim.plan.fault != SHIM_NONE && shim.operations == shim.plan.at;
    if (due && shim.plan.fault == SHIM_KILL_BEFORE)
        die();
    return due;
}

/* The end of an operation that was not a sync. */
static void end(bool due)
{
    if (due && shim.plan.fault == SHIM_POWER)
        power_off();
    if (due)
        die();
}

static bool error_concerns(enum op op)
{
    switch (shim.error) {
    case SHIM_SYNC_FAILS:
        return op == OP_SYNC;
    case SHIM_WRITE_FAILS:
    case SHIM_DISK_FULL:
        return op == OP_WRITE || op == OP_CREATE;
    default:
        return op != OP_SYNC;
    }
}

static bool fails(enum op op)
{
    if (shim.error_count == 0 || shim.operations < shim.error_at || !error_concerns(op))
        return false;
    if (shim.error_count != UINT64_MAX)
        shim.error_count--;
    shim.failures++;
    static const int numbers[SHIM_ERROR_COUNT] = {EIO, EIO, ENOSPC, EROFS};
    errno = numbers[shim.error];
    return true;
}

/* ---- operations on files ---- */

/* Half of the cuts are at sectors, half anywhere. */
static int torn_length(int amount)
{
    struct random_seeded r;
    random_seeded_init(&r, shim.plan.seed + shim.operations);
    int sectors = amount / DISK_SECTOR;
    if (amount == 1)
        return 1;
    if (sectors > 1 && random_seeded_next(&r) % 2 == 0)
        return (int)(1 + random_seeded_next(&r) % (uint64_t)(sectors - 1)) * DISK_SECTOR;
    return (int)(1 + random_seeded_next(&r) % (uint64_t)(amount - 1));
}

static int write_through(sqlite3_file *f, const void *bytes, int amount, sqlite3_int64 offset)
{
    disk_written(file_of(f)->node, (uint64_t)offset, (size_t)amount);
    return real_of(f)->pMethods->xWrite(real_of(f), bytes, amount, offset);
}

static int write_fails(sqlite3_file *f, const void *bytes, int amount, sqlite3_int64 offset)
{
    int number = errno;
    int rc = SQLITE_IOERR_WRITE;
    if (shim.error == SHIM_DISK_FULL)
        rc = SQLITE_FULL;
    if (shim.error == SHIM_WRITE_FAILS)
        (void)write_through(f, bytes, torn_length(amount), offset);
    errno = number;
    return rc;
}

static int on_write(sqlite3_file *f, const void *bytes, int amount, sqlite3_int64 offset)
{
    pthread_mutex_lock(&shim.lock);
    bool due = begin(file_of(f)->kind);
    int rc;
    if (fails(OP_WRITE)) {
        rc = write_fails(f, bytes, amount, offset);
    } else {
        bool torn = due && shim.plan.fault == SHIM_KILL_TORN;
        rc = write_through(f, bytes, torn ? torn_length(amount) : amount, offset);
    }
    end(due);
    pthread_mutex_unlock(&shim.lock);
    return rc;
}

static void note_sync(struct shim_file *f)
{
    if (shim.plan.sync_lies)
        return;
    disk_synced(f->node, f->path);
    if (f->syncs_folder)
        disk_folder_synced();
    f->syncs_folder = false;
}

static int on_sync(sqlite3_file *f, int flags)
{
    (void)flags;
    pthread_mutex_lock(&shim.lock);
    bool due = begin(file_of(f)->kind);
    int rc = SQLITE_OK;
    if (due && shim.plan.fault == SHIM_POWER)
        power_off(); /* in the middle of it */
    if (fails(OP_SYNC)) {
        disk_sync_dropped(file_of(f)->node);
        rc = SQLITE_IOERR_FSYNC;
    } else {
        note_sync(file_of(f));
    }
    end(due);
    pthread_mutex_unlock(&shim.lock);
    return rc;
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    pthread_mutex_lock(&shim.lock);
    bool due = begin(file_of(f)->kind);
    int rc = SQLITE_IOERR_TRUNCATE;
    if (!fails(OP_TRUNCATE)) {
        sqlite3_int64 before = 0;
        rc = real_of(f)->pMethods->xFileSize(real_of(f), &before);
        if (rc == SQLITE_OK)
            rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
        disk_truncated(file_of(f)->node, (uint64_t)before, (uint64_t)size);
    }
    end(due);
    pthread_mutex_unlock(&shim.lock);
    return rc;
}

/* Under the lock, so that nobody reads what a power cut is about to change. */
static int on_read(sqlite3_file *f, void *out, int amount, sqlite3_int64 offset)
{
    pthread_mutex_lock(&shim.lock);
    int rc = real_of(f)->pMethods->xRead(real_of(f), out, amount, offset);
    pthread_mutex_unlock(&shim.lock);
    return rc;
}

/* ---- what is only passed on ---- */

static int on_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int on_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int on_lock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int on_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int on_check_lock(sqlite3_file *f, int *locked)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), locked);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int on_sector_size(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int on_characteristics(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int on_shm_unmap(sqlite3_file *f, int delete)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), delete);
}

/* Version 2: no memory mapping of the database, which the store does not use either. */
static const sqlite3_io_methods watched = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

/* ---- operations on names ---- */

enum {
    WATCHED_TYPES = SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL,
    FOLDER_TYPES = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL
};

static enum shim_files kind_of(int flags)
{
    return (flags & SQLITE_OPEN_MAIN_DB) != 0 ? SHIM_DATABASE_ONLY : SHIM_LOG_ONLY;
}

static int open_real(struct shim_file *f, const char *name, int flags, int *out)
{
    sqlite3_file *real = real_of(&f->base);
    int rc = shim.real->xOpen(shim.real, name, real, flags, out);
    f->base.pMethods = real->pMethods == NULL ? NULL : &watched;
    return rc;
}

static int open_watched(struct shim_file *f, const char *name, int flags, int *out)
{
    bool made;
    bool makes = (flags & SQLITE_OPEN_CREATE) != 0;
    bool due = false;
    bool known = disk_find(name) != NULL;
    f->kind = kind_of(flags);
    if (!known && makes)
        due = begin(f->kind);
    if (!known && makes && fails(OP_CREATE))
        return SQLITE_CANTOPEN;
    int rc = open_real(f, name, flags, out);
    if (rc == SQLITE_OK) {
        f->node = disk_open(name, &made);
        f->syncs_folder = makes && (flags & FOLDER_TYPES) != 0;
        strncpy(f->path, name, sizeof f->path - 1);
    }
    end(due);
    return rc;
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    if (name == NULL || (flags & WATCHED_TYPES) == 0)
        return shim.real->xOpen(shim.real, name, file, flags, out);
    struct shim_file *f = file_of(file);
    memset(f, 0, sizeof *f);
    pthread_mutex_lock(&shim.lock);
    int rc = open_watched(f, name, flags, out);
    pthread_mutex_unlock(&shim.lock);
    return rc;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    pthread_mutex_lock(&shim.lock);
    int rc = SQLITE_IOERR_DELETE_NOENT;
    if (disk_find(name) != NULL) {
        bool due = begin(SHIM_LOG_ONLY);
        rc = SQLITE_IOERR_DELETE;
        if (!fails(OP_DELETE)) {
            disk_delete(name);
            rc = shim.real->xDelete(shim.real, name, 0);
        }
        if (due && shim.plan.fault == SHIM_POWER)
            power_off(); /* before the folder is synced */
        if (sync_folder && !shim.plan.sync_lies)
            disk_folder_synced();
        end(due);
    }
    pthread_mutex_unlock(&shim.lock);
    return rc;
}

/* ---- installing ---- */

void shim_install(const struct shim_plan *plan)
{
    shim.real = sqlite3_vfs_find("unix");
    shim.plan = *plan;
    shim.operations = shim.failures = shim.error_count = 0;
    /* All other calls go straight to the ordinary one, which finds its data in the copy. */
    shim.vfs = *shim.real;
    shim.vfs.zName = "crash";
    shim.vfs.pNext = NULL;
    shim.vfs.szOsFile = (int)sizeof(struct shim_file) + shim.real->szOsFile;
    shim.vfs.xOpen = on_open;
    shim.vfs.xDelete = on_delete;
    sqlite3_vfs_register(&shim.vfs, 1);
    if (plan->memory != NULL)
        (void)disk_load(plan->memory);
}

void shim_remove(void)
{
    if (shim.real == NULL)
        return;
    sqlite3_vfs_unregister(&shim.vfs);
    sqlite3_vfs_register(shim.real, 1);
    disk_forget();
    shim.real = NULL;
}

uint64_t shim_operations(void)
{
    pthread_mutex_lock(&shim.lock);
    uint64_t n = shim.operations;
    pthread_mutex_unlock(&shim.lock);
    return n;
}

void shim_fail_at(enum shim_error e, uint64_t at, uint64_t count)
{
    pthread_mutex_lock(&shim.lock);
    shim.error = e;
    shim.error_at = at;
    shim.error_count = count;
    pthread_mutex_unlock(&shim.lock);
}

void shim_fail(enum shim_error e, uint64_t count)
{
    shim_fail_at(e, 0, count);
}

void shim_heal(void)
{
    shim_fail_at(SHIM_SYNC_FAILS, 0, 0);
}

uint64_t shim_failures(void)
{
    pthread_mutex_lock(&shim.lock);
    uint64_t n = shim.failures;
    pthread_mutex_unlock(&shim.lock);
    return n;
}

void shim_cut_power(void)
{
    pthread_mutex_lock(&shim.lock);
    power_off();
}
