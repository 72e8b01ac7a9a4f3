/* Migrations: once, in order, all or nothing; newer ones that an older program can live with. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "contract/migrate_fixture.h"
#include "store/migrate_files.h"

static const char items[] =
    "CREATE TABLE items (id BIGINT NOT NULL PRIMARY KEY, owner BIGINT REFERENCES items (id));\n"
    "INSERT INTO items (id) VALUES (1);\n";

static void test_applied_once_and_in_order(void **state)
{
    struct migrate_fixture *f = *state;
    mf_write(f, "0001_items.sql", items);
    mf_write(f, "0002_more.sql", "-- compatible: 1\nINSERT INTO items (id) VALUES (2);");
    mf_migrated(f);
    mf_migrated(f);
    assert_int_equal(mf_number(f, "SELECT count(*) FROM items"), 2);
    mf_write(f, "0003_rest.sql", "INSERT INTO items (id, owner) VALUES (3, 2);");
    size_t count = 0;
    struct migration_row *rows = mf_states(f, &count);
    assert_int_equal(count, 3);
    assert_string_equal(rows[1].name, "0002_more.sql");
    assert_int_equal(rows[1].compatible, 1);
    assert_true(rows[1].applied_at_ms > 0 && rows[1].known && !rows[1].changed);
    assert_int_equal(rows[2].applied_at_ms, 0);
    mf_migrated(f);
    rows = mf_states(f, &count);
    assert_int_equal(count, 3);
    assert_true(rows[2].applied_at_ms > 0);
    assert_int_equal(rows[2].compatible, 3); /* it does not say: no older program */
    assert_int_equal(mf_number(f, "SELECT count(*) FROM items"), 3);
}

static void test_states_of_an_empty_database(void **state)
{
    struct migrate_fixture *f = *state;
    size_t count = 0;
    mf_write(f, "0001_items.sql", items);
    struct migration_row *rows = mf_states(f, &count);
    assert_int_equal(count, 1);
    assert_int_equal(rows[0].applied_at_ms, 0);
    assert_int_equal(mf_schema(f).count, 0); /* looking has made nothing */
}

static void test_failure_leaves_what_was(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"INSERT INTO items (id) VALUES (2); INSERT INTO nowhere VALUES (1);", "failed (STORE)"},
        {"CREATE TABLE more (id BIGINT); INSERT INTO items (id) VALUES (1);", "STORE_CONFLICT"},
        {"CREATE TABLE more (id BIGINT); INSERT INTO items (id, owner) VALUES (5, 99);",
         "STORE_CONFLICT"},
        {"-- compatible: x\nSELECT 1;", "0002_bad.sql: its head has a number"},
    };
    struct migrate_fixture *f = *state;
    mf_write(f, "0001_items.sql", items);
    mf_migrated(f);
    struct schema before = mf_schema(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mf_write(f, "0002_bad.sql", cases[i].text);
        assert_int_not_equal(mf_migrate(f), ERR_OK);
        if (strstr(f->why, "0002_bad.sql") == NULL || strstr(f->why, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, f->why);
        struct schema after = mf_schema(f);
        mf_same_schema(&before, &after);
        assert_int_equal(mf_number(f, "SELECT count(*) FROM items"), 1);
        assert_int_equal(mf_number(f, "SELECT count(*) FROM schema_migrations"), 1);
    }
    mf_write(f, "0002_bad.sql", "INSERT INTO items (id) VALUES (2);");
    mf_migrated(f);
    assert_int_equal(mf_number(f, "SELECT count(*) FROM items"), 2);
}

static void test_changed_file_is_refused(void **state)
{
    struct migrate_fixture *f = *state;
    mf_write(f, "0001_items.sql", items);
    mf_migrated(f);
    mf_write(f, "0001_items.sql", "CREATE TABLE items (id BIGINT);");
    assert_int_equal(mf_migrate(f), ERR_STORE);
    assert_non_null(strstr(f->why, "0001_items.sql has changed"));
    size_t count = 0;
    assert_true(mf_states(f, &count)[0].changed);
}

/* ---- newer databases ---- */

static void books_are(struct migrate_fixture *f, uint64_t versions)
{
    assert_int_equal(mf_number(f, "SELECT count(*) FROM schema_migrations"), versions);
    assert_int_equal(mf_number(f, "SELECT max(version) FROM schema_migrations"), versions);
}

