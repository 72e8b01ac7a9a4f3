/* Opening, closing, dying and opening again; the folder's lock; migrations. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "contract/store_fixture.h"

static const struct stream guild_1 = {STREAM_GUILD, 1};

static void add_one(struct fixture *f, uint64_t id)
{
    struct add a = {.id = id, .stream = guild_1};
    assert_int_equal(store_write(f->store, on_add, &a), ERR_OK);
}

static void test_rows_and_positions_survive_a_close(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    add_one(f, 1);
    store_close(&f->store);
    assert_null(f->store);
    fixture_open(f);
    add_one(f, 2);
    assert_int_equal(count_items(f), 2);
    assert_int_equal(count_events(f, guild_1), 2);
    assert_false(f->out_of_order); /* position 2 followed 1 */
    assert_true(store_ready(f->store));
}

static void test_second_open_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    struct store *second = NULL;
    char why[FIXTURE_WHY];
    assert_int_equal(store_open(&f->options, &second, why, sizeof why), ERR_STORE_LOCKED);
    assert_null(second);
    assert_non_null(strstr(why, "in use by another server"));
    add_one(f, 1); /* the first is unharmed */
    store_close(&f->store);
    fixture_open(f);
}

static void test_impossible_folder_is_an_io_error(void **state)
{
    struct fixture *f = *state;
    f->options.path = "/proc/no/such/folder";
    assert_int_equal(fixture_try_open(f), ERR_IO);
    assert_non_null(strstr(f->why, "/proc/no/such/folder"));
    assert_null(f->store);
}

static void test_built_in_migrations_open(void **state)
{
    struct fixture *f = *state;
    f->options.migrations_dir = NULL;
    fixture_open(f);
    store_close(&f->store);
    fixture_open(f);
    assert_int_equal(count_events(f, guild_1), 0);
}

/* ---- migrations ---- */

static void opened_once(struct fixture *f)
{
    fixture_open(f);
    add_one(f, 1);
    store_close(&f->store);
}

static void test_changed_migration_is_refused(void **state)
{
    struct fixture *f = *state;
    opened_once(f);
    fixture_file(f->migrations, "0002_items.sql", "CREATE TABLE items (id INTEGER);\n");
    assert_int_equal(fixture_try_open(f), ERR_STORE);
    assert_non_null(strstr(f->why, "0002_items.sql has changed"));
    fixture_file(f->migrations, "0002_items.sql", fixture_items(f));
    fixture_open(f);
    assert_int_equal(count_items(f), 1);
}

static void test_newer_database_is_refused(void **state)
{
    struct fixture *f = *state;
    fixture_file(f->migrations, "0003_more.sql", "CREATE TABLE more (id INTEGER);");
    opened_once(f);
    char path[FIXTURE_PATH * 2];
    snprintf(path, sizeof path, "%s/0003_more.sql", f->migrations);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(fixture_try_open(f), ERR_STORE_NEWER);
    assert_non_null(strstr(f->why, "schema version 3"));
}

static void test_later_migration_is_applied(void **state)
{
    struct fixture *f = *state;
    opened_once(f);
    fixture_file(f->migrations, "0003_more.sql", "INSERT INTO items (id) VALUES (77);");
    fixture_open(f);
    assert_int_equal(count_items(f), 2);
    store_close(&f->store);
    fixture_open(f);
    assert_int_equal(count_items(f), 2); /* once only */
}

static void test_failing_migration_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    opened_once(f);
    fixture_file(f->migrations, "0003_bad.sql",
                 "INSERT INTO items (id) VALUES (77);\nINSERT INTO nowhere VALUES (1);");
    assert_int_equal(fixture_try_open(f), ERR_STORE);
    assert_non_null(strstr(f->why, "0003_bad.sql failed"));
    fixture_file(f->migrations, "0003_bad.sql", "INSERT INTO items (id) VALUES (78);");
    fixture_open(f);
    assert_int_equal(count_items(f), 2);
}

