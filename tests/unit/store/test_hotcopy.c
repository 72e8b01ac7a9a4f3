/*
 * Copies of a store that is being written to: never begun anew, whole, and with everything that was
 * acknowledged before the last step; inside of another file, at an offset.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "contract/store_fixture.h"
#include "store/db_check.h"
#include "store/hotcopy.h"
#include "store/slice_db.h"

enum {
    FILL_ROWS = 24,
    FILL_BYTES = 256 * 1024,
    WRITERS = 3,
    OFFSET = 512 * 7,
    STEP_NS = 400 * 1000 /* a look at the clock: so that steps stay small */
};

struct row {
    uint64_t id;
    uint64_t bytes;
    enum err result; /* what the closure returns after it has written */
};

/* Two rows, id and id + 1: a copy has both or none. */
static enum err on_pair(struct tx *tx, void *ctx)
{
    const struct row *r = ctx;
    for (uint64_t i = 0; i < 2; i++) {
        struct sql_stmt *s =
            sql_query(tx_sql(tx), "INSERT INTO items (id, data) VALUES ($1, randomblob($2))");
        sql_bind_u64(s, 1, r->id + i);
        sql_bind_u64(s, 2, r->bytes);
        enum err e = sql_run(s);
        if (e != ERR_OK)
            return e;
    }
    return r->result;
}

static void fill(struct fixture *f)
{
    for (uint64_t i = 0; i < FILL_ROWS; i++) {
        struct row r = {.id = 2 * i + 2, .bytes = FILL_BYTES};
        assert_int_equal(store_write(f->store, on_pair, &r), ERR_OK);
    }
}

struct writer_thread {
    struct fixture *f;
    pthread_t thread;
    uint64_t base;
    bool failing;
    _Atomic uint64_t acknowledged; /* pairs */
    _Atomic bool *enough;
};

static void *writer_thread(void *ctx)
{
    struct writer_thread *w = ctx;
    for (uint64_t n = 0; !atomic_load(w->enough); n++) {
        struct row r = {.id = w->base + 2 * n, .bytes = 300};
        r.result = w->failing ? ERR_UNKNOWN_USER : ERR_OK;
        assert_int_equal(store_write(w->f->store, on_pair, &r), r.result);
        atomic_store(&w->acknowledged, n + 1);
    }
    return NULL;
}

static void make_file(const struct fixture *f, char path[FIXTURE_PATH * 2])
{
    snprintf(path, FIXTURE_PATH * 2, "%s/copy", f->root);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    for (int i = 0; i < OFFSET; i++)
        assert_int_not_equal(fputc('x', file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* One step; true: it was the last. */
static bool step(struct hotcopy *h, uint64_t *done)
{
    struct hotcopy_progress p;
    enum err e = hotcopy_step(h, &p);
    if (e == ERR_OVERLOADED)
        return false;
    assert_int_equal(e, ERR_OK);
    assert_true(p.bytes_done >= *done && "the copy began anew");
    *done = p.bytes_done;
    return p.done;
}

static uint64_t number(const char *path, uint64_t bytes, const char *sql)
{
    struct slice_db_options o = {.file = path, .offset = OFFSET, .bytes = bytes};
    struct slice_db *d = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(slice_db_open(&o, &d), ERR_OK);
    assert_int_equal(sqlite3_prepare_v2(slice_db_handle(d), sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    uint64_t v = (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    slice_db_close(&d);
    return v;
}

static void check_sound(const char *path, uint64_t bytes)
{
    char why[256] = "";
    const struct db_look look = {.place = {path, OFFSET, bytes}};
    enum err e = db_check(&look, why, sizeof why);
    if (e != ERR_OK)
        print_error("%s\n", why);
    assert_int_equal(e, ERR_OK);
}

static void check_writer(const struct writer_thread *w, const char *path, uint64_t bytes,
                         uint64_t acknowledged)
{
    char sql[256];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM items WHERE id BETWEEN %llu AND %llu",
             (unsigned long long)w->base, (unsigned long long)(w->base + 999999));
    uint64_t rows = number(path, bytes, sql);
    assert_int_equal(rows % 2, 0);
    if (w->failing)
        assert_int_equal(rows, 0);
    else
        assert_true(rows / 2 >= acknowledged);
}

static void test_under_load(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH * 2];
    struct writer_thread writers[WRITERS];
    uint64_t acknowledged[WRITERS];
    _Atomic bool enough = false;
    struct hotcopy *h = NULL;
    uint64_t done = 0;
    uint64_t bytes = 0;
    fill(f);
    make_file(f, path);
    atomic_store(&f->time.mono_step_ns, STEP_NS);
    for (uint64_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer_thread){
            .f = f, .base = (i + 1) * 1000000, .failing = i == 0, .enough = &enough};
        assert_int_equal(pthread_create(&writers[i].thread, NULL, writer_thread, &writers[i]), 0);
    }
    assert_int_equal(hotcopy_begin(f->store, path, OFFSET, &h), ERR_OK);
    do {
        for (int i = 0; i < WRITERS; i++)
            acknowledged[i] = atomic_load(&writers[i].acknowledged);
    } while (!step(h, &done));
    assert_int_equal(hotcopy_finish(h, &bytes), ERR_OK);
    hotcopy_free(&h);
    atomic_store(&enough, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i].thread, NULL);
    check_sound(path, bytes);
    for (int i = 0; i < WRITERS; i++)
        check_writer(&writers[i], path, bytes, acknowledged[i]);
    assert_true(acknowledged[1] + acknowledged[2] > 2 * WRITERS && "there was load");
    assert_int_equal(number(path, bytes, "SELECT count(*) FROM items WHERE id < 1000000"),
                     2 * FILL_ROWS);
}

/* A closure that fails after it has written, alone in its batch, between any two steps. */
static void test_failures_do_not_begin_it_anew(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH * 2];
    struct hotcopy *h = NULL;
    uint64_t done = 0;
    uint64_t bytes = 0;
    fill(f);
    make_file(f, path);
    atomic_store(&f->time.mono_step_ns, STEP_NS);
    assert_int_equal(hotcopy_begin(f->store, path, OFFSET, &h), ERR_OK);
    while (!step(h, &done)) {
        struct row r = {.id = 1000000, .bytes = 10000, .result = ERR_UNKNOWN_USER};
        assert_int_equal(store_write(f->store, on_pair, &r), ERR_UNKNOWN_USER);
    }
    assert_int_equal(hotcopy_finish(h, &bytes), ERR_OK);
    hotcopy_free(&h);
    check_sound(path, bytes);
    assert_int_equal(number(path, bytes, "SELECT count(*) FROM items"), 2 * FILL_ROWS);
}

/* Given up in the middle: the store works on, and can be closed. */
static void test_given_up(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH * 2];
    struct hotcopy *h = NULL;
    uint64_t done = 0;
    fill(f);
    make_file(f, path);
    atomic_store(&f->time.mono_step_ns, STEP_NS);
    assert_int_equal(hotcopy_begin(f->store, path, OFFSET, &h), ERR_OK);
    assert_false(step(h, &done));
    hotcopy_free(&h);
    assert_null(h);
    struct row r = {.id = 5000000, .bytes = 1};
    assert_int_equal(store_write(f->store, on_pair, &r), ERR_OK);
    store_close(&f->store);
}

