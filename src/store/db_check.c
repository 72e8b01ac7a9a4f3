/* With SQLite's own interface: these statements read whole tables on purpose, and are none that a
 * serving process runs on its database. */

#include "store/db_check.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/slice_db.h"

enum { PROGRESS_OPS = 10000, TEXT_MAX = 256 };

struct looking {
    const struct db_look *l;
    struct slice_db *slice;
    sqlite3 *db;
    char *why;
    size_t why_len;
};

static enum err refuse(const struct looking *x, const char *what)
{
    snprintf(x->why, x->why_len, "The database is damaged: %.300s.", what);
    return ERR_STORE;
}

static enum err failed(const struct looking *x, int rc)
{
    if (rc == SQLITE_INTERRUPT)
        return ERR_STOPPING;
    return rc == SQLITE_NOMEM ? ERR_NO_MEMORY : refuse(x, sqlite3_errmsg(x->db));
}

static int on_progress(void *ctx)
{
    const struct db_look *l = ctx;
    return l->stopped(l->ctx) ? 1 : 0;
}

static enum err open_place(struct looking *x)
{
    const struct db_place *p = &x->l->place;
    struct slice_db_options o = {.file = p->file, .offset = p->offset, .bytes = p->bytes};
    enum err e = slice_db_open(&o, &x->slice);
    if (e != ERR_OK) {
        snprintf(x->why, x->why_len, "The database cannot be opened.");
        return e;
    }
    x->db = slice_db_handle(x->slice);
    if (x->l->stopped != NULL)
        sqlite3_progress_handler(x->db, PROGRESS_OPS, on_progress, (void *)(uintptr_t)x->l);
    return ERR_OK;
}

static enum err read_number(const struct looking *x, const char *sql, uint64_t *out)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(x->db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *out = (uint64_t)sqlite3_column_int64(s, 0);
    enum err e = rc == SQLITE_ROW ? ERR_OK : failed(x, rc);
    sqlite3_finalize(s);
    return e;
}

static enum err count_rows(const struct looking *x, const char *table)
{
    char sql[TEXT_MAX];
    uint64_t rows = 0;
    int len = snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", table);
    if (len < 0 || (size_t)len >= sizeof sql || strchr(table, '"') != NULL)
        return refuse(x, "a table has a strange name");
    enum err e = read_number(x, sql, &rows);
    if (e == ERR_OK && x->l->table != NULL)
        x->l->table(x->l->ctx, table, rows);
    return e;
}

static enum err count_tables(const struct looking *x)
{
    sqlite3_stmt *s = NULL;
    enum err e = ERR_OK;
    int rc = sqlite3_prepare_v2(x->db,
                                "SELECT name FROM sqlite_schema WHERE type = 'table' AND "
                                "name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
                                -1, &s, NULL);
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc != SQLITE_ROW)
            break;
        e = count_rows(x, (const char *)sqlite3_column_text(s, 0));
        if (e != ERR_OK)
            break;
    }
    if (e == ERR_OK && rc != SQLITE_DONE)
        e = failed(x, rc);
    sqlite3_finalize(s);
    return e;
}

enum err db_look(const struct db_look *l, struct db_versions *out, char *why, size_t why_len)
{
    struct looking x = {.l = l, .why = why, .why_len = why_len};
    struct db_versions v = {0, 0};
    enum err e = open_place(&x);
    if (e == ERR_OK)
        e = read_number(&x, "SELECT coalesce(max(version), 0) FROM schema_migrations", &v.schema);
    if (e == ERR_OK)
        e = read_number(&x,
                        "SELECT coalesce(max(CASE compatible WHEN 0 THEN version ELSE compatible "
                        "END), 0) FROM schema_migrations",
                        &v.needed);
    if (e == ERR_OK)
        e = count_tables(&x);
    slice_db_close(&x.slice);
    if (e == ERR_OK)
        *out = v;
    return e;
}

/* integrity_check answers one row "ok". */
static enum err check_integrity(const struct looking *x)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(x->db, "PRAGMA integrity_check(1)", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    enum err e = ERR_OK;
    if (rc != SQLITE_ROW)
        e = failed(x, rc);
    else if (strcmp((const char *)sqlite3_column_text(s, 0), "ok") != 0)
        e = refuse(x, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return e;
}

/* foreign_key_check answers a row a violation: table, row, parent, number. */
static enum err check_references(const struct looking *x)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(x->db, "PRAGMA foreign_key_check", -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    enum err e = ERR_OK;
    if (rc == SQLITE_ROW) {
        char what[TEXT_MAX];
        snprintf(what, sizeof what, "a row of %s refers to none of %s",
                 (const char *)sqlite3_column_text(s, 0), (const char *)sqlite3_column_text(s, 2));
        e = refuse(x, what);
    } else if (rc != SQLITE_DONE) {
        e = failed(x, rc);
    }
    sqlite3_finalize(s);
    return e;
}

enum err db_check(const struct db_look *l, char *why, size_t why_len)
{
    struct looking x = {.l = l, .why = why, .why_len = why_len};
    enum err e = open_place(&x);
    if (e == ERR_OK)
        e = check_integrity(&x);
    if (e == ERR_OK)
        e = check_references(&x);
    slice_db_close(&x.slice);
    return e;
}
