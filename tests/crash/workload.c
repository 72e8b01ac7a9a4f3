/* The workload: see workload.h. Every closure leaves the same traces, from which ledger.c can tell
 * whether it is there wholly. */

#include "crash/workload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crash/shim.h"
#include "crash/traces.h"
#include "store/messages.h"
#include "store/store.h"

enum { PADDING_MAX = 64 * 1024, CONTENT_MAX = PADDING_MAX + 64 };

struct worker {
    const struct work *work;
    struct store *store;
    int out;
    uint32_t thread;
    pthread_t id;
};

struct closure {
    const struct worker *worker;
    uint32_t number;
    uint64_t id; /* out: the last one made */
};

bool closure_fails(uint32_t thread, uint32_t number)
{
    return (thread + number) % 5 == 4;
}

uint32_t closure_rows(uint32_t thread, uint32_t number)
{
    return 1 + (number * 7 + thread * 3) % 4;
}

static void report(int out, enum report_kind kind, uint32_t thread, uint32_t number, uint64_t value)
{
    struct report r;
    memset(&r, 0, sizeof r);
    r.kind = kind;
    r.thread = thread;
    r.number = number;
    r.value = value;
    if (write(out, &r, sizeof r) != (ssize_t)sizeof r)
        shim_exit(1);
}

/* ---- one closure ---- */

static struct trace trace_of(const struct closure *c)
{
    return (struct trace){c->worker->work->run, c->worker->thread, c->number};
}

static enum err add_message(struct tx *tx, struct closure *c, uint32_t row)
{
    static _Thread_local char content[CONTENT_MAX];
    struct trace t = trace_of(c);
    int len = snprintf(content, sizeof content, "%u %u %u %u ", t.run, t.thread, t.number, row);
    memset(content + len, 'x', c->worker->work->padding);
    c->id = tx_id(tx);
    struct message m = {.id = {c->id},
                        .channel = {TRACE_CHANNEL + row},
                        .guild = {1 + row % LEDGER_GUILDS},
                        .content = slice_of(content, (size_t)len + c->worker->work->padding)};
    m.author.id.v = 1 + t.thread;
    return messages_insert(tx_sql(tx), &m);
}

static enum err emit(struct tx *tx, enum event_kind kind, struct stream stream, uint64_t entity)
{
    struct event *e = event_new(kind, stream, NULL, 0);
    if (e == NULL)
        return ERR_NO_MEMORY;
    e->entity_id = entity;
    return tx_emit(tx, e);
}

static enum err add_rows(struct tx *tx, struct closure *c)
{
    enum err e = ERR_OK;
    for (uint32_t row = 0; e == ERR_OK && row < closure_rows(c->worker->thread, c->number); row++) {
        e = add_message(tx, c, row);
        if (e == ERR_OK)
            e = emit(tx, EVENT_MESSAGE_CREATE,
                     (struct stream){STREAM_GUILD, 1 + row % LEDGER_GUILDS}, c->id);
    }
    return e;
}

/* A row of a table with a second index, and the one that every closure of the thread overwrites. */
static enum err add_marks(struct tx *tx, const struct closure *c)
{
    struct trace t = trace_of(c);
    char text[32];
    snprintf(text, sizeof text, "%u", c->number);
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "INSERT INTO recent_nonces (channel_id, author_id, nonce, message_id) "
                    "VALUES ($1, $2, $3, $4)");
    sql_bind_u64(s, 1, 1 + t.run);
    sql_bind_u64(s, 2, 1 + t.thread);
    sql_bind_text(s, 3, slice_from(text));
    sql_bind_u64(s, 4, c->id);
    enum err e = sql_run(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(tx_sql(tx), "INSERT INTO meta (name, number) VALUES ($1, $2) "
                              "ON CONFLICT (name) DO UPDATE SET number = excluded.number");
    char name[64];
    snprintf(name, sizeof name, TRACE_ANCHOR "%u %u", t.run, t.thread);
    sql_bind_text(s, 1, slice_from(name));
    sql_bind_u64(s, 2, c->number);
    return sql_run(s);
}

