#pragma once

/*
 * The SQL driver interface: what a repository sees of a database. Queries are written once, for
 * both backends (sqlite.c, postgres.c), with placeholders $1, $2 ... A statement is prepared once
 * per connection and cached by the address of its text. A connection belongs to one thread at a
 * time.
 *
 * Errors are STORE (anything unexpected, logged with the driver's text), STORE_IO (the disk),
 * STORE_FULL, STORE_READONLY, STORE_AWAY (the database cannot be reached), STORE_CONFLICT (unique
 * or foreign key violated), RETRY (busy, serialisation failure, deadlock, out of time), NO_MEMORY.
 * The first error sticks to the statement until sql_done. After an error PostgreSQL runs nothing
 * more in that transaction, so a closure must not go on after one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

struct sql_conn;
struct sql_stmt;

/*
 * sql_query(c, "text") begins a use of a statement on c; the text is a literal. Never NULL:
 * failures stick and show at sql_step. Each text is also noted in the section sql_texts of the
 * program, so that a test can have every statement there is explained (__start_sql_texts to
 * __stop_sql_texts).
 */
#define sql_query(c, text)                                                                         \
    (__extension__({                                                                               \
        static const char *const sql_text_here __attribute__((section("sql_texts"), used)) =       \
            "" text;                                                                               \
        sql_query_text((c), sql_text_here);                                                        \
    }))
/* As sql_query for texts that are made elsewhere; static lifetime. */
struct sql_stmt *sql_query_text(struct sql_conn *c, const char *text);

/* Parameters by number, from 1; each number has one type in all uses of a text. Text and blobs must
 * live until sql_done. data NULL binds NULL. */
void sql_bind_u64(struct sql_stmt *s, int n, uint64_t v);
void sql_bind_i64(struct sql_stmt *s, int n, int64_t v);
void sql_bind_id_or_null(struct sql_stmt *s, int n, uint64_t v); /* 0: NULL */
void sql_bind_text(struct sql_stmt *s, int n, struct slice v);
void sql_bind_blob(struct sql_stmt *s, int n, struct slice v);
void sql_bind_bool(struct sql_stmt *s, int n, bool v);

/* True: a row is there. False: no more rows, or an error (sql_done tells). */
MUST_CHECK bool sql_step(struct sql_stmt *s);
/* Columns from 0. NULL reads as 0 or as a slice with data NULL. */
uint64_t sql_u64(struct sql_stmt *s, int column);
int64_t sql_i64(struct sql_stmt *s, int column);
bool sql_bool(struct sql_stmt *s, int column);
bool sql_null(struct sql_stmt *s, int column);
/* Copied into the arena; data NULL also when the arena is full (then the statement fails
 * NO_MEMORY). */
struct slice sql_text(struct sql_stmt *s, int column, struct arena *arena);
/* Borrowed until the next step. */
struct slice sql_blob(struct sql_stmt *s, int column);

/* Ends the use: ERR_OK or the first error. Must be called for every sql_query. */
MUST_CHECK enum err sql_done(struct sql_stmt *s);
/* Runs to the end, ignoring rows; sql_done included. */
MUST_CHECK enum err sql_run(struct sql_stmt *s);
/*
 * As sql_run for a statement of a write transaction of which nobody needs rows or sql_changes. A
 * backend may put it off to save a round trip: then an error of it shows at a later statement of
 * the transaction, or fails its commit.
 */
MUST_CHECK enum err sql_send(struct sql_stmt *s);
/* Rows changed by the last sql_run (or statement stepped to its end) on c; not of sql_send. */
uint64_t sql_changes(struct sql_conn *c);
/* One-shot statements without parameters or rows (PRAGMA, a migration ...), several separated by
 * ';'. */
MUST_CHECK enum err sql_exec(struct sql_conn *c, const char *text);
