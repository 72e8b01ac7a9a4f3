/* Read states: marks that go forward, what is unread above them, settings, and what becomes of all
 * of it when channels, guilds and people go. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/snowflake.h"
#include "contract/replay_fixture.h"
#include "contract/structure_fixture.h"
#include "contract/tasks_fixture.h"
#include "core/members.h"
#include "core/notification_settings.h"
#include "core/read_states.h"
#include "core/recent_mentions.h"
#include "core/relationships.h"
#include "store/read_states.h"

struct stage {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild;
    struct channel_id general;
};

static struct stage stage_of(struct core_fixture *f)
{
    struct stage s = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    return s;
}

static struct stream own_stream(const struct person *p)
{
    return (struct stream){STREAM_USER, p->by.who->user.v};
}

static enum err ack(struct stage *s, const struct person *p, struct message_id id, bool manual)
{
    struct access a = cf_in_channel(s->f, p, s->general);
    struct read_mark m = {.a = &a, .message = id, .manual = manual};
    enum err e = read_state_ack(s->f->core, &p->by, &m, 1);
    access_end(&a);
    return e;
}

/* What READY would say of a channel; version 0 and no count if it says nothing. */
static struct read_state ready_of(struct stage *s, const struct person *p, uint64_t entity)
{
    struct session_snapshot snapshot;
    struct read_state none = {.entity = entity};
    assert_int_equal(session_snapshot_load(s->f->core, p->by.who, &s->f->arena, &snapshot), ERR_OK);
    const struct read_summary *r = &snapshot.people.read;
    for (size_t i = 0; i < r->count; i++)
        if (r->states[i].entity == entity)
            return r->states[i];
    return none;
}

static uint64_t mentions(struct stage *s, const struct person *p)
{
    return ready_of(s, p, s->general.v).mention_count;
}

static struct message mention(struct stage *s, const struct person *by, const struct person *whom)
{
    char text[64];
    snprintf(text, sizeof text, "hello <@%llu>", (unsigned long long)whom->by.who->user.v);
    return cf_post(s->f, by, s->general, text);
}

static void test_marks_go_forward(void **state)
{
    struct stage s = stage_of(*state);
    struct message a = cf_post(s.f, s.owner, s.general, "a");
    struct message b = cf_post(s.f, s.owner, s.general, "b");
    cf_forget_events(s.f);
    assert_int_equal(ack(&s, s.guest, b.id, false), ERR_OK);
    assert_int_equal(s.f->event_count, 1);
    assert_int_equal(cf_event_back(s.f, 0)->kind, EVENT_MESSAGE_ACK);
    struct read_state first = ready_of(&s, s.guest, s.general.v);
    assert_int_equal(first.last_acked, b.id.v);
    assert_int_equal(first.flags, 1);
    assert_int_equal(ack(&s, s.guest, a.id, false), ERR_OK); /* not back */
    assert_int_equal(ack(&s, s.guest, b.id, false), ERR_OK); /* nothing new */
    assert_int_equal(s.f->event_count, 1);
    assert_int_equal(ack(&s, s.guest, a.id, true), ERR_OK); /* unless they say so */
    assert_int_equal(s.f->event_count, 2);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"manual\":true"));
    struct read_state second = ready_of(&s, s.guest, s.general.v);
    assert_int_equal(second.last_acked, a.id.v);
    assert_true(second.version > first.version);
    /* Nobody has read what is yet to come. */
    assert_int_equal(ack(&s, s.guest, (struct message_id){INT64_MAX}, false), ERR_OK);
    assert_true(ready_of(&s, s.guest, s.general.v).last_acked <
                snowflake_at(atomic_load(&s.f->wall_ms) + 2));
    assert_int_equal(ready_of(&s, s.owner, s.general.v).version, 0);
}

static void test_replayed(void **state)
{
    struct stage s = stage_of(*state);
    struct message a = cf_post(s.f, s.owner, s.general, "a");
    assert_int_equal(ack(&s, s.guest, a.id, false), ERR_OK);
    assert_int_equal(rf_check(s.f, own_stream(s.guest), EVENT_MESSAGE_ACK), 1);
    assert_int_equal(
        read_state_ack_item(s.f->core, &s.guest->by, s.guild, READ_STATE_GUILD_EVENTS, a.id.v),
        ERR_OK);
    assert_int_equal(rf_check(s.f, own_stream(s.guest), EVENT_GUILD_FEATURE_ACK), 1);
    assert_int_equal(read_state_ack_item(s.f->core, &s.guest->by, (struct guild_id){0},
                                         READ_STATE_MESSAGE_REQUESTS, a.id.v),
                     ERR_OK);
    assert_int_equal(rf_check(s.f, own_stream(s.guest), EVENT_USER_NON_CHANNEL_ACK), 1);
    struct access in = cf_in_channel(s.f, s.guest, s.general);
    assert_int_equal(read_state_ack_pins(s.f->core, &s.guest->by, &in), ERR_OK);
    access_end(&in);
    assert_int_equal(rf_check(s.f, own_stream(s.guest), EVENT_CHANNEL_PINS_ACK), 1);
    assert_true(ready_of(&s, s.guest, s.general.v).last_pin_acked_ms > 0);
}

