#pragma once

/*
 * What the store's tests share: a data folder of their own, migrations with a table to write to, a
 * clock that they move, and a recorder for on_commit. Static functions, since each test is a
 * program.
 */

#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract/test_db.h"
#include "store/event_log.h"
#include "store/store.h"

enum { FIXTURE_PATH = 512, FIXTURE_WHY = 512, FIXTURE_EVENTS = 1 << 16 };

/* Wall time stands until a test moves it; monotonic time moves by mono_step_ns with each look. */
struct fake_clock {
    struct clock clock;
    _Atomic int64_t wall_ms;
    _Atomic uint64_t mono_ns;
    _Atomic uint64_t mono_step_ns;
};

struct fixture {
    char root[FIXTURE_PATH];
    char data[FIXTURE_PATH];
    char migrations_root[FIXTURE_PATH]; /* what the store is told */
    char migrations[FIXTURE_PATH];      /* where the files of its backend are */
    struct test_db db;
    char why[FIXTURE_WHY];
    struct fake_clock time;
    struct metrics *metrics;
    struct store_options options;
    struct store *store;
    /* Written in on_commit. seen[entity_id]: plain on purpose, so that TSan proves that a waiter
     * wakes after it. */
    unsigned char seen[FIXTURE_EVENTS];
    uint64_t heads[8][16]; /* stream kind, stream id: the position last announced */
    uint64_t announced;
    bool out_of_order;
};

static int64_t fake_wall_ms(void *ctx)
{
    struct fake_clock *c = ctx;
    return atomic_load(&c->wall_ms);
}

static uint64_t fake_mono_ns(void *ctx)
{
    struct fake_clock *c = ctx;
    return atomic_fetch_add(&c->mono_ns, atomic_load(&c->mono_step_ns));
}

static void fixture_on_commit(void *ctx, struct event *const *events, size_t count)
{
    struct fixture *f = ctx;
    for (size_t i = 0; i < count; i++) {
        const struct event *e = events[i];
        uint64_t *head = &f->heads[e->stream.kind % 8][e->stream.id % 16];
        if (e->position != *head + 1)
            f->out_of_order = true;
        *head = e->position;
        f->announced++;
        if (e->entity_id < FIXTURE_EVENTS)
            f->seen[e->entity_id] = 1;
    }
}

static void fixture_file(const char *dir, const char *name, const char *text)
{
    char path[FIXTURE_PATH * 2];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void fixture_copy(const char *from, const char *dir, const char *name)
{
    static char text[65536];
    FILE *f = fopen(from, "re");
    assert_non_null(f);
    size_t len = fread(text, 1, sizeof text - 1, f);
    text[len] = '\0';
    fclose(f);
    fixture_file(dir, name, text);
}

static const char *fixture_items(const struct fixture *f)
{
    return f->db.server == NULL ? "CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT UNIQUE, "
                                  "owner INTEGER REFERENCES items,\n"
                                  "data BLOB, flag INTEGER NOT NULL DEFAULT 0);\n"
                                : "CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT UNIQUE, "
                                  "owner BIGINT REFERENCES items,\n"
                                  "data BYTEA, flag INTEGER NOT NULL DEFAULT 0);\n";
}

static void fixture_migrations(struct fixture *f)
{
    char from[FIXTURE_PATH];
    const char *backend = test_db_backend(&f->db);
    snprintf(f->migrations_root, sizeof f->migrations_root, "%.400s/migrations", f->root);
    snprintf(f->migrations, sizeof f->migrations, "%.400s/migrations/%s", f->root, backend);
    assert_int_equal(mkdir(f->migrations_root, 0700), 0);
    assert_int_equal(mkdir(f->migrations, 0700), 0);
    snprintf(from, sizeof from, "%s/migrations/%s/0001_first_light.sql", GUILDHALL_SOURCE_DIR,
             backend);
    fixture_copy(from, f->migrations, "0001_first_light.sql");
    fixture_file(f->migrations, "0002_items.sql", fixture_items(f));
}

static void fixture_init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "store-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->data, sizeof f->data, "%.400s/data", f->root);
    test_db_make(&f->db);
    fixture_migrations(f);
    f->time.clock = (struct clock){fake_wall_ms, fake_mono_ns, &f->time};
    atomic_store(&f->time.wall_ms, INT64_C(1790000000000));
    atomic_store(&f->time.mono_ns, 1);
    f->metrics = metrics_new();
    assert_non_null(f->metrics);
    f->options = (struct store_options){.path = f->data,
                                        .url = f->db.url,
                                        .migrations_dir = f->migrations_root,
                                        .readers = 2,
                                        .worker_id = 3,
                                        .batch_max = 64,
                                        .queue_max = 1024,
                                        .wal_alarm_bytes = UINT64_C(1) << 30,
                                        .read_limit_ms = 1000,
                                        .clock = &f->time.clock,
                                        .metrics = f->metrics,
                                        .on_commit = fixture_on_commit,
                                        .on_commit_ctx = f};
}

