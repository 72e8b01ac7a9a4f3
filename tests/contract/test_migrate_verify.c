/* Verify finds what is not as the migrations made it, and nothing else; it changes nothing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/migrate_fixture.h"

enum { FINDINGS_MAX = 16 };

struct findings {
    char text[FINDINGS_MAX][256];
    bool ours[FINDINGS_MAX];
    size_t count;
    size_t items;
};

static void on_finding(void *ctx, bool ours, const char *text)
{
    struct findings *f = ctx;
    assert_true(f->count < FINDINGS_MAX);
    f->ours[f->count] = ours;
    snprintf(f->text[f->count++], sizeof f->text[0], "%s", text);
}

static struct findings verify(struct migrate_fixture *f)
{
    struct migrate_target t = mf_target(f);
    struct findings found = {.count = 0};
    enum err e = migrate_verify(&t, on_finding, &found, &found.items, f->why, sizeof f->why);
    if (e != ERR_OK)
        print_error("%s\n", f->why);
    assert_int_equal(e, ERR_OK);
    return found;
}

static void nothing_found(struct migrate_fixture *f)
{
    struct findings found = verify(f);
    if (found.count > 0)
        print_error("%s\n", found.text[0]);
    assert_int_equal(found.count, 0);
}

static void test_nothing_is_wrong(void **state)
{
    struct migrate_fixture *f = *state;
    mf_copy_real(f, 3);
    assert_int_equal(verify(f).count, 0); /* an empty database: nothing is applied */
    mf_migrated(f);
    struct schema before = mf_schema(f);
    assert_true(verify(f).items > 200);
    nothing_found(f);
    struct schema after = mf_schema(f);
    mf_same_schema(&before, &after);
}

static void test_pending_is_not_a_difference(void **state)
{
    struct migrate_fixture *f = *state;
    mf_copy_real(f, 2);
    mf_migrated(f);
    mf_copy_real(f, 3);
    nothing_found(f);
}

static void test_each_damage_is_found(void **state)
{
    static const struct {
        const char *damage;
        const char *repair;
        const char *says;
    } cases[] = {
        {"DROP INDEX guilds_owner", "CREATE INDEX guilds_owner ON guilds (owner_id)",
         "index guilds_owner: missing"},
        {"CREATE INDEX extra ON users (flags)", "DROP INDEX extra",
         "index extra: no migration makes it"},
        {"DROP INDEX users_username; CREATE INDEX users_username ON users (tenant_id, username)",
         "DROP INDEX users_username;"
         "CREATE UNIQUE INDEX users_username ON users (tenant_id, username)",
         "index users_username: is \"users (tenant_id, username)\", should be \"users (tenant_id, "
         "username) unique\""},
        {"ALTER TABLE users ADD COLUMN extra BIGINT", "ALTER TABLE users DROP COLUMN extra",
         "column users.extra: no migration makes it"},
        {"ALTER TABLE users RENAME COLUMN global_name TO alias",
         "ALTER TABLE users RENAME COLUMN alias TO global_name", "column users.alias"},
        {"ALTER TABLE recent_nonces RENAME COLUMN nonce TO n",
         "ALTER TABLE recent_nonces RENAME COLUMN n TO nonce", "key recent_nonces"},
        {"CREATE TABLE extra (id BIGINT)", "DROP TABLE extra",
         "table extra: no migration makes it"},
        {"CREATE TABLE kept AS SELECT * FROM credentials; DROP TABLE credentials",
         "DROP TABLE kept", "foreign key credentials (user_id): missing"},
    };
    struct migrate_fixture *f = *state;
    mf_copy_real(f, 3);
    mf_migrated(f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mf_exec(f, cases[i].damage);
        struct findings found = verify(f);
        bool said = false;
        for (size_t k = 0; k < found.count; k++)
            said |= found.ours[k] && strstr(found.text[k], cases[i].says) != NULL;
        if (!said)
            fail_msg("%s: %s", cases[i].damage, found.text[0]);
        mf_exec(f, cases[i].repair);
        if (i + 1 < sizeof cases / sizeof cases[0])
            nothing_found(f);
    }
}

static void test_changed_checksum_is_found(void **state)
{
    struct migrate_fixture *f = *state;
    mf_copy_real(f, 3);
    mf_migrated(f);
    mf_exec(f, "UPDATE schema_migrations SET checksum = (SELECT checksum FROM schema_migrations "
               "WHERE version = 1) WHERE version = 2");
    struct findings found = verify(f);
    assert_int_equal(found.count, 1);
    assert_non_null(strstr(found.text[0], "0002_entities.sql has changed"));
}

/* What a newer program's migrations made is told apart from what is wrong. */
static void test_older_program_tells_apart(void **state)
{
    struct migrate_fixture *f = *state;
    mf_copy_real(f, 3);
    mf_write(f, "0004_later.sql",
             "-- compatible: 3\nALTER TABLE users ADD COLUMN later BIGINT NOT NULL DEFAULT 0;");
    mf_migrated(f);
    nothing_found(f);
    mf_remove(f, "0004_later.sql");
    struct findings found = verify(f);
    assert_int_equal(found.count, 1);
    assert_false(found.ours[0]);
    assert_non_null(strstr(found.text[0], "column users.later"));
    mf_exec(f, "DROP INDEX guilds_owner");
    found = verify(f);
    assert_int_equal(found.count, 2);
    assert_true(found.ours[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(t) cmocka_unit_test_setup_teardown(t, mf_setup, mf_teardown)
        CASE(test_nothing_is_wrong),          CASE(test_pending_is_not_a_difference),
        CASE(test_each_damage_is_found),      CASE(test_changed_checksum_is_found),
        CASE(test_older_program_tells_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
