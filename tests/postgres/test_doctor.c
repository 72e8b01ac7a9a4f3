/* guildhall doctor on PostgreSQL: what its catalogue and its settings say. Needs
 * GUILDHALL_TEST_POSTGRES. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/doctor_fixture.h"

static void expect(struct world *w, const char *said, enum doctor_level level)
{
    struct doctor_machine m = good_machine(w);
    unsigned results[3];
    run(w, &m, results);
    if (!says(w, said) || results[level] == 0)
        fail_msg("\"%s\" was not found:\n%s", said, w->out);
}

/* As a CREATE INDEX that was interrupted leaves it. */
static void test_invalid_index(void **state)
{
    struct world w = make_world(*state);
    PGconn *c = PQconnectdb(w.f->db.url);
    PGresult *r = PQexec(c, "CREATE UNIQUE INDEX CONCURRENTLY broken ON channels (guild_id)");
    assert_int_equal(PQresultStatus(r), PGRES_FATAL_ERROR); /* a guild has several */
    PQclear(r);
    PQfinish(c);
    expect(&w, "index broken is not valid", DOCTOR_PROBLEM);
}

static void test_constraint(void **state)
{
    struct world w = make_world(*state);
    damage(w.f, "ALTER TABLE roles ADD CONSTRAINT doubtful CHECK (position >= 0) NOT VALID");
    expect(&w, "constraint doubtful is not validated", DOCTOR_PROBLEM);
}

static void test_settings(void **state)
{
    static const struct {
        const char *name;
        const char *value;
        bool found;
    } rows[] = {
        {"fsync", "off", true},
        {"fsync", "on", false},
        {"full_page_writes", "off", true},
        {"synchronous_commit", "off", true},
        {"synchronous_commit", "local", true},
        {"synchronous_commit", "remote_apply", false},
        {"autovacuum", "off", true},
        {"data_checksums", "off", true},
        {"data_checksums", "on", false},
    };
    struct world w = make_world(*state);
    struct ops_io io = {&w, on_write, on_stopped};
    struct doctor d = {.o = &w.o, .io = &io, .check = "settings"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(doctor_judge_setting(&d, rows[i].name, rows[i].value), rows[i].found);
    char value[CHECKUP_SETTING_MAX];
    assert_int_equal(checkup_setting(w.f->store, "fsync", value), ERR_OK);
    assert_string_equal(value, "on");
    assert_int_equal(checkup_setting(w.f->store, "no.such.setting", value), ERR_OK);
    assert_string_equal(value, "");
    unsigned warnings = d.results[DOCTOR_WARNING];
    doctor_judge_server(&d, "13.4", 130004);
    assert_int_equal(d.results[DOCTOR_WARNING], warnings + 1);
}

static void test_connections(void **state)
{
    struct world w = make_world(*state);
    w.o.pool_max = 100000;
    expect(&w, "the pool may open 100000", DOCTOR_PROBLEM);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_invalid_index),
        TEST(test_constraint),
        TEST(test_settings),
        TEST(test_connections),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
