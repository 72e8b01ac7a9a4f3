/* A disk that fails without a crash: it is reported as what it is, nothing is acknowledged or
 * announced meanwhile, reads go on, and writes too when it works again. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crash/folders.h"
#include "crash/scenarios.h"
#include "crash/traces.h"
#include "store/event_log.h"

enum { WRITERS = 4, LOG_BYTES = 64 * 1024 };

static const struct stream guild = {STREAM_GUILD, 1};

static const struct {
    enum shim_error error;
    enum err err;
    const char *log;  /* a line that says what it is */
    const char *text; /* for /readyz */
} kinds[] = {
    {SHIM_SYNC_FAILS, ERR_STORE_IO, "the disk failed", "the disk fails"},
    {SHIM_WRITE_FAILS, ERR_STORE_IO, "the disk failed", "the disk fails"},
    {SHIM_DISK_FULL, ERR_STORE_FULL, "the disk is full", "the disk is full"},
    {SHIM_DISK_READONLY, ERR_STORE_READONLY, "the disk is read-only", "the disk is read-only"},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct fixture {
    char root[32];
    char data[64];
    char why[512];
    int log_fd;
    struct log log;
    struct store *store;
    uint64_t announced; /* written by on_commit, before the waiter wakes */
    uint64_t written;
};

static void on_commit(void *ctx, struct event *const *events, size_t count)
{
    struct fixture *f = ctx;
    (void)events;
    f->announced += count;
}

static enum err try_open(struct fixture *f)
{
    struct store_options o = work_store_options(f->data);
    o.log = &f->log;
    o.on_commit = on_commit;
    o.on_commit_ctx = f;
    return store_open(&o, &f->store, f->why, sizeof f->why);
}

static void init(struct fixture *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->root, sizeof f->root, "disk-test-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    snprintf(f->data, sizeof f->data, "%s/data", f->root);
    f->log_fd = memfd_create("log", MFD_CLOEXEC);
    assert_true(f->log_fd >= 0);
    log_init(&f->log, f->log_fd, LOG_INFO, LOG_TEXT, clock_system());
    shim_install(&(struct shim_plan){.fault = SHIM_NONE});
    assert_int_equal(try_open(f), ERR_OK);
}

static void deinit(struct fixture *f)
{
    store_close(&f->store);
    shim_remove();
    folder_remove(f->data);
    rmdir(f->root);
    close(f->log_fd);
}

/* ---- writing and reading ---- */

static enum err on_write(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "INSERT INTO recent_nonces (channel_id, author_id, nonce, message_id) "
                    "VALUES (1, 1, $1, $2)");
    char text[32];
    uint64_t id = tx_id(tx);
    snprintf(text, sizeof text, "%llu", (unsigned long long)id);
    sql_bind_text(s, 1, slice_from(text));
    sql_bind_u64(s, 2, id);
    enum err e = sql_run(s);
    struct event *event = e == ERR_OK ? event_new(EVENT_MESSAGE_CREATE, guild, NULL, 0) : NULL;
    if (event == NULL)
        return e == ERR_OK ? ERR_NO_MEMORY : e;
    event->entity_id = id;
    return tx_emit(tx, event);
}

static void write_one(struct fixture *f)
{
    assert_int_equal(store_write(f->store, on_write, NULL), ERR_OK);
    f->written++;
}

static enum err on_event(void *ctx, const struct event_row *row)
{
    uint64_t *last = ctx;
    assert_int_equal(row->position, *last + 1);
    *last = row->position;
    return ERR_OK;
}

static enum err on_count(struct tx *tx, void *ctx)
{
    uint64_t *count = ctx;
    uint64_t events = 0;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT count(*) FROM recent_nonces");
    if (sql_step(s))
        *count = sql_u64(s, 0);
    enum err e = sql_done(s);
    if (e == ERR_OK)
        e = event_log_read(tx, guild, 0, 1000000, on_event, &events);
    assert_int_equal(events, *count);
    return e;
}

/* What was acknowledged is there, and nothing else is there or was announced. */
static void check_all_there(struct fixture *f)
{
    uint64_t count = 0;
    assert_int_equal(store_read(f->store, on_count, &count), ERR_OK);
    assert_int_equal(count, f->written);
    assert_int_equal(f->announced, f->written);
}

static bool log_says(const struct fixture *f, const char *text)
{
    static char bytes[LOG_BYTES];
    ssize_t len = pread(f->log_fd, bytes, sizeof bytes - 1, 0);
    assert_true(len >= 0);
    bytes[len] = '\0';
    return strstr(bytes, text) != NULL;
}

struct result {
    struct store *store;
    pthread_t thread;
    enum err err;
};

static void *writer_main(void *ctx)
{
    struct result *r = ctx;
    r->err = store_write(r->store, on_write, NULL);
    return NULL;
}

