/* AutoMod: rules and their limits, what they do to messages, and rules that change meanwhile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/automod_fixture.h"
#include "core/members.h"
#include "proto/events.h"

static void test_rules_are_kept(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_rule *list = NULL, got;
    size_t n = 0;
    struct draft_problem problem;
    struct automod_draft d = draft();
    const struct role_id roles[] = {{7}, {9}};
    d.rule.exempt_roles = roles;
    d.rule.exempt_role_count = 2;
    struct automod_rule made = create(&s, &d);
    assert_int_equal(made.creator.v, s.owner->who.user.v);
    const struct event *e = nth(f, EVENT_AUTO_MODERATION_RULE_CREATE, 0);
    assert_non_null(e);
    assert_int_equal(e->entity_id, made.id.v);
    assert_true(cf_payload_has(e, "\"keyword_filter\":[\"badword\",\"awful*\"]"));
    assert_true(cf_payload_has(e, "\"exempt_roles\":[\"7\",\"9\"]"));
    e = nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0);
    assert_true(cf_payload_has(e, "\"action_type\":140"));
    assert_true(cf_payload_has(e, "\"new_value\":\"no bad words\""));

    struct access a = cf_in_guild(f, s.owner, s.guild);
    assert_int_equal(automod_rule_list(f->core, &a, &f->arena, &list, &n), ERR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].terms.keyword_count, 2);
    assert_int_equal(list[0].exempt_roles[1].v, 9);
    assert_true(cf_slice_is(list[0].actions[0].custom_message, "be nice"));

    cf_forget_events(f);
    struct automod_draft change = {
        .parts = AUTOMOD_PART_NAME | AUTOMOD_PART_TERMS,
        .rule = {.name = SLICE("renamed"), .terms = {.keywords = BAD, .keyword_count = 1}}};
    assert_int_equal(
        automod_rule_edit(f->core, &s.owner->by, &a, made.id, &change, &f->arena, &got, &problem),
        ERR_OK);
    assert_true(cf_slice_is(got.name, "renamed"));
    assert_true(got.enabled);
    assert_int_equal(got.terms.keyword_count, 1);
    assert_true(cf_payload_has(nth(f, EVENT_AUTO_MODERATION_RULE_UPDATE, 0), "\"renamed\""));
    e = nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0);
    assert_true(cf_payload_has(e, "\"key\":\"$remove_keyword_filter\",\"new_value\":[\"awful*\"]"));
    assert_true(cf_payload_has(e, "\"old_value\":\"no bad words\""));
    assert_int_equal(automod_rule_get(f->core, &a, made.id, &f->arena, &got), ERR_OK);
    assert_true(cf_slice_is(got.name, "renamed"));

    cf_forget_events(f);
    assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, made.id), ERR_OK);
    assert_non_null(nth(f, EVENT_AUTO_MODERATION_RULE_DELETE, 0));
    assert_true(
        cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0), "\"action_type\":142"));
    assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, made.id),
                     ERR_UNKNOWN_AUTOMOD_RULE);
    assert_int_equal(automod_rule_get(f->core, &a, made.id, &f->arena, &got),
                     ERR_UNKNOWN_AUTOMOD_RULE);
    access_end(&a);
}

static void test_limits(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    static const struct {
        enum automod_trigger trigger;
        int max;
    } rows[] = {{AUTOMOD_KEYWORD, 6},
                {AUTOMOD_SPAM, 1},
                {AUTOMOD_PRESET, 1},
                {AUTOMOD_MENTIONS, 1},
                {AUTOMOD_PROFILE, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct automod_draft d = draft();
        struct automod_rule made;
        struct draft_problem problem;
        d.rule.trigger = rows[i].trigger;
        if (d.rule.trigger == AUTOMOD_PROFILE) {
            d.rule.event = AUTOMOD_EVENT_MEMBER_UPDATE;
            d.rule.actions[0].kind = AUTOMOD_QUARANTINE;
        }
        for (int n = 0; n < rows[i].max; n++)
            (void)create(&s, &d);
        assert_int_equal(try_create(&s, s.owner, &d, &made, &problem), ERR_MAX_AUTOMOD_RULES);
    }
}

static void test_refused_drafts(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    const struct slice star = SLICE("**"), open = SLICE("(");
    for (int i = 0; i < 9; i++) {
        struct automod_draft d = draft();
        struct automod_rule made;
        struct draft_problem problem = {0};
        const char *field = "actions";
        switch (i) {
        case 0:
            d.rule.terms.keywords = &star;
            d.rule.terms.keyword_count = 1;
            field = "trigger_metadata.keyword_filter.0";
            break;
        case 1:
            d.rule.terms.patterns = &open;
            d.rule.terms.pattern_count = 1;
            field = "trigger_metadata.regex_patterns.0";
            break;
        case 2:
            d.rule.event = AUTOMOD_EVENT_MEMBER_UPDATE;
            field = "event_type";
            break;
        case 3:
            d.rule.action_count = 0;
            break;
        case 4:
            d.rule.actions[0].kind = AUTOMOD_QUARANTINE;
            break;
        case 5:
            d.rule.actions[1] = d.rule.actions[0];
            d.rule.action_count = 2;
            break;
        case 6:
            d.rule.actions[0] = (struct automod_action){.kind = AUTOMOD_ALERT, .channel = {5}};
            break;
        case 7:
            d.rule.trigger = AUTOMOD_PRESET;
            d.rule.actions[0] = (struct automod_action){.kind = AUTOMOD_TIMEOUT, .duration_s = 5};
            break;
        case 8:
            d.rule.actions[0] = (struct automod_action){.kind = AUTOMOD_TIMEOUT};
            break;
        }
        assert_int_equal(try_create(&s, s.owner, &d, &made, &problem), ERR_INVALID_FORM);
        assert_string_equal(problem.field, field);
        assert_non_null(problem.message);
    }
    struct automod_rule made;
    struct draft_problem problem = {0};
    struct automod_draft d = draft();
    assert_int_equal(try_create(&s, s.guest, &d, &made, &problem), ERR_MISSING_PERMISSIONS);
    assert_int_equal(f->event_count, 0);
}

static void test_blocking(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    d.rule.actions[1] = (struct automod_action){.kind = AUTOMOD_ALERT, .channel = s.general};
    d.rule.actions[2] = (struct automod_action){.kind = AUTOMOD_TIMEOUT, .duration_s = 60};
    d.rule.action_count = 3;
    assert_int_equal(say(&s, s.guest, "a badword before"), ERR_OK);
    (void)create(&s, &d);
    cf_forget_events(f);

    struct message m;
    struct slice words = {NULL, 0};
    struct message_draft md = {.content = SLICE("such AWFULNESS"), .refusal = &words};
    assert_int_equal(cf_try_post(f, s.guest, s.general, &md, &m), ERR_AUTOMOD_BLOCKED);
    assert_true(cf_slice_is(words, "be nice"));

    /* One message: the alert, in the name of the member. */
    assert_int_equal(count(f, EVENT_MESSAGE_CREATE), 1);
    const struct event *alert = nth(f, EVENT_MESSAGE_CREATE, 0);
    assert_true(cf_payload_has(alert, "\"type\":24"));
    assert_true(cf_payload_has(alert, "\"description\":\"such AWFULNESS\""));
    assert_true(cf_payload_has(alert, "\"keyword_matched_content\",\"value\":\"AWFUL\""));
    assert_int_equal(
        memmem(alert->payload_blank->data, alert->payload_blank->total, "AWFUL", 5) == NULL, 1);
    struct access a = cf_in_channel(f, s.owner, s.general);
    assert_int_equal(message_get(f->core, &a, (struct message_id){alert->entity_id}, &f->arena, &m),
                     ERR_OK);
    assert_int_equal(m.type, MESSAGE_TYPE_AUTOMOD);
    assert_true(m.embeds.len > 0);
    access_end(&a);

    /* An event and an audit entry for each action. */
    assert_int_equal(count(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION), 3);
    const struct event *done = nth(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION, 0);
    assert_true(cf_payload_has(done, "\"matched_keyword\":\"awful*\""));
    assert_true(cf_payload_has(done, "\"matched_content\":\"AWFUL\""));
    assert_true(cf_payload_has(done, "\"content\":\"such AWFULNESS\""));
    assert_true(cf_payload_has(done, "\"alert_system_message_id\":\""));
    assert_false(cf_payload_has(done, "\"message_id\":\""));
    assert_null(memmem(done->payload_blank->data, done->payload_blank->total, "AWFUL", 5));
    assert_int_equal(count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 3);
    assert_true(
        cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0), "\"action_type\":143"));
    assert_true(
        cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 1), "\"action_type\":144"));
    assert_true(
        cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 2), "\"action_type\":145"));
    assert_true(cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0), "\"user_id\":null"));

    /* The time-out, for a minute. */
    const struct event *update = nth(f, EVENT_GUILD_MEMBER_UPDATE, 0);
    assert_non_null(update);
    assert_non_null(update->standing);
    assert_int_equal(update->standing->timed_out_until_ms, atomic_load(&f->wall_ms) + 60000);
    assert_int_equal(say(&s, s.guest, "harmless"), ERR_MISSING_PERMISSIONS);
    atomic_fetch_add(&f->wall_ms, 60000);
    assert_int_equal(say(&s, s.guest, "harmless"), ERR_OK);
    /* Who manages the guild is exempt. */
    assert_int_equal(say(&s, s.owner, "badword"), ERR_OK);
}

