/* Migrations for the operator: what there is, and applying it while no server runs. */

#include "store/backfill_priv.h"
#include "store/migrate_books.h"
#include "store/migrate_priv.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"
#include "store/store.h"

#include <stdio.h>

enum { ARENA_BYTES = 4 * 1024 * 1024 };

static const struct schema_driver *driver_of(const struct migrate_target *t)
{
    return store_url_is_postgres(t->url) ? &postgres_schema : &sqlite_schema;
}

enum err migrate_with_target(const struct migrate_target *t, bool write, migrate_target_fn fn,
                             void *ctx, char *why, size_t why_len)
{
    struct migrate_work w = {.target = t, .why = why, .why_len = why_len};
    why[0] = '\0';
    enum err e = driver_of(t)->connect(t, write, &w.sql, why, why_len);
    if (e == ERR_OK) {
        e = migration_list_init(&w.list, t->o.dir, driver_of(t)->name, why, why_len);
        if (e == ERR_OK) {
            e = fn(&w, ctx);
            migration_list_deinit(&w.list);
        }
        sql_conn_close(&w.sql);
    }
    if (e != ERR_OK && why[0] == '\0')
        snprintf(why, why_len, "The database's migrations cannot be read (%s).", err_info(e)->name);
    return e;
}

/* ---- states ---- */

struct states {
    struct arena *arena;
    struct migration_row *rows;
    size_t count;
};

static enum err add_pending(const struct migrate_work *w, struct states *s)
{
    for (size_t i = s->count; i < w->list.count; i++) {
        const struct migration *m = &w->list.items[i];
        struct migration_row *row = &s->rows[s->count++];
        *row = (struct migration_row){.version = m->version,
                                      .name = arena_dup(s->arena, slice_from(m->name)).data,
                                      .compatible = m->compatible,
                                      .known = true,
                                      .online = m->online_rows != 0};
        if (row->name == NULL)
            return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

static enum err on_states(struct migrate_work *w, void *ctx)
{
    struct states *s = ctx;
    enum err e = migrate_books_read(w->sql, s->arena, &s->rows, &s->count);
    if (e != ERR_OK)
        return e;
    /* For the flags: that something is wrong is told by them. */
    char unused[256];
    enum err ignored = migrate_books_check(s->rows, s->count, &w->list, unused, sizeof unused);
    (void)ignored;
    return add_pending(w, s);
}

enum err migrate_states(const struct migrate_target *t, struct arena *arena,
                        struct migration_row **rows, size_t *count, char *why, size_t why_len)
{
    struct states s = {.arena = arena};
    enum err e = migrate_with_target(t, false, on_states, &s, why, why_len);
    if (e != ERR_OK)
        return e;
    *rows = s.rows;
    *count = s.count;
    return ERR_OK;
}

/* ---- up ---- */

struct up {
    migrate_watch_fn watch;
    void *ctx;
};

static enum err finish_online(struct migrate_work *w, const struct up *up, struct arena *arena)
{
    struct migration_row *rows;
    size_t count = 0;
    enum err e = migrate_books_read(w->sql, arena, &rows, &count);
    for (size_t i = 0; e == ERR_OK && i < count && i < w->list.count; i++)
        if (rows[i].online && rows[i].finished_at_ms == 0)
            e = backfill_finish(w->sql, &w->list.items[i], w->target->o.clock, up->watch, up->ctx);
    return e;
}

static enum err on_up(struct migrate_work *w, void *ctx)
{
    struct arena arena;
    enum err e = migrate(w->sql, &w->target->o, w->why, w->why_len);
    if (e != ERR_OK)
        return e;
    arena_init(&arena, MEM_STORE, ARENA_BYTES);
    e = finish_online(w, ctx, &arena);
    arena_deinit(&arena);
    return e;
}

enum err migrate_up(const struct migrate_target *t, migrate_watch_fn watch, void *ctx, char *why,
                    size_t why_len)
{
    struct up up = {watch, ctx};
    return migrate_with_target(t, true, on_up, &up, why, why_len);
}
