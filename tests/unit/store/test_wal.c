/* The write-ahead log is kept small, and its size is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "contract/store_fixture.h"

enum { LARGE = 1024 * 1024 };

/* New bytes each time: SQLite does not write pages that an update leaves as they were. */
static enum err on_replace_large(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "INSERT INTO items (id, data) VALUES (1, randomblob($1)) "
                              "ON CONFLICT (id) DO UPDATE SET data = randomblob($1)");
    sql_bind_u64(s, 1, LARGE);
    return sql_run(s);
}

static void write_large(struct fixture *f, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        assert_int_equal(store_write(f->store, on_replace_large, NULL), ERR_OK);
    /* The metric is set after the waiter wakes: one more write is surely behind it. */
    assert_int_equal(store_write(f->store, on_count_items, &(uint64_t){0}), ERR_OK);
}

static int64_t wal_bytes(const struct fixture *f)
{
    return metrics_get(f->metrics, METRIC_STORE_WAL_BYTES);
}

static void test_checkpoints_keep_it_small(void **state)
{
    struct fixture *f = *state;
    write_large(f, 40);
    assert_true(wal_bytes(f) > LARGE);
    assert_true(wal_bytes(f) < 10 * LARGE);
}

struct holder {
    struct fixture *f;
    sem_t reading;
    sem_t enough;
};

static enum err on_hold(struct tx *tx, void *ctx)
{
    struct holder *h = ctx;
    uint64_t count;
    enum err e = on_count_items(tx, &count);
    sem_post(&h->reading);
    sem_wait(&h->enough);
    return e;
}

static void *holder_thread(void *ctx)
{
    struct holder *h = ctx;
    assert_int_equal(store_read(h->f->store, on_hold, h), ERR_OK);
    return NULL;
}

static void test_reader_holds_it_up_and_lets_it_go(void **state)
{
    struct fixture *f = *state;
    struct holder h = {.f = f};
    sem_init(&h.reading, 0, 0);
    sem_init(&h.enough, 0, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, holder_thread, &h), 0);
    sem_wait(&h.reading);
    write_large(f, 20);
    assert_true(wal_bytes(f) > 20 * LARGE);
    sem_post(&h.enough);
    pthread_join(thread, NULL);
    write_large(f, 5);
    assert_true(wal_bytes(f) < 10 * LARGE);
    sem_destroy(&h.reading);
    sem_destroy(&h.enough);
}

static unsigned count_lines(const char *path, const char *words)
{
    char line[1024];
    unsigned count = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        count += strstr(line, words) != NULL;
    fclose(file);
    return count;
}

static void test_alarm_is_logged_once(void **state)
{
    struct fixture *f = *state;
    char path[FIXTURE_PATH * 2];
    snprintf(path, sizeof path, "%s/log", f->root);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    struct log log;
    log_init(&log, fd, LOG_WARN, LOG_JSON, clock_system());
    f->options.log = &log;
    f->options.wal_alarm_bytes = LARGE / 2;
    fixture_open(f);
    write_large(f, 3);
    store_close(&f->store);
    close(fd);
    assert_int_equal(count_lines(path, "the write-ahead log is large"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, fixture_setup_open, fixture_teardown)
#define CLOSED(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
        OPEN(test_checkpoints_keep_it_small),
        OPEN(test_reader_holds_it_up_and_lets_it_go),
        CLOSED(test_alarm_is_logged_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