static void test_alert_alone_lets_the_message_through(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    d.rule.actions[0] = (struct automod_action){.kind = AUTOMOD_ALERT, .channel = s.general};
    (void)create(&s, &d);
    cf_forget_events(f);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_OK);
    assert_int_equal(count(f, EVENT_MESSAGE_CREATE), 2);
    char flagged[64];
    snprintf(flagged, sizeof flagged, "\"message_id\":\"%llu\"",
             (unsigned long long)nth(f, EVENT_MESSAGE_CREATE, 0)->entity_id);
    assert_true(cf_payload_has(nth(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION, 0), flagged));
}

static void test_exemptions(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    struct automod_rule got;
    struct draft_problem problem;
    struct automod_rule made = create(&s, &d);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
    struct access a = cf_in_guild(f, s.owner, s.guild);
    const struct role_id everyone = {s.guild.v};
    struct automod_draft changes[] = {
        {AUTOMOD_PART_CHANNELS, {.exempt_channels = &s.general, .exempt_channel_count = 1}},
        {AUTOMOD_PART_CHANNELS | AUTOMOD_PART_ROLES,
         {.exempt_roles = &everyone, .exempt_role_count = 1}},
        {AUTOMOD_PART_ENABLED | AUTOMOD_PART_ROLES, {.enabled = false}},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_int_equal(automod_rule_edit(f->core, &s.owner->by, &a, made.id, &changes[i],
                                           &f->arena, &got, &problem),
                         ERR_OK);
        assert_int_equal(say(&s, s.guest, "badword"), ERR_OK);
    }
    struct automod_draft on = {AUTOMOD_PART_ENABLED, {.enabled = true}};
    assert_int_equal(
        automod_rule_edit(f->core, &s.owner->by, &a, made.id, &on, &f->arena, &got, &problem),
        ERR_OK);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, made.id), ERR_OK);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_OK);
    access_end(&a);
}

