/* Pruning: who goes and who stays, counted and carried out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/moderation_fixture.h"
#include "core/prune.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000;

struct seeing {
    struct user_id user;
    int64_t at_ms;
};

static enum err note_seen(struct tx *tx, void *ctx)
{
    const struct seeing *x = ctx;
    struct sql_stmt *s =
        sql_query_text(tx_sql(tx), "UPDATE users SET seen_at_ms = $2 WHERE id = $1");
    sql_bind_u64(s, 1, x->user.v);
    sql_bind_i64(s, 2, x->at_ms);
    return sql_run(s);
}

static enum err make_bot(struct tx *tx, void *ctx)
{
    const struct user_id *user = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "UPDATE users SET bot = 1 WHERE id = $1");
    sql_bind_u64(s, 1, user->v);
    return sql_run(s);
}

static void seen(const struct hall *h, const struct person *p, int64_t days_ago)
{
    struct seeing x = {p->who.user, atomic_load(&h->f->wall_ms) - days_ago * DAY_MS};
    assert_int_equal(store_write(h->f->store, note_seen, &x), ERR_OK);
}

static enum err count_as(const struct hall *h, const struct person *by, uint32_t days,
                         const uint64_t *roles, size_t role_count, uint64_t *count)
{
    struct prune_wish wish = {days, roles, role_count};
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = prune_count(h->f->core, &a, &wish, count);
    access_end(&a);
    return e;
}

static uint64_t counted(const struct hall *h, uint32_t days, const uint64_t *roles,
                        size_t role_count)
{
    uint64_t count = 99;
    assert_int_equal(count_as(h, h->owner, days, roles, role_count, &count), ERR_OK);
    return count;
}

static enum err prune_as(const struct hall *h, const struct person *by, uint32_t days,
                         const uint64_t *roles, size_t role_count)
{
    struct prune_wish wish = {days, roles, role_count};
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = prune_begin(h->f->core, &by->by, &a, &wish);
    access_end(&a);
    return e;
}

static void test_who_goes(void **state)
{
    struct hall h = hall_make(*state);
    struct person *active = hall_member(&h, "active");
    struct person *idle = hall_member(&h, "idle");
    struct person *never = hall_member(&h, "never");
    struct person *robot = hall_member(&h, "robot");
    struct person *held = hall_moderator(&h, "held", 0);
    atomic_fetch_add(&h.f->wall_ms, 10 * DAY_MS);
    struct person *fresh = hall_member(&h, "fresh");
    seen(&h, active, 1);
    seen(&h, idle, 8);
    seen(&h, held, 9);
    seen(&h, fresh, 20); /* has joined since */
    seen(&h, h.owner, 9);
    assert_int_equal(store_write(h.f->store, make_bot, &robot->who.user), ERR_OK);
    assert_int_equal(counted(&h, 30, NULL, 0), 0);
    assert_int_equal(counted(&h, 9, NULL, 0), 1); /* never: since they joined */
    assert_int_equal(counted(&h, 7, NULL, 0), 2);
    cf_forget_events(h.f);
    h.owner->by.reason = SLICE("spring");
    assert_int_equal(prune_as(&h, h.owner, 7, NULL, 0), ERR_OK);
    run_tasks(h.f);
    assert_int_equal(events_of(h.f, EVENT_GUILD_MEMBER_REMOVE, h.guild.v), 2);
    assert_int_equal(hall_event(&h, EVENT_GUILD_MEMBER_REMOVE, 0)->actor_id, h.owner->who.user.v);
    const struct event *audit = hall_audit(&h, "21");
    assert_true(cf_payload_has(audit, "\"delete_member_days\":\"7\""));
    assert_true(cf_payload_has(audit, "\"members_removed\":\"2\""));
    assert_true(cf_payload_has(audit, "\"reason\":\"spring\""));
    assert_true(hall_has(&h, active) && hall_has(&h, held) && hall_has(&h, fresh));
    assert_false(hall_has(&h, idle) || hall_has(&h, never));
    assert_true(hall_has(&h, h.owner) && hall_has(&h, robot));
    assert_int_equal(counted(&h, 7, NULL, 0), 0);
    assert_int_equal(
        count_of(h.f, "SELECT COUNT(*) FROM moderation_jobs WHERE guild_id = $1", h.guild.v), 0);
    assert_int_equal(count_of(h.f, "SELECT member_count FROM guilds WHERE id = $1", h.guild.v), 5);
}

/* A message notes the day, and the next one of that day writes nothing. */
static void test_writing_is_being_there(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    atomic_fetch_add(&h.f->wall_ms, 10 * DAY_MS);
    assert_int_equal(counted(&h, 7, NULL, 0), 1);
    cf_post(h.f, guest, h.general, "here");
    assert_int_equal(counted(&h, 7, NULL, 0), 0);
    assert_int_equal(member_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &m), ERR_OK);
    int64_t today = m.user.seen_at_ms;
    assert_int_equal(today, atomic_load(&h.f->wall_ms) / DAY_MS * DAY_MS);
    struct seeing marked = {guest->who.user, today + 1};
    assert_int_equal(store_write(h.f->store, note_seen, &marked), ERR_OK);
    cf_post(h.f, guest, h.general, "still");
    assert_int_equal(member_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &m), ERR_OK);
    assert_int_equal(m.user.seen_at_ms, today + 1);
    atomic_fetch_add(&h.f->wall_ms, DAY_MS);
    cf_post(h.f, guest, h.general, "tomorrow");
    assert_int_equal(member_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &m), ERR_OK);
    assert_int_equal(m.user.seen_at_ms, today + DAY_MS);
}

