/* Pins: order, limits, events, what the channel says; bulk deletion; publishing. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/replay_fixture.h"
#include "contract/structure_fixture.h"
#include "core/bulk_delete.h"
#include "core/crosspost.h"
#include "core/pins.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

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

static struct stream stream_of(const struct stage *s)
{
    return (struct stream){STREAM_GUILD, s->guild.v};
}

static enum err pin(struct stage *s, const struct person *p, struct message_id id, bool pinned)
{
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = pin_set(s->f->core, &p->by, &a, id, pinned);
    access_end(&a);
    return e;
}

struct pages {
    struct pinned_message *list;
    size_t count;
    bool more;
};

static struct pages pins_before_ms(struct stage *s, int64_t before_ms, size_t limit)
{
    struct pages p;
    struct access a = cf_in_channel(s->f, s->guest, s->general);
    assert_int_equal(pin_list(s->f->core, &s->guest->by, &a, before_ms, limit, &s->f->arena,
                              &p.list, &p.count, &p.more),
                     ERR_OK);
    access_end(&a);
    return p;
}

static void test_pinning(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = cf_post(s.f, s.guest, s.general, "worth keeping");
    assert_int_equal(pin(&s, s.guest, m.id, true), ERR_MISSING_PERMISSIONS);
    assert_int_equal(pin(&s, s.owner, (struct message_id){1}, true), ERR_UNKNOWN_MESSAGE);
    cf_forget_events(s.f);
    assert_int_equal(pin(&s, s.owner, m.id, true), ERR_OK);
    static const enum event_kind kinds[] = {EVENT_CHANNEL_PINS_UPDATE, EVENT_MESSAGE_UPDATE,
                                            EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE,
                                            EVENT_MESSAGE_CREATE};
    expect_kinds(s.f, kinds, sizeof kinds / sizeof kinds[0]);
    assert_true(cf_payload_has(cf_event_back(s.f, 2), "\"pinned\":true"));
    assert_true(cf_payload_has(cf_event_back(s.f, 1), "\"action_type\":74"));
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"type\":6"));
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"message_reference\":{"));
    size_t events = s.f->event_count;
    assert_int_equal(pin(&s, s.owner, m.id, true), ERR_OK); /* it is already */
    assert_int_equal(s.f->event_count, events);
    struct pages p = pins_before_ms(&s, INT64_MAX, 50);
    assert_int_equal(p.count, 1);
    assert_int_equal(p.list[0].message.id.v, m.id.v);
    assert_int_equal(channel_now(s.f, s.guild, s.general)->last_pin_at_ms, p.list[0].at_ms);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_CHANNEL_PINS_UPDATE), 1);
}

static void test_unpinning(void **state)
{
    struct stage s = stage_of(*state);
    struct message a = cf_post(s.f, s.guest, s.general, "a");
    struct message b = cf_post(s.f, s.guest, s.general, "b");
    assert_int_equal(pin(&s, s.owner, a.id, true), ERR_OK);
    int64_t first = channel_now(s.f, s.guild, s.general)->last_pin_at_ms;
    atomic_fetch_add(&s.f->wall_ms, 1000);
    assert_int_equal(pin(&s, s.owner, b.id, true), ERR_OK);
    assert_int_equal(channel_now(s.f, s.guild, s.general)->last_pin_at_ms, first + 1000);
    cf_forget_events(s.f);
    assert_int_equal(pin(&s, s.owner, b.id, false), ERR_OK);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_CREATE, s.guild.v), 0);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"action_type\":75"));
    assert_int_equal(channel_now(s.f, s.guild, s.general)->last_pin_at_ms, first);
    assert_int_equal(pin(&s, s.owner, b.id, false), ERR_OK);
    assert_int_equal(pin(&s, s.owner, a.id, false), ERR_OK);
    assert_int_equal(channel_now(s.f, s.guild, s.general)->last_pin_at_ms, 0);
    assert_int_equal(pins_before_ms(&s, INT64_MAX, 50).count, 0);
}

