#pragma once

/*
 * The PostgreSQL backend: opens connections that sql.h then uses. Called by the engine's pool
 * (postgres_pool.c, postgres_engine.c). A connection belongs to one thread at a time; it lives in
 * libpq's pipeline mode, so that what nobody waits for costs no round trip. Start reading at
 * postgres.c.
 *
 * A transaction: sql_begin queues BEGIN, which travels with the first statement. After any error
 * sql_lost is set and every further statement, and sql_commit, fail with that error. sql_rollback
 * sends ROLLBACK and does not wait for its answer. RETRY means that the server undid the
 * transaction and that it may be run again; STORE_AWAY that the connection is gone
 * (postgres_broken), and if it came from sql_commit, that nobody knows whether the transaction was
 * committed.
 */

#include "base/clock.h"
#include "base/log.h"
#include "store/sql.h"

/* 0 in a time means none, except for connect_ms (5000). */
struct postgres_options {
    const char *url;       /* postgres://... or postgresql://...; not kept */
    unsigned connect_ms;   /* per address; rounded up to seconds, at least 2 */
    unsigned statement_ms; /* longest run of one statement; then RETRY */
    unsigned lock_ms;      /* longest wait for a lock; then RETRY */
    unsigned
        idle_tx_ms; /* the server ends a connection that is idle in a transaction for so long */
    const struct clock *clock;
    const struct log *log;
};

/*
 * Connects, sets the connection up and checks the server: version 13 or later, UTF-8, not
 * read-only. STORE_AWAY: it cannot be reached, or is starting, or has no connection left: worth
 * another try. STORE_READONLY: a standby. STORE: it refuses us (password, database ...), or is not
 * fit. NO_MEMORY. `why` gets a sentence without the url and its password; NULL allowed with why_len
 * 0. Blocks. Close with sql_conn_close.
 */
MUST_CHECK enum err postgres_open(const struct postgres_options *o, struct sql_conn **out,
                                  char *why, size_t why_len);
/* Logs what the connection is like: version, TLS; warns if the server does not sync. Once a start.
 */
void postgres_describe(struct sql_conn *c);

/* The connection is lost: close it. Knows what was met so far; does not look. */
bool postgres_broken(const struct sql_conn *c);
/* Looks without waiting whether the server has closed an idle connection; false: close it. */
bool postgres_idle_check(struct sql_conn *c);
/* One round trip, outside of a transaction. STORE_AWAY. */
MUST_CHECK enum err postgres_ping(struct sql_conn *c);