static void test_mentions_counted(void **state)
{
    struct stage s = stage_of(*state);
    struct message first = mention(&s, s.owner, s.guest);
    mention(&s, s.owner, s.guest);
    mention(&s, s.guest, s.guest); /* one's own does not count */
    cf_post(s.f, s.owner, s.general, "nobody");
    assert_int_equal(mentions(&s, s.guest), 2);
    assert_int_equal(mentions(&s, s.owner), 0);
    assert_int_equal(ack(&s, s.guest, first.id, false), ERR_OK);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"mention_count\":1"));
    assert_int_equal(mentions(&s, s.guest), 1);
    struct message last = cf_post(s.f, s.owner, s.general, "@everyone <@1>");
    assert_int_equal(mentions(&s, s.guest), 2);
    assert_int_equal(ack(&s, s.guest, last.id, false), ERR_OK);
    assert_int_equal(mentions(&s, s.guest), 0);
}

/* A deleted message is not unread, nor what somebody wrote who is blocked. */
static void test_mentions_that_do_not_count(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = mention(&s, s.owner, s.guest);
    mention(&s, s.owner, s.guest);
    assert_int_equal(mentions(&s, s.guest), 2);
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    assert_int_equal(message_delete(s.f->core, &s.owner->by, &a, m.id), ERR_OK);
    access_end(&a);
    assert_int_equal(mentions(&s, s.guest), 1);
    assert_int_equal(relationship_block(s.f->core, &s.guest->by, s.owner->by.who->user), ERR_OK);
    assert_int_equal(mentions(&s, s.guest), 0);
}

/* What was said to everyone while somebody was away does not wait for them. */
static void test_mentions_while_away(void **state)
{
    struct stage s = stage_of(*state);
    struct message a = cf_post(s.f, s.owner, s.general, "@everyone");
    assert_int_equal(ack(&s, s.guest, a.id, false), ERR_OK);
    assert_int_equal(member_leave(s.f->core, &s.guest->by, s.guild), ERR_OK);
    cf_post(s.f, s.owner, s.general, "@everyone");
    atomic_fetch_add(&s.f->wall_ms, 1000);
    cf_join(s.f, s.guest, cf_invite(s.f, s.owner, s.general, 0, 0));
    assert_int_equal(mentions(&s, s.guest), 0);
    cf_post(s.f, s.owner, s.general, "@everyone");
    assert_int_equal(mentions(&s, s.guest), 1);
}

/* What a message says now counts, and what somebody is now. */
static void test_mentions_follow_edits_and_roles(void **state)
{
    struct stage s = stage_of(*state);
    struct message out;
    char text[64];
    struct message m = mention(&s, s.owner, s.guest);
    assert_int_equal(mentions(&s, s.guest), 1);
    struct message_edit edit = {.has_content = true, .content = SLICE("nobody")};
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    assert_int_equal(message_edit(s.f->core, &s.owner->by, &a, m.id, &edit, &s.f->arena, &out),
                     ERR_OK);
    assert_int_equal(mentions(&s, s.guest), 0);
    struct role_id role = make_role(s.f, s.owner, s.guild, "callees", 0);
    snprintf(text, sizeof text, "<@&%llu> and @everyone", (unsigned long long)role.v);
    cf_post(s.f, s.owner, s.general, text);
    assert_int_equal(mentions(&s, s.guest), 1);
    snprintf(text, sizeof text, "<@&%llu>", (unsigned long long)role.v);
    cf_post(s.f, s.owner, s.general, text);
    assert_int_equal(mentions(&s, s.guest), 1); /* not theirs */
    give_role(s.f, s.guild, s.guest, role);
    assert_int_equal(mentions(&s, s.guest), 2);
    assert_int_equal(delete_role(s.f, s.owner, s.guild, role), ERR_OK);
    assert_int_equal(mentions(&s, s.guest), 1);
    access_end(&a);
}

static void test_own_newest_is_read(void **state)
{
    struct stage s = stage_of(*state);
    struct message a = cf_post(s.f, s.owner, s.general, "a");
    assert_int_equal(ack(&s, s.guest, a.id, false), ERR_OK);
    struct message own = cf_post(s.f, s.guest, s.general, "mine");
    assert_int_equal(ready_of(&s, s.guest, s.general.v).last_acked, own.id.v);
    cf_post(s.f, s.owner, s.general, "b");
    assert_int_equal(ready_of(&s, s.guest, s.general.v).last_acked, a.id.v);
}

