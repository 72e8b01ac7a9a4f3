/* What migrations ask of PostgreSQL: schema_driver.h. Everything happens in the schema that comes
 * first in the connection's search_path. */

#include "store/postgres.h"
#include "store/postgres_priv.h"
#include "store/schema_driver.h"
#include "store/sql_driver.h"

/* The texts of this file are not for SQLite, hence sql_query_text and not sql_query. */

static const char books[] = "CREATE TABLE schema_migrations ("
                            "version INTEGER NOT NULL PRIMARY KEY,"
                            "name TEXT COLLATE \"C\" NOT NULL,"
                            "checksum BYTEA NOT NULL, applied_at_ms BIGINT NOT NULL)";

/* A text that is not compared by bytes shows its collation, and so differs from SQLite's. */
static const char list[] =
    "WITH t AS (SELECT oid, relname::text AS name FROM pg_catalog.pg_class"
    " WHERE relnamespace = (SELECT oid FROM pg_catalog.pg_namespace"
    " WHERE nspname = pg_catalog.current_schema()) AND relkind IN ('r', 'p')),"
    " k AS (SELECT t.name AS tab, c.*, (SELECT relname FROM pg_catalog.pg_class"
    " WHERE oid = c.confrelid) AS target,"
    " (SELECT string_agg(a.attname, ', ' ORDER BY n) FROM unnest(c.conkey)"
    " WITH ORDINALITY u(num, n) JOIN pg_catalog.pg_attribute a"
    " ON a.attrelid = c.conrelid AND a.attnum = num) AS cols,"
    " (SELECT string_agg(a.attname, ', ' ORDER BY n) FROM unnest(c.confkey)"
    " WITH ORDINALITY u(num, n) JOIN pg_catalog.pg_attribute a"
    " ON a.attrelid = c.confrelid AND a.attnum = num) AS refs"
    " FROM t JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid"
    " WHERE c.contype IN ('p', 'u', 'f', 'c', 'x')),"
    " act AS (SELECT * FROM (VALUES ('a', ''), ('c', 'cascade'), ('n', 'set null'),"
    " ('d', 'set default'), ('r', 'restrict')) v(code, word))"
    " SELECT 'table ' || t.name, '' FROM t"
    " UNION ALL SELECT 'column ' || t.name || '.' || a.attname,"
    " format_type(a.atttypid, a.atttypmod)"
    " || CASE WHEN o.collname <> 'C' THEN ' collate ' || o.collname ELSE '' END"
    " || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END"
    /* A negative number is shown as '-1'::integer. */
    " || coalesce(' default ' || regexp_replace(pg_get_expr(d.adbin, d.adrelid), "
    "'^''(-[0-9]+)''::[a-z]+$', '\\1'), '')"
    " FROM t JOIN pg_catalog.pg_attribute a"
    " ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum"
    " LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation"
    " UNION ALL SELECT 'key ' || tab, cols FROM k WHERE contype = 'p'"
    " UNION ALL SELECT 'unique ' || tab || ' (' || cols || ')', '' FROM k WHERE contype = 'u'"
    " UNION ALL SELECT 'constraint ' || tab || '.' || conname, pg_get_constraintdef(oid)"
    " FROM k WHERE contype IN ('c', 'x')"
    " UNION ALL SELECT 'foreign key ' || tab || ' (' || cols || ')', target || ' (' || refs || ')'"
    " || (SELECT CASE word WHEN '' THEN '' ELSE ' on delete ' || word END"
    " FROM act WHERE code = confdeltype::text)"
    " || (SELECT CASE word WHEN '' THEN '' ELSE ' on update ' || word END"
    " FROM act WHERE code = confupdtype::text)"
    " || CASE WHEN convalidated THEN '' ELSE ' not valid' END"
    " FROM k WHERE contype = 'f'"
    " UNION ALL SELECT 'index ' || c.relname, t.name || ' ('"
    " || (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, true)"
    " || CASE WHEN i.indoption[n - 1] & 1 = 1 THEN ' desc' ELSE '' END, ', ' ORDER BY n)"
    " FROM generate_series(1, i.indnkeyatts) n) || ')'"
    " || CASE WHEN i.indisunique THEN ' unique' ELSE '' END"
    /* A number is shown as (2)::bigint; of parentheses each backend has its own idea. */
    " || coalesce(' where ' || lower(translate(regexp_replace("
    "pg_get_expr(i.indpred, i.indrelid), '\\(([0-9]+)\\)::[a-z]+', '\\1', 'g'), '()', '')), '')"
    " || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END"
    " FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint p"
    " WHERE p.conindid = i.indexrelid AND p.contype IN ('p', 'u', 'x'))"
    " AND c.relam <> (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'gin')"
    " UNION ALL SELECT 'words ' || c.relname, CASE WHEN i.indisvalid THEN '' ELSE 'invalid' END"
    " FROM t JOIN pg_catalog.pg_index i ON i.indrelid = t.oid"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'gin')"
    " UNION ALL SELECT 'trigger ' || g.tgname, t.name"
    " FROM t JOIN pg_catalog.pg_trigger g ON g.tgrelid = t.oid AND NOT g.tgisinternal";

