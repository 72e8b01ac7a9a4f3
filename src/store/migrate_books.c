/*
 * The books of migrations. They are older than any migration, so they cannot be made by one: code
 * makes them, and code changes them when a release needs more columns.
 */

#include "store/migrate_books.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static enum err has_column(struct sql_conn *c, const char *table, const char *column, bool *has)
{
    return c->driver->schema->has_column(c, table, column, has);
}

static enum err add_missing(struct sql_conn *c, const char *table, const char *column,
                            const char *text)
{
    bool has = false;
    enum err e = has_column(c, table, column, &has);
    return e == ERR_OK && !has ? sql_exec(c, text) : e;
}

/* Always in the same steps, so that a new database and an old one end up alike. */
enum err migrate_books_make(struct sql_conn *c)
{
    enum err e = add_missing(c, "schema_migrations", "version", c->driver->schema->books);
    /* compatible: 0 in rows of the first release, whose migrations did not say. */
    if (e == ERR_OK)
        e = add_missing(c, "schema_migrations", "compatible",
                        "ALTER TABLE schema_migrations"
                        " ADD COLUMN compatible INTEGER NOT NULL DEFAULT 0");
    if (e == ERR_OK)
        e = add_missing(c, "schema_backfills", "version",
                        "CREATE TABLE schema_backfills ("
                        "version INTEGER NOT NULL PRIMARY KEY, rows_done BIGINT NOT NULL, "
                        "started_at_ms BIGINT NOT NULL, finished_at_ms BIGINT NOT NULL)");
    return e;
}

static void read_checksum(struct sql_stmt *s, struct migration_row *row)
{
    struct slice sum = sql_blob(s, 2);
    if (sum.len == sizeof row->checksum)
        memcpy(row->checksum, sum.data, sum.len);
}

static void read_row(struct sql_stmt *s, struct arena *arena, struct migration_row *row)
{
    row->version = sql_u64(s, 0);
    row->applied_at_ms = sql_i64(s, 3);
    row->compatible = sql_u64(s, 4);
    if (row->compatible == 0)
        row->compatible = row->version;
    row->online = sql_u64(s, 5) != 0;
    row->rows_done = sql_u64(s, 6);
    row->started_at_ms = sql_i64(s, 7);
    row->finished_at_ms = sql_i64(s, 8);
    read_checksum(s, row);
    row->name = sql_text(s, 1, arena).data;
}

static enum err read_rows(struct sql_stmt *s, struct arena *arena, struct migration_row *rows,
                          size_t *count)
{
    size_t n = 0;
    while (n < MIGRATIONS_MAX && sql_step(s))
        read_row(s, arena, &rows[n++]);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *count = n;
    return e;
}

static struct sql_stmt *query(struct sql_conn *c, bool first_release)
{
    static const char old[] = "SELECT version, name, checksum, applied_at_ms, 0, 0, 0, 0, 0"
                              " FROM schema_migrations ORDER BY version";
    if (first_release)
        return sql_query_text(c, old);
    return sql_query(c, "SELECT m.version, m.name, m.checksum, m.applied_at_ms, m.compatible, "
                        "b.version, b.rows_done, b.started_at_ms, b.finished_at_ms "
                        "FROM schema_migrations m "
                        "LEFT JOIN schema_backfills b ON b.version = m.version "
                        "ORDER BY m.version");
}

enum err migrate_books_read(struct sql_conn *c, struct arena *arena, struct migration_row **rows,
                            size_t *count)
{
    bool exists = false;
    bool current = false;
    enum err e = has_column(c, "schema_migrations", "version", &exists);
    if (e == ERR_OK)
        e = has_column(c, "schema_migrations", "compatible", &current);
    if (e != ERR_OK)
        return e;
    *rows = arena_array(arena, MIGRATIONS_MAX, sizeof **rows);
    *count = 0;
    if (*rows == NULL)
        return ERR_NO_MEMORY;
    return exists ? read_rows(query(c, !current), arena, *rows, count) : ERR_OK;
}

static enum err add_backfill(struct sql_conn *c, const struct migration *m)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO schema_backfills (version, rows_done, started_at_ms, "
                     "finished_at_ms) VALUES ($1, 0, 0, 0)");
    sql_bind_u64(s, 1, m->version);
    return sql_run(s);
}

enum err migrate_books_add(struct sql_conn *c, const struct migration *m, int64_t now_ms)
{
    struct sql_stmt *s =
        sql_query(c, "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms, "
                     "compatible) VALUES ($1, $2, $3, $4, $5)");
    sql_bind_u64(s, 1, m->version);
    sql_bind_text(s, 2, slice_from(m->name));
    sql_bind_blob(s, 3, slice_of((const char *)m->checksum, sizeof m->checksum));
    sql_bind_i64(s, 4, now_ms);
    sql_bind_u64(s, 5, m->compatible);
    enum err e = sql_run(s);
    return e == ERR_OK && m->online_rows != 0 ? add_backfill(c, m) : e;
}

/* ---- may we use it? ---- */

static enum err check_gap(const struct migration_row *row, size_t expected, char *why,
                          size_t why_len)
{
    if (row->version == expected)
        return ERR_OK;
    snprintf(why, why_len, "The database has migration %" PRIu64 " but not %zu before it.",
             row->version, expected);
    return ERR_STORE;
}

static enum err check_same(struct migration_row *row, const struct migration *m, char *why,
                           size_t why_len)
{
    row->changed = memcmp(row->checksum, m->checksum, sizeof row->checksum) != 0;
    if (!row->changed)
        return ERR_OK;
    snprintf(why, why_len,
             "Migration %s has changed since it was applied to this database; restore the file.",
             m->name);
    return ERR_STORE;
}

/* Each newer step says how old a program it still bears: the strictest of them counts. */
static enum err check_newer(const struct migration_row *rows, size_t count, size_t known, char *why,
                            size_t why_len)
{
    uint64_t oldest = 0;
    for (size_t i = known; i < count; i++)
        if (rows[i].compatible > oldest)
            oldest = rows[i].compatible;
    if (oldest <= known)
        return ERR_OK;
    snprintf(why, why_len,
             "The database has schema version %zu, written by a newer program; programs that know "
             "less than version %" PRIu64 " cannot use it, and this one knows versions up to %zu.",
             count, oldest, known);
    return ERR_STORE_NEWER;
}

enum err migrate_books_check(struct migration_row *rows, size_t count,
                             const struct migration_list *list, char *why, size_t why_len)
{
    enum err result = ERR_OK;
    for (size_t i = 0; i < count; i++) {
        enum err e = check_gap(&rows[i], i + 1, why, why_len);
        if (e != ERR_OK)
            return e;
        rows[i].known = i < list->count;
        if (rows[i].known)
            e = check_same(&rows[i], &list->items[i], why, why_len);
        if (result == ERR_OK)
            result = e;
    }
    return result == ERR_OK ? check_newer(rows, count, list->count, why, why_len) : result;
}