static void test_newer_database(void **state)
{
    static const struct {
        const char *third;
        const char *fourth;
        bool opens; /* with a program that knows two */
    } cases[] = {
        {"-- compatible: 2\n", "-- compatible: 2\n", true},
        {"-- compatible: 1\n", "-- compatible: 2\n", true},
        {"-- compatible: 2\n", "-- compatible: 3\n", false},
        {"-- compatible: 3\n", "-- compatible: 2\n", false}, /* the strictest counts */
        {"-- compatible: 2\n", "", false},                   /* it does not say */
    };
    struct migrate_fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char third[256];
        char fourth[256];
        snprintf(third, sizeof third, "%sCREATE TABLE three (id BIGINT);", cases[i].third);
        snprintf(fourth, sizeof fourth, "%sALTER TABLE three ADD COLUMN b BIGINT;",
                 cases[i].fourth);
        mf_write(f, "0001_items.sql", items);
        mf_write(f, "0002_more.sql", "CREATE TABLE two (id BIGINT);");
        mf_write(f, "0003_three.sql", third);
        mf_write(f, "0004_four.sql", fourth);
        mf_migrated(f);
        struct schema before = mf_schema(f);
        mf_remove(f, "0003_three.sql");
        mf_remove(f, "0004_four.sql");
        enum err e = mf_migrate(f);
        assert_int_equal(e, cases[i].opens ? ERR_OK : ERR_STORE_NEWER);
        if (e != ERR_OK)
            assert_non_null(strstr(f->why, "schema version 4"));
        if (e != ERR_OK)
            assert_non_null(strstr(f->why, "knows versions up to 2"));
        struct schema after = mf_schema(f);
        mf_same_schema(&before, &after);
        books_are(f, 4);
        size_t count = 0;
        struct migration_row *rows = mf_states(f, &count);
        assert_true(count == 4 && rows[1].known && !rows[2].known && !rows[3].known);
        /* And forward again. */
        mf_write(f, "0003_three.sql", third);
        mf_write(f, "0004_four.sql", fourth);
        mf_write(f, "0005_five.sql", "CREATE TABLE five (id BIGINT);");
        mf_migrated(f);
        books_are(f, 5);
        mf_remove(f, "0005_five.sql");
        mf_exec(f, "DROP TABLE items; DROP TABLE two; DROP TABLE three; DROP TABLE five; "
                   "DROP TABLE schema_migrations; DROP TABLE schema_backfills");
    }
}

/* ---- the first release's books ---- */

static void test_books_of_the_first_release(void **state)
{
    struct migrate_fixture *f = *state;
    mf_copy_real(f, 2);
    mf_migrated(f);
    mf_exec(f, "DROP TABLE schema_backfills; ALTER TABLE schema_migrations DROP COLUMN compatible");
    size_t count = 0;
    struct migration_row *rows = mf_states(f, &count);
    assert_int_equal(count, 2);
    assert_true(rows[1].applied_at_ms > 0 && rows[1].compatible == 2 && !rows[1].changed);
    mf_copy_real(f, 3);
    mf_migrated(f);
    struct schema upgraded = mf_schema(f);
    books_are(f, 3);
    rows = mf_states(f, &count);
    assert_int_equal(rows[1].compatible, 2);
    assert_int_equal(rows[2].compatible, 2);
    /* As a new one. */
    void *other = NULL;
    mf_setup(&other);
    struct migrate_fixture *fresh = other;
    mf_copy_real(fresh, 3);
    mf_migrated(fresh);
    struct schema made = mf_schema(fresh);
    mf_same_schema(&upgraded, &made);
    mf_teardown(&other);
}

/* ---- both backends ---- */

struct listing {
    struct arena *arena;
    const struct migration_file *files;
    struct schema schema;
};

static enum err on_scratch(struct sql_conn *c, void *ctx)
{
    struct listing *l = ctx;
    for (const struct migration_file *f = l->files; f->name != NULL; f++)
        assert_int_equal(sql_exec(c, (const char *)f->text), ERR_OK);
    return schema_list(c, l->arena, &l->schema);
}

/* Column by column, key by key, index by index: what the files for SQLite make is what the files of
 * the backend under test make. */
