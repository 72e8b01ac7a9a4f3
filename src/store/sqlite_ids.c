/*
 * ids(packed) on SQLite: an eponymous virtual table, which is what SQLite calls a function in FROM.
 * Its parameter is a hidden column that must be bound by equality; a plan that cannot bind it is
 * refused, so that no statement reads it as an empty table. (sqlite.org/vtab.html, §2.3.2, §3.1.2)
 */

#include "store/sqlite_ids.h"

#include <string.h>

#include "base/mem.h"
#include "store/id_list.h"

enum { COLUMN_VALUE, COLUMN_PACKED };
/* As ROWS of the function on PostgreSQL: about a page of messages. */
enum { ROWS_EXPECTED = 50 };

struct cursor {
    sqlite3_vtab_cursor base; /* first: SQLite's pointer is cast back */
    char *packed;             /* own copy: the value lives only during xFilter */
    size_t len;
    size_t count;
    size_t at;
};

static struct cursor *cursor_of(sqlite3_vtab_cursor *base)
{
    return (struct cursor *)(void *)base;
}

static int on_connect(sqlite3 *db, void *ctx, int argc, const char *const *argv, sqlite3_vtab **out,
                      char **error)
{
    (void)ctx;
    (void)argc;
    (void)argv;
    (void)error;
    int rc = sqlite3_declare_vtab(db, "CREATE TABLE ids(value INTEGER, packed HIDDEN)");
    if (rc != SQLITE_OK)
        return rc;
    (void)sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
    sqlite3_vtab *table = mem_zalloc(MEM_STORE, sizeof *table);
    if (table == NULL)
        return SQLITE_NOMEM;
    *out = table;
    return SQLITE_OK;
}

static int on_disconnect(sqlite3_vtab *table)
{
    mem_free(MEM_STORE, table);
    return SQLITE_OK;
}

static int on_best_index(sqlite3_vtab *table, sqlite3_index_info *info)
{
    (void)table;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        if (c->iColumn != COLUMN_PACKED || c->op != SQLITE_INDEX_CONSTRAINT_EQ || !c->usable)
            continue;
        info->aConstraintUsage[i].argvIndex = 1;
        info->aConstraintUsage[i].omit = 1;
        info->estimatedCost = ROWS_EXPECTED;
        info->estimatedRows = ROWS_EXPECTED;
        return SQLITE_OK;
    }
    return SQLITE_CONSTRAINT;
}

static int on_open(sqlite3_vtab *table, sqlite3_vtab_cursor **out)
{
    (void)table;
    struct cursor *c = mem_zalloc(MEM_STORE, sizeof *c);
    if (c == NULL)
        return SQLITE_NOMEM;
    *out = &c->base;
    return SQLITE_OK;
}

static void forget(struct cursor *c)
{
    mem_free(MEM_STORE, c->packed);
    c->packed = NULL;
    c->len = 0;
    c->count = 0;
    c->at = 0;
}

static int on_close(sqlite3_vtab_cursor *base)
{
    struct cursor *c = cursor_of(base);
    forget(c);
    mem_free(MEM_STORE, c);
    return SQLITE_OK;
}

static int on_filter(sqlite3_vtab_cursor *base, int number, const char *name, int argc,
                     sqlite3_value **argv)
{
    (void)number;
    (void)name;
    struct cursor *c = cursor_of(base);
    forget(c);
    const void *bytes = argc == 1 ? sqlite3_value_blob(argv[0]) : NULL;
    int len = bytes == NULL ? 0 : sqlite3_value_bytes(argv[0]);
    if (len <= 0)
        return SQLITE_OK;
    c->packed = mem_alloc(MEM_STORE, (size_t)len);
    if (c->packed == NULL)
        return SQLITE_NOMEM;
    memcpy(c->packed, bytes, (size_t)len);
    c->len = (size_t)len;
    c->count = id_list_count(slice_of(c->packed, c->len));
    return SQLITE_OK;
}

static int on_next(sqlite3_vtab_cursor *base)
{
    cursor_of(base)->at++;
    return SQLITE_OK;
}

static int on_eof(sqlite3_vtab_cursor *base)
{
    const struct cursor *c = cursor_of(base);
    return c->at >= c->count;
}

static int on_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
    const struct cursor *c = cursor_of(base);
    struct slice packed = slice_of(c->packed, c->len);
    if (column == COLUMN_VALUE)
        sqlite3_result_int64(out, (sqlite3_int64)id_list_at(packed, c->at));
    return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *out)
{
    *out = (sqlite3_int64)cursor_of(base)->at;
    return SQLITE_OK;
}

int sqlite_ids_register(sqlite3 *db)
{
    /* Without xCreate: there is only the one table, of the module's own name. */
    static const sqlite3_module module = {
        .xConnect = on_connect,
        .xBestIndex = on_best_index,
        .xDisconnect = on_disconnect,
        .xOpen = on_open,
        .xClose = on_close,
        .xFilter = on_filter,
        .xNext = on_next,
        .xEof = on_eof,
        .xColumn = on_column,
        .xRowid = on_rowid,
    };
    return sqlite3_create_module_v2(db, "ids", &module, NULL, NULL);
}
