/* Onboarding and welcome: what may be named, what answers give, what is kept. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/joining_fixture.h"
#include "core/members.h"
#include "core/onboarding.h"
#include "core/welcome.h"
#include "proto/bodies.h"

struct asking {
    struct body_id_item red;
    struct body_id_item blue;
    struct body_onboarding_option options[2];
    struct body_onboarding_prompt prompt;
    struct body_onboarding change;
};

/* One question with two options, each of which gives a role; mode 0, not enabled. */
static void make_question(struct asking *q, struct role_id red, struct role_id blue)
{
    *q = (struct asking){.red = {.value = red.v}, .blue = {.value = blue.v}};
    q->options[0] =
        (struct body_onboarding_option){.title = SLICE("Red"), .role_ids = {&q->red, 1}};
    q->options[1] =
        (struct body_onboarding_option){.title = SLICE("Blue"), .role_ids = {&q->blue, 1}};
    q->prompt = (struct body_onboarding_prompt){.title = SLICE("Colour?"),
                                                .single_select = true,
                                                .required = true,
                                                .in_onboarding = true,
                                                .options = {q->options, 2}};
    q->change = (struct body_onboarding){.present = 1u << BODY_ONBOARDING_PROMPTS,
                                         .prompts = {&q->prompt, 1}};
}

static enum err change(struct core_fixture *f, const struct person *by, struct guild_id guild,
                       const struct body_onboarding *c, uint64_t ids[3])
{
    struct onboarding now = {.paper = {.exists = false}};
    struct guild_view *view = NULL;
    struct access a = cf_in_guild(f, by, guild);
    enum err e = onboarding_change(f->core, &by->by, &a, c, &f->arena, &now, &view);
    if (e == ERR_OK && ids != NULL) {
        const struct body_onboarding_prompt *p = now.settings.prompts.items;
        const struct body_onboarding_option *o = p->options.items;
        ids[0] = p->id;
        ids[1] = o[0].id;
        ids[2] = o[1].id;
    }
    guild_view_unref(&view);
    paper_end(&now.paper);
    access_end(&a);
    return e;
}

static void enable(struct core_fixture *f, const struct person *owner, struct guild_id guild)
{
    struct body_id_item rooms[7];
    struct access a = cf_in_guild(f, owner, guild);
    for (int i = 0; i < 7; i++) {
        struct channel_id id;
        struct draft_problem problem;
        struct guild_view *view = NULL;
        const struct channel_draft d = {.name = SLICE("room"), .type = CHANNEL_TYPE_TEXT};
        assert_int_equal(channel_create(f->core, &owner->by, &a, &d, &id, &view, &problem), ERR_OK);
        rooms[i] = (struct body_id_item){.value = id.v};
        guild_view_unref(&view);
    }
    access_end(&a);
    const struct body_onboarding c = {.present = 1u << BODY_ONBOARDING_CHANNELS |
                                                 1u << BODY_ONBOARDING_ENABLED,
                                      .default_channel_ids = {rooms, 7},
                                      .enabled = true};
    struct body_onboarding less = c;
    less.default_channel_ids.count = 6;
    assert_int_equal(change(f, owner, guild, &less, NULL), ERR_ONBOARDING_REQUIREMENTS);
    assert_int_equal(change(f, owner, guild, &c, NULL), ERR_OK);
}

static enum err respond(struct core_fixture *f, const struct person *p, struct guild_id guild,
                        const uint64_t *options, size_t count, bool replace)
{
    struct access a = cf_in_guild(f, p, guild);
    const struct onboarding_answer d = {
        .options = options, .option_count = count, .replace = replace};
    enum err e = onboarding_respond(f->core, &p->by, &a, &d, &f->arena);
    access_end(&a);
    return e;
}

static void test_answers_give_roles(void **state)
{
    struct core_fixture *f = *state;
    struct asking q;
    uint64_t ids[3];
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct role_id red = jf_role(f, owner, guild, 0), blue = jf_role(f, owner, guild, 0);
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    make_question(&q, red, blue);
    assert_int_equal(change(f, owner, guild, &q.change, ids), ERR_OK);
    assert_int_equal(respond(f, guest, guild, &ids[1], 1, false), ERR_MISSING_ACCESS);
    enable(f, owner, guild);
    cf_forget_events(f);
    assert_int_equal(respond(f, guest, guild, &ids[1], 1, false), ERR_OK);
    const struct event *told = jf_event(f, EVENT_GUILD_MEMBER_UPDATE, 0);
    assert_non_null(told->standing);
    struct member m = jf_member(f, guild, guest);
    assert_int_equal(m.role_count, 1);
    assert_int_equal(m.roles[0].v, red.v);
    assert_int_equal(m.standing, told->position);
    assert_int_equal(m.flags, MEMBER_FLAG_STARTED_ONBOARDING | MEMBER_FLAG_COMPLETED_ONBOARDING);
    /* Added to what is there, or in its place. */
    assert_int_equal(respond(f, guest, guild, &ids[2], 1, true), ERR_OK);
    m = jf_member(f, guild, guest);
    assert_int_equal(m.role_count, 1);
    assert_int_equal(m.roles[0].v, blue.v);
    assert_int_equal(respond(f, guest, guild, &ids[1], 2, false),
                     ERR_INVALID_FORM); /* one of two */
    assert_int_equal(respond(f, guest, guild, &ids[0], 1, false), ERR_INVALID_FORM); /* no option */
    assert_int_equal(respond(f, guest, guild, NULL, 0, true), ERR_OK);
    assert_int_equal(jf_member(f, guild, guest).role_count, 0);
}