static void test_backends_have_the_same_schema(void **state)
{
    struct migrate_fixture *f = *state;
    struct sql_conn *c = mf_connect(f);
    bool postgres = f->db.server != NULL;
    struct listing here = {.arena = &f->arena,
                           .files = postgres ? migrations_postgres : migrations_sqlite};
    struct listing sqlite = {.arena = &f->arena, .files = migrations_sqlite};
    assert_int_equal(mf_driver(f)->scratch(c, on_scratch, &here), ERR_OK);
    sql_conn_close(&c);
    struct migrate_target t = mf_target(f);
    assert_int_equal(sqlite_schema.connect(&t, true, &c, f->why, sizeof f->why), ERR_OK);
    assert_int_equal(sqlite_schema.scratch(c, on_scratch, &sqlite), ERR_OK);
    sql_conn_close(&c);
    assert_true(sqlite.schema.count > 200);
    mf_same_schema(&sqlite.schema, &here.schema);
    assert_int_equal(mf_schema(f).count, 0); /* a scratch database leaves nothing */
}

/* ---- what "compatible" promises ---- */

struct cut {
    struct arena *arena;
    const struct migration_list *list;
    size_t upto;
    struct schema schema;
};

static enum err on_cut(struct sql_conn *c, void *ctx)
{
    struct cut *cut = ctx;
    for (size_t i = 0; i < cut->upto; i++)
        if (cut->list->items[i].online_rows == 0)
            assert_int_equal(sql_exec(c, (const char *)cut->list->items[i].text), ERR_OK);
    return schema_list(c, cut->arena, &cut->schema);
}

static bool has_key(const struct schema *s, struct slice word, struct slice name)
{
    for (size_t i = 0; i < s->count; i++) {
        struct slice key = s->items[i].key;
        struct slice first;
        if (slice_next(&key, ' ', &first) && slice_eq(first, word) && slice_eq(key, name))
            return true;
    }
    return false;
}

static bool has_text(struct slice s, const char *text)
{
    return memmem(s.data, s.len, text, strlen(text)) != NULL;
}

/* The table that an item belongs to: its first word after the kind, up to '.', ' ' or '('. */
static struct slice table_of(const struct schema_item *item)
{
    bool index = slice_starts_with(item->key, SLICE("index "));
    struct slice rest = index ? item->value : item->key;
    struct slice word = SLICE("");
    if (slice_starts_with(rest, SLICE("foreign key ")))
        rest = slice_of(rest.data + 12, rest.len - 12);
    else if (!index)
        assert_true(slice_next(&rest, ' ', &word));
    assert_true(slice_next(&rest, ' ', &word));
    return slice_of(word.data, slice_find(word, '.'));
}

/* Of a unique index: is one of its columns new? It is NULL in what an older program writes, unless
 * it has a default, and what has a NULL equals nothing. "table (column, ...) unique ..." */
static bool over_new_column(const struct schema *old, const struct schema_item *index)
{
    struct slice table = table_of(index), rest = index->value, word;
    size_t open = slice_find(rest, '('), end = slice_find(rest, ')');
    assert_true(open < end && end < rest.len);
    rest = slice_of(rest.data + open + 1, end - open - 1);
    while (slice_next(&rest, ' ', &word)) {
        char name[256];
        struct slice column = slice_of(word.data, slice_find(word, ','));
        snprintf(name, sizeof name, "%.*s.%.*s", SLICE_ARG(table), SLICE_ARG(column));
        if (!has_key(old, SLICE("column"), slice_from(name)))
            return true;
    }
    return false;
}

/* Does a program that does not know the item write to its table as before? A new column of a unique
 * index has no default, or the index itself could not have been made. */
static bool is_harmless(const struct schema *old, const struct schema_item *added)
{
    if (!has_key(old, SLICE("table"), table_of(added)))
        return true; /* of a new table */
    if (slice_starts_with(added->key, SLICE("column ")))
        return !has_text(added->value, "not null") || has_text(added->value, " default ");
    return slice_starts_with(added->key, SLICE("index ")) &&
           (!has_text(added->value, " unique") || over_new_column(old, added));
}

struct judge {
    const struct schema *old;
    struct slice first; /* what is not an expansion */
};

static void on_step(void *ctx, const struct schema_item *a, const struct schema_item *b)
{
    struct judge *j = ctx;
    if (a == NULL && is_harmless(j->old, b))
        return;
    if (j->first.len == 0)
        j->first = a != NULL ? a->key : b->key;
}

