/* Relations, notes, settings and profiles: both sides, the events, and the log. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "contract/core_fixture.h"
#include "contract/replay_fixture.h"
#include "core/members.h"
#include "core/profile.h"
#include "core/relationships.h"
#include "core/tasks.h"
#include "core/user_settings.h"
#include "store/relationships.h"

/* What `other` is to p; -1: there is no row. */
static int type_of(struct core_fixture *f, const struct person *p, const struct person *other)
{
    struct relationship *list;
    size_t count;
    assert_int_equal(relationship_list(f->core, p->who.user, &f->arena, &list, &count), ERR_OK);
    for (size_t i = 0; i < count; i++)
        if (list[i].other.id.v == other->who.user.v)
            return (int)list[i].type;
    return -1;
}

enum step_kind { ASK, BLOCK, END };

static enum err step(struct core_fixture *f, enum step_kind kind, const struct person *p,
                     const struct person *other)
{
    switch (kind) {
    case ASK:
        return relationship_ask(f->core, &p->by, other->who.user);
    case BLOCK:
        return relationship_block(f->core, &p->by, other->who.user);
    case END:
        break;
    }
    return relationship_end(f->core, &p->by, other->who.user);
}

/* One pair of people, one step after the other: by whom, what comes of it, what each is then. */
static void both_sides_always_agree(void **state)
{
    struct core_fixture *f = *state;
    struct person *two[] = {cf_person(f, "ada"), cf_person(f, "bob")};
    static const struct {
        int by;
        enum step_kind kind;
        enum err expected;
        int first; /* what bob is to ada */
        int second;
    } steps[] = {
        {0, ASK, ERR_OK, RELATIONSHIP_OUTGOING, RELATIONSHIP_INCOMING},
        {0, ASK, ERR_OK, RELATIONSHIP_OUTGOING, RELATIONSHIP_INCOMING},
        {1, END, ERR_OK, -1, -1},
        {1, ASK, ERR_OK, RELATIONSHIP_INCOMING, RELATIONSHIP_OUTGOING},
        {0, ASK, ERR_OK, RELATIONSHIP_FRIEND, RELATIONSHIP_FRIEND},
        {0, ASK, ERR_RELATIONSHIP_ALREADY_FRIENDS, RELATIONSHIP_FRIEND, RELATIONSHIP_FRIEND},
        {1, BLOCK, ERR_OK, -1, RELATIONSHIP_BLOCKED},
        {0, ASK, ERR_RELATIONSHIP_INCOMING_BLOCKED, -1, RELATIONSHIP_BLOCKED},
        {1, ASK, ERR_RELATIONSHIP_INCOMING_BLOCKED, -1, RELATIONSHIP_BLOCKED},
        {0, END, ERR_OK, -1, RELATIONSHIP_BLOCKED},
        {0, BLOCK, ERR_OK, RELATIONSHIP_BLOCKED, RELATIONSHIP_BLOCKED},
        {1, END, ERR_OK, RELATIONSHIP_BLOCKED, -1},
        {0, END, ERR_OK, -1, -1},
        {0, END, ERR_OK, -1, -1},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        enum err e = step(f, steps[i].kind, two[steps[i].by], two[1 - steps[i].by]);
        assert_int_equal(e, steps[i].expected);
        assert_int_equal(type_of(f, two[0], two[1]), steps[i].first);
        assert_int_equal(type_of(f, two[1], two[0]), steps[i].second);
    }
    for (size_t i = 0; i < 2; i++)
        assert_true(rf_check(f, core_user_stream(two[i]->who.user), EVENT_RELATIONSHIP_REMOVE) > 0);
    assert_int_equal(step(f, ASK, two[0], two[0]), ERR_RELATIONSHIP_SELF);
}

