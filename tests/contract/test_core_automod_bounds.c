/* AutoMod in bounds: what blocked messages may write, where, and what compiled rules may take. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/automod_fixture.h"
#include "core/members.h"
#include "core/moderation.h"
#include "proto/events.h"

/* --- what blocked messages may write ------------------------------------------------------------
 */

static struct automod_draft alerting(struct channel_id to)
{
    struct automod_draft d = draft();
    d.rule.actions[1] = (struct automod_action){.kind = AUTOMOD_ALERT, .channel = to};
    d.rule.action_count = 2;
    return d;
}

enum { INSISTS = 30, TOLD_WINDOW_MS = 60 * 1000 };

static void test_who_insists_is_told_of_once(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = alerting(s.general);
    (void)create(&s, &d);
    cf_forget_events(f);
    for (int i = 0; i < INSISTS; i++)
        assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(count(f, EVENT_MESSAGE_CREATE), 1);
    assert_int_equal(count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 2);
    /* Who listens hears of each block, and of the one alert. */
    assert_int_equal(count(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION), INSISTS + 1);
    cf_forget_events(f);
    atomic_fetch_add(&f->mono_ahead_ms, TOLD_WINDOW_MS);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(count(f, EVENT_MESSAGE_CREATE), 1);
    assert_true(cf_payload_has(nth(f, EVENT_MESSAGE_CREATE, 0),
                               "\"name\":\"blocked_before\",\"value\":\"29\""));
    assert_true(cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0), "\"count\":\"30\""));
    /* One message that is let through, one alert; still one entry. */
    struct automod_draft flag = alerting(s.general);
    flag.rule.actions[0] = flag.rule.actions[1];
    flag.rule.action_count = 1;
    const struct slice fish = SLICE("fish");
    flag.rule.terms = (struct automod_terms){.keywords = &fish, .keyword_count = 1};
    (void)create(&s, &flag);
    cf_forget_events(f);
    for (int i = 0; i < 3; i++)
        assert_int_equal(say(&s, s.guest, "fish"), ERR_OK);
    assert_int_equal(count(f, EVENT_MESSAGE_CREATE), 6);
    assert_int_equal(count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 1);
}

/* Of many members together, too. */
static void test_a_rule_tells_so_often(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = alerting(s.general);
    (void)create(&s, &d);
    struct slice code = cf_invite(f, s.owner, s.general, 0, 0);
    for (int i = 0; i < 25; i++) {
        char name[16];
        snprintf(name, sizeof name, "raider%d", i);
        struct person *p = cf_person(f, name);
        cf_join(f, p, code);
        if (i == 0)
            cf_forget_events(f);
        assert_int_equal(say(&s, p, "badword"), ERR_AUTOMOD_BLOCKED);
    }
    size_t alerts = 0;
    for (size_t i = 0; i < f->event_count; i++)
        alerts += f->events[i]->kind == EVENT_MESSAGE_CREATE &&
                  cf_payload_has(f->events[i], "\"type\":24");
    assert_int_equal(alerts, 20);
}

/* Whoever is silent and goes on by editing gets no entry for each time. */
static void test_time_outs_are_told_when_they_begin(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message out, m = cf_post(f, s.guest, s.general, "fine");
    struct message_edit bad = {.has_content = true, .content = SLICE("badword")};
    struct automod_draft d = draft();
    d.rule.actions[1] = (struct automod_action){.kind = AUTOMOD_TIMEOUT, .duration_s = 60};
    d.rule.action_count = 2;
    (void)create(&s, &d);
    cf_forget_events(f);
    for (int i = 0; i < 5; i++) {
        struct access a = cf_in_channel(f, s.guest, s.general);
        assert_int_equal(message_edit(f->core, &s.guest->by, &a, m.id, &bad, &f->arena, &out),
                         ERR_AUTOMOD_BLOCKED);
        access_end(&a);
        atomic_fetch_add(&f->wall_ms, 1000);
    }
    assert_int_equal(count(f, EVENT_GUILD_MEMBER_UPDATE), 1);
    assert_int_equal(count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 2);
    /* When that is over, it begins anew, and is told of, however quiet the rest is. */
    atomic_fetch_add(&f->wall_ms, 60000);
    cf_forget_events(f);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
    assert_int_equal(count(f, EVENT_GUILD_MEMBER_UPDATE), 1);
    assert_int_equal(count(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE), 1);
    assert_true(
        cf_payload_has(nth(f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0), "\"action_type\":145"));
}

static void test_no_alert_into_a_channel_that_is_gone(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    struct message_draft bad = {.content = SLICE("badword")};
    struct channel_id alerts = make_text(f, s.owner, s.guild, "alerts", (struct channel_id){0});
    struct automod_draft d = alerting(alerts);
    (void)create(&s, &d);
    struct access before = cf_in_channel(f, s.guest, s.general);
    assert_int_equal(delete_channel(f, s.owner, alerts), ERR_OK);
    cf_forget_events(f);
    assert_int_equal(message_post(f->core, &s.guest->by, &before, &bad, &f->arena, &m),
                     ERR_AUTOMOD_BLOCKED);
    access_end(&before);
    assert_int_equal(count(f, EVENT_MESSAGE_CREATE), 0);
    assert_int_equal(count(f, EVENT_AUTO_MODERATION_ACTION_EXECUTION), 1);
}

