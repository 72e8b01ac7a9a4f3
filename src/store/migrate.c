/*
 * Applying migrations. The check comes before the first change: every version that the database has
 * must be one of ours with the same bytes, or the schema is not what the code believes it to be.
 */

#include "store/migrate.h"
#include "store/migrate_files.h"
#include "store/sql_driver.h"

#include <assert.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>

enum { CHECKSUM_LEN = 32 }; /* SHA-256 */

struct migrator {
    struct sql_conn *sql;
    const struct migrate_options *o;
    const struct migration_list *list;
    char *why;
    size_t why_len;
};

static enum err checksum(const struct migration_file *f, unsigned char out[CHECKSUM_LEN])
{
    unsigned len = 0;
    if (EVP_Digest(f->text, f->len, out, &len, EVP_sha256(), NULL) != 1 || len != CHECKSUM_LEN)
        return ERR_NO_MEMORY;
    return ERR_OK;
}

static enum err check_newer(struct migrator *m)
{
    struct sql_stmt *s = sql_query(m->sql, "SELECT max(version) FROM schema_migrations");
    uint64_t newest = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK || newest <= m->list->count)
        return e;
    snprintf(m->why, m->why_len,
             "The database has schema version %" PRIu64
             ", written by a newer program; this one knows versions up to %zu.",
             newest, m->list->count);
    return ERR_STORE_NEWER;
}

static enum err check_applied(struct migrator *m, struct sql_stmt *row, uint64_t expected)
{
    uint64_t version = sql_u64(row, 0);
    if (version != expected) {
        snprintf(m->why, m->why_len,
                 "The database has migration %" PRIu64 " but not %" PRIu64 " before it.", version,
                 expected);
        return ERR_STORE;
    }
    const struct migration_file *f = &m->list->files[version - 1];
    unsigned char ours[CHECKSUM_LEN];
    enum err e = checksum(f, ours);
    if (e != ERR_OK)
        return e;
    if (slice_eq(sql_blob(row, 1), slice_of((const char *)ours, sizeof ours)))
        return ERR_OK;
    snprintf(m->why, m->why_len,
             "Migration %s has changed since it was applied to this database; restore the file.",
             f->name);
    return ERR_STORE;
}

/* Stores how many migrations the database has. */
static enum err check_all_applied(struct migrator *m, size_t *applied)
{
    struct sql_stmt *s =
        sql_query(m->sql, "SELECT version, checksum FROM schema_migrations ORDER BY version");
    size_t count = 0;
    enum err refused = ERR_OK;
    while (refused == ERR_OK && sql_step(s)) {
        refused = check_applied(m, s, count + 1);
        count++;
    }
    enum err e = sql_done(s);
    if (e != ERR_OK || refused != ERR_OK)
        return e != ERR_OK ? e : refused;
    *applied = count;
    return ERR_OK;
}

static enum err record(struct migrator *m, size_t version, const struct migration_file *f)
{
    unsigned char sum[CHECKSUM_LEN];
    enum err e = checksum(f, sum);
    if (e != ERR_OK)
        return e;
    struct sql_stmt *s =
        sql_query(m->sql, "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) "
                          "VALUES ($1, $2, $3, $4)");
    sql_bind_u64(s, 1, version);
    sql_bind_text(s, 2, slice_from(f->name));
    sql_bind_blob(s, 3, slice_of((const char *)sum, sizeof sum));
    sql_bind_i64(s, 4, clock_wall_ms(m->o->clock));
    return sql_run(s);
}

static enum err run_text(struct migrator *m, const struct migration_file *f)
{
    char *text = mem_strndup(MEM_STORE, (const char *)f->text, f->len);
    if (text == NULL)
        return ERR_NO_MEMORY;
    enum err e = sql_exec(m->sql, text);
    mem_free(MEM_STORE, text);
    /* A COMMIT inside the file would have taken the transaction away from under us. */
    return e == ERR_OK && !m->sql->driver->in_transaction(m->sql) ? ERR_STORE : e;
}

static enum err check_foreign_keys(struct migrator *m)
{
    struct sql_stmt *s = sql_query(m->sql, "PRAGMA foreign_key_check");
    bool violated = sql_step(s);
    enum err e = sql_done(s);
    return e == ERR_OK && violated ? ERR_STORE_CONFLICT : e;
}

static enum err apply_inside(struct migrator *m, size_t version, const struct migration_file *f)
{
    enum err e = run_text(m, f);
    if (e == ERR_OK)
        e = check_foreign_keys(m);
    return e == ERR_OK ? record(m, version, f) : e;
}

static enum err apply(struct migrator *m, size_t version)
{
    const struct migration_file *f = &m->list->files[version - 1];
    enum err e = sql_begin(m->sql, m->sql->driver->begin_write);
    if (e == ERR_OK) {
        e = apply_inside(m, version, f);
        if (e == ERR_OK)
            e = sql_commit(m->sql);
        else
            sql_rollback(m->sql);
    }
    if (e != ERR_OK) {
        snprintf(m->why, m->why_len, "Migration %s failed (%s); the log has the database's words.",
                 f->name, err_info(e)->name);
        return e;
    }
    log_info(m->o->log, "store", "migration applied", LOG_S("file", f->name));
    return ERR_OK;
}

static enum err apply_missing(struct migrator *m)
{
    /* Foreign keys are off meanwhile: a migration may rebuild a table that others refer to. */
    enum err e = sql_exec(m->sql, "PRAGMA foreign_keys=OFF;"
                                  "CREATE TABLE IF NOT EXISTS schema_migrations ("
                                  "version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
                                  "checksum BLOB NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT");
    size_t applied = 0;
    if (e == ERR_OK)
        e = check_newer(m);
    if (e == ERR_OK)
        e = check_all_applied(m, &applied);
    for (size_t version = applied + 1; e == ERR_OK && version <= m->list->count; version++)
        e = apply(m, version);
    return e == ERR_OK ? sql_exec(m->sql, "PRAGMA foreign_keys=ON") : e;
}

enum err migrate(struct sql_conn *c, const struct migrate_options *o, char *why, size_t why_len)
{
    assert(why != NULL && why_len > 0);
    struct migration_list list;
    enum err e = migration_list_init(&list, o->dir, why, why_len);
    if (e != ERR_OK)
        return e;
    struct migrator m = {.sql = c, .o = o, .list = &list, .why = why, .why_len = why_len};
    e = apply_missing(&m);
    if (e != ERR_OK && why[0] == '\0')
        snprintf(why, why_len, "The database's schema cannot be read (%s).", err_info(e)->name);
    migration_list_deinit(&list);
    return e;
}
