/* Whether what was read of members is still what the loop has delivered. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/member_watch.h"

static struct hub hub;

static void note(struct guild_sub *s, enum event_kind kind, uint64_t user, uint64_t position)
{
    struct event e = {.kind = kind, .position = position, .entity_id = user};
    member_watch_note(s, &e);
}

/* Users 10, 20, 30, as of position 5. */
static struct member_page page(void)
{
    static struct member list[] = {{.user.id.v = 10}, {.user.id.v = 20}, {.user.id.v = 30}};
    return (struct member_page){.position = 5, .list = list, .count = 3};
}

static void test_what_asks_for_reading_again(void **state)
{
    (void)state;
    static const struct {
        enum event_kind kind;
        uint64_t user;
        uint64_t position;
        bool again;
    } CASES[] = {
        {EVENT_GUILD_MEMBER_UPDATE, 20, 6, true},  {EVENT_GUILD_MEMBER_REMOVE, 10, 6, true},
        {EVENT_GUILD_MEMBER_ADD, 30, 6, true},     {EVENT_GUILD_MEMBER_UPDATE, 20, 5, false},
        {EVENT_GUILD_MEMBER_UPDATE, 25, 6, false}, {EVENT_GUILD_MEMBER_REMOVE, 40, 6, false},
        {EVENT_MESSAGE_CREATE, 20, 6, false},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct guild_sub s = {.hub = &hub};
        struct member_page p = page();
        note(&s, CASES[i].kind, CASES[i].user, CASES[i].position); /* nobody reads */
        assert_null(s.watch);
        struct member_mark m = member_watch_begin(&s);
        note(&s, CASES[i].kind, CASES[i].user, CASES[i].position);
        assert_int_equal(member_watch_end(&s, m, &p), CASES[i].again);
        assert_null(s.watch);
    }
}

static void test_only_since_one_began(void **state)
{
    (void)state;
    struct guild_sub s = {.hub = &hub};
    struct member_page p = page();
    struct member_mark first = member_watch_begin(&s);
    note(&s, EVENT_GUILD_MEMBER_UPDATE, 20, 6);
    struct member_mark second = member_watch_begin(&s);
    assert_false(member_watch_end(&s, second, &p));
    assert_true(member_watch_end(&s, first, &p));
    assert_null(s.watch);
}

static void test_more_than_is_remembered(void **state)
{
    (void)state;
    struct guild_sub s = {.hub = &hub};
    struct member_page p = page();
    struct member_mark m = member_watch_begin(&s);
    for (uint64_t i = 0; i < 256; i++)
        note(&s, EVENT_GUILD_MEMBER_UPDATE, 1000 + i, 6 + i);
    struct member_mark late = member_watch_begin(&s);
    assert_false(member_watch_end(&s, m, &p));
    m = member_watch_begin(&s);
    for (uint64_t i = 0; i < 257; i++)
        note(&s, EVENT_GUILD_MEMBER_UPDATE, 1000 + i, 600 + i);
    assert_true(member_watch_end(&s, m, &p));
    assert_true(member_watch_end(&s, late, &p));
}

/* The guild was left and entered again while somebody read. */
static void test_another_watch(void **state)
{
    (void)state;
    struct guild_sub s = {.hub = &hub};
    struct guild_sub again = {.hub = &hub};
    struct member_page p = page();
    struct member_mark m = member_watch_begin(&s);
    struct member_mark other = member_watch_begin(&again);
    assert_true(member_watch_end(&again, m, &p));
    assert_true(member_watch_end(NULL, m, &p));
    assert_false(member_watch_end(&again, other, &p));
    assert_null(again.watch);
    member_watch_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_asks_for_reading_again),
        cmocka_unit_test(test_only_since_one_began),
        cmocka_unit_test(test_more_than_is_remembered),
        cmocka_unit_test(test_another_watch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