/* Whoever manages rules does not write where they do not look, nor learns what is there. */
static void test_no_alerts_into_a_hidden_channel(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_rule made;
    struct draft_problem problem = {0};
    struct role_id manager;
    struct channel_id secret = make_text(f, s.owner, s.guild, "secret", (struct channel_id){0});
    struct overwrite hidden = {.id = s.guild.v, .deny = PERMISSION_VIEW_CHANNEL};
    struct role_draft role = {.set = ROLE_SETS_NAME | ROLE_SETS_PERMISSIONS,
                              .name = SLICE("manager"),
                              .permissions = PERMISSION_MANAGE_GUILD};
    assert_int_equal(put_overwrite(f, s.owner, secret, &hidden), ERR_OK);
    assert_int_equal(try_role(f, s.owner, s.guild, &role, &manager), ERR_OK);
    struct access a = cf_in_guild(f, s.owner, s.guild);
    assert_int_equal(member_give_role(f->core, &s.owner->by, &a, s.guest->who.user, manager),
                     ERR_OK);
    access_end(&a);
    struct automod_draft d = alerting(secret);
    assert_int_equal(try_create(&s, s.guest, &d, &made, &problem), ERR_INVALID_FORM);
    assert_string_equal(problem.code, "AUTO_MODERATION_INVALID_CHANNEL");
    /* The rest of such a rule they may change; not its channel for another hidden one. */
    made = create(&s, &d);
    struct automod_draft renamed = d;
    renamed.rule.name = SLICE("renamed");
    a = cf_in_guild(f, s.guest, s.guild);
    assert_int_equal(
        automod_rule_edit(f->core, &s.guest->by, &a, made.id, &renamed, &f->arena, &made, &problem),
        ERR_OK);
    access_end(&a);
    struct channel_id other = make_text(f, s.owner, s.guild, "other", (struct channel_id){0});
    assert_int_equal(put_overwrite(f, s.owner, other, &hidden), ERR_OK);
    renamed.rule.actions[1].channel = other;
    a = cf_in_guild(f, s.guest, s.guild);
    assert_int_equal(
        automod_rule_edit(f->core, &s.guest->by, &a, made.id, &renamed, &f->arena, &made, &problem),
        ERR_INVALID_FORM);
    access_end(&a);
}

/* It is in the member's name, and not the member's. */
static void test_alerts_are_not_their_subjects(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    struct automod_draft d = alerting(s.general);
    (void)create(&s, &d);
    const struct ban_wish wish = {.delete_s = 3600};
    struct message said = cf_post(f, s.guest, s.general, "harmless");
    cf_forget_events(f);
    assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
    struct message_id alert = {nth(f, EVENT_MESSAGE_CREATE, 0)->entity_id};
    struct access a = cf_in_channel(f, s.guest, s.general);
    assert_int_equal(message_delete(f->core, &s.guest->by, &a, alert), ERR_MISSING_PERMISSIONS);
    access_end(&a);
    a = cf_in_guild(f, s.owner, s.guild);
    assert_int_equal(ban_put(f->core, &s.owner->by, &a, s.guest->who.user, &wish), ERR_OK);
    access_end(&a);
    (void)run_tasks(f);
    a = cf_in_channel(f, s.owner, s.general);
    assert_int_equal(message_get(f->core, &a, said.id, &f->arena, &m), ERR_UNKNOWN_MESSAGE);
    assert_int_equal(message_get(f->core, &a, alert, &f->arena, &m), ERR_OK);
    access_end(&a);
}

/* --- compiled rules in bounded memory -----------------------------------------------------------
 */

static void limit_rules(struct core_fixture *f, size_t bytes_max)
{
    automod_cache_free(&f->core->automod);
    f->core->automod = automod_cache_new(1, &f->clock, bytes_max);
    assert_non_null(f->core->automod);
}

enum { GUILDS = 5, RULES_ROOM = 4 * 1024 * 1024 };

static void test_rules_are_kept_within_their_bytes(void **state)
{
    struct core_fixture *f = *state;
    struct scene s[GUILDS];
    const struct slice pattern = SLICE("b+a+d+");
    limit_rules(f, RULES_ROOM);
    for (int i = 0; i < GUILDS; i++) {
        s[i] = i == 0 ? scene_of(f) : s[0];
        if (i > 0) {
            s[i].guild = cf_guild(f, s[i].owner);
            s[i].general = cf_general(f, s[i].guild);
            cf_join(f, s[i].guest, cf_invite(f, s[i].owner, s[i].general, 0, 0));
        }
        struct automod_draft d = draft();
        d.rule.terms.patterns = &pattern;
        d.rule.terms.pattern_count = 1;
        (void)create(&s[i], &d);
    }
    size_t most = 0;
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < GUILDS; i++) {
            assert_int_equal(say(&s[i], s[i].guest, "so bbaadd"), ERR_AUTOMOD_BLOCKED);
            assert_int_equal(say(&s[i], s[i].guest, "so good"), ERR_OK);
            size_t bytes = automod_cache_bytes(f->core->automod);
            assert_in_range(bytes, 1, RULES_ROOM);
            most = bytes > most ? bytes : most;
        }
    assert_true(most > RULES_ROOM / 2);
}

static void test_rules_that_do_not_fit_are_in_force(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct automod_draft d = draft();
    limit_rules(f, 1);
    (void)create(&s, &d);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(say(&s, s.guest, "badword"), ERR_AUTOMOD_BLOCKED);
        assert_int_equal(say(&s, s.guest, "good word"), ERR_OK);
        assert_int_equal(automod_cache_bytes(f->core->automod), 0);
    }
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_insists_is_told_of_once),
        TEST(test_a_rule_tells_so_often),
        TEST(test_time_outs_are_told_when_they_begin),
        TEST(test_no_alert_into_a_channel_that_is_gone),
        TEST(test_no_alerts_into_a_hidden_channel),
        TEST(test_alerts_are_not_their_subjects),
        TEST(test_rules_are_kept_within_their_bytes),
        TEST(test_rules_that_do_not_fit_are_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
