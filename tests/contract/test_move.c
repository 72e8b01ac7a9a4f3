/*
 * Moving an installation: from the test's own backend to a folder, from there on to the backend
 * again, and everything is as it was, by sums that this test makes from a third reading, and
 * through the use-cases.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "store/engine.h"
#include "store/move.h"
#include "store/sql_driver.h"

enum { PEOPLE = 12, MESSAGES = 1200, WHY = 512, ARENA_BYTES = 16 * 1024 * 1024 };

struct scene {
    struct core_fixture *f;
    struct person *owner;
    struct guild_id guild;
    struct channel_id general;
    struct arena arena;
    char why[WHY];
    unsigned said;
};

static void fill(struct scene *s)
{
    char text[64];
    s->owner = cf_person(s->f, "owner");
    s->guild = cf_guild(s->f, s->owner);
    s->general = cf_general(s->f, s->guild);
    struct slice code = cf_invite(s->f, s->owner, s->general, 0, 0);
    for (int i = 0; i < PEOPLE; i++) {
        snprintf(text, sizeof text, "guest_%d", i);
        cf_join(s->f, cf_person(s->f, text), code);
    }
    /* More than two pages, and text that would break a careless copy. */
    for (int i = 0; i < MESSAGES; i++) {
        snprintf(text, sizeof text, "%d ' \" \\ \n é 漢 🙂 %s", i, i % 7 == 0 ? "<@1>" : "");
        cf_post(s->f, s->owner, s->general, text);
    }
    cf_forget_events(s->f);
}

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    cf_setup((void **)&s->f);
    arena_init(&s->arena, MEM_STORE, ARENA_BYTES);
    fill(s);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;
    arena_deinit(&s->arena);
    cf_teardown((void **)&s->f);
    free(s);
    return 0;
}

static bool on_progress(void *ctx, const char *table, uint64_t rows)
{
    struct scene *s = ctx;
    (void)rows;
    assert_non_null(table);
    s->said++;
    return true;
}

static bool on_progress_stop(void *ctx, const char *table, uint64_t rows)
{
    (void)ctx;
    (void)rows;
    return strcmp(table, "messages") != 0;
}

static enum err move(struct scene *s, struct store *from, const char *to, table_progress_fn fn,
                     struct table_sums *sums)
{
    struct log log;
    log_init(&log, STDERR_FILENO, LOG_WARN, LOG_TEXT, clock_system());
    struct move m = {.from = from,
                     .log = &log,
                     .to = to,
                     .arena = &s->arena,
                     .progress = fn,
                     .ctx = s,
                     .clock = &s->f->clock};
    store_freeze(from);
    enum err e = store_move(&m, sums, s->why, sizeof s->why);
    print_message("%s\n", e == ERR_OK ? "moved" : s->why);
    return e;
}

static struct store *open_other(struct scene *s, const char *folder, const char *url)
{
    struct store *store = NULL;
    struct store_options o = {.path = folder,
                              .url = url,
                              .readers = 2,
                              .batch_max = 16,
                              .queue_max = 64,
                              .read_limit_ms = 10000,
                              .clock = &s->f->clock};
    enum err e = store_open(&o, &store, s->why, sizeof s->why);
    if (e != ERR_OK)
        print_error("%s\n", s->why);
    assert_int_equal(e, ERR_OK);
    return store;
}

static struct table_sums sums_of(struct scene *s, struct store *store)
{
    struct sql_conn *c = NULL;
    struct table_sums sums = {NULL, 0};
    assert_int_equal(store->engine->connect(store, &c), ERR_OK);
    assert_int_equal(table_sums_read(c, &s->arena, &sums), ERR_OK);
    sql_conn_close(&c);
    return sums;
}

static const struct table_sum *sum_named(const struct table_sums *sums, const char *table)
{
    for (size_t i = 0; i < sums->count; i++)
        if (strcmp(sums->items[i].table, table) == 0)
            return &sums->items[i];
    fail_msg("no table %s", table);
    return NULL;
}

static void assert_same(const struct table_sums *a, const struct table_sums *b)
{
    assert_true(a->count > 15 && a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct table_sum *other = sum_named(b, a->items[i].table);
        assert_int_equal(a->items[i].rows, other->rows);
        assert_memory_equal(a->items[i].sha256, other->sha256, sizeof other->sha256);
    }
}