static void what_the_log_gives_back(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    assert_int_equal(relationship_ask_name(f->core, &a->by, SLICE("BOB")), ERR_OK);
    assert_int_equal(relationship_ask_name(f->core, &a->by, SLICE("nobody")),
                     ERR_RELATIONSHIP_NO_TAG);
    cf_forget_events(f); /* what was asked is told as it is now: friends */
    assert_int_equal(relationship_ask(f->core, &b->by, a->who.user), ERR_OK);
    assert_int_equal(note_set(f->core, &a->by, b->who.user, SLICE("tall")), ERR_OK);
    const struct stream s = core_user_stream(a->who.user);
    assert_int_equal(rf_check(f, s, EVENT_RELATIONSHIP_ADD), 1);
    assert_int_equal(rf_check(f, s, EVENT_USER_NOTE_UPDATE), 1);
    assert_int_equal(rf_check(f, core_user_stream(b->who.user), EVENT_RELATIONSHIP_ADD), 1);
    cf_forget_events(f);
    assert_int_equal(relationship_nickname(f->core, &a->by, b->who.user, SLICE("Bobby")), ERR_OK);
    assert_int_equal(rf_check(f, s, EVENT_RELATIONSHIP_UPDATE), 1);
    assert_int_equal(relationship_ignore(f->core, &a->by, b->who.user, true), ERR_OK);
    assert_int_equal(relationship_end(f->core, &a->by, b->who.user), ERR_OK);
    assert_int_equal(type_of(f, a, b), RELATIONSHIP_NONE);
    assert_int_equal(relationship_ignore(f->core, &a->by, b->who.user, false), ERR_OK);
    assert_int_equal(type_of(f, a, b), -1);
    struct slice note;
    assert_int_equal(note_get(f->core, a->who.user, b->who.user, &f->arena, &note), ERR_OK);
    assert_true(cf_slice_is(note, "tall"));
    assert_int_equal(note_get(f->core, b->who.user, a->who.user, &f->arena, &note),
                     ERR_UNKNOWN_USER);
}

struct crowd {
    struct user_id user;
    size_t friends;
    size_t blocked;
};

static enum err insert_crowd(struct tx *tx, void *ctx)
{
    const struct crowd *x = ctx;
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->friends + x->blocked && e == ERR_OK; i++) {
        char name[32];
        snprintf(name, sizeof name, "crowd_%zu", i);
        struct user u = {.id = {tx_id(tx)}, .tenant = TENANT_DEFAULT, .username = slice_from(name)};
        struct relationship r = {
            .other = u, .type = i < x->friends ? RELATIONSHIP_FRIEND : RELATIONSHIP_BLOCKED};
        e = users_insert(tx_sql(tx), &u, 0);
        if (e == ERR_OK)
            e = relationships_set(tx_sql(tx), x->user, &r);
    }
    return e;
}

/* As many as there can be fit into a request; one more is refused. */
static void the_limits(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    struct crowd crowd = {a->who.user, LIMIT_FRIENDS, LIMIT_BLOCKED};
    assert_int_equal(store_write(f->store, insert_crowd, &crowd), ERR_OK);
    assert_int_equal(relationship_ask(f->core, &a->by, b->who.user), ERR_MAX_FRIENDS);
    assert_int_equal(relationship_ask(f->core, &b->by, a->who.user), ERR_OK);
    assert_int_equal(relationship_ask(f->core, &a->by, b->who.user), ERR_MAX_FRIENDS);
    assert_int_equal(relationship_block(f->core, &a->by, b->who.user), ERR_MAX_BLOCKED);
    struct arena arena;
    struct relationship *list;
    size_t count;
    arena_init(&arena, MEM_CORE, LIMIT_REQUEST_ARENA_BYTES);
    assert_int_equal(relationship_list(f->core, a->who.user, &arena, &list, &count), ERR_OK);
    assert_int_equal(count, LIMIT_FRIENDS + LIMIT_BLOCKED + 1);
    arena_deinit(&arena);
}

