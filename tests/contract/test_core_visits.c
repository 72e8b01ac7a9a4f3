/* The end of a visit, and the day that somebody was seen. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "core/seen.h"
#include "core/visits.h"
#include "store/members.h"

enum { DAY_MS = 86400000 };

struct visitor {
    struct core_fixture *f;
    struct person *owner;
    struct person *guest;
    struct guild_id guild;
};

static enum err make_temporary(struct tx *tx, void *ctx)
{
    const struct visitor *v = ctx;
    struct sql_stmt *s = sql_query(
        tx_sql(tx), "UPDATE members SET temporary = 1 WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, v->guild.v);
    sql_bind_u64(s, 2, v->guest->who.user.v);
    return sql_run(s);
}

static struct visitor visit(struct core_fixture *f)
{
    struct visitor v = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    v.guild = cf_guild(f, v.owner);
    cf_join(f, v.guest, cf_invite(f, v.owner, cf_general(f, v.guild), 0, 0));
    assert_int_equal(store_write(f->store, make_temporary, &v), ERR_OK);
    cf_forget_events(f);
    return v;
}

static enum err is_member(struct tx *tx, void *ctx)
{
    const struct visitor *v = ctx;
    bool exists;
    enum err e = members_exists(tx_sql(tx), v->guild, v->guest->who.user, &exists);
    return e == ERR_OK && !exists ? ERR_UNKNOWN_MEMBER : e;
}

static bool stays(struct visitor *v)
{
    assert_int_equal(member_temporary_leave(v->f->core, v->guest->who.user, v->guild), ERR_OK);
    return store_read(v->f->store, is_member, v) == ERR_OK;
}

static void test_leaves(void **state)
{
    struct visitor v = visit(*state);
    uint64_t count;
    assert_false(stays(&v));
    assert_int_equal(v.f->event_count, 2);
    const struct event *e = v.f->events[0];
    assert_int_equal(e->kind, EVENT_GUILD_MEMBER_REMOVE);
    assert_int_equal(e->entity_id, v.guest->who.user.v);
    assert_null(e->view); /* of the structure nothing changed */
    e = v.f->events[1];
    assert_int_equal(e->kind, EVENT_GUILD_DELETE);
    assert_int_equal(e->stream.id, v.guest->who.user.v);
    assert_int_equal(guild_member_count(v.f->core, v.guild, &count), ERR_OK);
    assert_int_equal(count, 1);
    /* Once more, and in a guild that is not there: nothing to do. */
    assert_false(stays(&v));
    assert_int_equal(member_temporary_leave(v.f->core, v.guest->who.user, (struct guild_id){12345}),
                     ERR_OK);
    assert_int_equal(v.f->event_count, 2);
}

static enum err give_role(struct tx *tx, void *ctx)
{
    const struct visitor *v = ctx;
    struct role_id role = {v->guild.v}; /* any that exists */
    return members_add_role(tx_sql(tx), v->guild, v->guest->who.user, role);
}

static void test_stays_with_a_role(void **state)
{
    struct visitor v = visit(*state);
    assert_int_equal(store_write(v.f->store, give_role, &v), ERR_OK);
    assert_true(stays(&v));
    assert_int_equal(v.f->event_count, 0);
}

static void test_members_stay(void **state)
{
    struct visitor v = visit(*state);
    struct person *guest = v.guest;
    v.guest = v.owner;
    assert_true(stays(&v));
    v.guest = guest;
    assert_false(stays(&v));
}

static enum err read_seen(struct tx *tx, void *ctx)
{
    struct visitor *v = ctx;
    struct user u;
    enum err e = users_find(tx_sql(tx), v->guest->who.user, &v->f->arena, &u);
    assert_int_equal(e, ERR_OK);
    return u.seen_at_ms == atomic_load(&v->f->wall_ms) / DAY_MS * DAY_MS ? ERR_OK : ERR_STORE;
}

static void test_seen(void **state)
{
    struct core_fixture *f = *state;
    struct visitor v = {.f = f, .guest = cf_person(f, "guest")};
    assert_int_equal(seen_day_ms(INT64_C(3) * DAY_MS), INT64_C(3) * DAY_MS);
    assert_int_equal(seen_day_ms(INT64_C(3) * DAY_MS - 1), INT64_C(2) * DAY_MS);
    assert_int_equal(store_read(f->store, read_seen, &v), ERR_STORE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(account_seen(f->core, v.guest->who.user), ERR_OK);
        assert_int_equal(store_read(f->store, read_seen, &v), ERR_OK);
    }
    atomic_fetch_add(&f->wall_ms, DAY_MS);
    assert_int_equal(store_read(f->store, read_seen, &v), ERR_STORE);
    assert_int_equal(account_seen(f->core, v.guest->who.user), ERR_OK);
    assert_int_equal(store_read(f->store, read_seen, &v), ERR_OK);
    /* A clock that was set back takes nothing back. */
    atomic_fetch_sub(&f->wall_ms, DAY_MS);
    assert_int_equal(account_seen(f->core, v.guest->who.user), ERR_OK);
    atomic_fetch_add(&f->wall_ms, DAY_MS);
    assert_int_equal(store_read(f->store, read_seen, &v), ERR_OK);
    assert_int_equal(f->event_count, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_leaves),
        TEST(test_stays_with_a_role),
        TEST(test_members_stay),
        TEST(test_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
