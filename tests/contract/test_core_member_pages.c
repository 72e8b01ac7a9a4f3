/* Pages of members as the gateway reads them, with the position that they are of. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/moderation_fixture.h"
#include "core/member_pages.h"

static struct member_page page(const struct hall *h, const struct member_query *q)
{
    struct member_page p = {0};
    assert_int_equal(member_page_read(h->f->core, q, &h->f->arena, &p), ERR_OK);
    return p;
}

/* The position of the newest event of the guild that was published. */
static uint64_t newest(const struct hall *h)
{
    uint64_t position = 0;
    for (size_t i = 0; i < h->f->event_count; i++)
        if (h->f->events[i]->stream.kind == STREAM_GUILD && h->f->events[i]->position > position)
            position = h->f->events[i]->position;
    return position;
}

static void test_pages_follow_each_other(void **state)
{
    enum { PEOPLE = 5 };
    struct hall h = hall_make(*state);
    struct person *people[PEOPLE];
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "person%d", i);
        people[i] = hall_member(&h, name);
    }
    struct member_query q = {.kind = MEMBERS_AFTER, .guild = h.guild, .limit = 4, .counted = true};
    struct member_page p = page(&h, &q);
    assert_int_equal(p.member_count, PEOPLE + 1);
    assert_int_equal(p.count, 4);
    assert_int_equal(p.list[0].user.id.v, h.owner->who.user.v);
    assert_int_equal(p.position, newest(&h));
    q.after = p.list[3].user.id.v;
    q.counted = false;
    p = page(&h, &q);
    assert_int_equal(p.member_count, 0);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.list[1].user.id.v, people[PEOPLE - 1]->who.user.v);
    q.after = p.list[1].user.id.v;
    assert_int_equal(page(&h, &q).count, 0);
}

static void test_position(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    const struct member_query q = {.kind = MEMBERS_AFTER, .guild = h.guild, .limit = 1000};
    uint64_t before = page(&h, &q).position;
    struct member_edit d = {.parts = MEMBER_NICK, .nick = SLICE("Nick")};
    assert_int_equal(hall_edit(&h, h.owner, guest, &d, &m), ERR_OK);
    struct member_page p = page(&h, &q);
    assert_true(p.position > before);
    assert_int_equal(p.position, newest(&h));
    assert_true(cf_slice_is(p.list[1].nick, "Nick"));
}

static void test_among(void **state)
{
    struct hall h = hall_make(*state);
    struct person *a = hall_member(&h, "anna");
    struct person *b = hall_member(&h, "berta");
    struct person *stranger = cf_person(h.f, "stranger");
    struct role_id role = hall_role(&h, "role", 0);
    assert_int_equal(hall_give(&h, h.owner, b, role), ERR_OK);
    const uint64_t ids[] = {b->who.user.v, 1,         stranger->who.user.v, a->who.user.v,
                            b->who.user.v, UINT64_MAX};
    struct member_query q = {.kind = MEMBERS_AMONG, .guild = h.guild, .ids = ids, .id_count = 6};
    struct member_page p = page(&h, &q);
    assert_int_equal(p.count, 2);
    assert_int_equal(p.list[0].user.id.v, a->who.user.v);
    assert_int_equal(p.list[1].user.id.v, b->who.user.v);
    assert_int_equal(p.list[1].role_count, 1);
    assert_int_equal(p.list[1].roles[0].v, role.v);
    q.id_count = 0;
    p = page(&h, &q);
    assert_int_equal(p.count, 0);
    assert_int_equal(p.position, newest(&h));
}

static void test_named(void **state)
{
    struct hall h = hall_make(*state);
    struct person *a = hall_member(&h, "anna");
    hall_member(&h, "berta");
    struct member_query q = {
        .kind = MEMBERS_NAMED, .guild = h.guild, .prefix = SLICE("ANN"), .limit = 100};
    struct member_page p = page(&h, &q);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.list[0].user.id.v, a->who.user.v);
    q.prefix = SLICE("annas");
    assert_int_equal(page(&h, &q).count, 0);
    /* What LIKE would take for a pattern is none. */
    q.prefix = SLICE("a%");
    assert_int_equal(page(&h, &q).count, 0);
}

static void test_no_guild(void **state)
{
    struct hall h = hall_make(*state);
    struct member_page p;
    const struct member_query q = {
        .kind = MEMBERS_AFTER, .guild = {7}, .limit = 10, .counted = true};
    assert_int_equal(member_page_read(h.f->core, &q, &h.f->arena, &p), ERR_UNKNOWN_GUILD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pages_follow_each_other, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_position, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_among, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_named, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_no_guild, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
