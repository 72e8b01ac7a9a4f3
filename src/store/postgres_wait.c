/*
 * The pipeline of a PostgreSQL connection. Statements are queued in libpq's buffer and sent
 * together when somebody waits: one SYNC ends the batch, one answer to it means that all have been
 * answered. So BEGIN and the first statement are one round trip, and the last statements and COMMIT
 * another.
 *
 * After an error the server skips everything up to the SYNC; what follows belongs to a transaction
 * that has failed. Hence a ROLLBACK comes after a SYNC of its own, or it would be skipped as well.
 *
 *     queue ... queue SYNC | queue ... COMMIT SYNC | ... | SYNC ROLLBACK SYNC
 *                     wait                    wait                  nobody waits: the next wait
 *                                                                   meets these answers first
 *
 * A SYNC at each wait instead of a flush costs nothing that could be measured (16 connections,
 * 14,000 transactions/s either way); for it the server knows that it is idle, so that
 * idle_in_transaction_session_timeout works, libpq knows the state of the transaction, and no error
 * leaves a half-read batch behind.
 */

#include <assert.h>
#include <poll.h>
#include <stdio.h>

#include "store/postgres_priv.h"

enum {
    POLL_MS_MAX = 1000,
    CANCEL_ERROR_MAX = 256,
    NAME_MAX_BYTES = 16,
    READS_MAX = 16,
    BINARY = 1
};

/* ---- what is due ---- */

static void push(struct postgres_conn *c, enum pending_kind kind, struct postgres_stmt *s)
{
    assert(c->pending_count < POSTGRES_PENDING_MAX);
    unsigned at = (c->first + c->pending_count++) % POSTGRES_PENDING_MAX;
    c->pending[at] = (struct pending){kind, s != NULL ? s->kind : POSTGRES_PLAIN, s};
    c->unsynced = kind == PENDING_SYNC ? 0 : c->unsynced + 1;
}

static void pop(struct postgres_conn *c)
{
    c->first = (c->first + 1) % POSTGRES_PENDING_MAX;
    c->pending_count--;
}

void postgres_forget(struct postgres_conn *c, const struct postgres_stmt *s)
{
    for (unsigned i = 0; i < c->pending_count; i++) {
        struct pending *p = &c->pending[(c->first + i) % POSTGRES_PENDING_MAX];
        if (p->stmt == s)
            p->stmt = NULL;
    }
}

enum err postgres_break(struct postgres_conn *c, const char *what)
{
    /* At debug: the pool tells once that the database is away. */
    if (!c->broken)
        log_debug(c->base.log, "store", "a connection to the database is lost",
                  LOG_S("call", what));
    c->broken = true;
    c->in_tx = false;
    c->pending_count = 0;
    c->unsynced = 0;
    return ERR_STORE_AWAY;
}

/* ---- answers ---- */

static bool has_tag(PGresult *r, const char *tag)
{
    return slice_eq_cstr(slice_from(PQcmdStatus(r)), tag);
}

static void fail(struct postgres_conn *c, enum err e)
{
    if (c->failed == ERR_OK)
        c->failed = e;
}

/* COMMIT of a transaction that has failed is answered with success, and the tag ROLLBACK. */
static void on_end(struct postgres_conn *c, enum postgres_kind what, PGresult *r, bool good)
{
    if (what == POSTGRES_COMMIT && good && !has_tag(r, "COMMIT")) {
        log_error(c->base.log, "store", "the database did not commit", LOG_S("call", "commit"));
        fail(c, ERR_STORE);
    }
    /* Errors before it were those of the transaction that is over now. One that cannot be ended
     * must not become part of the next. */
    if (what == POSTGRES_ROLLBACK && good)
        c->failed = ERR_OK;
    else if (what == POSTGRES_ROLLBACK)
        fail(c, postgres_break(c, "rollback"));
}