static void test_ids_stay(void **state)
{
    struct core_fixture *f = *state;
    struct asking q;
    uint64_t first[3], second[3];
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    make_question(&q, jf_role(f, owner, guild, 0), jf_role(f, owner, guild, 0));
    assert_int_equal(change(f, owner, guild, &q.change, first), ERR_OK);
    q.prompt.id = first[0];
    q.options[0].id = first[1];
    q.options[1].id = 99; /* which we never gave */
    cf_forget_events(f);
    assert_int_equal(change(f, owner, guild, &q.change, second), ERR_OK);
    assert_int_equal(second[0], first[0]);
    assert_int_equal(second[1], first[1]);
    assert_int_not_equal(second[2], 99);
    assert_int_not_equal(second[2], first[2]);
    assert_int_equal(jf_count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 2); /* settings, prompt */
}

static void test_what_may_be_named(void **state)
{
    struct core_fixture *f = *state;
    struct asking q;
    struct person *owner = cf_person(f, "owner"), *mate = cf_person(f, "mate");
    struct guild_id guild = cf_guild(f, owner);
    struct role_id harmless = jf_role(f, owner, guild, 0);
    make_question(&q, harmless, (struct role_id){guild.v});
    assert_int_equal(change(f, owner, guild, &q.change, NULL), ERR_INVALID_ROLE);
    make_question(&q, harmless, (struct role_id){5});
    assert_int_equal(change(f, owner, guild, &q.change, NULL), ERR_INVALID_ROLE);
    cf_join(f, mate, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    make_question(&q, harmless, harmless);
    assert_int_equal(change(f, mate, guild, &q.change, NULL), ERR_MISSING_PERMISSIONS);
    struct body_id_item channel = {.value = 5};
    const struct body_onboarding c = {.present = 1u << BODY_ONBOARDING_CHANNELS,
                                      .default_channel_ids = {&channel, 1}};
    assert_int_equal(change(f, owner, guild, &c, NULL), ERR_UNKNOWN_CHANNEL);
}

static void test_welcome_screen(void **state)
{
    struct core_fixture *f = *state;
    struct welcome_screen s = {.paper = {.exists = false}};
    struct person *owner = cf_person(f, "owner"), *mate = cf_person(f, "mate");
    struct guild_id guild = cf_guild(f, owner);
    cf_join(f, mate, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    struct access a = cf_in_guild(f, owner, guild), b = cf_in_guild(f, mate, guild);
    struct body_welcome_channel entry = {.channel_id = cf_general(f, guild).v,
                                         .description = SLICE("here")};
    const struct body_welcome c = {.present = 1u << BODY_WELCOME_ENABLED |
                                              1u << BODY_WELCOME_CHANNELS |
                                              1u << BODY_WELCOME_DESCRIPTION,
                                   .enabled = true,
                                   .description = SLICE("Come \"in\""),
                                   .welcome_channels = {&entry, 1}};
    assert_int_equal(welcome_screen_get(f->core, &b, &f->arena, &s), ERR_MISSING_PERMISSIONS);
    cf_forget_events(f);
    assert_int_equal(welcome_screen_change(f->core, &owner->by, &a, &c, &f->arena, &s), ERR_OK);
    paper_end(&s.paper);
    assert_int_equal(f->events[0]->kind, EVENT_GUILD_UPDATE);
    assert_int_equal(f->events[1]->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    access_end(&b);
    b = cf_in_guild(f, mate, guild);
    s = (struct welcome_screen){.paper = {.exists = false}};
    assert_int_equal(welcome_screen_get(f->core, &b, &f->arena, &s), ERR_OK);
    assert_true(cf_slice_is(s.screen.description, "Come \"in\""));
    assert_int_equal(s.screen.welcome_channels.count, 1);
    paper_end(&s.paper);
    entry.channel_id = 5;
    s = (struct welcome_screen){.paper = {.exists = false}};
    assert_int_equal(welcome_screen_change(f->core, &owner->by, &a, &c, &f->arena, &s),
                     ERR_UNKNOWN_CHANNEL);
    paper_end(&s.paper);
    access_end(&a);
    access_end(&b);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_answers_give_roles),
        T(test_ids_stay),
        T(test_what_may_be_named),
        T(test_welcome_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