/* Empty, or the item that an older program cannot live with. */
static struct slice find_more(struct migrate_fixture *f, const struct migration_list *list,
                              size_t version, uint64_t compatible)
{
    struct sql_conn *c = mf_connect(f);
    struct cut old = {.arena = &f->arena, .list = list, .upto = (size_t)compatible};
    struct cut new = {.arena = &f->arena, .list = list, .upto = version};
    assert_int_equal(mf_driver(f)->scratch(c, on_cut, &old), ERR_OK);
    assert_int_equal(mf_driver(f)->scratch(c, on_cut, &new), ERR_OK);
    sql_conn_close(&c);
    struct judge j = {.old = &old.schema, .first = SLICE("")};
    (void)schema_diff(&old.schema, &new.schema, on_step, &j);
    return j.first;
}

/* Nothing an older program knows is gone or changed, and no new rule stands in the way of what it
 * writes. */
static void test_compatible_steps_only_expand(void **state)
{
    struct migrate_fixture *f = *state;
    struct migration_list list;
    enum err e = migration_list_init(&list, NULL, mf_driver(f)->name, f->why, sizeof f->why);
    assert_int_equal(e, ERR_OK);
    for (size_t i = 0; i < list.count; i++) {
        struct slice more = find_more(f, &list, i + 1, list.items[i].compatible);
        if (more.len > 0)
            fail_msg("%s says that older programs can live with it, but %.*s", list.items[i].name,
                     SLICE_ARG(more));
    }
    migration_list_deinit(&list);
}

static void test_steps_that_do_more_are_told(void **state)
{
    static const char *const steps[] = {
        "ALTER TABLE items ADD COLUMN b BIGINT; ALTER TABLE items DROP COLUMN a;",
        "CREATE UNIQUE INDEX items_a ON items (a);",
        "DROP INDEX items_owner;",
        "DROP TABLE items;",
        "ALTER TABLE items RENAME COLUMN a TO b;",
    };
    struct migrate_fixture *f = *state;
    mf_write(f, "0001_items.sql",
             "CREATE TABLE items (id BIGINT NOT NULL PRIMARY KEY, a BIGINT, owner BIGINT);"
             "CREATE INDEX items_owner ON items (owner);");
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct migration_list list;
        mf_write(f, "0002_step.sql", steps[i]);
        enum err e = migration_list_init(&list, f->dir, mf_driver(f)->name, f->why, sizeof f->why);
        assert_int_equal(e, ERR_OK);
        if (find_more(f, &list, 2, 1).len == 0)
            fail_msg("%s", steps[i]);
        migration_list_deinit(&list);
    }
}

/* ---- death ---- */

enum { MANY = 300000 };

static const char many[] = "CREATE TABLE more (id BIGINT);\n"
                           "INSERT INTO more (id) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
                           "SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n;\n"
                           "INSERT INTO items (id) VALUES (2);\n";

/* Migrates in a process of its own, whose log comes out of *out. */
static pid_t migrate_in_child(struct migrate_fixture *f, FILE **out)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct log log;
        log_init(&log, fds[1], LOG_INFO, LOG_TEXT, clock_system());
        struct migrate_options o = {.dir = f->dir, .clock = clock_system(), .log = &log};
        struct sql_conn *c = mf_connect(f);
        _exit(migrate(c, &o, f->why, sizeof f->why) == ERR_OK ? 0 : 1);
    }
    close(fds[1]);
    *out = fdopen(fds[0], "r");
    assert_non_null(*out);
    return pid;
}

