/*
 * Damage, references, settings: asked of the database in its own words. SQLite's are table-valued
 * functions, so that a table's name is a parameter: statements are cached by the address of their
 * text, which must not come back with another meaning.
 */

#include "store/checkup.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "store/engine.h"
#include "store/space.h"

enum {
    TABLES_MAX = 64,
    NAME_BYTES = 64,
    LINE_BYTES = 256,
    /* From here on the largest tables are checked only when nobody is served: SQLite 3.40 does not
     * let itself be interrupted inside a table, and looks at some 700 MB a second. */
    SERVING_BYTES_MAX = 1024 * 1024 * 1024
};

struct asking {
    struct checkup *c;
    const char *text;
    char table[NAME_BYTES];
    char lines[CHECKUP_FINDINGS_MAX][LINE_BYTES];
    unsigned count;
};

static bool is_sqlite(const struct store *s)
{
    return s->engine == &sqlite_engine;
}

static void report(struct asking *a)
{
    for (unsigned i = 0; i < a->count; i++)
        a->c->found(a->c->ctx, a->lines[i], 0);
}

/* The first column of each row is a finding, but for the word "ok". */
static enum err collect(struct sql_stmt *s, struct asking *a)
{
    a->count = 0;
    while (sql_step(s)) {
        struct slice line = sql_blob(s, 0);
        if (line.data == NULL || slice_eq_cstr(line, "ok") || a->count == CHECKUP_FINDINGS_MAX)
            continue;
        size_t end = slice_find(line, '\n');
        snprintf(a->lines[a->count++], LINE_BYTES, "%s%s%.*s", a->table,
                 a->table[0] != '\0' ? ": " : "", (int)(end < LINE_BYTES ? end : LINE_BYTES),
                 line.data);
    }
    return sql_done(s);
}

static enum err ask_table(struct tx *tx, void *ctx)
{
    struct asking *a = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), a->text);
    sql_bind_text(s, 1, slice_from(a->table));
    return collect(s, a);
}

static enum err ask_once(struct tx *tx, void *ctx)
{
    struct asking *a = ctx;
    return collect(sql_query_text(tx_sql(tx), a->text), a);
}

/* ---- SQLite ---- */

struct tables {
    char names[TABLES_MAX][NAME_BYTES];
    size_t count;
};