static void test_roles(void **state)
{
    struct hall h = hall_make(*state);
    struct person *first = hall_member(&h, "first");
    struct person *second = hall_member(&h, "second");
    struct role_id a = hall_role(&h, "a", 0), b = hall_role(&h, "b", 0);
    assert_int_equal(hall_give(&h, h.owner, first, a), ERR_OK);
    assert_int_equal(hall_give(&h, h.owner, second, a), ERR_OK);
    assert_int_equal(hall_give(&h, h.owner, second, b), ERR_OK);
    atomic_fetch_add(&h.f->wall_ms, 10 * DAY_MS);
    const uint64_t both[] = {a.v, b.v};
    assert_int_equal(counted(&h, 7, NULL, 0), 0);
    assert_int_equal(counted(&h, 7, both, 1), 1);
    assert_int_equal(counted(&h, 7, both, 2), 2);
    assert_int_equal(prune_as(&h, h.owner, 7, both, 1), ERR_OK);
    run_tasks(h.f);
    assert_false(hall_has(&h, first));
    assert_true(hall_has(&h, second));
}

/* Nobody holds a role that is being deleted, though its rows go later. */
static void test_role_that_goes(void **state)
{
    struct hall h = hall_make(*state);
    struct person *idle = hall_member(&h, "idle");
    struct role_id role = hall_role(&h, "role", 0);
    assert_int_equal(hall_give(&h, h.owner, idle, role), ERR_OK);
    atomic_fetch_add(&h.f->wall_ms, 10 * DAY_MS);
    assert_int_equal(counted(&h, 7, NULL, 0), 0);
    struct access a = cf_in_guild(h.f, h.owner, h.guild);
    assert_int_equal(role_delete(h.f->core, &h.owner->by, &a, role), ERR_OK);
    access_end(&a);
    assert_int_equal(count_of(h.f, "SELECT COUNT(*) FROM member_roles WHERE role_id = $1", role.v),
                     1);
    assert_int_equal(counted(&h, 7, NULL, 0), 1);
}

static void test_who_may(void **state)
{
    struct hall h = hall_make(*state);
    uint64_t count;
    struct role_id high = hall_role(&h, "high", 0);
    struct person *mod =
        hall_moderator(&h, "mod", PERMISSION_KICK_MEMBERS | PERMISSION_MANAGE_GUILD);
    struct person *half = hall_moderator(&h, "half", PERMISSION_KICK_MEMBERS);
    struct role_id low = hall_role(&h, "low", 0);
    assert_int_equal(prune_as(&h, half, 7, NULL, 0), ERR_MISSING_PERMISSIONS);
    assert_int_equal(prune_as(&h, mod, 7, &high.v, 1), ERR_MISSING_PERMISSIONS);
    assert_int_equal(count_as(&h, mod, 7, &high.v, 1, &count), ERR_MISSING_PERMISSIONS);
    const uint64_t unknown = 77;
    assert_int_equal(prune_as(&h, mod, 7, &unknown, 1), ERR_UNKNOWN_ROLE);
    assert_int_equal(prune_as(&h, mod, 7, &h.guild.v, 1), ERR_INVALID_ROLE);
    assert_int_equal(prune_as(&h, mod, 7, &low.v, 1), ERR_OK);
}

/* Between being found and being taken out they may have come back, or been given a role. */
static void test_looked_at_again(void **state)
{
    enum { PEOPLE = 60 };
    struct hall h = hall_make(*state);
    struct person *people[PEOPLE];
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "person%d", i);
        people[i] = hall_member(&h, name);
    }
    struct role_id role = hall_role(&h, "role", 0);
    atomic_fetch_add(&h.f->wall_ms, 10 * DAY_MS);
    assert_int_equal(counted(&h, 7, NULL, 0), PEOPLE);
    assert_int_equal(prune_as(&h, h.owner, 7, NULL, 0), ERR_OK);
    run_steps(h.f, 1);
    assert_false(hall_has(&h, people[0]));
    assert_true(hall_has(&h, people[PEOPLE - 1]));
    seen(&h, people[PEOPLE - 1], 0);
    assert_int_equal(hall_give(&h, h.owner, people[PEOPLE - 2], role), ERR_OK);
    restart(h.f);
    cf_forget_events(h.f);
    run_tasks(h.f);
    assert_true(hall_has(&h, people[PEOPLE - 1]) && hall_has(&h, people[PEOPLE - 2]));
    assert_true(cf_payload_has(hall_audit(&h, "21"), "\"members_removed\":\"58\""));
    assert_int_equal(count_of(h.f, "SELECT member_count FROM guilds WHERE id = $1", h.guild.v), 3);
}

static void test_guild_goes(void **state)
{
    struct hall h = hall_make(*state);
    hall_member(&h, "idle");
    atomic_fetch_add(&h.f->wall_ms, 10 * DAY_MS);
    assert_int_equal(prune_as(&h, h.owner, 7, NULL, 0), ERR_OK);
    assert_int_equal(guild_delete(h.f->core, h.guild), ERR_OK);
    run_tasks(h.f);
    assert_int_equal(count_of(h.f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0), 0);
    assert_int_equal(count_of(h.f, "SELECT COUNT(*) FROM moderation_jobs WHERE id > $1", 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_goes, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_writing_is_being_there, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_roles, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_role_that_goes, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_who_may, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_looked_at_again, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_guild_goes, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