static void test_pages(void **state)
{
    struct stage s = stage_of(*state);
    struct message_id ids[7];
    for (size_t i = 0; i < 7; i++)
        ids[i] = cf_post(s.f, s.guest, s.general, "x").id;
    for (size_t i = 7; i-- > 0;) /* all at one moment of the clock */
        assert_int_equal(pin(&s, s.owner, ids[i], true), ERR_OK);
    int64_t before = INT64_MAX;
    size_t seen = 0;
    for (bool more = true; more;) {
        struct pages p = pins_before_ms(&s, before, 3);
        for (size_t i = 0; i < p.count; i++)
            assert_int_equal(p.list[i].message.id.v, ids[seen++].v);
        more = p.more;
        assert_true(p.count > 0);
        before = p.list[p.count - 1].at_ms;
    }
    assert_int_equal(seen, 7);
}

static void test_maximum(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = cf_post(s.f, s.owner, s.general, "one too many");
    post_many(s.f, s.owner, s.general, "x", 249);
    run_sql(s.f,
            "UPDATE messages SET pinned_at_ms = 1 + id / 4194304 WHERE channel_id = $1 AND id > $2",
            s.general.v, m.id.v);
    struct message last = cf_post(s.f, s.owner, s.general, "fits");
    assert_int_equal(pin(&s, s.owner, last.id, true), ERR_OK);
    assert_int_equal(pin(&s, s.owner, m.id, true), ERR_MAX_PINS);
    assert_int_equal(pin(&s, s.owner, last.id, false), ERR_OK);
    assert_int_equal(pin(&s, s.owner, m.id, true), ERR_OK);
}

static void test_system_messages_are_not_pinned(void **state)
{
    struct stage s = stage_of(*state);
    struct message m = cf_post(s.f, s.owner, s.general, "x");
    assert_int_equal(pin(&s, s.owner, m.id, true), ERR_OK);
    const struct event *said = cf_event_back(s.f, 0);
    assert_int_equal(said->kind, EVENT_MESSAGE_CREATE);
    assert_int_equal(pin(&s, s.owner, (struct message_id){said->entity_id}, true),
                     ERR_SYSTEM_MESSAGE);
}

/* ---- bulk deletion ---- */

static enum err bulk(struct stage *s, const struct person *p, const uint64_t *ids, size_t count)
{
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = messages_bulk_delete(s->f->core, &p->by, &a, ids, count);
    access_end(&a);
    return e;
}

static void test_bulk_delete(void **state)
{
    struct stage s = stage_of(*state);
    uint64_t ids[5];
    for (size_t i = 0; i < 3; i++)
        ids[i] = cf_post(s.f, s.guest, s.general, "x").id.v;
    struct message kept = cf_post(s.f, s.guest, s.general, "kept");
    ids[3] = ids[0];        /* twice */
    ids[4] = kept.id.v + 1; /* nobody's */
    assert_int_equal(pin(&s, s.owner, (struct message_id){ids[1]}, true), ERR_OK);
    assert_int_equal(bulk(&s, s.guest, ids, 5), ERR_MISSING_PERMISSIONS);
    cf_forget_events(s.f);
    assert_int_equal(bulk(&s, s.owner, ids, 5), ERR_OK);
    static const enum event_kind kinds[] = {EVENT_CHANNEL_PINS_UPDATE, EVENT_MESSAGE_DELETE_BULK,
                                            EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE};
    expect_kinds(s.f, kinds, sizeof kinds / sizeof kinds[0]);
    char all[128];
    snprintf(all, sizeof all, "\"ids\":[\"%llu\",\"%llu\",\"%llu\"]", (unsigned long long)ids[0],
             (unsigned long long)ids[1], (unsigned long long)ids[2]);
    assert_true(cf_payload_has(cf_event_back(s.f, 1), all));
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"action_type\":73"));
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"count\":\"3\""));
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_DELETE_BULK), 1);
    assert_int_equal(channel_now(s.f, s.guild, s.general)->last_pin_at_ms, 0);
    cf_forget_events(s.f);
    assert_int_equal(bulk(&s, s.owner, ids, 5), ERR_OK); /* nothing is there */
    assert_int_equal(s.f->event_count, 0);
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    struct message m;
    assert_int_equal(message_get(s.f->core, &a, kept.id, &s.f->arena, &m), ERR_OK);
    access_end(&a);
}