static enum err fixture_try_open(struct fixture *f)
{
    return store_open(&f->options, &f->store, f->why, sizeof f->why);
}

static void fixture_open(struct fixture *f)
{
    enum err e = fixture_try_open(f);
    if (e != ERR_OK)
        print_error("%s\n", f->why);
    assert_int_equal(e, ERR_OK);
}

static void fixture_empty(const char *dir)
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    rmdir(dir);
}

static void fixture_deinit(struct fixture *f)
{
    store_close(&f->store);
    metrics_free(&f->metrics);
    fixture_empty(f->data);
    fixture_empty(f->migrations);
    fixture_empty(f->migrations_root);
    fixture_empty(f->root);
    test_db_drop(&f->db);
}

static int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    fixture_init(f);
    *state = f;
    return 0;
}

UNUSED static int fixture_setup_open(void **state)
{
    fixture_setup(state);
    fixture_open(*state);
    return 0;
}

static int fixture_teardown(void **state)
{
    fixture_deinit(*state);
    free(*state);
    return 0;
}

/* ---- closures ---- */

static enum err item_insert(struct tx *tx, uint64_t id)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "INSERT INTO items (id) VALUES ($1)");
    sql_bind_u64(s, 1, id);
    return sql_run(s);
}

static enum err event_emit(struct tx *tx, struct stream stream, uint64_t entity)
{
    struct event *e = event_new(EVENT_MESSAGE_CREATE, stream, NULL, 0);
    if (e == NULL)
        return ERR_NO_MEMORY;
    e->entity_id = entity;
    return tx_emit(tx, e);
}

static enum err on_count_items(struct tx *tx, void *ctx)
{
    uint64_t *count = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT count(*) FROM items");
    if (sql_step(s))
        *count = sql_u64(s, 0);
    return sql_done(s);
}

UNUSED static uint64_t count_items(struct fixture *f)
{
    uint64_t count = 0;
    assert_int_equal(store_read(f->store, on_count_items, &count), ERR_OK);
    return count;
}

/* An item of that id and an event about it. */
struct add {
    uint64_t id;
    struct stream stream;
    uint64_t position; /* out */
};

UNUSED static enum err on_add(struct tx *tx, void *ctx)
{
    struct add *a = ctx;
    enum err e = item_insert(tx, a->id);
    if (e == ERR_OK)
        e = event_emit(tx, a->stream, a->id);
    return e == ERR_OK ? tx_stream_head(tx, a->stream, &a->position) : e;
}

struct walk {
    struct stream stream;
    uint64_t last;
    bool gap;
    uint64_t count;
};

static enum err on_walk_row(void *ctx, const struct event_row *row)
{
    struct walk *w = ctx;
    w->gap |= row->position != w->last + 1;
    w->last = row->position;
    w->count++;
    return ERR_OK;
}

static enum err on_walk(struct tx *tx, void *ctx)
{
    struct walk *w = ctx;
    enum err e = event_log_read(tx, w->stream, 0, 1 << 20, on_walk_row, w);
    uint64_t head = 0;
    if (e == ERR_OK)
        e = tx_stream_head(tx, w->stream, &head);
    w->gap |= head != w->last;
    return e;
}

/* The number of a stream's rows; fails the test if there is a gap or the head is wrong. */
UNUSED static uint64_t count_events(struct fixture *f, struct stream stream)
{
    struct walk w = {.stream = stream};
    assert_int_equal(store_read(f->store, on_walk, &w), ERR_OK);
    assert_false(w.gap);
    return w.count;
}

/* ---- a batch of exactly known closures ---- */

enum { BATCH_JOBS_MAX = 8 };

struct gate {
    sem_t entered;
    sem_t opened;
};

UNUSED static enum err on_gate(struct tx *tx, void *ctx)
{
    (void)tx;
    struct gate *g = ctx;
    sem_post(&g->entered);
    while (sem_wait(&g->opened) != 0)
        ;
    sem_post(&g->opened); /* it may run again */
    return ERR_OK;
}
