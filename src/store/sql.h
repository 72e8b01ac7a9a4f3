#pragma once

/*
 * The SQL driver interface: what a repository sees of a database. Queries are written once, with
 * placeholders $1, $2 ... in a text of static lifetime; a statement is prepared once per connection
 * and cached by the address of that text. One backend exists (sqlite.c); PostgreSQL is another
 * table of functions. A connection belongs to one thread at a time.
 *
 * Errors are STORE (anything unexpected, logged with the driver's text), STORE_FULL (disk full),
 * STORE_CONFLICT (unique or foreign key violated), RETRY (busy, serialisation failure), NO_MEMORY.
 * The first error sticks to the statement until sql_done.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attrs.h"
#include "base/errors.h"
#include "base/slice.h"

struct sql_conn;
struct sql_stmt;

/* Begins a use of the statement `text` on c. Never NULL: failures stick and show at sql_step. */
struct sql_stmt *sql_query(struct sql_conn *c, const char *text);
/* Parameters by number, from 1. Text and blobs must live until sql_done. data NULL binds NULL. */
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
/* Copied into the arena; data NULL also when the arena is full (then the statement fails
 * NO_MEMORY). */
struct slice sql_text(struct sql_stmt *s, int column, struct arena *arena);
/* Borrowed until the next step. */
struct slice sql_blob(struct sql_stmt *s, int column);

/* Ends the use: ERR_OK or the first error. Must be called for every sql_query. */
MUST_CHECK enum err sql_done(struct sql_stmt *s);
/* Runs to the end, ignoring rows; sql_done included. */
MUST_CHECK enum err sql_run(struct sql_stmt *s);
/* Rows changed by the last statement that was run on c. */
uint64_t sql_changes(struct sql_conn *c);
/* One-shot statements without parameters or rows (BEGIN, PRAGMA ...), several separated by ';'. */
MUST_CHECK enum err sql_exec(struct sql_conn *c, const char *text);
