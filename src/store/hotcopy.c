/*
 * The difficulty is the writer's time. Each visit copies so many pages that it takes about
 * STEP_TARGET_NS, measured by the visit before; what is to be copied next is first read here, on
 * the caller's thread, so that the writer finds it in memory; and what was copied is synced here,
 * so that the writer never waits for a disk that cannot keep up.
 */

#include "store/hotcopy.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/engine.h"
#include "store/slice_db.h"
#include "store/sqlite_priv.h"

enum {
    PAGE_BYTES = 4096, /* for progress and reading ahead; SQLite's default, which we leave */
    STEP_TARGET_NS = 500 * 1000,
    STEP_PAGES_FIRST = 16,
    STEP_PAGES_MIN = 4,
    STEP_PAGES_MAX = 1024,
    SYNC_BYTES = 4 * 1024 * 1024,  /* copied between two syncs */
    AHEAD_BYTES = 8 * 1024 * 1024, /* read ahead of the copy, in pieces */
    AHEAD_PIECE_BYTES = 256 * 1024,
    END_TRIES_NS = 1000 * 1000,
    HEADER_VERSIONS_AT = 18 /* file format: write version and read version, one byte each */
};

struct hotcopy {
    struct store *store;
    struct slice_db *target;
    sqlite3 *source;        /* never asked for rows: its file is read, to have it in memory */
    sqlite3_backup *backup; /* the writer thread's while a step runs */
    int fd;                 /* the target's file, for syncing */
    uint64_t offset;
    int pages; /* of the next step */
    uint64_t ahead;
    uint64_t synced;
    char *piece;
};

struct step {
    struct hotcopy *h;
    int rc;
    int remaining;
    int count;
    uint64_t held_ns;
};

static sqlite3 *database_of(struct sql_conn *c)
{
    struct sqlite_conn *conn = (struct sqlite_conn *)(void *)c;
    assert(conn->magic == SQLITE_CONN_MAGIC);
    return conn->db;
}

static enum err error_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
        return ERR_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_RETRY;
    case SQLITE_FULL:
        return ERR_STORE_FULL;
    case SQLITE_NOMEM:
        return ERR_NO_MEMORY;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        return ERR_STORE_IO;
    default:
        return ERR_STORE;
    }
}

/* ---- on the writer thread ---- */

static enum err begin_there(struct sql_conn *c, void *ctx)
{
    struct hotcopy *h = ctx;
    sqlite3 *target = slice_db_handle(h->target);
    h->backup = sqlite3_backup_init(target, "main", database_of(c), "main");
    h->store->writer.copies += h->backup != NULL;
    return h->backup != NULL ? ERR_OK : error_of(sqlite3_errcode(target));
}

static enum err step_there(struct sql_conn *c, void *ctx)
{
    (void)c;
    struct step *s = ctx;
    uint64_t begun_ns = clock_mono_ns(s->h->store->o.clock);
    s->rc = sqlite3_backup_step(s->h->backup, s->h->pages);
    s->remaining = sqlite3_backup_remaining(s->h->backup);
    s->count = sqlite3_backup_pagecount(s->h->backup);
    s->held_ns = clock_mono_ns(s->h->store->o.clock) - begun_ns;
    return error_of(s->rc);
}

static enum err end_there(struct sql_conn *c, void *ctx)
{
    (void)c;
    struct hotcopy *h = ctx;
    enum err e = error_of(sqlite3_backup_finish(h->backup));
    h->backup = NULL;
    h->store->writer.copies--;
    return e;
}

/* ---- on the caller's thread ---- */