static void test_edits_are_screened(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    struct slice words = {NULL, 0};
    struct message out;
    struct message m = cf_post(f, s.guest, s.general, "fine");
    struct message_edit bad = {.has_content = true, .content = SLICE("badword"), .refusal = &words};
    struct message_edit good = {.has_content = true, .content = SLICE("finer")};
    (void)create(&s, &d);
    struct access a = cf_in_channel(f, s.guest, s.general);
    assert_int_equal(message_edit(f->core, &s.guest->by, &a, m.id, &bad, &f->arena, &out),
                     ERR_AUTOMOD_BLOCKED);
    assert_true(cf_slice_is(words, "be nice"));
    assert_int_equal(message_get(f->core, &a, m.id, &f->arena, &out), ERR_OK);
    assert_true(cf_slice_is(out.content, "fine"));
    assert_int_equal(message_edit(f->core, &s.guest->by, &a, m.id, &good, &f->arena, &out), ERR_OK);
    access_end(&a);
}

/* What was authorised, and screened, before the rule was there, is screened again. */
static void test_a_rule_is_in_force_with_its_reply(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    struct automod_draft d = draft();
    struct message_draft bad = {.content = SLICE("badword")};
    struct access before = cf_in_channel(f, s.guest, s.general);
    struct automod_rule made = create(&s, &d);
    assert_int_equal(message_post(f->core, &s.guest->by, &before, &bad, &f->arena, &m),
                     ERR_AUTOMOD_BLOCKED);
    struct access with = cf_in_channel(f, s.guest, s.general);
    struct access a = cf_in_guild(f, s.owner, s.guild);
    assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, made.id), ERR_OK);
    assert_int_equal(message_post(f->core, &s.guest->by, &before, &bad, &f->arena, &m), ERR_OK);
    access_end(&before);
    access_end(&with);
    access_end(&a);
}

