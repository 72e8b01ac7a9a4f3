/* Retention: what is too old goes, in steps, and is told; pinned messages stay. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"
#include "core/dms.h"
#include "core/pins.h"
#include "core/retention.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

struct scene {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild;
    struct channel_id general, other;
};

static struct scene scene_of(struct core_fixture *f)
{
    struct scene s = {f, cf_person(f, "owner"), cf_person(f, "guest"), {0}, {0}, {0}};
    struct channel_id none = {0};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    s.other = make_text(f, s.owner, s.guild, "other", none);
    cf_forget_events(f);
    return s;
}

static enum err try_set(const struct scene *s, const struct person *p, uint64_t channel,
                        uint64_t keep_s, bool remove)
{
    struct access a = cf_in_guild(s->f, p, s->guild);
    const struct retention_rule rule = {{channel}, keep_s};
    enum err e = retention_set(s->f->core, &p->by, &a, &rule, remove);
    access_end(&a);
    return e;
}

static void set(const struct scene *s, uint64_t channel, uint64_t keep_s)
{
    assert_int_equal(try_set(s, s->owner, channel, keep_s, false), ERR_OK);
}

static void later(const struct scene *s, int64_t seconds)
{
    atomic_fetch_add(&s->f->wall_ms, seconds * 1000);
}

/* One pass; how many steps it had. */
static unsigned run(const struct scene *s, uint64_t keep_s)
{
    struct retention_walk walk = {.left = false};
    unsigned steps = 0;
    for (bool more = true; more; steps++) {
        assert_true(steps < 1000);
        assert_int_equal(retention_step(s->f->core, keep_s, &walk, &more), ERR_OK);
    }
    assert_int_equal(walk.guild.v, 0); /* the next pass begins at the beginning */
    assert_int_equal(walk.channel.v, 0);
    return steps;
}

static uint64_t left(const struct scene *s, struct channel_id channel)
{
    return count_of(s->f, "SELECT count(*) FROM messages WHERE channel_id = $1", channel.v);
}

static void fill(const struct scene *s, struct channel_id channel, int count)
{
    for (int i = 0; i < count; i++)
        cf_post(s->f, s->guest, channel, "words");
}

static void test_rules_of_guild_and_channel(void **state)
{
    struct scene s = scene_of(*state);
    fill(&s, s.general, 3);
    fill(&s, s.other, 3);
    later(&s, 2 * DAY_S);
    fill(&s, s.general, 1);
    fill(&s, s.other, 1);
    run(&s, 0);
    assert_int_equal(left(&s, s.general), 4); /* nobody has said anything */
    set(&s, s.other.v, DAY_S);
    run(&s, 0);
    assert_int_equal(left(&s, s.general), 4);
    assert_int_equal(left(&s, s.other), 1);
    set(&s, 0, DAY_S);
    run(&s, 0);
    assert_int_equal(left(&s, s.general), 1);
    set(&s, s.other.v, 0); /* for ever, whatever the guild says */
    later(&s, 2 * DAY_S);
    run(&s, 0);
    assert_int_equal(left(&s, s.general), 0);
    assert_int_equal(left(&s, s.other), 1);
    assert_int_equal(try_set(&s, s.owner, s.other.v, 0, true), ERR_OK); /* as the guild */
    run(&s, 0);
    assert_int_equal(left(&s, s.other), 0);
    assert_int_equal(count_of(s.f, "SELECT count(*) FROM search_documents WHERE id > $1", 0), 0);
}

static void test_the_installation_has_the_last_word(void **state)
{
    struct scene s = scene_of(*state);
    struct dm_channel dm;
    assert_int_equal(dm_open(s.f->core, &s.owner->by, s.guest->who.user, &s.f->arena, &dm), ERR_OK);
    fill(&s, s.general, 2);
    cf_post(s.f, s.owner, dm.id, "hello");
    set(&s, 0, 10 * DAY_S);
    set(&s, s.general.v, 0);
    later(&s, 3 * DAY_S);
    run(&s, 5 * DAY_S);
    assert_int_equal(left(&s, s.general), 2);
    cf_forget_events(s.f);
    run(&s, 2 * DAY_S);
    assert_int_equal(left(&s, s.general), 0);
    assert_int_equal(left(&s, dm.id), 0);
    unsigned told = 0; /* each of the two */
    for (size_t i = 0; i < s.f->event_count; i++)
        told += s.f->events[i]->kind == EVENT_DIRECT_MESSAGE_DELETE_BULK;
    assert_int_equal(told, 2);
}

