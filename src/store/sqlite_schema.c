/* What migrations ask of SQLite: schema_driver.h. The folder's lock keeps other programs out. */

#include "store/schema_driver.h"
#include "store/sql_driver.h"
#include "store/sqlite.h"
#include "store/sqlite_priv.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The texts of this file are not for PostgreSQL, hence sql_query_text and not sql_query. */

static const char books[] = "CREATE TABLE schema_migrations ("
                            "version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL,"
                            "checksum BLOB NOT NULL, applied_at_ms INTEGER NOT NULL) STRICT";

/* Types are named as PostgreSQL names them; INTEGER in a STRICT table is 64 bits there. */
static const char list[] =
    "WITH t AS (SELECT name, strict FROM pragma_table_list WHERE schema = 'main'"
    " AND type = 'table' AND substr(name, 1, 7) <> 'sqlite_'),"
    " i AS (SELECT t.name AS tab, x.name, x.\"unique\" AS uniq, x.origin, x.partial,"
    " (SELECT group_concat(coalesce(c.name, '?') || iif(c.\"desc\", ' desc', ''), ', ')"
    " FROM (SELECT * FROM pragma_index_xinfo(x.name) WHERE key ORDER BY seqno) c) AS cols,"
    " (SELECT m.sql FROM sqlite_master m WHERE m.type = 'index' AND m.name = x.name) AS sql"
    " FROM t, pragma_index_list(t.name) x)"
    " SELECT 'table ' || name, '' FROM t"
    " UNION ALL SELECT 'column ' || t.name || '.' || c.name,"
    " CASE WHEN upper(c.type) = 'BLOB' THEN 'bytea'"
    " WHEN t.strict AND upper(c.type) = 'INTEGER' THEN 'bigint' ELSE lower(c.type) END"
    " || iif(c.\"notnull\", ' not null', '')"
    " || iif(c.dflt_value IS NULL, '', ' default ' || c.dflt_value)"
    " FROM t, pragma_table_info(t.name) c"
    " UNION ALL SELECT 'key ' || t.name, (SELECT group_concat(k.name, ', ')"
    " FROM (SELECT name FROM pragma_table_info(t.name) WHERE pk > 0 ORDER BY pk) k) FROM t"
    " WHERE EXISTS (SELECT 1 FROM pragma_table_info(t.name) WHERE pk > 0)"
    " UNION ALL SELECT 'unique ' || tab || ' (' || cols || ')', '' FROM i WHERE origin = 'u'"
    " UNION ALL SELECT 'index ' || name, tab || ' (' || cols || ')' || iif(uniq, ' unique', '')"
    " || iif(partial, ' where ' || lower(trim(replace(replace(substr(sql,"
    " instr(upper(sql), ' WHERE ') + 7), '(', ''), ')', ''))), '')"
    " FROM i WHERE origin = 'c'"
    " UNION ALL SELECT 'foreign key ' || tab || ' (' || cols || ')',"
    " target || ' (' || coalesce(refs, '') || ')'"
    " || iif(del = 'NO ACTION', '', ' on delete ' || lower(del))"
    " || iif(upd = 'NO ACTION', '', ' on update ' || lower(upd))"
    " FROM (SELECT t.name AS tab, f.\"table\" AS target, f.on_delete AS del, f.on_update AS upd,"
    " (SELECT group_concat(g.\"from\", ', ') FROM (SELECT \"from\" FROM"
    " pragma_foreign_key_list(t.name) WHERE id = f.id ORDER BY seq) g) AS cols,"
    " (SELECT group_concat(g.\"to\", ', ') FROM (SELECT \"to\" FROM"
    " pragma_foreign_key_list(t.name) WHERE id = f.id ORDER BY seq) g) AS refs"
    " FROM t, pragma_foreign_key_list(t.name) f WHERE f.seq = 0)"
    /* An index over words is a virtual table with three triggers: one item of the schema, as it is
     * one index on PostgreSQL. */
    " UNION ALL SELECT 'words ' || v.name, iif((SELECT count(*) FROM sqlite_master g"
    " WHERE g.type = 'trigger' AND instr(g.sql, 'INTO ' || v.name || ' ') > 0) = 3, '', 'cut off')"
    " FROM pragma_table_list v WHERE v.schema = 'main' AND v.type = 'virtual'"
    " UNION ALL SELECT m.type || ' ' || m.name, m.tbl_name FROM sqlite_master m"
    " WHERE m.type = 'view' OR (m.type = 'trigger' AND NOT EXISTS (SELECT 1 FROM"
    " pragma_table_list v WHERE v.schema = 'main' AND v.type = 'virtual' AND"
    " instr(m.sql, 'INTO ' || v.name || ' ') > 0))";

static enum err connect(const struct migrate_target *t, bool write, struct sql_conn **out,
                        char *why, size_t why_len)
{
    char file[4096];
    int len = snprintf(file, sizeof file, "%s/guildhall.db", t->path);
    if (len < 0 || (size_t)len >= sizeof file)
        return ERR_IO;
    struct sqlite_options o = {.file = file,
                               .role = write ? SQLITE_ROLE_WRITER : SQLITE_ROLE_READER,
                               .clock = t->o.clock,
                               .log = t->o.log};
    if (!write && access(file, F_OK) != 0 && errno == ENOENT) {
        o.file = ":memory:";
        o.role = SQLITE_ROLE_SCRATCH;
    }
    return sqlite_open(&o, out, why, why_len);
}

static enum err lock(struct sql_conn *c, const struct log *log)
{
    (void)c;
    (void)log;
    return ERR_OK;
}

static void unlock(struct sql_conn *c)
{
    (void)c;
}

static enum err foreign_keys(struct sql_conn *c, bool on)
{
    return sql_exec(c, on ? "PRAGMA foreign_keys=ON" : "PRAGMA foreign_keys=OFF");
}

static enum err check_foreign_keys(struct sql_conn *c)
{
    struct sql_stmt *s = sql_query_text(c, "PRAGMA foreign_key_check");
    bool violated = sql_step(s);
    enum err e = sql_done(s);
    return e == ERR_OK && violated ? ERR_STORE_CONFLICT : e;
}

static enum err lift_limits(struct sql_conn *c)
{
    c->driver->set_deadline(c, 0);
    return ERR_OK;
}

static enum err has_column(struct sql_conn *c, const char *table, const char *column, bool *has)
{
    static const char text[] = "SELECT 1 FROM pragma_table_info($1) WHERE name = $2";
    struct sql_stmt *s = sql_query_text(c, text);
    sql_bind_text(s, 1, slice_from(table));
    sql_bind_text(s, 2, slice_from(column));
    bool found = sql_step(s);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        *has = found;
    return e;
}

static enum err scratch(struct sql_conn *c, enum err (*fn)(struct sql_conn *, void *), void *ctx)
{
    const struct sqlite_conn *conn = (struct sqlite_conn *)(void *)c;
    struct sqlite_options o = {
        .file = ":memory:", .role = SQLITE_ROLE_SCRATCH, .clock = conn->clock, .log = c->log};
    struct sql_conn *memory = NULL;
    enum err e = sqlite_open(&o, &memory, NULL, 0);
    if (e != ERR_OK)
        return e;
    e = fn(memory, ctx);
    sql_conn_close(&memory);
    return e;
}

const struct schema_driver sqlite_schema = {
    .name = "sqlite",
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
