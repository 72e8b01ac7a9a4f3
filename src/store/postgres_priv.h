#pragma once

/* What postgres.c (statements), postgres_wait.c (the pipeline), postgres_poll.c (its socket) and
 * postgres_open.c (connections) share. */

#include <libpq-fe.h>

#include "base/mem.h"
#include "store/sql_driver.h"

#define POSTGRES_CONN_MAGIC UINT32_C(0x5047434e)
#define POSTGRES_STMT_MAGIC UINT32_C(0x50475354)

enum {
    /* Answers that are due at once; what is beyond waits first, so that buffers stay small. */
    POSTGRES_PENDING_MAX = 256,
    /* Entries of one more statement (PREPARE, execution) and of a rollback with its two SYNCs. */
    POSTGRES_PENDING_SPARE = 8,
    POSTGRES_QUEUED_BYTES_MAX = 1024 * 1024,
    /* A statement ends by statement_ms; a server that says nothing for so much longer is gone. */
    POSTGRES_GRACE_MS = 5000
};

enum postgres_kind { POSTGRES_PLAIN, POSTGRES_BEGIN, POSTGRES_COMMIT, POSTGRES_ROLLBACK };

struct postgres_stmt {
    struct sql_stmt base; /* first: struct sql_stmt * is cast back */
    uint32_t magic;
    enum postgres_kind kind;
    const char *text;
    unsigned number; /* of its name on the server; 0: it has none and is parsed at each run */
    bool prepared;   /* or queued to be */
    bool ran;        /* in this use */
    int row;
    PGresult *result;   /* of the run under way; all of its rows */
    int count;          /* of parameters; so many are in each of the arrays */
    uint64_t *integers; /* in network order: values point here */
    const char **values;
    int *lengths;
    int *formats; /* all binary */
    Oid *types;
};

enum pending_kind { PENDING_PREPARE, PENDING_RUN, PENDING_SYNC };

/* An answer that is due. */
struct pending {
    enum pending_kind kind;
    enum postgres_kind what;
    struct postgres_stmt *stmt; /* PREPARE: NULL once it is finalized */
};

struct postgres_conn {
    struct sql_conn base; /* first: struct sql_conn * is cast back */
    uint32_t magic;
    PGconn *pg;
    const struct clock *clock;
    uint64_t deadline_ns; /* monotonic; 0: none */
    unsigned silence_ms;  /* of a server that is taken for gone; 0: never */
    bool patient;         /* until the next transaction: whatever silence_ms says */
    bool broken;
    /* As the statements that were queued leave it, if they succeed; once nothing is pending, as the
     * server says. False also while the server waits for the ROLLBACK of a failed transaction. */
    bool in_tx;
    enum err failed; /* the first error of the transaction, until its end */
    struct pending pending[POSTGRES_PENDING_MAX]; /* a ring, in the order of the answers */
    unsigned first;
    unsigned pending_count;
    unsigned unsynced; /* statements since the last SYNC */
    size_t queued_bytes;
    unsigned statements; /* names given out */
    uint64_t waits;      /* for the server: round trips */
    uint64_t changes;
};

struct postgres_conn *postgres_conn_of(struct sql_conn *c);
/* The error of a failed result, logged if it is unexpected; `broken` is set if the connection is
 * lost. */
enum err postgres_error(struct postgres_conn *c, const PGresult *r, const char *what);
/* A call of libpq failed by itself: the connection cannot be used any more. */
enum err postgres_break(struct postgres_conn *c, const char *what);
/* NULL reads as 0; the type is one of the integers or a boolean (asserted). */
int64_t postgres_integer(const PGresult *r, int row, int column);
/* Rows changed by the statement. */
uint64_t postgres_changes(PGresult *r);

/* Inside a transaction that has lifted the server's limits of time: neither has the client one. */
void postgres_wait_long(struct sql_conn *c);

/* ---- postgres_poll.c ---- */

/* How a wait is going. */
struct postgres_wait {
    uint64_t heard_ms; /* when the server last said something; the machine's clock */
    bool patient;      /* however long it takes */
    bool cancelled;
};

bool postgres_expired(const struct postgres_conn *c);
/* Asks the server to end what runs. False: it has not even taken the question; the connection must
 * not be used any more, since the question may still come to hit what runs on it later. */
MUST_CHECK bool postgres_cancel(struct postgres_conn *c);
struct postgres_wait postgres_wait_begin(bool patient);
/* Writes and reads until PQgetResult would not block. Reading while writing: a server that cannot
 * send stops reading, and both would wait for ever. */
MUST_CHECK enum err postgres_await(struct postgres_conn *c, struct postgres_wait *w);

/* ---- postgres_wait.c ---- */

/* Queues the statement, and its PREPARE before its first run. Waits only if much is queued. */
MUST_CHECK enum err postgres_queue(struct postgres_conn *c, struct postgres_stmt *s);
/*
 * Sends what is queued and waits for all answers; *out (may be NULL) gets the last statement's,
 * owned by the caller. Fails with the first error of the transaction.
 */
MUST_CHECK enum err postgres_wait(struct postgres_conn *c, PGresult **out);
/* Sends what is queued and does not wait; answers are met by the next wait. */
void postgres_sync(struct postgres_conn *c);
/* Takes the answers that are there already. */
void postgres_drain(struct postgres_conn *c);
/* Runs a text of several statements; nothing else may be due. */
MUST_CHECK enum err postgres_exec(struct postgres_conn *c, const char *text);
/* Forgets a statement that is about to be freed. */
void postgres_forget(struct postgres_conn *c, const struct postgres_stmt *s);

extern const struct sql_driver postgres_driver;
void postgres_close(struct sql_conn *c);
