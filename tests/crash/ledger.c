/* Comparing a folder with what was promised about it: see ledger.h. */

#include "crash/ledger.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crash/traces.h"
#include "store/event_log.h"

enum { IDS_MAX = LEDGER_RUNS * LEDGER_THREADS * LEDGER_CLOSURES * 8, ARENA_MAX = 64 * 1024 * 1024 };

struct ids {
    uint64_t *list;
    size_t count;
};

/* What the folder holds. */
struct found {
    const struct ledger *ledger;
    char *why; /* the first finding; "" while there is none */
    unsigned why_len;
    uint8_t rows[LEDGER_RUNS][LEDGER_THREADS][LEDGER_CLOSURES]; /* a bit a row */
    uint8_t nonces[LEDGER_RUNS][LEDGER_THREADS][LEDGER_CLOSURES];
    uint8_t events[LEDGER_RUNS][LEDGER_THREADS][LEDGER_CLOSURES];
    int64_t anchors[LEDGER_RUNS][LEDGER_THREADS]; /* -1: none */
    struct ids messages;
    struct ids announced;
    uint64_t last_position;
    uint64_t id_max;
    bool positions_ascend;
};

static void finding(struct found *f, const char *format, ...) PRINTF_LIKE(2, 3);

static void finding(struct found *f, const char *format, ...)
{
    if (f->why[0] != '\0')
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(f->why, f->why_len, format, args);
    va_end(args);
}

static void ids_add(struct found *f, struct ids *ids, uint64_t id)
{
    if (ids->list == NULL)
        ids->list = calloc(IDS_MAX, sizeof *ids->list);
    if (ids->list == NULL || ids->count == IDS_MAX) {
        finding(f, "too many ids");
        return;
    }
    ids->list[ids->count++] = id;
}

static bool in_range(struct trace t)
{
    return t.run < LEDGER_RUNS && t.thread < LEDGER_THREADS && t.number < LEDGER_CLOSURES;
}

/* ---- reading ---- */

static bool read_row(struct found *f, const char *content, uint64_t id)
{
    struct trace t;
    unsigned row;
    int end = 0;
    if (sscanf(content, "%u %u %u %u %n", &t.run, &t.thread, &t.number, &row, &end) != 4 ||
        !in_range(t) || row >= 8)
        return false;
    for (const char *p = content + end; *p != '\0'; p++)
        if (*p != 'x')
            return false;
    uint8_t bit = (uint8_t)(1U << row);
    if ((f->rows[t.run][t.thread][t.number] & bit) != 0)
        finding(f, "run %u thread %u closure %u: row %u is there twice", t.run, t.thread, t.number,
                row);
    f->rows[t.run][t.thread][t.number] |= bit;
    ids_add(f, &f->messages, id);
    f->id_max = id > f->id_max ? id : f->id_max;
    return true;
}

static enum err read_messages(struct tx *tx, struct found *f)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT content, id FROM messages");
    while (sql_step(s)) {
        struct arena arena;
        arena_init(&arena, MEM_STORE, ARENA_MAX);
        struct slice content = sql_text(s, 0, &arena);
        if (content.data == NULL || !read_row(f, content.data, sql_u64(s, 1)))
            finding(f, "a message is damaged: %.40s", content.data);
        arena_deinit(&arena);
    }
    return sql_done(s);
}

static enum err read_nonces(struct tx *tx, struct found *f)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT channel_id - 1, author_id - 1, nonce "
                                               "FROM recent_nonces");
    while (sql_step(s)) {
        struct trace t = {(uint32_t)sql_u64(s, 0), (uint32_t)sql_u64(s, 1), LEDGER_CLOSURES};
        uint64_t number;
        if (slice_to_u64(sql_blob(s, 2), &number) && number < LEDGER_CLOSURES)
            t.number = (uint32_t)number;
        if (in_range(t))
            f->nonces[t.run][t.thread][t.number]++;
        else
            finding(f, "a nonce is damaged");
    }
    return sql_done(s);
}