static enum err on_closure(struct tx *tx, void *ctx)
{
    struct closure *c = ctx;
    struct trace t = trace_of(c);
    enum err e = add_rows(tx, c);
    if (e == ERR_OK)
        e = add_marks(tx, c);
    if (e == ERR_OK)
        e = emit(tx, EVENT_GUILD_CREATE, (struct stream){STREAM_USER, 1 + t.thread},
                 trace_number(t));
    return e == ERR_OK && closure_fails(t.thread, c->number) ? ERR_UNKNOWN_MESSAGE : e;
}

/* ---- a thread ---- */

static enum err on_checkpoint(struct sql_conn *c, void *ctx)
{
    bool restart = *(const bool *)ctx;
    return sql_exec(c,
                    restart ? "PRAGMA wal_checkpoint(RESTART)" : "PRAGMA wal_checkpoint(PASSIVE)");
}

/* One after a third of the first thread's closures, and one that starts the log over after two. */
static void checkpoint_if_due(const struct worker *w, uint32_t number)
{
    uint32_t closures = w->work->closures;
    bool restart = number == closures * 2 / 3;
    if (!w->work->checkpoints || w->thread != 0 || (!restart && number != closures / 3))
        return;
    enum err e = store_between(w->store, on_checkpoint, &restart);
    if (e != ERR_OK && !w->work->errors_expected)
        report(w->out, REPORT_TROUBLE, w->thread, number, e);
}

static void write_one(const struct worker *w, uint32_t number)
{
    struct closure c = {.worker = w, .number = number};
    bool fails = closure_fails(w->thread, number);
    enum err e = store_write(w->store, on_closure, &c);
    if (e == ERR_OK)
        report(w->out, fails ? REPORT_TROUBLE : REPORT_ACKNOWLEDGED, w->thread, number, c.id);
    else if (w->work->errors_expected)
        report(w->out, REPORT_REFUSED, w->thread, number, e);
    else if (!fails || e != ERR_UNKNOWN_MESSAGE)
        report(w->out, REPORT_TROUBLE, w->thread, number, e);
}

static void *worker_main(void *ctx)
{
    const struct worker *w = ctx;
    for (uint32_t number = 0; number < w->work->closures; number++) {
        write_one(w, number);
        checkpoint_if_due(w, number);
    }
    return NULL;
}

/* ---- the process ---- */

static void on_commit(void *ctx, struct event *const *events, size_t count)
{
    const int *out = ctx;
    for (size_t i = 0; i < count; i++)
        if (events[i]->stream.kind == STREAM_GUILD)
            report(*out, REPORT_ANNOUNCED, 0, (uint32_t)events[i]->stream.id, events[i]->position);
}

struct store_options work_store_options(const char *data)
{
    return (struct store_options){.path = data,
                                  .readers = 2,
                                  .worker_id = 1,
                                  .batch_max = 64,
                                  .queue_max = 64,
                                  .read_limit_ms = 60000,
                                  .clock = clock_system()};
}

static void run_threads(const struct work *w, struct store *store, int out)
{
    struct worker workers[LEDGER_THREADS];
    for (uint32_t i = 0; i < w->threads; i++) {
        workers[i] = (struct worker){.work = w, .store = store, .out = out, .thread = i};
        if (pthread_create(&workers[i].id, NULL, worker_main, &workers[i]) != 0)
            abort();
    }
    for (uint32_t i = 0; i < w->threads; i++)
        pthread_join(workers[i].id, NULL);
}

int work_run(const struct work *w, int out)
{
    char why[512];
    struct store *store = NULL;
    struct store_options o = work_store_options(w->data);
    o.on_commit = on_commit;
    o.on_commit_ctx = &out;
    enum err e = store_open(&o, &store, why, sizeof why);
    if (e != ERR_OK) {
        if (!w->errors_expected)
            fprintf(stderr, "%s\n", why);
        report(out, w->errors_expected ? REPORT_REFUSED : REPORT_TROUBLE, 0, 0, e);
        return WORK_NOT_OPENED;
    }
    report(out, REPORT_OPENED, 0, 0, 0);
    run_threads(w, store, out);
    store_close(&store);
    report(out, REPORT_ENDED, 0, 0, shim_operations());
    return 0;
}