static void on_answer(struct postgres_conn *c, const struct pending *p, PGresult *r)
{
    ExecStatusType status = PQresultStatus(r);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    if (p->kind == PENDING_PREPARE && p->stmt != NULL && !good)
        p->stmt->prepared = false;
    /* What is skipped after an error has no error of its own. */
    if (!good && status != PGRES_PIPELINE_ABORTED)
        fail(c, postgres_error(c, r, p->kind == PENDING_PREPARE ? "prepare" : "run"));
    if (p->kind != PENDING_RUN)
        return;
    if (p->what == POSTGRES_COMMIT || p->what == POSTGRES_ROLLBACK)
        on_end(c, p->what, r, good);
}

/* The answer that is due next, all of it. *last gets the result (instead of what it had). */
static enum err take_answer(struct postgres_conn *c, struct postgres_wait *w, PGresult **last)
{
    struct pending p = c->pending[c->first];
    for (;;) {
        enum err e = postgres_await(c, w);
        if (e != ERR_OK)
            return e;
        PGresult *r = PQgetResult(c->pg);
        if (r == NULL && p.kind == PENDING_SYNC && PQstatus(c->pg) == CONNECTION_OK)
            return postgres_break(c, "sync");
        if (r == NULL)
            break;
        if (PQresultStatus(r) == PGRES_PIPELINE_SYNC) {
            PQclear(r);
            break;
        }
        on_answer(c, &p, r);
        PQclear(*last);
        *last = r;
        if (c->broken)
            return ERR_STORE_AWAY;
    }
    pop(c);
    return ERR_OK;
}

static enum err take_answers(struct postgres_conn *c, struct postgres_wait *w, PGresult **last)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && c->pending_count > 0)
        e = take_answer(c, w, last);
    return e;
}

static PGTransactionStatusType settle(struct postgres_conn *c)
{
    PGTransactionStatusType status = PQtransactionStatus(c->pg);
    c->in_tx = status == PQTRANS_INTRANS;
    c->queued_bytes = 0;
    return status;
}

void postgres_sync(struct postgres_conn *c)
{
    if (c->broken)
        return;
    if (PQpipelineSync(c->pg) == 0)
        (void)postgres_break(c, "sync");
    else
        push(c, PENDING_SYNC, NULL);
}

enum err postgres_wait(struct postgres_conn *c, PGresult **out)
{
    PGresult *last = NULL;
    struct postgres_wait w = postgres_wait_begin(false);
    c->waits++;
    postgres_sync(c);
    enum err e = c->broken ? ERR_STORE_AWAY : take_answers(c, &w, &last);
    if (e == ERR_OK) {
        PGTransactionStatusType status = settle(c);
        e = c->failed;
        if (status == PQTRANS_IDLE)
            c->failed = ERR_OK;
    }
    if (e == ERR_OK && out != NULL)
        *out = last;
    else
        PQclear(last);
    return e;
}

/* A farewell of the server and the end of the connection are read one after the other. */
static enum err read_all(struct postgres_conn *c)
{
    struct pollfd fd = {.fd = PQsocket(c->pg), .events = POLLIN};
    if (PQflush(c->pg) < 0)
        return postgres_break(c, "write");
    for (int i = 0; i < READS_MAX && poll(&fd, 1, 0) > 0; i++)
        if (PQconsumeInput(c->pg) == 0)
            return postgres_break(c, "read");
    return ERR_OK;
}

void postgres_drain(struct postgres_conn *c)
{
    PGresult *last = NULL;
    struct postgres_wait w = postgres_wait_begin(false);
    enum err e = read_all(c);
    while (e == ERR_OK && c->pending_count > 0 && PQisBusy(c->pg) == 0)
        e = take_answer(c, &w, &last);
    PQclear(last);
    if (e == ERR_OK && c->pending_count == 0)
        (void)settle(c);
}

/* ---- queueing ---- */

