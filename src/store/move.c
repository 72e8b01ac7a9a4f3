/* Opening the target is the work here; the rows are table_copy.c's. */

#include "store/move.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/engine.h"
#include "store/folder.h"
#include "store/migrate.h"
#include "store/postgres.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"

struct moving {
    const struct move *m;
    struct sql_conn *from;
    struct sql_conn *to;
    int lock_fd; /* of the target's folder; -1: none, or it is the store's own */
    char *why;
    size_t why_len;
};

static bool is_postgres(const char *to)
{
    return strncmp(to, "postgres://", 11) == 0 || strncmp(to, "postgresql://", 13) == 0;
}

static bool same_folder(const char *a, const char *b)
{
    char real_a[PATH_MAX], real_b[PATH_MAX];
    return realpath(a, real_a) != NULL && realpath(b, real_b) != NULL &&
           strcmp(real_a, real_b) == 0;
}

static enum err open_folder(struct moving *x, const char *folder)
{
    char file[PATH_MAX];
    struct sqlite_options o = {
        .file = file, .role = SQLITE_ROLE_WRITER, .clock = x->m->clock, .log = x->m->log};
    int len = snprintf(file, sizeof file, "%s/guildhall.db", folder);
    if (folder[0] == '\0' || len < 0 || (size_t)len >= sizeof file)
        return ERR_INVALID_FORM;
    /* The folder of a store on PostgreSQL may become that of its SQLite database. */
    if (!same_folder(folder, store_path(x->m->from))) {
        enum err e = folder_lock(folder, &x->lock_fd, x->why, x->why_len);
        if (e != ERR_OK)
            return e;
    } else if (strcmp(store_backend(x->m->from), "sqlite") == 0) {
        snprintf(x->why, x->why_len, "The store is in that folder already.");
        return ERR_STORE_CONFLICT;
    }
    return sqlite_open(&o, &x->to, x->why, x->why_len);
}

static enum err open_postgres(struct moving *x)
{
    struct postgres_options o = {.url = x->m->to, .clock = x->m->clock, .log = x->m->log};
    return postgres_open(&o, &x->to, x->why, x->why_len);
}

static enum err open_target(struct moving *x)
{
    if (is_postgres(x->m->to))
        return open_postgres(x);
    if (strncmp(x->m->to, "sqlite:", 7) == 0)
        return open_folder(x, x->m->to + 7);
    snprintf(x->why, x->why_len, "The target must be postgres://... or sqlite:FOLDER.");
    return ERR_INVALID_FORM;
}

/* Not in the section of texts that are explained: on an empty table it is the cheapest question. */
static enum err check_empty(struct moving *x)
{
    static const char text[] = "SELECT 1 FROM users UNION ALL SELECT 1 FROM streams LIMIT 1";
    struct sql_stmt *s = sql_query_text(x->to, text);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e != ERR_OK || !found)
        return e;
    snprintf(x->why, x->why_len, "There is an installation at the target already.");
    return ERR_STORE_CONFLICT;
}

static enum err move_with_both_open(struct moving *x, struct table_sums *sums)
{
    const struct move *m = x->m;
    struct migrate_options o = {.clock = m->clock, .log = m->log};
    struct table_copy t = {
        .from = x->from, .to = x->to, .arena = m->arena, .progress = m->progress, .ctx = m->ctx};
    enum err e = migrate(x->to, &o, x->why, x->why_len);
    /* Two copies to one place: the second waits for the first, and then finds what it made. Held to
     * the end of the connection. */
    if (e == ERR_OK)
        e = x->to->driver->schema->lock(x->to, m->log);
    if (e == ERR_OK)
        e = check_empty(x);
    return e == ERR_OK ? table_copy_run(&t, sums, x->why, x->why_len) : e;
}

enum err store_move(const struct move *m, struct table_sums *sums, char *why, size_t why_len)
{
    struct moving x = {.m = m, .lock_fd = -1, .why = why, .why_len = why_len};
    assert(store_trouble(m->from) == ERR_STORE_FROZEN);
    why[0] = '\0';
    enum err e = open_target(&x);
    if (e == ERR_OK)
        e = m->from->engine->connect(m->from, &x.from);
    if (e == ERR_OK)
        e = move_with_both_open(&x, sums);
    sql_conn_close(&x.from);
    sql_conn_close(&x.to);
    if (x.lock_fd >= 0)
        close(x.lock_fd);
    if (e != ERR_OK && why[0] == '\0')
        snprintf(why, why_len, "The store cannot be copied: %s.", err_info(e)->name);
    return e;
}