static void test_there_and_back(void **state)
{
    struct scene *s = *state;
    struct table_sums copied, before = sums_of(s, s->f->store), there, back;
    struct test_db db;
    char folder[] = "move-test-XXXXXX", to[64];
    assert_non_null(mkdtemp(folder));
    snprintf(to, sizeof to, "sqlite:%s", folder);
    assert_int_equal(move(s, s->f->store, to, on_progress, &copied), ERR_OK);
    assert_true(s->said > 20);
    assert_int_equal(sum_named(&copied, "messages")->rows, MESSAGES);
    assert_same(&copied, &before);
    struct store *other = open_other(s, folder, "");
    there = sums_of(s, other);
    assert_same(&there, &before);
    test_db_make(&db);
    char home[] = "move-home-XXXXXX";
    assert_non_null(mkdtemp(home));
    snprintf(to, sizeof to, "sqlite:%s", home);
    assert_int_equal(move(s, other, db.server == NULL ? to : db.url, NULL, &copied), ERR_OK);
    store_close(&other);
    other = open_other(s, home, db.url);
    back = sums_of(s, other);
    assert_same(&back, &before);
    store_close(&other);
    test_db_drop(&db);
    cf_remove_folder(folder);
    cf_remove_folder(home);
}

/* The moved installation goes on where the old one stood: ids, positions, permissions. */
static void test_moved_installation_works(void **state)
{
    struct scene *s = *state;
    struct table_sums copied;
    struct message last = cf_post(s->f, s->owner, s->general, "the last one here");
    char folder[] = "move-test-XXXXXX", to[64];
    assert_non_null(mkdtemp(folder));
    snprintf(to, sizeof to, "sqlite:%s", folder);
    assert_int_equal(move(s, s->f->store, to, NULL, &copied), ERR_OK);
    store_close(&s->f->store);
    core_free(&s->f->core);
    test_db_drop(&s->f->db);
    cf_remove_folder(s->f->folder);
    s->f->db = (struct test_db){.server = NULL};
    snprintf(s->f->folder, sizeof s->f->folder, "%s", folder);
    cf_open(s->f);
    struct message m = cf_post(s->f, s->owner, s->general, "the first one there");
    assert_true(m.id.v > last.id.v);
    assert_int_equal(s->f->event_count, 2); /* "the last one here", and this one, next to it */
    assert_int_equal(s->f->events[1]->position, s->f->events[0]->position + 1);
}

static void test_refusals(void **state)
{
    struct scene *s = *state;
    struct table_sums sums;
    char folder[] = "move-test-XXXXXX", to[64];
    assert_non_null(mkdtemp(folder));
    snprintf(to, sizeof to, "sqlite:%s", folder);
    assert_int_equal(move(s, s->f->store, "mysql://x", NULL, &sums), ERR_INVALID_FORM);
    assert_non_null(strstr(s->why, "postgres://"));
    assert_int_equal(move(s, s->f->store, "sqlite:", NULL, &sums), ERR_INVALID_FORM);
    assert_int_equal(move(s, s->f->store, "postgres://u:secret@127.0.0.1:1/x", NULL, &sums),
                     ERR_STORE_AWAY);
    assert_null(strstr(s->why, "secret"));
    /* Ended half-way: nothing is there, and it can be done again; then not once more. */
    assert_int_equal(move(s, s->f->store, to, on_progress_stop, &sums), ERR_STOPPING);
    assert_int_equal(move(s, s->f->store, to, NULL, &sums), ERR_OK);
    assert_int_equal(move(s, s->f->store, to, NULL, &sums), ERR_STORE_CONFLICT);
    struct store *other = open_other(s, folder, "");
    assert_int_equal(move(s, s->f->store, to, NULL, &sums), ERR_STORE_LOCKED);
    store_close(&other);
    cf_remove_folder(folder);
    /* Frozen: no write comes through until it is let go. */
    struct message m;
    struct message_draft d = {.content = SLICE("late")};
    assert_int_equal(cf_try_post(s->f, s->owner, s->general, &d, &m), ERR_STORE_FROZEN);
    assert_false(store_ready(s->f->store));
    store_thaw(s->f->store);
    assert_int_equal(cf_try_post(s->f, s->owner, s->general, &d, &m), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_moved_installation_works, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