static enum err read_tables(struct tx *tx, void *ctx)
{
    struct tables *t = ctx;
    struct sql_stmt *s = sql_query_text(
        tx_sql(tx), "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
    t->count = 0;
    while (t->count < TABLES_MAX && sql_step(s))
        snprintf(t->names[t->count++], NAME_BYTES, "%.*s", SLICE_ARG(sql_blob(s, 0)));
    return sql_done(s);
}

static bool is_large(const struct checkup *c, const char *table)
{
    struct space space;
    return (strcmp(table, "messages") == 0 || strcmp(table, "event_log") == 0) &&
           (space_of(c->store, &space) != ERR_OK || space.bytes > SERVING_BYTES_MAX);
}

/* One table in a read of its own. Damage that makes reading impossible is a finding, not a failure.
 */
static enum err check_table(struct asking *a)
{
    if (is_large(a->c, a->table)) {
        a->c->left_out++;
        return ERR_OK;
    }
    enum err e = store_read(a->c->store, ask_table, a);
    if (e == ERR_RETRY) {
        a->c->left_out++;
        return ERR_OK;
    }
    if (e == ERR_STORE || e == ERR_STORE_IO) {
        snprintf(a->lines[0], LINE_BYTES, "%s: cannot be read; the log has the database's words",
                 a->table);
        a->count = 1;
        e = ERR_OK;
    }
    a->c->rows++;
    report(a);
    return e;
}

static enum err check_tables(struct checkup *c, const char *text)
{
    struct tables t;
    struct asking a = {.c = c, .text = text};
    enum err e = store_read(c->store, read_tables, &t);
    for (size_t i = 0; e == ERR_OK && i < t.count && !c->stopped(c->ctx); i++) {
        memcpy(a.table, t.names[i], NAME_BYTES);
        a.count = 0;
        e = check_table(&a);
    }
    return e;
}

static enum err ask_between(struct sql_conn *c, void *ctx)
{
    struct asking *a = ctx;
    enum err e = collect(sql_query_text(c, a->text), a);
    if (e == ERR_STORE || e == ERR_STORE_IO) {
        snprintf(a->lines[0], LINE_BYTES, "cannot be read; the log has the database's words");
        a->count = 1;
        e = ERR_OK;
    }
    return e;
}

/* All at once, on the writer's connection, which has no limit. */
static enum err check_alone(struct checkup *c, const char *text)
{
    struct tables t;
    struct asking a = {.c = c, .text = text};
    enum err e = store_read(c->store, read_tables, &t);
    if (e == ERR_OK)
        e = store_between(c->store, ask_between, &a);
    if (e == ERR_OK)
        report(&a);
    c->rows += t.count;
    return e;
}

/* ---- PostgreSQL: what it knows of its own objects ---- */

static enum err check_catalogue(struct checkup *c, const char *text)
{
    struct asking a = {.c = c, .text = text};
    enum err e = store_read(c->store, ask_once, &a);
    if (e == ERR_OK)
        report(&a);
    return e;
}

enum err checkup_integrity(struct checkup *c)
{
    if (!is_sqlite(c->store))
        return check_catalogue(c, "SELECT 'index ' || i.relname || ' is not valid' FROM pg_index x "
                                  "JOIN pg_class i ON i.oid = x.indexrelid "
                                  "WHERE NOT x.indisvalid AND i.relnamespace = "
                                  "current_schema()::regnamespace");
    return c->alone ? check_alone(c, "PRAGMA integrity_check")
                    : check_tables(c, "SELECT * FROM pragma_quick_check($1)");
}

enum err checkup_references(struct checkup *c)
{
    if (!is_sqlite(c->store))
        return check_catalogue(c, "SELECT 'constraint ' || conname || ' is not validated' "
                                  "FROM pg_constraint WHERE NOT convalidated AND connamespace = "
                                  "current_schema()::regnamespace");
    /* A row: table, rowid (none here), the table that is referred to, number of the key. */
    return c->alone
               ? check_alone(c, "SELECT DISTINCT \"table\" || ' has rows that refer to none in ' "
                                "|| parent FROM pragma_foreign_key_check")
               : check_tables(c, "SELECT DISTINCT 'rows that refer to none in ' || parent "
                                 "FROM pragma_foreign_key_check($1)");
}

/* ---- settings, clock ---- */

struct setting {
    const char *name;
    char value[CHECKUP_SETTING_MAX];
};

static enum err read_setting(struct tx *tx, void *ctx)
{
    struct setting *x = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "SELECT current_setting($1, true)");
    sql_bind_text(s, 1, slice_from(x->name));
    x->value[0] = '\0';
    while (sql_step(s)) {
        struct slice v = sql_blob(s, 0);
        snprintf(x->value, sizeof x->value, "%.*s", (int)v.len, v.data == NULL ? "" : v.data);
    }
    return sql_done(s);
}

enum err checkup_setting(struct store *s, const char *name, char out[CHECKUP_SETTING_MAX])
{
    struct setting x = {.name = name};
    assert(!is_sqlite(s));
    enum err e = store_read(s, read_setting, &x);
    if (e == ERR_OK)
        memcpy(out, x.value, sizeof x.value);
    return e;
}

enum err checkup_version(struct store *s, char text[CHECKUP_SETTING_MAX], uint64_t *number)
{
    char digits[CHECKUP_SETTING_MAX];
    if (is_sqlite(s)) {
        snprintf(text, CHECKUP_SETTING_MAX, "%s", sqlite3_libversion());
        *number = (uint64_t)sqlite3_libversion_number();
        return ERR_OK;
    }
    enum err e = checkup_setting(s, "server_version", text);
    if (e == ERR_OK)
        e = checkup_setting(s, "server_version_num", digits);
    if (e == ERR_OK && !slice_to_u64(slice_from(digits), number))
        e = ERR_STORE;
    return e;
}

static enum err read_clock(struct tx *tx, void *ctx)
{
    struct checkup_clock *x = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT number FROM meta WHERE name = 'id_floor'");
    x->database_ms = tx_now_ms(tx);
    while (sql_step(s))
        x->id_floor_ms = snowflake_ms(sql_u64(s, 0));
    return sql_done(s);
}

static enum err read_server_clock(struct tx *tx, void *ctx)
{
    struct checkup_clock *x = ctx;
    struct sql_stmt *s = sql_query_text(
        tx_sql(tx), "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)");
    while (sql_step(s))
        x->database_ms = sql_i64(s, 0);
    return sql_done(s);
}

enum err checkup_clock(struct store *s, struct checkup_clock *out)
{
    struct checkup_clock x = {0, 0};
    enum err e = store_read(s, read_clock, &x);
    if (e == ERR_OK && !is_sqlite(s))
        e = store_read(s, read_server_clock, &x);
    if (e == ERR_OK)
        *out = x;
    return e;
}
