#include "store/copy_out.h"

#include <stdio.h>

#include "store/engine.h"
#include "store/migrate.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"

enum { COPY_ARENA_BYTES = 16 * 1024 * 1024 };

struct copying {
    const struct copy_out *o;
    struct sql_conn *from;
    struct sql_conn *to;
    char *why;
    size_t why_len;
};

static enum err open_both(struct copying *x)
{
    const struct copy_out *o = x->o;
    struct sqlite_options to = {
        .file = o->file, .role = SQLITE_ROLE_WRITER, .clock = o->clock, .log = o->log};
    struct migrate_options m = {.clock = o->clock, .log = o->log};
    enum err e = o->from->engine->connect(o->from, &x->from);
    if (e == ERR_OK)
        e = sqlite_open(&to, &x->to, x->why, x->why_len);
    return e == ERR_OK ? migrate(x->to, &m, x->why, x->why_len) : e;
}

static enum err copy(struct copying *x, struct arena *arena)
{
    struct table_sums sums;
    struct table_copy t = {
        .from = x->from, .to = x->to, .arena = arena, .progress = x->o->progress, .ctx = x->o->ctx};
    enum err e = table_copy_run(&t, &sums, x->why, x->why_len);
    /* Not its write-ahead log's form: the file is to be whole by itself. */
    return e == ERR_OK ? sql_run(sql_query_text(x->to, "PRAGMA journal_mode=DELETE")) : e;
}

enum err copy_out_run(const struct copy_out *o, char *why, size_t why_len)
{
    struct copying x = {.o = o, .why = why, .why_len = why_len};
    struct arena arena;
    arena_init(&arena, MEM_STORE, COPY_ARENA_BYTES);
    why[0] = '\0';
    enum err e = open_both(&x);
    if (e == ERR_OK)
        e = copy(&x, &arena);
    sql_conn_close(&x.from);
    sql_conn_close(&x.to);
    arena_deinit(&arena);
    if (e != ERR_OK && why[0] == '\0')
        snprintf(why, why_len, "The database cannot be copied: %s.", err_info(e)->name);
    return e;
}
