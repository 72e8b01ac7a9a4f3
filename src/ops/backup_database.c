/*
 * The database in the archive is always an SQLite one. From SQLite it is copied page by page on the
 * writer's connection, straight to where it belongs in the archive; from PostgreSQL row by row,
 * into a file beside it first.
 */

#include "ops/backup_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/copy_out.h"
#include "store/hotcopy.h"

enum {
    REST_FACTOR = 3, /* the writer is the people's for three quarters of the time */
    RETRY_NS = 5 * 1000 * 1000
};

static enum err failed(struct creation *c, enum err e)
{
    if (e == ERR_STORE_FULL) {
        errno = ENOSPC;
        return backup_io_failed(&c->f, c->f.partial);
    }
    if (e != ERR_STOPPING && c->f.why[0] == '\0')
        snprintf(c->f.why, BACKUP_WHY_MAX, "The database cannot be copied: %s.", err_info(e)->name);
    return e;
}

/* Progress of a step: bytes that are new, the total as it is known now, a rest for the writer. */
static bool spend(struct creation *c, const struct hotcopy_progress *p, uint64_t *counted,
                  uint64_t media)
{
    uint64_t more = p->bytes_done > *counted ? p->bytes_done - *counted : 0;
    *counted += more;
    c->f.pace.total = media + p->bytes_total;
    return pace_spend(&c->f.pace, more) && pace_rest(&c->f.pace, p->held_ns * REST_FACTOR);
}

static enum err copy_pages(struct creation *c, struct hotcopy *h)
{
    struct hotcopy_progress p = {0};
    uint64_t media = c->f.pace.done;
    uint64_t counted = 0;
    while (!p.done) {
        enum err e = hotcopy_step(h, &p);
        if (e == ERR_OVERLOADED || e == ERR_RETRY) {
            if (!pace_rest(&c->f.pace, RETRY_NS))
                return ERR_STOPPING;
            continue;
        }
        if (e != ERR_OK)
            return e;
        c->database_at_ms = clock_wall_ms(c->o->clock);
        if (!spend(c, &p, &counted, media))
            return ERR_STOPPING;
    }
    return hotcopy_finish(h, &c->database_bytes);
}

static enum err from_sqlite(struct creation *c)
{
    struct hotcopy *h = NULL;
    enum err e = hotcopy_begin(c->o->store, c->f.partial, c->database_at, &h);
    if (e == ERR_OK)
        e = copy_pages(c, h);
    hotcopy_free(&h);
    if (e != ERR_OK)
        return failed(c, e);
    return backup_add_written(&c->f, BACKUP_DATABASE, c->database_bytes);
}

static bool on_rows(void *ctx, const char *table, uint64_t rows)
{
    struct creation *c = ctx;
    (void)table;
    (void)rows;
    return pace_rest(&c->f.pace, 0);
}

static enum err add_file(struct creation *c, const char *file)
{
    struct stat st;
    if (stat(file, &st) != 0)
        return backup_io_failed(&c->f, file);
    c->database_bytes = (uint64_t)st.st_size;
    c->f.pace.total += c->database_bytes;
    return backup_add_file(&c->f, BACKUP_DATABASE, file, c->database_bytes);
}

static enum err from_postgres(struct creation *c)
{
    char file[OPS_PATH_MAX + 32];
    snprintf(file, sizeof file, "%s.partial.db", c->f.path);
    const struct copy_out o = {.from = c->o->store,
                               .file = file,
                               .progress = on_rows,
                               .ctx = c,
                               .clock = c->o->clock,
                               .log = c->o->log};
    (void)unlink(file); /* of an earlier attempt; it would be of another moment */
    c->database_at_ms = clock_wall_ms(c->o->clock);
    enum err e = copy_out_run(&o, c->f.why, BACKUP_WHY_MAX);
    e = e == ERR_OK ? add_file(c, file) : failed(c, e);
    (void)unlink(file);
    return e;
}

enum err backup_database(struct creation *c)
{
    c->database_at = c->f.at + ARCHIVE_BLOCK_BYTES;
    bool sqlite = strcmp(store_backend(c->o->store), "sqlite") == 0;
    return sqlite ? from_sqlite(c) : from_postgres(c);
}