static void test_small_steps_that_are_told(void **state)
{
    struct scene s = scene_of(*state);
    size_t events = 0;
    fill(&s, s.general, 120);
    set(&s, 0, DAY_S);
    later(&s, 2 * DAY_S);
    fill(&s, s.general, 1);
    cf_forget_events(s.f);
    assert_true(run(&s, 0) >= 3);
    assert_int_equal(left(&s, s.general), 1);
    for (size_t i = 0; i < s.f->event_count; i++) {
        const struct event *e = s.f->events[i];
        assert_int_equal(e->kind, EVENT_MESSAGE_DELETE_BULK);
        assert_int_equal(e->channel_id, s.general.v);
        assert_true(cf_payload_has(e, "\"ids\":["));
        events++;
    }
    assert_int_equal(events, 3); /* 50, 50, 20 */
}

static void test_pinned_messages_stay(void **state)
{
    struct scene s = scene_of(*state);
    struct message m = cf_post(s.f, s.guest, s.general, "rules");
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    fill(&s, s.general, 2);
    assert_int_equal(pin_set(s.f->core, &s.owner->by, &a, m.id, true), ERR_OK);
    set(&s, 0, DAY_S);
    later(&s, 2 * DAY_S);
    run(&s, 0);
    assert_int_equal(left(&s, s.general), 1);
    assert_int_equal(pin_set(s.f->core, &s.owner->by, &a, m.id, false), ERR_OK);
    access_end(&a);
    run(&s, 0);
    assert_int_equal(left(&s, s.general), 0);
}

static void test_settings(void **state)
{
    struct scene s = scene_of(*state);
    struct retention now;
    struct guild_id elsewhere = cf_guild(s.f, s.guest);
    assert_int_equal(try_set(&s, s.owner, cf_general(s.f, elsewhere).v, DAY_S, false),
                     ERR_UNKNOWN_CHANNEL);
    assert_int_equal(try_set(&s, s.owner, s.general.v + 12345, DAY_S, false), ERR_UNKNOWN_CHANNEL);
    cf_forget_events(s.f);
    set(&s, 0, DAY_S);
    assert_int_equal(s.f->event_count, 1);
    const struct event *e = cf_event_back(s.f, 0);
    assert_int_equal(e->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_true(cf_payload_has(e, "\"key\":\"message_retention_seconds\",\"new_value\":86400"));
    set(&s, 0, DAY_S); /* no change, no entry */
    assert_int_equal(s.f->event_count, 1);
    set(&s, s.other.v, HOUR_S);
    assert_int_equal(s.f->event_count, 2);
    struct access a = cf_in_guild(s.f, s.owner, s.guild);
    assert_int_equal(retention_get(s.f->core, &a, &s.f->arena, &now), ERR_OK);
    assert_int_equal(now.guild_keep_s, DAY_S);
    assert_int_equal(now.count, 1);
    assert_int_equal(now.rules[0].channel.v, s.other.v);
    assert_int_equal(now.rules[0].keep_s, HOUR_S);
    assert_int_equal(delete_channel(s.f, s.owner, s.other), ERR_OK);
    set(&s, 0, 0);
    assert_int_equal(retention_get(s.f->core, &a, &s.f->arena, &now), ERR_OK);
    assert_int_equal(now.guild_keep_s, 0);
    assert_int_equal(now.count, 0);
    access_end(&a);
}

/* The guild goes while its messages are being looked at: the pass comes to its end. */
static void test_a_guild_that_is_deleted(void **state)
{
    struct scene s = scene_of(*state);
    fill(&s, s.general, 60);
    set(&s, 0, DAY_S);
    later(&s, 2 * DAY_S);
    assert_int_equal(guild_delete(s.f->core, s.guild), ERR_OK);
    run(&s, 0);
    run(&s, HOUR_S);
    run_tasks(s.f);
    assert_int_equal(left(&s, s.general), 0);
    assert_int_equal(
        count_of(s.f, "SELECT count(*) FROM message_retention WHERE guild_id = $1", s.guild.v), 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_rules_of_guild_and_channel),
        CASE(test_the_installation_has_the_last_word),
        CASE(test_small_steps_that_are_told),
        CASE(test_pinned_messages_stay),
        CASE(test_settings),
        CASE(test_a_guild_that_is_deleted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
