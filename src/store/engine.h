#pragma once

/*
 * What makes transactions of closures, per backend; private to src/store. store.c picks one by the
 * options' url. SQLite: one writer thread with group commit (writer.c), a pool of readers
 * (readers.c). PostgreSQL: every closure on its caller's thread, on a connection of a pool
 * (postgres_engine.c).
 */

#include "store/store_priv.h"

struct store_engine {
    const char *name; /* "sqlite", "postgres" */
    /* Opens the database, migrates (migrate.h), reads the id floor (store_raise_ids), starts
     * threads. `why` gets a sentence on failure; close is called afterwards in any case. */
    enum err (*open)(struct store *s, const struct store_options *o, char *why, size_t why_len);
    /* Harmless after a failed or missing open. Finishes what is under way. */
    void (*close)(struct store *s);
    enum err (*write)(struct store *s, store_fn fn, void *ctx);
    enum err (*read)(struct store *s, store_fn fn, void *ctx);
    /* A connection of its own, that may only read, for as long as the caller likes. Close with
     * sql_conn_close, before the store. */
    enum err (*connect)(struct store *s, struct sql_conn **out);
    /* ERR_OK, or the reason why writes are not accepted now. */
    enum err (*trouble)(struct store *s);
};

extern const struct store_engine sqlite_engine;
extern const struct store_engine postgres_engine;

/* For engines: on a connection that is migrated, before the first transaction. */
MUST_CHECK enum err store_raise_ids(struct store *s, struct sql_conn *c);
