/* Opening and closing a store: the folder, its lock, the database, the threads. */

#include "store/migrate.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"
#include "store/store_priv.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct opening {
    const struct store_options *o;
    struct store *s;
    char *why;
    size_t why_len;
};

static _Thread_local bool thread_inside;

bool store_thread_is_inside(void)
{
    return thread_inside;
}

void store_thread_set_inside(bool inside)
{
    thread_inside = inside;
}

static enum err refuse(const struct opening *op, enum err e, const char *what)
{
    snprintf(op->why, op->why_len, "The data folder %s %s: %s.", op->o->path, what,
             strerror(errno));
    return e;
}

/* The new entry must survive a power cut as the acknowledged rows in it do. */
static enum err sync_parent(const struct opening *op)
{
    char parent[STORE_PATH_MAX + 4];
    snprintf(parent, sizeof parent, "%s/..", op->o->path);
    int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? ERR_OK : refuse(op, ERR_IO, "has no readable parent");
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ERR_OK : refuse(op, ERR_IO, "cannot be synced");
}

static enum err make_folder(const struct opening *op)
{
    if (mkdir(op->o->path, 0700) == 0)
        return sync_parent(op);
    if (errno != EEXIST)
        return refuse(op, ERR_IO, "cannot be made");
    return ERR_OK;
}

static enum err lock_folder(const struct opening *op)
{
    char file[STORE_PATH_MAX];
    int len = snprintf(file, sizeof file, "%s/guildhall.lock", op->o->path);
    if (len < 0 || (size_t)len >= sizeof file) {
        errno = ENAMETOOLONG;
        return refuse(op, ERR_IO, "cannot be used");
    }
    op->s->lock_fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (op->s->lock_fd < 0)
        return refuse(op, ERR_IO, "cannot be written to");
    if (flock(op->s->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    if (errno != EWOULDBLOCK)
        return refuse(op, ERR_IO, "cannot be locked");
    snprintf(op->why, op->why_len, "The data folder %s is in use by another server.", op->o->path);
    return ERR_STORE_LOCKED;
}

static enum err open_database(const struct opening *op)
{
    struct store *s = op->s;
    snprintf(s->db_file, sizeof s->db_file, "%s/guildhall.db", op->o->path);
    struct sqlite_options sqlite = {.file = s->db_file,
                                    .role = SQLITE_ROLE_WRITER,
                                    .wal_alarm_bytes = op->o->wal_alarm_bytes,
                                    .clock = op->o->clock,
                                    .log = op->o->log};
    enum err e = sqlite_open(&sqlite, &s->writer.sql, op->why, op->why_len);
    if (e != ERR_OK)
        return e;
    struct migrate_options m = {
        .dir = op->o->migrations_dir, .clock = op->o->clock, .log = op->o->log};
    return migrate(s->writer.sql, &m, op->why, op->why_len);
}

static enum err raise_ids(struct store *s)
{
    struct sql_stmt *q =
        sql_query(s->writer.sql, "SELECT number FROM meta WHERE name = 'id_floor'");
    bool found = sql_step(q);
    uint64_t floor = found ? sql_u64(q, 0) : 0;
    enum err e = sql_done(q);
    if (e != ERR_OK)
        return e;
    if (!found)
        return ERR_STORE;
    snowflake_init(&s->ids, s->o.worker_id, s->o.clock);
    snowflake_raise(&s->ids, floor);
    s->id_floor = floor;
    return ERR_OK;
}

static enum err open_inside(const struct opening *op)
{
    enum err e = make_folder(op);
    if (e == ERR_OK)
        e = lock_folder(op);
    if (e == ERR_OK)
        e = open_database(op);
    if (e == ERR_OK)
        e = raise_ids(op->s);
    if (e == ERR_OK)
        e = readers_init(op->s);
    return e == ERR_OK ? writer_start(op->s) : e;
}

static void check_options(const struct store_options *o)
{
    assert(o->path != NULL && o->clock != NULL);
    assert(o->readers > 0 && o->batch_max > 0 && o->queue_max > 0 && o->read_limit_ms > 0);
    assert(o->worker_id <= SNOWFLAKE_WORKER_MAX);
}

enum err store_open(const struct store_options *o, struct store **out, char *why, size_t why_len)
{
    check_options(o);
    assert(why != NULL && why_len > 0);
    why[0] = '\0';
    struct store *s = mem_zalloc(MEM_STORE, sizeof *s);
    enum err e = ERR_NO_MEMORY;
    if (s != NULL) {
        s->magic = STORE_MAGIC;
        s->o = *o;
        s->o.path = NULL;
        s->o.migrations_dir = NULL;
        s->lock_fd = -1;
        e = open_inside(&(struct opening){.o = o, .s = s, .why = why, .why_len = why_len});
    }
    if (e == ERR_OK) {
        *out = s;
        return ERR_OK;
    }
    if (why[0] == '\0')
        snprintf(why, why_len, "The store cannot be opened: %s.", err_info(e)->name);
    store_close(&s);
    return e;
}

void store_close(struct store **sp)
{
    struct store *s = *sp;
    if (s == NULL)
        return;
    assert(s->magic == STORE_MAGIC && !store_thread_is_inside());
    writer_stop(s);
    readers_deinit(s);
    sql_conn_close(&s->writer.sql);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->magic = 0;
    mem_free(MEM_STORE, s);
    *sp = NULL;
}

enum err store_write(struct store *s, store_fn fn, void *ctx)
{
    assert(!store_thread_is_inside() && "a transaction inside a transaction");
    return writer_submit(s, fn, ctx);
}

enum err store_read(struct store *s, store_fn fn, void *ctx)
{
    assert(!store_thread_is_inside() && "a transaction inside a transaction");
    return readers_run(s, fn, ctx);
}

bool store_ready(struct store *s)
{
    pthread_mutex_lock(&s->writer.lock);
    bool accepting = !s->writer.stopping;
    pthread_mutex_unlock(&s->writer.lock);
    /* Relaxed: a hint (store_priv.h). */
    return accepting && !atomic_load_explicit(&s->writer.failing, memory_order_relaxed);
}
