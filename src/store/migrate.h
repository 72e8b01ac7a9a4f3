#pragma once

/*
 * Migrations: files NNNN_name.sql, numbered from 0001 without gaps, each applied once, in order, in
 * a transaction of its own, and recorded with its SHA-256. A file that was applied never changes
 * again. What a file may say in its head: migrate_header.c. Called by the engines' open, before the
 * first transaction of a closure; the rest is for the operator's commands.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/errors.h"
#include "base/log.h"
#include "store/sql.h"

struct migration_file {
    const char *name; /* "0001_first_light.sql" */
    const unsigned char *text;
    size_t len;
};

/* Those of migrations/<backend>/ at build time, by name; each ends with a NULL name
 * (cmake/EmbedMigrations.cmake). */
extern const struct migration_file migrations_sqlite[];
extern const struct migration_file migrations_postgres[];

struct migrate_options {
    const char *dir; /* has a folder named as the backend; NULL: those in the binary */
    const struct clock *clock;
    const struct log *log;
};

/*
 * Brings the schema up to date and switches foreign keys on. Newer migrations than the program's
 * are left alone if they say that this program can live with them; else STORE_NEWER. STORE: a
 * changed, missing or failing migration; IO: dir cannot be read. `why` gets a sentence. On an error
 * the database is as it was, but for those migrations that had succeeded before.
 */
MUST_CHECK enum err migrate(struct sql_conn *c, const struct migrate_options *o, char *why,
                            size_t why_len);

/* One migration: in the database, in the program, or both. */
struct migration_row {
    uint64_t version;
    const char *name; /* NUL-terminated */
    unsigned char checksum[32];
    int64_t applied_at_ms; /* 0: pending */
    uint64_t compatible;   /* programs that know this version or more can use the database */
    bool known;            /* the program has it */
    bool changed;          /* the program has another text under this number */
    bool online;
    uint64_t rows_done; /* of an online one, as the rest */
    int64_t started_at_ms;
    int64_t finished_at_ms; /* 0: under way */
};

/* ---- for the operator's commands, on a connection of their own ---- */

/* A database, open or not; offline the caller holds the data folder's lock. */
struct migrate_target {
    const char *path; /* data folder */
    const char *url;  /* as in store_options */
    struct migrate_options o;
};

/* Every migration of the database and of the program, by version; in the arena. Changes nothing. */
MUST_CHECK enum err migrate_states(const struct migrate_target *t, struct arena *arena,
                                   struct migration_row **rows, size_t *count, char *why,
                                   size_t why_len);

/* Told now and then how far an online migration is; false: stop here, STOPPING. */
typedef bool (*migrate_watch_fn)(void *ctx, const char *name, uint64_t rows_done);
/* As migrate, then runs the online migrations to their end. Not beside a server on SQLite. */
MUST_CHECK enum err migrate_up(const struct migrate_target *t, migrate_watch_fn watch, void *ctx,
                               char *why, size_t why_len);

/* A finding, in words; `ours` false: something that a newer program's migrations may have made. */
typedef void (*migrate_finding_fn)(void *ctx, bool ours, const char *text);
/*
 * Compares checksums, and the schema with what the applied migrations make in an empty database.
 * Calls fn for each difference and sets *items to what was compared. Changes nothing, but on
 * PostgreSQL needs the right to make a schema, which is taken back at once.
 */
MUST_CHECK enum err migrate_verify(const struct migrate_target *t, migrate_finding_fn fn, void *ctx,
                                   size_t *items, char *why, size_t why_len);
