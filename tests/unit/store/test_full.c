/*
 * A full disk, with SQLite's own limit on pages standing in for it: a statement that finds no page
 * makes SQLite roll the whole batch back in the middle. And memory that runs out.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>

#include "contract/store_batch.h"

static const struct stream guild_1 = {STREAM_GUILD, 1};

static enum err on_limit_pages(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "PRAGMA page_count");
    uint64_t pages = sql_step(s) ? sql_u64(s, 0) : 0;
    enum err e = sql_done(s);
    if (e != ERR_OK)
        return e;
    char text[64];
    snprintf(text, sizeof text, "PRAGMA max_page_count = %llu", (unsigned long long)pages + 8);
    return sql_exec(tx_sql(tx), text);
}

static enum err on_unlimit_pages(struct tx *tx, void *ctx)
{
    (void)ctx;
    return sql_exec(tx_sql(tx), "PRAGMA max_page_count = 1000000");
}

static enum err insert_large(struct tx *tx, uint64_t id)
{
    static const char large[256 * 1024];
    struct sql_stmt *s = sql_query(tx_sql(tx), "INSERT INTO items (id, data) VALUES ($1, $2)");
    sql_bind_u64(s, 1, id);
    sql_bind_blob(s, 2, slice_of(large, sizeof large));
    return sql_run(s);
}

static enum err on_second_fills_the_disk(struct tx *tx, void *ctx)
{
    struct batch_turn *t = ctx;
    enum err e = item_insert(tx, t->turn + 10);
    if (e == ERR_OK)
        e = event_emit(tx, guild_1, t->turn + 10);
    if (e == ERR_OK && t->turn == 1)
        e = insert_large(tx, 50);
    if (t->turn == 1 && t->run->ctx != NULL) { /* overlooks it and goes on */
        enum err outside = item_insert(tx, 60);
        assert_int_equal(outside, ERR_STORE_FULL);
        outside = sql_exec(tx_sql(tx), "INSERT INTO items (id) VALUES (61)");
        assert_int_equal(outside, ERR_STORE_FULL);
        return ERR_OK;
    }
    return e;
}

static void fill_in_a_batch(struct fixture *f, void *careless)
{
    f->options.queue_max = 3;
    fixture_open(f);
    struct add a = {.id = 1, .stream = guild_1};
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_equal(store_write(f->store, on_limit_pages, NULL), ERR_OK);
    struct batch_run run = {.store = f->store, .fn = on_second_fills_the_disk, .ctx = careless};
    batch_run(&run, 3);

    assert_int_equal(run.results[0], ERR_STORE_FULL);
    assert_int_equal(run.results[1], ERR_STORE_FULL);
    assert_int_equal(run.next, 2); /* the third never ran, and failed (batch_run returned) */
    assert_int_equal(count_items(f), 1);
    assert_int_equal(count_events(f, guild_1), 1);
    assert_int_equal(f->announced, 1);
    assert_false(store_ready(f->store));

    assert_int_equal(store_write(f->store, on_unlimit_pages, NULL), ERR_OK);
    a.id = 2;
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
    assert_int_equal(a.position, 2);
    assert_false(f->out_of_order);
    assert_true(store_ready(f->store));
}

static void test_full_disk_fails_the_whole_batch(void **state)
{
    fill_in_a_batch(*state, NULL);
}

static void test_closure_that_overlooks_it_gets_nothing_through(void **state)
{
    fill_in_a_batch(*state, *state);
}

static enum err on_fill(struct tx *tx, void *ctx)
{
    (void)ctx;
    return insert_large(tx, 50);
}

/* Waits until the store has logged `line`; false if it does not come. */
static bool wait_for_line(int fd, const char *line)
{
    static char text[65536];
    size_t len = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (len < sizeof text - 1 && poll(&p, 1, 30 * 1000) == 1) {
        ssize_t n = read(fd, text + len, sizeof text - 1 - len);
        if (n <= 0)
            return false;
        len += (size_t)n;
        text[len] = '\0';
        if (strstr(text, line) != NULL)
            return true;
    }
    return false;
}

static void test_store_finds_out_by_itself_that_the_disk_works_again(void **state)
{
    struct fixture *f = *state;
    struct log log;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    log_init(&log, fds[1], LOG_INFO, LOG_TEXT, clock_system());
    f->options.log = &log;
    fixture_open(f);
    assert_int_equal(store_write(f->store, on_limit_pages, NULL), ERR_OK);
    assert_int_equal(store_write(f->store, on_fill, NULL), ERR_STORE_FULL);
    assert_false(store_ready(f->store));
    /* Moving a row's number needs no new page, so the writer's own probe gets through. */
    assert_true(wait_for_line(fds[0], "the disk accepts writes again"));
    assert_true(store_ready(f->store));
    store_close(&f->store);
    close(fds[0]);
    close(fds[1]);
}

/* More than any of the two needs; some failures are survived without being noticed (a statement
 * that is not cached). */
enum { ALLOCATIONS = 100 };

static void test_every_failed_allocation_of_an_open_is_survived(void **state)
{
    struct fixture *f = *state;
    unsigned failures = 0;
    for (uint64_t n = 0; n < ALLOCATIONS; n++) {
        mem_fail_after(n, 1);
        enum err e = fixture_try_open(f);
        mem_fail_never();
        if (e != ERR_OK) {
            failures++;
            assert_int_equal(e, ERR_NO_MEMORY);
            assert_null(f->store);
            assert_int_not_equal(f->why[0], '\0');
        }
        store_close(&f->store);
    }
    assert_true(failures > 5 && failures < ALLOCATIONS);
    fixture_open(f);
}

static void test_every_failed_allocation_of_a_write_is_survived(void **state)
{
    struct fixture *f = *state;
    unsigned failures = 0;
    for (uint64_t n = 0; n < ALLOCATIONS; n++) {
        struct add a = {.id = n + 1, .stream = guild_1};
        mem_fail_after(n % 10, 1 + n / 10);
        enum err e = store_write(f->store, on_add, &a);
        mem_fail_never();
        if (e != ERR_OK) {
            failures++;
            assert_int_equal(e, ERR_NO_MEMORY);
        }
        assert_int_equal(f->announced, n + 1 - failures);
        assert_int_equal(count_items(f), n + 1 - failures);
        assert_int_equal(count_events(f, guild_1), n + 1 - failures);
    }
    assert_true(failures > 5 && failures < ALLOCATIONS);
    assert_false(f->out_of_order);
    assert_true(store_ready(f->store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, fixture_setup_open, fixture_teardown)
#define CLOSED(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
        CLOSED(test_full_disk_fails_the_whole_batch),
        CLOSED(test_closure_that_overlooks_it_gets_nothing_through),
        CLOSED(test_store_finds_out_by_itself_that_the_disk_works_again),
        CLOSED(test_every_failed_allocation_of_an_open_is_survived),
        OPEN(test_every_failed_allocation_of_a_write_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