/* Rules come and go while messages stream: none is accepted while the rule is there. */
struct stream_ctx {
    const struct scene *s;
    _Atomic bool stop;
    _Atomic uint64_t accepted;
    _Atomic uint64_t blocked;
};

static void *stream(void *arg)
{
    struct stream_ctx *x = arg;
    struct core_fixture *f = x->s->f;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 4 * 1024 * 1024);
    while (!atomic_load(&x->stop)) {
        struct access a;
        struct message m;
        struct message_draft d = {.content = SLICE("badword")};
        assert_int_equal(access_channel(f->core, &x->s->guest->who, x->s->general, &arena, &a),
                         ERR_OK);
        enum err e = message_post(f->core, &x->s->guest->by, &a, &d, &arena, &m);
        access_end(&a);
        assert_true(e == ERR_OK || e == ERR_AUTOMOD_BLOCKED);
        atomic_fetch_add(e == ERR_OK ? &x->accepted : &x->blocked, 1);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

static void test_no_message_passes_a_rule_that_is_there(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct stream_ctx x = {.s = &s};
    pthread_t threads[2];
    struct automod_draft d = draft();
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, stream, &x), 0);
    for (int round = 0; round < 20; round++) {
        struct automod_rule made = create(&s, &d);
        uint64_t accepted = atomic_load(&x.accepted), blocked = atomic_load(&x.blocked);
        /* Those that were committed before the rule may still have to count themselves. */
        while (atomic_load(&x.blocked) < blocked + 8)
            sched_yield();
        assert_in_range(atomic_load(&x.accepted), accepted, accepted + 2);
        struct access a = cf_in_guild(f, s.owner, s.guild);
        assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, made.id), ERR_OK);
        access_end(&a);
        accepted = atomic_load(&x.accepted);
        while (atomic_load(&x.accepted) == accepted)
            sched_yield();
    }
    atomic_store(&x.stop, true);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    /* In the order of the log, too. */
    bool there = false;
    for (size_t i = 0; i < f->event_count; i++) {
        enum event_kind kind = f->events[i]->kind;
        there = kind == EVENT_AUTO_MODERATION_RULE_CREATE   ? true
                : kind == EVENT_AUTO_MODERATION_RULE_DELETE ? false
                                                            : there;
        assert_false(kind == EVENT_MESSAGE_CREATE && there);
    }
}