static void name_of(const struct postgres_stmt *s, char out[NAME_MAX_BYTES])
{
    snprintf(out, NAME_MAX_BYTES, "s%u", s->number);
}

static bool queue_prepare(struct postgres_conn *c, struct postgres_stmt *s)
{
    char name[NAME_MAX_BYTES];
    name_of(s, name);
    if (PQsendPrepare(c->pg, name, s->text, s->count, s->types) == 0)
        return false;
    s->prepared = true;
    push(c, PENDING_PREPARE, s);
    return true;
}

static bool queue_run(struct postgres_conn *c, struct postgres_stmt *s)
{
    char name[NAME_MAX_BYTES];
    const char *const *values = s->values;
    int sent;
    name_of(s, name);
    if (s->number != 0)
        sent = PQsendQueryPrepared(c->pg, name, s->count, values, s->lengths, s->formats, BINARY);
    else
        sent = PQsendQueryParams(c->pg, s->text, s->count, s->types, values, s->lengths, s->formats,
                                 BINARY);
    if (sent == 0)
        return false;
    push(c, PENDING_RUN, s);
    return true;
}

static void note_transaction(struct postgres_conn *c, enum postgres_kind kind)
{
    if (kind == POSTGRES_BEGIN) {
        c->in_tx = true;
        c->patient = false;
    } else if (kind == POSTGRES_COMMIT || kind == POSTGRES_ROLLBACK) {
        c->in_tx = false;
    }
}

static bool is_crowded(const struct postgres_conn *c)
{
    return c->pending_count > POSTGRES_PENDING_MAX - POSTGRES_PENDING_SPARE ||
           c->queued_bytes > POSTGRES_QUEUED_BYTES_MAX;
}

enum err postgres_queue(struct postgres_conn *c, struct postgres_stmt *s)
{
    if (c->broken)
        return ERR_STORE_AWAY;
    /* A rollback has its place kept, and must not fail for what was before it. */
    if (s->kind != POSTGRES_ROLLBACK && is_crowded(c)) {
        enum err e = postgres_wait(c, NULL);
        if (e != ERR_OK)
            return e;
    }
    if (s->number != 0 && !s->prepared && !queue_prepare(c, s))
        return postgres_break(c, "prepare");
    if (!queue_run(c, s))
        return postgres_break(c, "run");
    for (int i = 0; i < s->count; i++)
        c->queued_bytes += (size_t)s->lengths[i];
    note_transaction(c, s->kind);
    return ERR_OK;
}

/* ---- texts of several statements ---- */

static enum err take_results(struct postgres_conn *c, struct postgres_wait *w)
{
    enum err first = ERR_OK;
    for (;;) {
        enum err e = postgres_await(c, w);
        if (e != ERR_OK)
            return e;
        PGresult *r = PQgetResult(c->pg);
        if (r == NULL)
            return first;
        ExecStatusType status = PQresultStatus(r);
        if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            c->changes = postgres_changes(r);
        else if (first == ERR_OK)
            first = postgres_error(c, r, "exec");
        PQclear(r);
        if (c->broken)
            return ERR_STORE_AWAY;
    }
}

enum err postgres_exec(struct postgres_conn *c, const char *text)
{
    enum err e = c->pending_count > 0 || c->unsynced > 0 ? postgres_wait(c, NULL) : ERR_OK;
    if (e != ERR_OK)
        return e;
    if (c->broken)
        return ERR_STORE_AWAY;
    /* The simple protocol, which knows several statements in a text, is not to be had inside a
     * pipeline. A migration takes as long as it takes. */
    struct postgres_wait w = postgres_wait_begin(true);
    if (PQexitPipelineMode(c->pg) == 0 || PQsendQuery(c->pg, text) == 0)
        return postgres_break(c, "exec");
    e = take_results(c, &w);
    if (c->broken)
        return e;
    if (PQenterPipelineMode(c->pg) == 0)
        return postgres_break(c, "exec");
    (void)settle(c);
    return e;
}
