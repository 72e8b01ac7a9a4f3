/*
 * Is the schema what its migrations make? Whoever changed a table by hand, or restored half a dump,
 * learns it here and not from the first failing query. The migrations that the database has are run
 * once more, in an empty database that is forgotten afterwards, and both schemas are compared.
 */

#include "store/migrate_books.h"
#include "store/migrate_priv.h"
#include "store/schema.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"

#include <stdarg.h>
#include <stdio.h>

enum { ARENA_BYTES = 32 * 1024 * 1024, FINDING_BYTES = 1024 };

struct verify {
    migrate_finding_fn fn;
    void *ctx;
    struct migrate_work *work;
    struct arena *arena;
    size_t applied; /* in the database */
    size_t compared;
};

static bool is_older_program(const struct verify *v)
{
    return v->applied > v->work->list.count;
}

PRINTF_LIKE(3, 4) static void say(struct verify *v, bool ours, const char *format, ...)
{
    char text[FINDING_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    v->fn(v->ctx, ours, text);
}

/* ---- checksums ---- */

static enum err check_books(struct verify *v)
{
    struct migration_row *rows;
    char why[FINDING_BYTES] = "";
    enum err e = migrate_books_read(v->work->sql, v->arena, &rows, &v->applied);
    if (e != ERR_OK)
        return e;
    e = migrate_books_check(rows, v->applied, &v->work->list, why, sizeof why);
    if (e != ERR_OK)
        say(v, true, "%s", why);
    return ERR_OK;
}

/* ---- the schema ---- */

struct made {
    struct verify *v;
    struct schema schema;
};

static enum err on_scratch(struct sql_conn *c, void *ctx)
{
    struct made *made = ctx;
    const struct migration_list *list = &made->v->work->list;
    enum err e = migrate_books_make(c);
    for (size_t i = 0; e == ERR_OK && i < list->count && i < made->v->applied; i++)
        if (list->items[i].online_rows == 0)
            e = sql_exec(c, (const char *)list->items[i].text);
    return e == ERR_OK ? schema_list(c, made->v->arena, &made->schema) : e;
}

static void on_difference(void *ctx, const struct schema_item *have, const struct schema_item *made)
{
    struct verify *v = ctx;
    if (made == NULL)
        say(v, !is_older_program(v), "%.*s: no migration makes it", SLICE_ARG(have->key));
    else if (have == NULL)
        say(v, true, "%.*s: missing", SLICE_ARG(made->key));
    else
        say(v, !is_older_program(v), "%.*s: is \"%.*s\", should be \"%.*s\"", SLICE_ARG(have->key),
            SLICE_ARG(have->value), SLICE_ARG(made->value));
}

static enum err compare(struct verify *v)
{
    const struct schema_driver *driver = v->work->sql->driver->schema;
    struct made made = {.v = v};
    struct schema have;
    enum err e = driver->scratch(v->work->sql, on_scratch, &made);
    if (e != ERR_OK) {
        snprintf(
            v->work->why, v->work->why_len,
            "No empty database could be made to compare with (%s); on PostgreSQL the user needs "
            "the right to create a schema.",
            err_info(e)->name);
        return e;
    }
    e = schema_list(v->work->sql, v->arena, &have);
    if (e != ERR_OK)
        return e;
    v->compared = made.schema.count;
    (void)schema_diff(&have, &made.schema, on_difference, v);
    return ERR_OK;
}

static enum err on_verify(struct migrate_work *w, void *ctx)
{
    struct verify *v = ctx;
    v->work = w;
    enum err e = check_books(v);
    return e == ERR_OK && v->applied > 0 ? compare(v) : e;
}

enum err migrate_verify(const struct migrate_target *t, migrate_finding_fn fn, void *ctx,
                        size_t *items, char *why, size_t why_len)
{
    struct arena arena;
    struct verify v = {.fn = fn, .ctx = ctx, .arena = &arena};
    arena_init(&arena, MEM_STORE, ARENA_BYTES);
    enum err e = migrate_with_target(t, false, on_verify, &v, why, why_len);
    arena_deinit(&arena);
    if (e == ERR_OK)
        *items = v.compared;
    return e;
}