/* Several at once: some of them share a batch. */
static void write_in_vain(struct fixture *f, enum err expected)
{
    struct result r[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        r[i].store = f->store;
        assert_int_equal(pthread_create(&r[i].thread, NULL, writer_main, &r[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(r[i].thread, NULL);
        assert_string_equal(err_info(r[i].err)->name, err_info(expected)->name);
    }
}

/* Until the store has found out by itself. */
static void wait_until_ready(struct fixture *f)
{
    for (int i = 0; i < 30000 && !store_ready(f->store); i++)
        poll(NULL, 0, 1);
    assert_true(store_ready(f->store));
}

static void check_after_restart(struct fixture *f)
{
    store_close(&f->store);
    shim_remove();
    assert_int_equal(try_open(f), ERR_OK);
    check_all_there(f);
    write_one(f);
    check_all_there(f);
}

/* ---- while serving ---- */

static void fail_for_a_while(size_t kind)
{
    struct fixture f;
    init(&f);
    write_one(&f);
    shim_fail(kinds[kind].error, UINT64_MAX);
    for (int i = 0; i < 3; i++) {
        write_in_vain(&f, kinds[kind].err);
        assert_false(store_ready(f.store));
        assert_int_equal(store_trouble(f.store), kinds[kind].err);
        assert_string_equal(store_trouble_text(store_trouble(f.store)), kinds[kind].text);
        check_all_there(&f);
    }
    assert_false(log_says(&f, "accepts writes again"));
    shim_heal();
    write_one(&f); /* the first one finds that it works again */
    assert_true(store_ready(f.store));
    check_all_there(&f);
    check_after_restart(&f);
    deinit(&f);
}

static void test_reported_as_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++)
        fail_for_a_while(i);
}

/* The first test, and with one write of each kind: the log mutes what is said ten times a second.
 */
static void test_said_in_the_log(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct fixture f;
        init(&f);
        shim_fail(kinds[i].error, 1);
        assert_int_equal(store_write(f.store, on_write, NULL), kinds[i].err);
        assert_true(log_says(&f, kinds[i].log));
        assert_true(log_says(&f, "nothing can be written") && log_says(&f, kinds[i].text));
        assert_false(log_says(&f, "accepts writes again"));
        write_one(&f);
        assert_true(log_says(&f, "accepts writes again"));
        deinit(&f);
    }
}

static void test_ready_again_without_traffic(void **state)
{
    (void)state;
    struct fixture f;
    init(&f);
    shim_fail(SHIM_DISK_FULL, UINT64_MAX);
    write_in_vain(&f, ERR_STORE_FULL);
    shim_heal();
    wait_until_ready(&f);
    check_all_there(&f);
    check_after_restart(&f);
    deinit(&f);
}

/* One that ends while the disk fails: whatever it says, nothing acknowledged is lost. */
static void test_closed_on_a_failing_disk(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct fixture f;
        init(&f);
        for (int n = 0; n < 10; n++)
            write_one(&f);
        shim_fail(kinds[i].error, UINT64_MAX);
        check_after_restart(&f);
        deinit(&f);
    }
}

/* ---- at start ---- */

/* A first start on such a disk is refused in words, and leaves nothing that a later one trips over.
 */
static void test_first_start_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        struct fixture f;
        init(&f);
        store_close(&f.store);
        folder_remove(f.data);
        shim_remove();
        shim_install(&(struct shim_plan){.fault = SHIM_NONE});
        shim_fail(kinds[i].error, UINT64_MAX);
        enum err e = try_open(&f);
        assert_true(e == kinds[i].err || e == ERR_IO);
        assert_null(f.store);
        assert_true(strlen(f.why) > 0);
        shim_heal();
        assert_int_equal(try_open(&f), ERR_OK);
        write_one(&f);
        check_after_restart(&f);
        deinit(&f);
    }
}

/* ---- every operation in turn ---- */

static void sweep_errors(const struct crash_scenario *s, uint64_t failures, uint64_t stride)
{
    for (size_t i = 0; i < KINDS; i++)
        crash_fail_sweep(s, kinds[i].error, failures, crash_stride(stride));
}

static void test_each_operation_fails_once(void **state)
{
    (void)state;
    sweep_errors(&scenarios[WORK], 1, 3);
}

static void test_from_each_operation_on_all_fail(void **state)
{
    (void)state;
    sweep_errors(&scenarios[WORK], UINT64_MAX, 5);
}

static void test_a_first_start_that_fails_at_each_operation(void **state)
{
    (void)state;
    sweep_errors(&scenarios[START], 1, 5);
}

static void test_a_recovery_that_fails_at_each_operation(void **state)
{
    (void)state;
    sweep_errors(&scenarios[RECOVERY], 1, 3);
}

static void test_the_case_that_was_asked_for(void **state)
{
    (void)state;
    if (!crash_rerun(scenarios, SCENARIO_COUNT))
        skip();
}

int main(void)
{
    const struct CMUnitTest rerun[] = {cmocka_unit_test(test_the_case_that_was_asked_for)};
    if (getenv("GUILDHALL_CRASH") != NULL)
        return cmocka_run_group_tests(rerun, crash_setup, crash_teardown);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_said_in_the_log),
        cmocka_unit_test(test_reported_as_what_it_is),
        cmocka_unit_test(test_ready_again_without_traffic),
        cmocka_unit_test(test_closed_on_a_failing_disk),
        cmocka_unit_test(test_first_start_is_refused),
        cmocka_unit_test(test_each_operation_fails_once),
        cmocka_unit_test(test_from_each_operation_on_all_fail),
        cmocka_unit_test(test_a_first_start_that_fails_at_each_operation),
        cmocka_unit_test(test_a_recovery_that_fails_at_each_operation),
    };
    return cmocka_run_group_tests(tests, crash_setup, crash_teardown);
}
