/*
 * Applying migrations. The check comes before the first change: every version that the database has
 * must be one of ours with the same bytes, or the schema is not what the code believes it to be; or
 * it is newer, and says that we can live with it.
 */

#include "store/migrate.h"
#include "store/backfill_priv.h"
#include "store/migrate_books.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

struct migrator {
    struct sql_conn *sql;
    const struct schema_driver *schema;
    const struct migrate_options *o;
    const struct migration_list *list;
    size_t applied; /* in the database; more than the list has if that is older */
    char *why;
    size_t why_len;
};

typedef enum err (*inside_fn)(struct migrator *m, const struct migration *what);

/* Runs fn in a transaction that may take as long as it needs. */
static enum err in_tx(struct migrator *m, inside_fn fn, const struct migration *what)
{
    enum err e = sql_begin(m->sql, m->sql->driver->begin_write);
    if (e != ERR_OK)
        return e;
    e = m->schema->lift_limits(m->sql);
    if (e == ERR_OK)
        e = fn(m, what);
    if (e == ERR_OK)
        return sql_commit(m->sql);
    sql_rollback(m->sql);
    return e;
}

static enum err check_books(struct migrator *m, struct arena *arena)
{
    struct migration_row *rows;
    enum err e = migrate_books_make(m->sql);
    if (e == ERR_OK)
        e = migrate_books_read(m->sql, arena, &rows, &m->applied);
    return e == ERR_OK ? migrate_books_check(rows, m->applied, m->list, m->why, m->why_len) : e;
}

static enum err open_books(struct migrator *m, const struct migration *none)
{
    (void)none;
    struct arena arena;
    arena_init(&arena, MEM_STORE, MIGRATION_BYTES_MAX);
    enum err e = check_books(m, &arena);
    arena_deinit(&arena);
    return e;
}

static enum err run_text(struct migrator *m, const struct migration *what)
{
    enum err e = sql_exec(m->sql, (const char *)what->text);
    /* A COMMIT inside the file would have taken the transaction away from under us. */
    return e == ERR_OK && !m->sql->driver->in_transaction(m->sql) ? ERR_STORE : e;
}

static enum err apply_inside(struct migrator *m, const struct migration *what)
{
    enum err e = ERR_OK;
    if (what->online_rows == 0)
        e = run_text(m, what);
    if (e == ERR_OK)
        e = m->schema->check_foreign_keys(m->sql);
    if (e == ERR_OK)
        e = migrate_books_add(m->sql, what, clock_wall_ms(m->o->clock));
    return e;
}

static bool log_progress(void *ctx, const char *name, uint64_t rows_done)
{
    const struct migrator *m = ctx;
    log_info(m->o->log, "store", "an online migration is finished first", LOG_S("file", name),
             LOG_U("rows", rows_done));
    return true;
}

/* With foreign keys, as its steps have them while the server serves. */
static enum err finish_needed(struct migrator *m, const struct migration *what)
{
    if (what->needs == 0)
        return ERR_OK;
    const struct migration *needed = &m->list->items[what->needs - 1];
    enum err e = m->schema->foreign_keys(m->sql, true);
    if (e == ERR_OK)
        e = backfill_finish(m->sql, needed, m->o->clock, log_progress, m);
    return e == ERR_OK ? m->schema->foreign_keys(m->sql, false) : e;
}

static enum err apply(struct migrator *m, const struct migration *what)
{
    log_info(m->o->log, "store", "migration begins", LOG_S("file", what->name));
    enum err e = finish_needed(m, what);
    if (e == ERR_OK)
        e = in_tx(m, apply_inside, what);
    if (e != ERR_OK) {
        snprintf(m->why, m->why_len, "Migration %s failed (%s); the log has the database's words.",
                 what->name, err_info(e)->name);
        return e;
    }
    log_info(m->o->log, "store", "migration applied", LOG_S("file", what->name));
    return ERR_OK;
}

static enum err apply_missing(struct migrator *m)
{
    enum err e = in_tx(m, open_books, NULL);
    for (size_t i = m->applied; e == ERR_OK && i < m->list->count; i++)
        e = apply(m, &m->list->items[i]);
    if (e == ERR_OK && m->applied > m->list->count)
        log_warn(m->o->log, "store", "the database is newer than this program, which can use it",
                 LOG_U("version", m->applied), LOG_U("known", m->list->count));
    return e;
}

static enum err migrate_locked(struct migrator *m)
{
    /* Off meanwhile: a migration may rebuild a table that others refer to. */
    enum err e = m->schema->foreign_keys(m->sql, false);
    if (e == ERR_OK)
        e = apply_missing(m);
    return e == ERR_OK ? m->schema->foreign_keys(m->sql, true) : e;
}

static enum err migrate_with(struct migrator *m)
{
    enum err e = m->schema->lock(m->sql, m->o->log);
    if (e != ERR_OK)
        return e;
    e = migrate_locked(m);
    m->schema->unlock(m->sql);
    return e;
}

enum err migrate(struct sql_conn *c, const struct migrate_options *o, char *why, size_t why_len)
{
    assert(why != NULL && why_len > 0);
    struct migration_list list;
    enum err e = migration_list_init(&list, o->dir, c->driver->name, why, why_len);
    if (e != ERR_OK)
        return e;
    struct migrator m = {.sql = c,
                         .schema = c->driver->schema,
                         .o = o,
                         .list = &list,
                         .why = why,
                         .why_len = why_len};
    e = migrate_with(&m);
    if (e != ERR_OK && why[0] == '\0')
        snprintf(why, why_len, "The database's schema cannot be read (%s).", err_info(e)->name);
    migration_list_deinit(&list);
    return e;
}