static enum err read_anchors(struct tx *tx, struct found *f)
{
    memset(f->anchors, -1, sizeof f->anchors);
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "SELECT name, number FROM meta WHERE name LIKE '" TRACE_ANCHOR "%'");
    while (sql_step(s)) {
        char name[64] = "";
        struct slice text = sql_blob(s, 0);
        snprintf(name, sizeof name, "%.*s", (int)text.len, text.data);
        struct trace t = {0, 0, 0};
        if (sscanf(name, TRACE_ANCHOR "%u %u", &t.run, &t.thread) == 2 && in_range(t))
            f->anchors[t.run][t.thread] = sql_i64(s, 1);
        else
            finding(f, "an anchor is damaged: %s", name);
    }
    return sql_done(s);
}

/* ---- the log ---- */

static enum err on_event(void *ctx, const struct event_row *row)
{
    struct found *f = ctx;
    f->positions_ascend &= row->position == f->last_position + 1;
    f->last_position = row->position;
    if (row->stream.kind == STREAM_GUILD) {
        ids_add(f, &f->announced, row->entity_id);
        return ERR_OK;
    }
    uint64_t number = row->entity_id - 1;
    struct trace t = {(uint32_t)(number / LEDGER_CLOSURES / LEDGER_THREADS),
                      (uint32_t)(number / LEDGER_CLOSURES % LEDGER_THREADS),
                      (uint32_t)(number % LEDGER_CLOSURES)};
    if (in_range(t))
        f->events[t.run][t.thread][t.number]++;
    else
        finding(f, "an event is damaged");
    return ERR_OK;
}

static enum err read_stream(struct tx *tx, struct found *f, struct stream s)
{
    uint64_t head = 0;
    f->last_position = 0;
    f->positions_ascend = true;
    enum err e = event_log_read(tx, s, 0, IDS_MAX, on_event, f);
    if (e == ERR_OK)
        e = tx_stream_head(tx, s, &head);
    if (!f->positions_ascend)
        finding(f, "stream %d of %u: the log has a gap", (int)s.kind, (unsigned)s.id);
    if (e == ERR_OK && head != f->last_position)
        finding(f, "stream %d of %u: head %u, last position %u", (int)s.kind, (unsigned)s.id,
                (unsigned)head, (unsigned)f->last_position);
    if (e == ERR_OK && s.kind == STREAM_GUILD && head < f->ledger->announced[s.id])
        finding(f, "stream of guild %u: position %u was announced, the head is %u", (unsigned)s.id,
                (unsigned)f->ledger->announced[s.id], (unsigned)head);
    return e;
}

static enum err read_log(struct tx *tx, struct found *f)
{
    enum err e = ERR_OK;
    for (uint64_t guild = 1; e == ERR_OK && guild <= LEDGER_GUILDS; guild++)
        e = read_stream(tx, f, (struct stream){STREAM_GUILD, guild});
    for (uint64_t user = 1; e == ERR_OK && user <= LEDGER_THREADS; user++)
        e = read_stream(tx, f, (struct stream){STREAM_USER, user});
    return e;
}

/* ---- SQLite's own view ---- */

static enum err read_damage(struct tx *tx, struct found *f)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "PRAGMA integrity_check(1)");
    if (!sql_step(s) || !slice_eq_cstr(sql_blob(s, 0), "ok"))
        finding(f, "integrity_check: %.*s", (int)sql_blob(s, 0).len, sql_blob(s, 0).data);
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    s = sql_query(tx_sql(tx), "PRAGMA foreign_key_check");
    if (sql_step(s))
        finding(f, "foreign_key_check: a row without its parent");
    return sql_done(s);
}

static enum err on_read(struct tx *tx, void *ctx)
{
    struct found *f = ctx;
    enum err e = read_damage(tx, f);
    if (e == ERR_OK)
        e = read_messages(tx, f);
    if (e == ERR_OK)
        e = read_nonces(tx, f);
    if (e == ERR_OK)
        e = read_anchors(tx, f);
    return e == ERR_OK ? read_log(tx, f) : e;
}

/* ---- comparing ---- */

/* 0: nothing of it, 1: all, -1: a part. */
static int presence(const struct found *f, struct trace t)
{
    unsigned all = (1U << closure_rows(t.thread, t.number)) - 1;
    unsigned rows = f->rows[t.run][t.thread][t.number];
    unsigned nonces = f->nonces[t.run][t.thread][t.number];
    unsigned events = f->events[t.run][t.thread][t.number];
    if (rows == 0 && nonces == 0 && events == 0)
        return 0;
    return rows == all && nonces == 1 && events == 1 ? 1 : -1;
}