static void test_two_at_once(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH * 2];
    char other[FIXTURE_PATH * 2 + 8];
    struct hotcopy *h[2] = {NULL, NULL};
    uint64_t done[2] = {0, 0};
    uint64_t bytes[2] = {0, 0};
    bool ended[2] = {false, false};
    fill(f);
    make_file(f, path);
    snprintf(other, sizeof other, "%s2", path);
    assert_int_equal(rename(path, other), 0);
    make_file(f, path);
    assert_int_equal(hotcopy_begin(f->store, path, OFFSET, &h[0]), ERR_OK);
    assert_int_equal(hotcopy_begin(f->store, other, OFFSET, &h[1]), ERR_OK);
    for (uint64_t n = 0; !ended[0] || !ended[1]; n++) {
        struct row r = {.id = 1000000 + 2 * n, .bytes = 100};
        assert_int_equal(store_write(f->store, on_pair, &r), ERR_OK);
        for (int i = 0; i < 2; i++)
            ended[i] = ended[i] || step(h[i], &done[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(hotcopy_finish(h[i], &bytes[i]), ERR_OK);
        hotcopy_free(&h[i]);
        check_sound(i == 0 ? path : other, bytes[i]);
    }
}

static void test_no_such_file(void **state)
{
    struct fixture *f = *state;
    struct hotcopy *h = NULL;
    assert_int_equal(hotcopy_begin(f->store, "nowhere/at/all", 0, &h), ERR_STORE_IO);
    assert_null(h);
}

/* What is damaged is found. */
static void test_check_finds_damage(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH * 2];
    char why[256] = "";
    struct hotcopy *h = NULL;
    uint64_t done = 0;
    uint64_t bytes = 0;
    fill(f);
    make_file(f, path);
    assert_int_equal(hotcopy_begin(f->store, path, OFFSET, &h), ERR_OK);
    while (!step(h, &done))
        continue;
    assert_int_equal(hotcopy_finish(h, &bytes), ERR_OK);
    hotcopy_free(&h);
    check_sound(path, bytes);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    static const char junk[4096] = "junk";
    for (uint64_t page = 1; page < 8; page++)
        assert_int_equal(pwrite(fd, junk, sizeof junk, (off_t)(OFFSET + page * 4096)), sizeof junk);
    close(fd);
    const struct db_look look = {.place = {path, OFFSET, bytes}};
    assert_int_equal(db_check(&look, why, sizeof why), ERR_STORE);
    assert_non_null(strstr(why, "damaged"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, fixture_setup_open, fixture_teardown)
        OPEN(test_under_load),   OPEN(test_failures_do_not_begin_it_anew),
        OPEN(test_given_up),     OPEN(test_two_at_once),
        OPEN(test_no_such_file), OPEN(test_check_finds_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
