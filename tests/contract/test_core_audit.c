/* The audit log of a guild: written with what it tells of, read by pages, gone when it is old; and
 * GUILD_UPDATE read back from the log. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "contract/core_fixture.h"
#include "core/audit.h"
#include "proto/bodies_guilds.h"

#define DAY_MS (UINT64_C(24) * 3600 * 1000)

static enum err try_rename(struct core_fixture *f, const struct person *p, struct guild_id guild,
                           const char *name)
{
    struct access a = cf_in_guild(f, p, guild);
    struct guild_change change = {.set = UINT32_C(1) << BODY_GUILD_NAME,
                                  .to = {.name = slice_from(name)}};
    struct draft_problem problem = {0};
    struct guild_view *view = NULL;
    enum err e = guild_edit(f->core, &p->by, &a, &change, &view, &problem);
    guild_view_unref(&view);
    access_end(&a);
    return e;
}

static struct audit_page page(struct core_fixture *f, struct guild_id guild,
                              const struct audit_query *q, struct arena *arena)
{
    struct audit_page p;
    arena_init(arena, MEM_CORE, AUDIT_PAGE_BYTES);
    assert_int_equal(audit_page_load(f->core, guild, q, arena, &p), ERR_OK);
    return p;
}

static size_t count_of(struct core_fixture *f, struct guild_id guild)
{
    struct arena arena;
    size_t n = page(f, guild, &(struct audit_query){.limit = LIMIT_AUDIT_PAGE}, &arena).entry_count;
    arena_deinit(&arena);
    return n;
}

static void test_with_the_change(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    owner->by.reason = SLICE("because");
    assert_int_equal(try_rename(f, owner, guild, "Renamed"), ERR_OK);
    assert_int_equal(cf_event_back(f, 1)->kind, EVENT_GUILD_UPDATE);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    struct arena arena;
    struct audit_page p = page(f, guild, &(struct audit_query){.limit = 10}, &arena);
    assert_int_equal(p.entry_count, 1);
    assert_int_equal(p.entries[0].action, AUDIT_GUILD_UPDATE);
    assert_int_equal(p.entries[0].user, owner->who.user.v);
    assert_int_equal(p.entries[0].target, guild.v);
    assert_true(cf_slice_is(p.entries[0].reason, "because"));
    assert_true(cf_slice_is(p.entries[0].changes, "[{\"key\":\"name\",\"old_value\":\"Guild\","
                                                  "\"new_value\":\"Renamed\"}]"));
    assert_int_equal(p.user_count, 1);
    assert_true(cf_slice_is(p.users[0].username, "owner"));
    arena_deinit(&arena);
    /* What changes nothing says nothing. */
    size_t events = f->event_count;
    assert_int_equal(try_rename(f, owner, guild, "Renamed"), ERR_OK);
    assert_int_equal(f->event_count, events);
}

static void test_pages_and_filters(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner), beside = cf_guild(f, owner);
    char name[16];
    for (int i = 0; i < 9; i++) {
        snprintf(name, sizeof name, "name %d", i);
        assert_int_equal(try_rename(f, owner, guild, name), ERR_OK);
    }
    assert_int_equal(try_rename(f, owner, beside, "Beside"), ERR_OK);
    struct arena arena;
    struct audit_page p = page(f, guild, &(struct audit_query){.limit = 100}, &arena);
    assert_int_equal(p.entry_count, 9);
    uint64_t third = p.entries[2].id, last = p.entries[8].id;
    arena_deinit(&arena);
    static const struct {
        bool before, after, user, target, action, other;
        size_t count;
    } rows[] = {
        {.count = 4},
        {.before = true, .count = 4}, /* from the third on, it included */
        {.after = true, .count = 4},
        {.before = true, .after = true, .count = 4},
        {.user = true, .count = 4},
        {.user = true, .other = true, .count = 0},
        {.target = true, .action = true, .user = true, .count = 4},
        {.target = true, .other = true, .count = 0},
        {.action = true, .after = true, .count = 4},
        {.action = true, .other = true, .count = 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct audit_query q = {.limit = 4};
        if (rows[i].before)
            q.before = third;
        if (rows[i].before && !rows[i].after)
            q.before = third + 1;
        if (rows[i].after) {
            q.after = last;
            q.oldest_first = true;
        }
        if (rows[i].user)
            q.user = rows[i].other ? 7 : owner->who.user.v;
        if (rows[i].target)
            q.target = rows[i].other ? 7 : guild.v;
        if (rows[i].action)
            q.action = rows[i].other ? AUDIT_BAN_ADD : AUDIT_GUILD_UPDATE;
        p = page(f, guild, &q, &arena);
        if (p.entry_count != rows[i].count)
            fail_msg("row %zu: %zu entries", i, p.entry_count);
        for (size_t k = 1; k < p.entry_count; k++)
            assert_true((p.entries[k].id > p.entries[k - 1].id) == rows[i].after);
        arena_deinit(&arena);
    }
}

