/*
 * Every statement of the program is explained on a large database, and none may look at all rows of
 * something that grows. The statements are those of the section sql_texts (store/sql.h), so that
 * one that is added is looked at without anybody remembering to.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

#include "base/clock.h"
#include "contract/test_db.h"
#include "growth/allowed.h"
#include "growth/plans.h"
#include "growth/seed.h"
#include "store/store.h"

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

extern const char *const __start_sql_texts[];
extern const char *const __stop_sql_texts[];

enum { TEXTS_MAX = 4096 };

struct world {
    char folder[64];
    struct test_db db;
    struct planner planner;
    const char *texts[TEXTS_MAX]; /* each once */
    size_t text_count;
    bool used[COUNT(allowed)];
};

/* ---- the database ---- */

static void migrate_empty(struct world *w)
{
    char why[512];
    struct store *s = NULL;
    struct store_options o = {.path = w->folder,
                              .url = w->db.url,
                              .readers = 1,
                              .batch_max = 1,
                              .queue_max = 1,
                              .read_limit_ms = 1000,
                              .clock = clock_system()};
    enum err e = store_open(&o, &s, why, sizeof why);
    if (e != ERR_OK)
        print_error("%s\n", why);
    assert_int_equal(e, ERR_OK);
    store_close(&s);
}

/* SQLite has no statistics in production, so it has none here; PostgreSQL's autovacuum makes them.
 */
static void fill(struct world *w)
{
    struct planner *p = &w->planner;
    bool postgres = w->db.server != NULL;
    if (!postgres)
        assert_true(p->run(p->db, "PRAGMA synchronous=OFF; PRAGMA cache_size=-65536"));
    assert_true(p->run(p->db, "BEGIN"));
    assert_true(growth_seed(GROWTH_MESSAGES, postgres ? "BYTEA" : "BLOB", p->run, p->db));
    assert_true(p->run(p->db, "COMMIT"));
    if (postgres)
        assert_true(p->run(p->db, "DO $$ DECLARE t TEXT; BEGIN FOR t IN SELECT tablename FROM "
                                  "pg_tables WHERE schemaname = current_schema() LOOP EXECUTE "
                                  "'ANALYZE ' || quote_ident(t); END LOOP; END $$"));
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_texts(struct world *w)
{
    size_t all = (size_t)(__stop_sql_texts - __start_sql_texts);
    assert_true(all > 100 && all < TEXTS_MAX);
    memcpy(w->texts, __start_sql_texts, all * sizeof w->texts[0]);
    qsort(w->texts, all, sizeof w->texts[0], by_text);
    for (size_t i = 0; i < all; i++)
        if (w->text_count == 0 || strcmp(w->texts[w->text_count - 1], w->texts[i]) != 0)
            w->texts[w->text_count++] = w->texts[i];
}

static int open_world(void **state)
{
    char file[128];
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    snprintf(w->folder, sizeof w->folder, "growth-test-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    test_db_make(&w->db);
    migrate_empty(w);
    snprintf(file, sizeof file, "%s/guildhall.db", w->folder);
    if (w->db.server != NULL)
        planner_open_postgres(&w->planner, w->db.url);
    else
        planner_open_sqlite(&w->planner, file);
    fill(w);
    collect_texts(w);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    static const char *const files[] = {"guildhall.db", "guildhall.db-wal", "guildhall.db-shm",
                                        "guildhall.lock"};
    struct world *w = *state;
    char path[128];
    w->planner.close(&w->planner);
    test_db_drop(&w->db);
    for (size_t i = 0; i < COUNT(files); i++) {
        snprintf(path, sizeof path, "%s/%s", w->folder, files[i]);
        unlink(path);
    }
    rmdir(w->folder);
    free(w);
    return 0;
}

/* ---- judging ---- */

static bool is_small(const char *finding)
{
    for (size_t i = 0; i < COUNT(small_tables); i++)
        if (strncmp(finding, "scan ", 5) == 0 && strcmp(finding + 5, small_tables[i].table) == 0)
            return true;
    return false;
}

static bool is_here(const struct world *w, const char *backend)
{
    return backend == NULL || strcmp(backend, w->planner.backend) == 0;
}

static bool is_allowed(struct world *w, const char *text, const char *finding)
{
    for (size_t i = 0; i < COUNT(allowed); i++) {
        if (!is_here(w, allowed[i].backend) || strcmp(allowed[i].finding, finding) != 0 ||
            strstr(text, allowed[i].text) == NULL)
            continue;
        w->used[i] = true;
        return true;
    }
    return is_small(finding);
}

/* The number of findings that are not allowed; `say` names them. */
static unsigned judge(struct world *w, const char *text, bool say)
{
    struct plan plan;
    char why[PLAN_WHY_MAX] = "";
    unsigned bad = 0;
    if (!w->planner.explain(&w->planner, text, &plan, why)) {
        if (say)
            print_error("cannot be explained (%s): %s\n", why, text);
        return 1;
    }
    for (size_t i = 0; i < plan.count; i++) {
        if (is_allowed(w, text, plan.findings[i]))
            continue;
        if (say)
            print_error("%s: %s\n", plan.findings[i], text);
        bad++;
    }
    return bad;
}

static void test_every_statement(void **state)
{
    struct world *w = *state;
    unsigned bad = 0;
    for (size_t i = 0; i < w->text_count; i++)
        bad += judge(w, w->texts[i], true);
    print_message("%zu statements explained on %s, %u findings\n", w->text_count,
                  w->planner.backend, bad);
    assert_int_equal(bad, 0);
}

static void test_no_idle_exceptions(void **state)
{
    struct world *w = *state;
    unsigned idle = 0;
    for (size_t i = 0; i < COUNT(allowed); i++) {
        assert_true(strlen(allowed[i].why) > 10);
        if (is_here(w, allowed[i].backend) && !w->used[i]) {
            print_error("nothing needs the exception \"%s\" for: %s\n", allowed[i].finding,
                        allowed[i].text);
            idle++;
        }
    }
    assert_int_equal(idle, 0);
}

/* What the test is for: statements without an index are found, on this very database. */
static void test_bad_statements_are_found(void **state)
{
    static const char *const bad[] = {
        "SELECT id FROM messages WHERE author_id = $1",
        "SELECT COUNT(*) FROM members",
        "SELECT m.id FROM messages m JOIN users u ON u.id = m.author_id WHERE u.flags = $1",
        "DELETE FROM event_log WHERE at_ms < $1",
        "UPDATE users SET flags = 0 WHERE global_name = $1",
        "SELECT id FROM guilds WHERE name = $1 ORDER BY id",
        "SELECT nonsense FROM messages",
    };
    static const char *const good[] = {
        "SELECT id FROM messages WHERE channel_id = $1 AND id = $2",
        "SELECT u.id FROM members m JOIN users u ON u.id = m.user_id WHERE m.guild_id = $1",
    };
    for (size_t i = 0; i < COUNT(bad); i++)
        if (judge(*state, bad[i], false) == 0)
            fail_msg("nothing was found in: %s", bad[i]);
    for (size_t i = 0; i < COUNT(good); i++)
        assert_int_equal(judge(*state, good[i], true), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_statement),
        cmocka_unit_test(test_no_idle_exceptions),
        cmocka_unit_test(test_bad_statements_are_found),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