static void test_guild_read(void **state)
{
    struct stage s = stage_of(*state);
    struct message last = mention(&s, s.owner, s.guest);
    struct access a;
    assert_int_equal(access_guild(s.f->core, s.guest->by.who, s.guild, &s.f->arena, &a), ERR_OK);
    assert_int_equal(read_state_ack_guild(s.f->core, &s.guest->by, &a), ERR_OK);
    access_end(&a);
    assert_int_equal(mentions(&s, s.guest), 0);
    assert_int_equal(ready_of(&s, s.guest, s.general.v).last_acked, last.id.v);
    assert_int_equal(read_state_forget(s.f->core, &s.guest->by, s.general), ERR_OK);
    assert_int_equal(ready_of(&s, s.guest, s.general.v).version, 0);
    assert_int_equal(mentions(&s, s.guest), 1);
}

static struct notification_settings set(struct stage *s, const struct person *p,
                                        struct notification_change *change)
{
    struct notification_settings out;
    change->guild = s->guild;
    assert_int_equal(
        notification_settings_change(s->f->core, &p->by, change, 1, &s->f->arena, &out), ERR_OK);
    return out;
}

static bool says(struct slice document, const char *text)
{
    return memmem(document.data, document.len, text, strlen(text)) != NULL;
}

static void test_settings(void **state)
{
    struct stage s = stage_of(*state);
    struct notification_override override = {
        .values = {.channel_id = s.general.v,
                   .muted = true,
                   .present = UINT64_C(1) << BODY_NOTIFICATION_MUTED}};
    struct notification_change quiet = {
        .values = {.suppress_everyone = true,
                   .present = UINT64_C(1) << BODY_NOTIFICATION_SUPPRESS_EVERYONE},
        .overrides = &override,
        .override_count = 1};
    cf_post(s.f, s.owner, s.general, "@everyone");
    assert_int_equal(mentions(&s, s.guest), 1);
    struct notification_settings first = set(&s, s.guest, &quiet);
    assert_true(says(first.document, "\"suppress_everyone\":true"));
    assert_true(says(first.document, "\"muted\":true"));
    assert_int_equal(mentions(&s, s.guest), 0);
    assert_int_equal(rf_check(s.f, own_stream(s.guest), EVENT_USER_GUILD_SETTINGS_UPDATE), 1);
    /* What is not sent stays; an override that is null goes. */
    struct notification_override gone = {.values = {.channel_id = s.general.v}, .removed = true};
    struct notification_change less = {.overrides = &gone, .override_count = 1};
    struct notification_settings second = set(&s, s.guest, &less);
    assert_true(second.version > first.version);
    assert_true(says(second.document, "\"suppress_everyone\":true"));
    assert_true(says(second.document, "\"channel_overrides\":[]"));
}

static void test_recent_mentions(void **state)
{
    struct stage s = stage_of(*state);
    struct message *list = NULL;
    size_t count = 0;
    struct mention_query q = {.limit = 25, .everyone = true, .roles = true};
    struct message a = mention(&s, s.owner, s.guest);
    struct message b = cf_post(s.f, s.owner, s.general, "@everyone");
    assert_int_equal(
        recent_mentions_list(s.f->core, s.guest->by.who, &q, &s.f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].id.v, b.id.v);
    assert_int_equal(list[1].id.v, a.id.v);
    q.everyone = false;
    assert_int_equal(
        recent_mentions_list(s.f->core, s.guest->by.who, &q, &s.f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(recent_mention_delete(s.f->core, &s.guest->by, b.id), ERR_UNKNOWN_MESSAGE);
    assert_int_equal(recent_mention_delete(s.f->core, &s.guest->by, a.id), ERR_OK);
    assert_int_equal(rf_check(s.f, own_stream(s.guest), EVENT_RECENT_MENTION_DELETE), 1);
    assert_int_equal(
        recent_mentions_list(s.f->core, s.guest->by.who, &q, &s.f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(mentions(&s, s.guest), 1); /* everyone */
}

/* A channel that was deleted while the request was on its way gets no mark that nothing removes. */
static void test_no_mark_in_what_is_gone(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = cf_post(s.f, s.owner, s.general, "a");
    assert_int_equal(ack(&s, s.owner, m.id, false), ERR_OK);
    struct access late = cf_in_channel(s.f, s.guest, s.general);
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    struct message_id last;
    assert_int_equal(channel_delete(s.f->core, &s.owner->by, &a, &last), ERR_OK);
    access_end(&a);
    struct read_mark mark = {.a = &late, .message = m.id};
    assert_int_equal(read_state_ack(s.f->core, &s.guest->by, &mark, 1), ERR_UNKNOWN_CHANNEL);
    access_end(&late);
    assert_true(run_tasks(s.f) > 0);
    assert_int_equal(
        count_of(s.f, "SELECT COUNT(*) FROM read_states WHERE entity_id = $1", s.general.v), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_marks_go_forward),
        TEST(test_replayed),
        TEST(test_mentions_counted),
        TEST(test_mentions_that_do_not_count),
        TEST(test_mentions_while_away),
        TEST(test_mentions_follow_edits_and_roles),
        TEST(test_own_newest_is_read),
        TEST(test_guild_read),
        TEST(test_settings),
        TEST(test_recent_mentions),
        TEST(test_no_mark_in_what_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