/* Twice as many as one step deletes. */
static void test_old_entries_go(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    char name[16];
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "name %d", i);
        assert_int_equal(try_rename(f, owner, guild, name), ERR_OK);
    }
    atomic_fetch_add(&f->wall_ms, (int64_t)(46 * DAY_MS));
    assert_int_equal(try_rename(f, owner, guild, "the newest"), ERR_OK);
    bool more = false;
    assert_int_equal(audit_expire_step(f->core, 0, &more), ERR_OK);
    assert_int_equal(count_of(f, guild), LIMIT_AUDIT_PAGE);
    assert_int_equal(audit_expire_step(f->core, 45 * DAY_MS, &more), ERR_OK);
    assert_true(more);
    assert_int_equal(audit_expire_step(f->core, 45 * DAY_MS, &more), ERR_OK);
    assert_false(more);
    assert_int_equal(count_of(f, guild), 1);
}

static void test_deleting_messages_of_others(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    cf_join(f, guest, cf_invite(f, owner, general, 0, 0));
    struct message theirs = cf_post(f, guest, general, "x"), own = cf_post(f, owner, general, "y");
    struct access a = cf_in_channel(f, owner, general);
    size_t before = count_of(f, guild);
    assert_int_equal(message_delete(f->core, &owner->by, &a, own.id), ERR_OK);
    assert_int_equal(count_of(f, guild), before);
    assert_int_equal(message_delete(f->core, &owner->by, &a, theirs.id), ERR_OK);
    access_end(&a);
    struct arena arena;
    struct audit_page p = page(f, guild, &(struct audit_query){.limit = 1}, &arena);
    assert_int_equal(p.entries[0].action, AUDIT_MESSAGE_DELETE);
    assert_int_equal(p.entries[0].target, guest->who.user.v);
    char text[96];
    snprintf(text, sizeof text, "{\"channel_id\":\"%llu\",\"count\":\"1\"}",
             (unsigned long long)general.v);
    assert_true(cf_slice_is(p.entries[0].options, text));
    assert_int_equal(p.user_count, 2);
    arena_deinit(&arena);
}

/* ---- GUILD_UPDATE and what follows a bot that leaves, from the log ---- */

struct replayed {
    const struct core_fixture *f;
    size_t compared;
};

static void on_event(void *ctx, struct event *e)
{
    struct replayed *r = ctx;
    for (size_t i = 0; i < r->f->event_count; i++) {
        const struct event *was = r->f->events[i];
        if (was->stream.id != e->stream.id || was->position != e->position ||
            (e->kind != EVENT_GUILD_UPDATE && e->kind != EVENT_GUILD_INTEGRATIONS_UPDATE &&
             e->kind != EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE))
            continue;
        assert_int_equal(e->payload->len, was->payload->len);
        assert_memory_equal(e->payload->data, was->payload->data, was->payload->len);
        r->compared++;
    }
    event_unref(&e);
}

static void test_replayed(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    assert_int_equal(try_rename(f, owner, guild, "Renamed"), ERR_OK);
    struct replayed r = {.f = f};
    assert_int_equal(
        events_replay(f->core, (struct stream){STREAM_GUILD, guild.v}, 0, 100, on_event, &r),
        ERR_OK);
    assert_int_equal(r.compared, 2);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_with_the_change), TEST(test_pages_and_filters),
        TEST(test_old_entries_go),  TEST(test_deleting_messages_of_others),
        TEST(test_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