static void settings_go_over_what_was_there(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    struct guild_id g = cf_guild(f, a);
    struct slice text;
    struct body_user_settings patch = {.present = 1U << BODY_SETTINGS_THEME,
                                       .theme = SLICE("light")};
    assert_int_equal(user_settings_change(f->core, &a->by, &patch, &f->arena, &text), ERR_OK);
    cf_forget_events(f); /* settings are told as they are now */
    struct body_id_item item = {.value = g.v};
    patch = (struct body_user_settings){.present = 1U << BODY_SETTINGS_RESTRICTED_GUILDS |
                                                   1U << BODY_SETTINGS_FRIEND_SOURCES,
                                        .restricted_guilds = {&item, 1},
                                        .friend_sources = {.present = 7}};
    assert_int_equal(user_settings_change(f->core, &a->by, &patch, &f->arena, &text), ERR_OK);
    assert_non_null(strstr(text.data, "\"theme\":\"light\""));
    assert_non_null(strstr(text.data, "\"restricted_guilds\":[\""));
    assert_int_equal(rf_check(f, core_user_stream(a->who.user), EVENT_USER_SETTINGS_UPDATE), 1);
    assert_int_equal(relationship_ask(f->core, &b->by, a->who.user),
                     ERR_RELATIONSHIP_INCOMING_DISABLED);
}

static void a_profile_is_told_to_each_guild(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    struct guild_id own = cf_guild(f, a), other = cf_guild(f, b);
    cf_join(f, a, cf_invite(f, b, cf_general(f, other), 0, 0));
    char token[TOKEN_TEXT_MAX];
    enum account_conflict conflict;
    struct user user;
    cf_forget_events(f);
    const struct profile_change d = {.parts =
                                         PROFILE_GLOBAL_NAME | PROFILE_ACCENT_COLOR | PROFILE_BIO,
                                     .global_name = SLICE("Ada L."),
                                     .accent_color = ROLE_COLOR_SET,
                                     .bio = SLICE("engines")};
    assert_int_equal(profile_change(f->core, &a->by, &d, &f->arena, token, &user, &conflict),
                     ERR_OK);
    for (bool more = true; more;)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
    assert_int_equal(rf_check(f, core_user_stream(a->who.user), EVENT_USER_UPDATE), 1);
    assert_int_equal(rf_check(f, core_guild_stream(own), EVENT_GUILD_MEMBER_UPDATE), 1);
    assert_int_equal(rf_check(f, core_guild_stream(other), EVENT_GUILD_MEMBER_UPDATE), 1);
    struct profile p;
    assert_int_equal(profile_get(f->core, b->who.user, a->who.user, &f->arena, &p), ERR_OK);
    assert_true(cf_slice_is(p.user.global_name, "Ada L."));
    assert_true(cf_slice_is(p.user.bio, "engines"));
    assert_int_equal(p.user.accent_color, ROLE_COLOR_SET);
    assert_int_equal(p.guild_count, 1);
    assert_int_equal(p.guilds[0].v, other.v);
    struct person *c = cf_person(f, "cleo");
    assert_int_equal(profile_get(f->core, c->who.user, a->who.user, &f->arena, &p),
                     ERR_MISSING_ACCESS);
    const struct profile_change none = {.parts = PROFILE_ACCENT_COLOR};
    assert_int_equal(profile_change(f->core, &a->by, &none, &f->arena, token, &user, &conflict),
                     ERR_OK);
    assert_int_equal(profile_get(f->core, b->who.user, a->who.user, &f->arena, &p), ERR_OK);
    assert_int_equal(p.user.accent_color, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cf_setup, cf_teardown)
    const struct CMUnitTest tests[] = {
        TEST(both_sides_always_agree),
        TEST(what_the_log_gives_back),
        TEST(the_limits),
        TEST(settings_go_over_what_was_there),
        TEST(a_profile_is_told_to_each_guild),
    };
    return cmocka_run_group_tests_name("core_relationships", tests, NULL, NULL);
}
