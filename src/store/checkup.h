#pragma once

/*
 * Looking a database over while it serves, for `guildhall doctor`: is it readable and whole, does
 * everything belong to something, and is the database set up so that what it says is true.
 * Everything is done in reads of about a second at most (a table, a page of rows), so that the
 * write-ahead log is never held back for longer; a table that does not fit into that is left out
 * and said to be so. Nothing is ever changed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attrs.h"
#include "base/errors.h"
#include "store/store.h"

struct checkup {
    struct store *store;
    bool alone; /* nobody is being served: take all the time that it needs */
    /* A finding in words, with the id of what it is about (0: none). */
    void (*found)(void *ctx, const char *what, uint64_t id);
    bool (*stopped)(void *ctx); /* true: end early */
    void *ctx;
    uint64_t rows;     /* out: looked at; of integrity and references: tables */
    uint64_t left_out; /* out: tables that are too large to be checked while serving */
};

enum { CHECKUP_FINDINGS_MAX = 20 /* of one kind that are reported; more are not looked for */ };

/* Damage. SQLite: every page of every table and index (PRAGMA quick_check). PostgreSQL: indexes
 * that are not valid. */
MUST_CHECK enum err checkup_integrity(struct checkup *c);
/* References to rows that are not there. SQLite: PRAGMA foreign_key_check. PostgreSQL: constraints
 * that are not validated; it checks the others itself. */
MUST_CHECK enum err checkup_references(struct checkup *c);
/* What no constraint guards: messages of no channel, overwrites of no role ... */
MUST_CHECK enum err checkup_orphans(struct checkup *c);
/* Guilds in deletion that nobody is deleting; tasks that have not moved since `before_ms`, or of a
 * kind that this program does not know. */
MUST_CHECK enum err checkup_tasks(struct checkup *c, int64_t before_ms);
/* Streams whose oldest row is older than before_ms, the newest of a stream aside. */
MUST_CHECK enum err checkup_retention(struct checkup *c, int64_t before_ms);

/* One setting of PostgreSQL, as text; "" if it has none of that name. */
enum { CHECKUP_SETTING_MAX = 128 };
MUST_CHECK enum err checkup_setting(struct store *s, const char *name,
                                    char out[CHECKUP_SETTING_MAX]);
/* Of the database: "3.40.1" and 3040001, "15.8" and 150008. */
MUST_CHECK enum err checkup_version(struct store *s, char text[CHECKUP_SETTING_MAX],
                                    uint64_t *number);
/* The database's own clock (PostgreSQL), or the process's (SQLite); and the id floor's time. */
struct checkup_clock {
    int64_t database_ms;
    int64_t id_floor_ms;
};
MUST_CHECK enum err checkup_clock(struct store *s, struct checkup_clock *out);