static const char *problem(const struct found *f, struct trace t)
{
    const struct ledger *l = f->ledger;
    int there = presence(f, t);
    int64_t anchor = f->anchors[t.run][t.thread];
    if (there < 0)
        return "is there in part";
    if (there == 0 && l->acknowledged[t.run][t.thread][t.number])
        return "was acknowledged and is lost";
    if (there == 1 && closure_fails(t.thread, t.number))
        return "failed and is there";
    if (there == 1 && (int64_t)t.number > anchor)
        return "is there without what it overwrote";
    if (there == 0 && (int64_t)t.number == anchor)
        return "is not there and what it overwrote is";
    if (there == 0 && (int64_t)t.number < anchor && !closure_fails(t.thread, t.number) &&
        !l->refused[t.run][t.thread][t.number])
        return "is missing, and later ones are there";
    return NULL;
}

static void compare_closures(struct found *f)
{
    for (struct trace t = {0, 0, 0}; t.run < LEDGER_RUNS; t.run++)
        for (t.thread = 0; t.thread < LEDGER_THREADS; t.thread++)
            for (t.number = 0; t.number < LEDGER_CLOSURES; t.number++) {
                const char *wrong = problem(f, t);
                if (wrong != NULL)
                    finding(f, "run %u thread %u closure %u %s", t.run, t.thread, t.number, wrong);
            }
}

static int by_id(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

static void compare_events(struct found *f)
{
    struct ids *a = &f->messages;
    struct ids *b = &f->announced;
    if (a->count > 0)
        qsort(a->list, a->count, sizeof *a->list, by_id);
    if (b->count > 0)
        qsort(b->list, b->count, sizeof *b->list, by_id);
    if (a->count != b->count ||
        (a->count > 0 && memcmp(a->list, b->list, a->count * sizeof *a->list) != 0))
        finding(f, "%zu messages and %zu events that are not about the same", a->count, b->count);
}

/* A clock that was set back by a day: only the stored floor keeps new ids above the old ones. */
static int64_t yesterday_ms(void *ctx)
{
    (void)ctx;
    return clock_wall_ms(clock_system()) - INT64_C(24) * 3600 * 1000;
}

static uint64_t same_mono_ns(void *ctx)
{
    (void)ctx;
    return clock_mono_ns(clock_system());
}

static const struct clock yesterday = {yesterday_ms, same_mono_ns, NULL};

static enum err on_new_id(struct tx *tx, void *ctx)
{
    uint64_t *id = ctx;
    *id = tx_id(tx);
    return ERR_OK;
}

static void compare_ids(struct found *f, struct store *s)
{
    uint64_t id = 0;
    enum err e = store_write(s, on_new_id, &id);
    if (e != ERR_OK)
        finding(f, "a write fails afterwards: %s", err_info(e)->name);
    else if (id <= f->id_max || id <= f->ledger->id_max)
        finding(f, "a new id is not above the old ones");
}

static void look(struct found *f, struct store *s)
{
    enum err e = store_read(s, on_read, f);
    if (e != ERR_OK)
        finding(f, "reading fails: %s", err_info(e)->name);
    compare_closures(f);
    compare_events(f);
    compare_ids(f, s);
}

static void look_once(const struct ledger *l, const char *data, char *why, unsigned why_len)
{
    char reason[512];
    struct store *s = NULL;
    struct found *f = calloc(1, sizeof *f);
    if (f == NULL)
        abort();
    f->ledger = l;
    f->why = why;
    f->why_len = why_len;
    struct store_options o = work_store_options(data);
    o.clock = &yesterday;
    if (store_open(&o, &s, reason, sizeof reason) == ERR_OK)
        look(f, s);
    else
        finding(f, "it does not open: %s", reason);
    store_close(&s);
    free(f->messages.list);
    free(f->announced.list);
    free(f);
}

bool ledger_holds(const struct ledger *l, const char *data, unsigned times, char *why,
                  unsigned why_len)
{
    why[0] = '\0';
    for (unsigned i = 0; i < times && why[0] == '\0'; i++)
        look_once(l, data, why, why_len);
    return why[0] == '\0';
}