/* The number is ours among the advisory locks of the database: "guildhal". */
static const char lock_try[] = "SELECT pg_try_advisory_lock(7454980672443670892)";
static const char lock_wait[] = "SELECT pg_advisory_lock(7454980672443670892)";
static const char lock_free[] = "SELECT pg_advisory_unlock(7454980672443670892)";

static enum err connect(const struct migrate_target *t, bool write, struct sql_conn **out,
                        char *why, size_t why_len)
{
    (void)write;
    struct postgres_options o = {.url = t->url, .clock = t->o.clock, .log = t->o.log};
    return postgres_open(&o, out, why, why_len);
}

static enum err lift_limits(struct sql_conn *c)
{
    static const char text[] = "SELECT set_config('statement_timeout', '0', true),"
                               " set_config('lock_timeout', '0', true),"
                               " set_config('idle_in_transaction_session_timeout', '0', true)";
    c->driver->set_deadline(c, 0);
    postgres_wait_long(c);
    return sql_run(sql_query_text(c, text));
}

static enum err try_lock(struct sql_conn *c, bool *got)
{
    struct sql_stmt *s = sql_query_text(c, lock_try);
    *got = sql_step(s) && sql_bool(s, 0);
    return sql_done(s);
}

static enum err lock_inside(struct sql_conn *c, const struct log *log)
{
    bool got = false;
    enum err e = lift_limits(c);
    if (e == ERR_OK)
        e = try_lock(c, &got);
    if (e != ERR_OK || got)
        return e;
    log_info(log, "store", "waiting for another server that changes the schema",
             LOG_S("backend", "postgres"));
    return sql_run(sql_query_text(c, lock_wait));
}

/* The lock is the session's: it outlives the transaction that lifted the limits of time for it. */
static enum err lock(struct sql_conn *c, const struct log *log)
{
    enum err e = sql_begin(c, c->driver->begin_write);
    if (e != ERR_OK)
        return e;
    e = lock_inside(c, log);
    if (e == ERR_OK)
        return sql_commit(c);
    sql_rollback(c);
    return e;
}

static void unlock(struct sql_conn *c)
{
    enum err ignored = sql_run(sql_query_text(c, lock_free)); /* then the connection is lost */
    (void)ignored;
}

/* Constraints can be dropped and made here: there is never a reason not to look. */
static enum err foreign_keys(struct sql_conn *c, bool on)
{
    (void)c;
    (void)on;
    return ERR_OK;
}

static enum err check_foreign_keys(struct sql_conn *c)
{
    (void)c;
    return ERR_OK;
}

static enum err has_column(struct sql_conn *c, const char *table, const char *column, bool *has)
{
    static const char text[] = "SELECT a.attnum FROM pg_catalog.pg_attribute a"
                               " JOIN pg_catalog.pg_class t ON t.oid = a.attrelid"
                               " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
                               " WHERE n.nspname = pg_catalog.current_schema()"
                               " AND t.relname = $1 AND a.attname = $2 AND NOT a.attisdropped";
    struct sql_stmt *s = sql_query_text(c, text);
    sql_bind_text(s, 1, slice_from(table));
    sql_bind_text(s, 2, slice_from(column));
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *has = found;
    return e;
}

static enum err scratch_inside(struct sql_conn *c, enum err (*fn)(struct sql_conn *, void *),
                               void *ctx)
{
    static const char path[] = "SELECT set_config('search_path', 'guildhall_scratch', true)";
    enum err e = lift_limits(c);
    if (e == ERR_OK)
        e = sql_run(sql_query_text(c, "CREATE SCHEMA guildhall_scratch"));
    if (e == ERR_OK)
        e = sql_run(sql_query_text(c, path));
    return e == ERR_OK ? fn(c, ctx) : e;
}

static enum err scratch(struct sql_conn *c, enum err (*fn)(struct sql_conn *, void *), void *ctx)
{
    enum err e = sql_begin(c, c->driver->begin_write);
    if (e != ERR_OK)
        return e;
    e = scratch_inside(c, fn, ctx);
    sql_rollback(c);
    return e;
}

const struct schema_driver postgres_schema = {
    .name = "postgres",
    .connect = connect,
    .books = books,
    .list = list,
    .lock = lock,
    .unlock = unlock,
    .foreign_keys = foreign_keys,
    .check_foreign_keys = check_foreign_keys,
    .lift_limits = lift_limits,
    .has_column = has_column,
    .scratch = scratch,
};
