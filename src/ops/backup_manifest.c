#include "ops/backup_manifest.h"

#include <inttypes.h>
#include <stdio.h>

#include "ops/backup_write.h"
#include "store/migrate.h"
#include "wire/json_read.h"

enum { FORMAT_KNOWN = 1, DEPTH_MAX = 4 };

struct checking {
    const struct backup_reading *r;
    const json_t *rows;
    size_t tables;
    enum err err;
};

static enum err refuse(const struct backup_reading *r, const char *what)
{
    snprintf(r->why, BACKUP_WHY_MAX, "The backup's manifest does not fit its contents: %.200s.",
             what);
    return ERR_BAD_REQUEST;
}

static bool number_is(const json_t *o, const char *key, uint64_t expected)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) && (uint64_t)json_integer_value(v) == expected;
}

static void on_table(void *ctx, const char *table, uint64_t rows)
{
    struct checking *c = ctx;
    c->tables++;
    if (number_is(c->rows, table, rows) || c->err != ERR_OK)
        return;
    char what[128];
    snprintf(what, sizeof what, "%.40s has %" PRIu64 " rows", table, rows);
    c->err = refuse(c->r, what);
}

static bool is_stopped(void *ctx)
{
    const struct checking *c = ctx;
    return c->r->pace->io->stopped(c->r->pace->io->ctx);
}

static uint64_t schema_known(void)
{
    uint64_t n = 0;
    while (migrations_sqlite[n].name != NULL)
        n++;
    return n;
}

static enum err check_schema(const struct backup_reading *r, const json_t *o,
                             const struct db_versions *v)
{
    if (!number_is(o, "schema", v->schema) || v->schema == 0)
        return refuse(r, "the schema's version");
    if (v->needed <= schema_known())
        return ERR_OK;
    snprintf(r->why, BACKUP_WHY_MAX,
             "The backup has schema version %" PRIu64 ", made by a newer program; programs that "
             "know less than version %" PRIu64 " cannot use it, and this one knows versions up to "
             "%" PRIu64 ".",
             v->schema, v->needed, schema_known());
    return ERR_STORE_NEWER;
}

static enum err check_tables(const struct backup_reading *r, const json_t *o,
                             struct backup_contents *found)
{
    struct checking c = {.r = r, .rows = json_object_get(o, "rows")};
    const struct db_look look = {
        .place = found->database, .table = on_table, .stopped = is_stopped, .ctx = &c};
    struct db_versions versions = {0, 0};
    enum err e = db_look(&look, &versions, r->why, BACKUP_WHY_MAX);
    if (e != ERR_OK)
        return e == ERR_STORE ? ERR_BAD_REQUEST : e;
    if (c.err == ERR_OK && json_object_size(c.rows) != c.tables)
        c.err = refuse(r, "the number of tables");
    found->schema = versions.schema;
    return c.err == ERR_OK ? check_schema(r, o, &versions) : c.err;
}

static enum err check(const struct backup_reading *r, const json_t *o,
                      struct backup_contents *found)
{
    if (!number_is(o, "format", FORMAT_KNOWN)) {
        snprintf(r->why, BACKUP_WHY_MAX, "The backup has a form that this program does not know.");
        return ERR_STORE_NEWER;
    }
    if (!number_is(o, "begun_at_s", (uint64_t)found->begun_at_s))
        return refuse(r, "the time of its files");
    if (!number_is(o, "database_bytes", found->database.bytes))
        return refuse(r, "the size of the database");
    if (!number_is(o, "media_files", found->media_files) ||
        !number_is(o, "media_bytes", found->media_bytes))
        return refuse(r, "the media");
    return check_tables(r, o, found);
}

enum err backup_manifest_check(const struct backup_reading *r, struct slice text,
                               struct backup_contents *found)
{
    json_t *o = NULL;
    enum err e = json_read(text, DEPTH_MAX, &o);
    if (e == ERR_NO_MEMORY)
        return e;
    e = e == ERR_OK && json_is_object(o) ? check(r, o, found) : refuse(r, "it is no JSON object");
    json_decref(o);
    return e;
}