static void test_spam_and_mentions(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    d.rule.trigger = AUTOMOD_SPAM;
    (void)create(&s, &d);
    d.rule.trigger = AUTOMOD_MENTIONS;
    d.rule.terms = (struct automod_terms){.mention_limit = 2, .mention_raid = true};
    (void)create(&s, &d);
    for (int i = 0; i < 5; i++)
        assert_int_equal(say(&s, s.guest, "same again"), ERR_OK);
    assert_int_equal(say(&s, s.guest, "SAME again"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(say(&s, s.guest, "something else"), ERR_OK);
    assert_int_equal(say(&s, s.guest, "<@1> <@2>"), ERR_OK);
    assert_int_equal(say(&s, s.guest, "<@1> <@2> <@&3>"), ERR_AUTOMOD_BLOCKED);
    char text[32];
    enum err e = ERR_OK;
    int sent = 0;
    for (; sent < 60 && e == ERR_OK; sent++) {
        snprintf(text, sizeof text, "<@1> hello %d", sent);
        e = say(&s, s.guest, text);
    }
    assert_int_equal(e, ERR_AUTOMOD_BLOCKED);
    assert_in_range(sent, 45, 51);
}

static void test_profiles(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    const struct slice names = SLICE("*guest*");
    struct automod_draft d = draft();
    d.rule.trigger = AUTOMOD_PROFILE;
    d.rule.event = AUTOMOD_EVENT_MEMBER_UPDATE;
    d.rule.terms = (struct automod_terms){.keywords = &names, .keyword_count = 1};
    d.rule.actions[0] = (struct automod_action){.kind = AUTOMOD_QUARANTINE};
    struct automod_rule made = create(&s, &d);
    cf_forget_events(f);
    assert_int_equal(say(&s, s.guest, "hello"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(count(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION), 1);
    assert_true(
        cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0), "\"action_type\":146"));
    /* Told once. */
    assert_int_equal(say(&s, s.guest, "hello"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(count(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION), 1);
    struct access a = cf_in_guild(f, s.owner, s.guild);
    assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, made.id), ERR_OK);
    access_end(&a);
    assert_int_equal(say(&s, s.guest, "hello"), ERR_OK);
}

struct replayed {
    struct event *events[64];
    size_t count;
};

static void on_replayed(void *ctx, struct event *e)
{
    struct replayed *r = ctx;
    assert_true(r->count < 64);
    r->events[r->count++] = e;
}

static void test_replay(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    struct replayed all = {0};
    struct automod_rule kept = create(&s, &d);
    struct automod_rule gone = create(&s, &d);
    struct access a = cf_in_guild(f, s.owner, s.guild);
    assert_int_equal(automod_rule_delete(f->core, &s.owner->by, &a, gone.id), ERR_OK);
    access_end(&a);
    assert_int_equal(
        events_replay(f->core, (struct stream){STREAM_GUILD, s.guild.v}, 0, 64, on_replayed, &all),
        ERR_OK);
    size_t seen = 0;
    for (size_t i = 0; i < all.count; i++) {
        const struct event *e = all.events[i];
        if (e->kind == EVENT_AUTO_MODERATION_RULE_CREATE) {
            assert_int_equal(e->payload != NULL, e->entity_id == kept.id.v);
            seen++;
        } else if (e->kind == EVENT_AUTO_MODERATION_RULE_DELETE) {
            assert_int_equal(e->entity_id, gone.id.v);
            assert_true(cf_payload_has(e, "\"name\":\"no bad words\""));
            assert_true(cf_payload_has(e, "\"trigger_type\":1"));
            seen++;
        }
    }
    assert_int_equal(seen, 3);
    while (all.count > 0)
        event_unref(&all.events[--all.count]);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_rules_are_kept),
        TEST(test_limits),
        TEST(test_refused_drafts),
        TEST(test_blocking),
        TEST(test_alert_alone_lets_the_message_through),
        TEST(test_exemptions),
        TEST(test_edits_are_screened),
        TEST(test_a_rule_is_in_force_with_its_reply),
        TEST(test_no_message_passes_a_rule_that_is_there),
        TEST(test_spam_and_mentions),
        TEST(test_profiles),
        TEST(test_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