static void test_bulk_delete_bounds(void **state)
{
    struct stage s = stage_of(*state);
    uint64_t many[101];
    uint64_t two[2];
    two[0] = cf_post(s.f, s.guest, s.general, "old").id.v;
    atomic_fetch_add(&s.f->wall_ms, INT64_C(14) * DAY_MS + 1000);
    two[1] = cf_post(s.f, s.guest, s.general, "new").id.v;
    for (size_t i = 0; i < 101; i++)
        many[i] = two[1] + i;
    assert_int_equal(bulk(&s, s.owner, two, 2), ERR_BULK_DELETE_AGE);
    assert_int_equal(bulk(&s, s.owner, two + 1, 1), ERR_BULK_DELETE_COUNT);
    assert_int_equal(bulk(&s, s.owner, two, 0), ERR_BULK_DELETE_COUNT);
    two[0] = two[1];
    assert_int_equal(bulk(&s, s.owner, two, 2), ERR_BULK_DELETE_COUNT);
    assert_int_equal(bulk(&s, s.owner, many, 101), ERR_BULK_DELETE_COUNT);
    assert_int_equal(bulk(&s, s.owner, many, 100), ERR_OK);
}

/* ---- publishing ---- */

static enum err publish(struct stage *s, const struct person *p, struct channel_id where,
                        struct message_id id, struct message *out)
{
    struct access a = cf_in_channel(s->f, p, where);
    enum err e = message_crosspost(s->f->core, &p->by, &a, id, &s->f->arena, out);
    access_end(&a);
    return e;
}

static void test_crosspost(void **state)
{
    struct stage s = stage_of(*state);
    struct message out;
    struct channel_draft d = {.type = CHANNEL_TYPE_ANNOUNCEMENT, .name = SLICE("news")};
    struct channel_id news = make_channel(s.f, s.owner, s.guild, &d);
    struct message plain = cf_post(s.f, s.owner, s.general, "x");
    struct message own = cf_post(s.f, s.guest, news, "mine");
    struct message others = cf_post(s.f, s.owner, news, "not mine");
    assert_int_equal(publish(&s, s.owner, s.general, plain.id, &out), ERR_CHANNEL_TYPE);
    assert_int_equal(publish(&s, s.guest, news, others.id, &out), ERR_MISSING_PERMISSIONS);
    cf_forget_events(s.f);
    assert_int_equal(publish(&s, s.guest, news, own.id, &out), ERR_OK);
    assert_int_equal(out.flags & MESSAGE_FLAG_CROSSPOSTED, MESSAGE_FLAG_CROSSPOSTED);
    assert_int_equal(cf_event_back(s.f, 0)->kind, EVENT_MESSAGE_UPDATE);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"flags\":1"));
    assert_int_equal(publish(&s, s.owner, news, own.id, &out), ERR_CROSSPOSTED);
    assert_int_equal(publish(&s, s.owner, news, (struct message_id){1}, &out), ERR_UNKNOWN_MESSAGE);
}

#define ON_CORE(test) cmocka_unit_test_setup_teardown(test, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CORE(test_pinning),
        ON_CORE(test_unpinning),
        ON_CORE(test_pages),
        ON_CORE(test_maximum),
        ON_CORE(test_system_messages_are_not_pinned),
        ON_CORE(test_bulk_delete),
        ON_CORE(test_bulk_delete_bounds),
        ON_CORE(test_crosspost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
