/*
 * Before SQLite opens what a dead process has left: makes the machine's memory of it and the disk
 * the same.
 *
 * After a sync that failed, Linux takes the bytes for written; they stay in its memory, and no
 * later sync brings them to the disk. Within one process that is harmless. The transaction has
 * failed, the next one overwrites its frames in the log, and its sync covers them; a checkpoint
 * whose sync failed counts as not done, and the next one copies the same pages again. But if that
 * process dies before, the next one reads the failed transaction from memory, takes it for
 * committed, and builds on it: a power cut then takes those frames away, and all that was
 * acknowledged after them.
 *
 * So every byte of the log (and of a journal, and the first page of the database, without which
 * SQLite throws the log away) is written once more as it is read, and synced. It goes through
 * SQLite's file system layer, for the sake of the tests that cut the power in the middle of it.
 * After a proper end there is neither log nor journal, and nothing to do.
 */

#include "store/sqlite_priv.h"

#include <string.h>

enum { FIRST_PAGE_BYTES = 4096, CHUNK_BYTES = 64 * 1024 };

static int rewrite_chunk(sqlite3_file *f, unsigned char *bytes, int len, sqlite3_int64 offset)
{
    int rc = f->pMethods->xRead(f, bytes, len, offset);
    return rc == SQLITE_OK ? f->pMethods->xWrite(f, bytes, len, offset) : rc;
}

static int rewrite_opened(sqlite3_file *f, unsigned char *bytes, sqlite3_int64 most)
{
    sqlite3_int64 size = 0;
    int rc = f->pMethods->xFileSize(f, &size);
    if (size > most)
        size = most;
    for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size; at += CHUNK_BYTES) {
        sqlite3_int64 left = size - at;
        rc = rewrite_chunk(f, bytes, left < CHUNK_BYTES ? (int)left : CHUNK_BYTES, at);
    }
    return rc == SQLITE_OK ? f->pMethods->xSync(f, SQLITE_SYNC_NORMAL) : rc;
}

static int rewrite(sqlite3_vfs *vfs, const char *name, int type, sqlite3_int64 most)
{
    int given = 0;
    size_t room = (size_t)vfs->szOsFile;
    unsigned char *memory = mem_zalloc(MEM_STORE, room + CHUNK_BYTES);
    if (memory == NULL)
        return SQLITE_NOMEM;
    sqlite3_file *f = (sqlite3_file *)(void *)memory;
    /* CREATE although it is there: then the unix layer also syncs the folder. */
    int rc = vfs->xOpen(vfs, name, f, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | type, &given);
    /* What may only be read cannot be built on either; the caller finds out by itself. */
    if (rc == SQLITE_OK && (given & SQLITE_OPEN_READONLY) == 0)
        rc = rewrite_opened(f, memory + room, most);
    if (f->pMethods != NULL)
        f->pMethods->xClose(f);
    mem_free(MEM_STORE, memory);
    return rc;
}

static bool exists(sqlite3_vfs *vfs, const char *name)
{
    int there = 0;
    return vfs->xAccess(vfs, name, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK && there != 0;
}

/* The database last: its first page is worth something only with the log or journal. */
static int settle_names(sqlite3_vfs *vfs, const char *db, const char *journal, const char *wal)
{
    bool has_journal = exists(vfs, journal);
    bool has_wal = exists(vfs, wal);
    int rc = SQLITE_OK;
    if (!exists(vfs, db))
        return SQLITE_OK; /* SQLite throws the others away */
    if (has_journal)
        rc = rewrite(vfs, journal, SQLITE_OPEN_MAIN_JOURNAL, INT64_MAX);
    if (rc == SQLITE_OK && has_wal)
        rc = rewrite(vfs, wal, SQLITE_OPEN_WAL, INT64_MAX);
    if (rc == SQLITE_OK && (has_journal || has_wal))
        rc = rewrite(vfs, db, SQLITE_OPEN_MAIN_DB, FIRST_PAGE_BYTES);
    return rc;
}

int sqlite_settle(const char *file)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    if (vfs == NULL)
        return SQLITE_ERROR;
    size_t room = (size_t)vfs->mxPathname + sizeof "-journal";
    char *names = mem_zalloc(MEM_STORE, room * 3);
    if (names == NULL)
        return SQLITE_NOMEM;
    char *journal = names + room;
    char *wal = journal + room;
    int rc = vfs->xFullPathname(vfs, file, vfs->mxPathname, names);
    if (rc == SQLITE_OK) {
        sqlite3_snprintf((int)room, journal, "%s-journal", names);
        sqlite3_snprintf((int)room, wal, "%s-wal", names);
        rc = settle_names(vfs, names, journal, wal);
    }
    mem_free(MEM_STORE, names);
    return rc;
}