static enum err open_source(struct hotcopy *h)
{
    int rc = sqlite3_open_v2(h->store->db_file, &h->source,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    h->piece = mem_alloc(MEM_STORE, AHEAD_PIECE_BYTES);
    return rc == SQLITE_NOMEM || h->piece == NULL ? ERR_NO_MEMORY : error_of(rc);
}

static enum err open_target(struct hotcopy *h, const char *file)
{
    struct slice_db_options o = {.file = file, .offset = h->offset, .writing = true};
    h->fd = open(file, O_RDWR | O_CLOEXEC);
    if (h->fd < 0)
        return ERR_STORE_IO;
    enum err e = slice_db_open(&o, &h->target);
    if (e != ERR_OK)
        return e;
    /* Nothing that is half done is ever read, so there is nothing to roll back and nothing to sync.
     */
    return error_of(sqlite3_exec(slice_db_handle(h->target),
                                 "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL,
                                 NULL));
}

enum err hotcopy_begin(struct store *s, const char *file, uint64_t offset, struct hotcopy **out)
{
    struct hotcopy *h = mem_zalloc(MEM_STORE, sizeof *h);
    if (h == NULL)
        return ERR_NO_MEMORY;
    h->store = s;
    h->offset = offset;
    h->pages = STEP_PAGES_FIRST;
    h->fd = -1;
    enum err e = open_source(h);
    if (e == ERR_OK)
        e = open_target(h, file);
    if (e == ERR_OK)
        e = store_between(s, begin_there, h);
    if (e == ERR_OK)
        *out = h;
    else
        hotcopy_free(&h);
    return e;
}

/*
 * By SQLite's own handle on the file: closing one of ours would drop the locks that this process
 * has on it. What is only in the write-ahead log was written of late, and is in memory anyway.
 */
static void read_ahead(struct hotcopy *h, uint64_t done)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(h->source, "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (rc != SQLITE_OK || file == NULL || file->pMethods == NULL)
        return;
    if (h->ahead < done)
        h->ahead = done;
    sqlite3_int64 size = 0;
    if (h->ahead > done + AHEAD_BYTES / 2 || file->pMethods->xFileSize(file, &size) != SQLITE_OK)
        return;
    while (h->ahead < done + AHEAD_BYTES && h->ahead < (uint64_t)size) {
        rc = file->pMethods->xRead(file, h->piece, AHEAD_PIECE_BYTES, (sqlite3_int64)h->ahead);
        if (rc != SQLITE_OK)
            return; /* the writer will meet it, and tell */
        h->ahead += AHEAD_PIECE_BYTES;
    }
}

static enum err sync_target(struct hotcopy *h)
{
    if (fdatasync(h->fd) == 0)
        return ERR_OK;
    return errno == ENOSPC || errno == EDQUOT ? ERR_STORE_FULL : ERR_STORE_IO;
}

/* At most twice as many as before: one fast visit says little. */
static void adapt(struct hotcopy *h, uint64_t held_ns)
{
    uint64_t pages = (uint64_t)h->pages * STEP_TARGET_NS / (held_ns == 0 ? 1 : held_ns);
    uint64_t most = (uint64_t)h->pages * 2;
    pages = pages > most ? most : pages;
    pages = pages > STEP_PAGES_MAX ? STEP_PAGES_MAX : pages;
    h->pages = (int)(pages < STEP_PAGES_MIN ? STEP_PAGES_MIN : pages);
}

enum err hotcopy_step(struct hotcopy *h, struct hotcopy_progress *p)
{
    struct step s = {.h = h};
    enum err e = store_between(h->store, step_there, &s);
    if (e != ERR_OK)
        return e;
    adapt(h, s.held_ns);
    uint64_t done = (uint64_t)(s.count - s.remaining) * PAGE_BYTES;
    *p = (struct hotcopy_progress){.bytes_done = done,
                                   .bytes_total = (uint64_t)s.count * PAGE_BYTES,
                                   .held_ns = s.held_ns,
                                   .done = s.rc == SQLITE_DONE};
    if (p->done)
        return ERR_OK;
    read_ahead(h, done);
    if (done < h->synced + SYNC_BYTES)
        return ERR_OK;
    h->synced = done;
    return sync_target(h);
}

/* A step of the end is never given up: an unfinished backup would keep the store from closing. */
static enum err end_backup(struct hotcopy *h)
{
    enum err e = ERR_OK;
    while (h->backup != NULL) {
        e = store_between(h->store, end_there, h);
        assert(e != ERR_STOPPING && "the store is closed under a copy");
        if (h->backup != NULL)
            nanosleep(&(struct timespec){.tv_nsec = END_TRIES_NS}, NULL);
    }
    return e;
}

/* A database in WAL form cannot be opened without its log's files; both versions 1: an ordinary one
 * (sqlite.org/fileformat2 §1.3.3). The server sets its form by itself when it opens one. */
static enum err clear_wal_form(struct hotcopy *h)
{
    const unsigned char versions[2] = {1, 1};
    ssize_t n = pwrite(h->fd, versions, sizeof versions, (off_t)(h->offset + HEADER_VERSIONS_AT));
    return n == (ssize_t)sizeof versions ? ERR_OK : ERR_STORE_IO;
}

enum err hotcopy_finish(struct hotcopy *h, uint64_t *bytes)
{
    enum err e = end_backup(h);
    slice_db_close(&h->target);
    if (e == ERR_OK)
        e = clear_wal_form(h);
    if (e == ERR_OK)
        e = sync_target(h);
    off_t end = lseek(h->fd, 0, SEEK_END);
    if (e == ERR_OK && end < (off_t)h->offset)
        e = ERR_STORE_IO;
    if (e == ERR_OK)
        *bytes = (uint64_t)end - h->offset;
    return e;
}

void hotcopy_free(struct hotcopy **hp)
{
    struct hotcopy *h = *hp;
    if (h == NULL)
        return;
    enum err ignored = end_backup(h);
    (void)ignored;
    slice_db_close(&h->target);
    if (h->fd >= 0)
        close(h->fd);
    sqlite3_close(h->source);
    mem_free(MEM_STORE, h->piece);
    mem_free(MEM_STORE, h);
    *hp = NULL;
}