static void test_bad_migration_files_are_refused(void **state)
{
    static const struct {
        const char *name;
        const char *text;
        const char *says;
    } cases[] = {
        {"0004_gap.sql", "SELECT 1;", "0003 is expected"},
        {"0002_twice.sql", "SELECT 1;", "is expected"},
        {"0000_zero.sql", "SELECT 1;", "named NNNN_name.sql"},
        {"3_short.sql", "SELECT 1;", "named NNNN_name.sql"},
        {"0003_commits.sql", "COMMIT;", "0003_commits.sql failed"},
        {"0003_dangling.sql", "INSERT INTO items (id, owner) VALUES (1, 99);", "STORE_CONFLICT"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_file(f->migrations, cases[i].name, cases[i].text);
        assert_int_not_equal(fixture_try_open(f), ERR_OK);
        if (strstr(f->why, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].name, f->why);
        char path[FIXTURE_PATH * 2];
        snprintf(path, sizeof path, "%s/%s", f->migrations, cases[i].name);
        assert_int_equal(unlink(path), 0);
    }
    fixture_open(f);
}

/* ---- death ---- */

enum { CHILD_THREADS = 8, ACKS_BEFORE_KILL = 200, KILLS = 5 };

struct child {
    struct fixture *f;
    _Atomic uint64_t failures;
};

static enum err on_child_add(struct tx *tx, void *ctx)
{
    struct add *a = ctx;
    a->id = tx_id(tx);
    return on_add(tx, a);
}

static void *child_thread(void *ctx)
{
    struct child *c = ctx;
    for (;;) {
        struct add a = {.stream = guild_1};
        if (store_write(c->f->store, on_child_add, &a) != ERR_OK)
            _exit(3);
        if (write(STDOUT_FILENO, &a.id, sizeof a.id) != sizeof a.id)
            _exit(4);
    }
    return NULL;
}

/* The test program, run again as a server that writes until it is killed: each id that was
 * acknowledged goes to standard output. */
static int child_main(const char *data, const char *migrations, const char *url)
{
    static struct fixture f;
    f.options = (struct store_options){.path = data,
                                       .url = url,
                                       .migrations_dir = migrations,
                                       .readers = 1,
                                       .batch_max = 64,
                                       .queue_max = 64,
                                       .read_limit_ms = 1000,
                                       .clock = clock_system()};
    if (fixture_try_open(&f) != ERR_OK)
        return 2;
    struct child c = {.f = &f};
    pthread_t thread;
    for (int i = 0; i < CHILD_THREADS; i++) {
        if (pthread_create(&thread, NULL, child_thread, &c) != 0)
            return 5;
    }
    pthread_join(thread, NULL);
    return 6;
}

static pid_t child_start(const struct fixture *f, int *out)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDOUT_FILENO);
        execl("/proc/self/exe", "test_store_open", "child", f->data, f->migrations_root, f->db.url,
              (char *)NULL);
        _exit(1);
    }
    close(fds[1]);
    *out = fds[0];
    return pid;
}

static enum err on_find(struct tx *tx, void *ctx)
{
    const uint64_t *id = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT 1 FROM items WHERE id = $1");
    sql_bind_u64(s, 1, *id);
    bool found = sql_step(s);
    enum err e = sql_done(s);
    return e == ERR_OK && !found ? ERR_UNKNOWN_MESSAGE : e;
}

static enum err on_one_id(struct tx *tx, void *ctx)
{
    uint64_t *id = ctx;
    *id = tx_id(tx);
    return ERR_OK;
}

/* Reads acknowledged ids; kills after ACKS_BEFORE_KILL, then reads what was still on its way. */
static size_t kill_in_the_stream(const struct fixture *f, uint64_t *acks, size_t max)
{
    int fd;
    pid_t pid = child_start(f, &fd);
    size_t count = 0;
    uint64_t id;
    while (count < max && read(fd, &id, sizeof id) == (ssize_t)sizeof id) {
        acks[count++] = id;
        if (count == ACKS_BEFORE_KILL)
            assert_int_equal(kill(pid, SIGKILL), 0);
    }
    close(fd);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return count;
}

static void test_acknowledged_rows_survive_kill(void **state)
{
    static uint64_t acks[1 << 20];
    struct fixture *f = *state;
    f->options.clock = clock_system();
    size_t total = 0;
    for (int round = 0; round < KILLS; round++) {
        size_t count = kill_in_the_stream(f, acks, sizeof acks / sizeof acks[0]);
        assert_true(count >= ACKS_BEFORE_KILL);
        total += count;
        fixture_open(f);
        uint64_t newest = 0;
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(store_read(f->store, on_find, &acks[i]), ERR_OK);
            newest = acks[i] > newest ? acks[i] : newest;
        }
        assert_true(count_items(f) >= total);
        assert_int_equal(count_items(f), count_events(f, guild_1));
        uint64_t next = 0;
        assert_int_equal(store_write(f->store, on_one_id, &next), ERR_OK);
        assert_true(next > newest);
        store_close(&f->store);
    }
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "child") == 0)
        return child_main(argv[2], argv[3], argv[4]);
    const struct CMUnitTest tests[] = {
#define CLOSED(t) cmocka_unit_test_setup_teardown(t, fixture_setup, fixture_teardown)
        CLOSED(test_rows_and_positions_survive_a_close),
        CLOSED(test_second_open_is_refused),
        CLOSED(test_impossible_folder_is_an_io_error),
        CLOSED(test_built_in_migrations_open),
        CLOSED(test_changed_migration_is_refused),
        CLOSED(test_newer_database_is_refused),
        CLOSED(test_later_migration_is_applied),
        CLOSED(test_failing_migration_leaves_nothing),
        CLOSED(test_bad_migration_files_are_refused),
        CLOSED(test_acknowledged_rows_survive_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