/* Kills it as soon as it has said `line` of the second migration. */
static void kill_at(struct migrate_fixture *f, const char *line)
{
    char text[512];
    FILE *out;
    int status;
    bool killed = false;
    pid_t pid = migrate_in_child(f, &out);
    while (fgets(text, sizeof text, out) != NULL) {
        if (!killed && strstr(text, line) != NULL && strstr(text, "0002_many.sql") != NULL)
            killed = kill(pid, SIGKILL) == 0;
    }
    assert_true(killed);
    fclose(out);
    assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* Wholly there or wholly absent, and the program that comes next goes on from there. */
static void test_death_leaves_the_old_or_the_new(void **state)
{
    struct migrate_fixture *f = *state;
    mf_write(f, "0001_items.sql", items);
    mf_migrated(f);
    struct schema before = mf_schema(f);
    mf_write(f, "0002_many.sql", many);
    kill_at(f, "migration begins");
    mf_remove(f, "0002_many.sql");
    enum err e = mf_migrate(f); /* waits for what the server still does for the dead */
    bool is_new = e == ERR_STORE_NEWER;
    assert_true(is_new || e == ERR_OK);
    struct schema after = mf_schema(f);
    if (!is_new)
        mf_same_schema(&before, &after);
    assert_int_equal(mf_number(f, "SELECT count(*) FROM items"), is_new ? 2 : 1);
    mf_write(f, "0002_many.sql", many);
    mf_migrated(f);
    assert_int_equal(mf_number(f, "SELECT count(*) FROM more"), MANY);
    assert_int_equal(mf_number(f, "SELECT count(*) FROM items"), 2);
    books_are(f, 2);
}

static void test_death_after_it_is_applied(void **state)
{
    struct migrate_fixture *f = *state;
    mf_write(f, "0001_items.sql", items);
    mf_write(f, "0002_many.sql", many);
    kill_at(f, "migration applied");
    assert_int_equal(mf_number(f, "SELECT count(*) FROM more"), MANY);
    books_are(f, 2);
    mf_migrated(f);
    books_are(f, 2);
}

/* ---- two at once ---- */

struct starter {
    pthread_t thread;
    pthread_barrier_t *barrier;
    struct store_options o;
    struct store *store;
    enum err result;
    char why[MF_TEXT];
    char data[160];
};

static void *start_main(void *ctx)
{
    struct starter *s = ctx;
    pthread_barrier_wait(s->barrier);
    s->result = store_open(&s->o, &s->store, s->why, sizeof s->why);
    return NULL;
}

/* On PostgreSQL from two machines, as it were: two data folders. */
static void test_two_servers_start_at_once(void **state)
{
    enum { STARTERS = 4 };
    struct migrate_fixture *f = *state;
    struct starter starters[STARTERS];
    pthread_barrier_t barrier;
    bool postgres = f->db.server != NULL;
    size_t opened = 0;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, STARTERS), 0);
    for (unsigned i = 0; i < STARTERS; i++) {
        starters[i] = (struct starter){.barrier = &barrier, .o = mf_options(f)};
        snprintf(starters[i].data, sizeof starters[i].data, postgres ? "%s/data%u" : "%s/data",
                 f->root, i);
        starters[i].o.path = starters[i].data;
        starters[i].o.migrations_dir = NULL;
        starters[i].o.worker_id = i;
        starters[i].o.pool_max = 4;
        starters[i].o.pool_min = 1;
        starters[i].o.pool_acquire_ms = 20000;
        assert_int_equal(pthread_create(&starters[i].thread, NULL, start_main, &starters[i]), 0);
    }
    for (size_t i = 0; i < STARTERS; i++)
        pthread_join(starters[i].thread, NULL);
    for (size_t i = 0; i < STARTERS; i++) {
        struct starter *s = &starters[i];
        if (s->result != ERR_OK && (postgres || s->result != ERR_STORE_LOCKED))
            print_error("%s\n", s->why);
        assert_true(s->result == ERR_OK || (!postgres && s->result == ERR_STORE_LOCKED));
        opened += s->result == ERR_OK;
        store_close(&s->store);
        if (postgres)
            mf_empty(s->data);
    }
    pthread_barrier_destroy(&barrier);
    assert_true(opened >= 1);
    size_t versions = 0;
    while (migrations_sqlite[versions].name != NULL)
        versions++;
    books_are(f, versions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(t) cmocka_unit_test_setup_teardown(t, mf_setup, mf_teardown)
        CASE(test_applied_once_and_in_order),
        CASE(test_states_of_an_empty_database),
        CASE(test_failure_leaves_what_was),
        CASE(test_changed_file_is_refused),
        CASE(test_newer_database),
        CASE(test_books_of_the_first_release),
        CASE(test_backends_have_the_same_schema),
        CASE(test_compatible_steps_only_expand),
        CASE(test_steps_that_do_more_are_told),
        CASE(test_death_leaves_the_old_or_the_new),
        CASE(test_death_after_it_is_applied),
        CASE(test_two_servers_start_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
