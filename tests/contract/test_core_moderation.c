/* Bans of people and addresses, what goes with them, verification levels and the raid brake. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "contract/moderation_fixture.h"
#include "core/addresses.h"
#include "core/incidents.h"
#include "proto/bodies_guilds.h"

static void test_ban(void **state)
{
    struct hall h = hall_make(*state);
    struct ban ban;
    struct person *guest = hall_member(&h, "guest");
    cf_forget_events(h.f);
    h.owner->by.reason = SLICE("spam");
    assert_int_equal(hall_ban(&h, h.owner, guest->who.user, NULL), ERR_OK);
    assert_int_equal(h.f->event_count, 4);
    assert_int_equal(h.f->events[0]->kind, EVENT_GUILD_BAN_ADD);
    assert_int_equal(h.f->events[0]->entity_id, guest->who.user.v);
    assert_true(cf_payload_has(h.f->events[0], "\"username\":\"guest\""));
    assert_int_equal(h.f->events[1]->kind, EVENT_GUILD_MEMBER_REMOVE);
    assert_int_equal(h.f->events[2]->kind, EVENT_GUILD_DELETE);
    assert_true(cf_payload_has(hall_audit(&h, "22"), "\"reason\":\"spam\""));
    assert_int_equal(ban_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &ban), ERR_OK);
    assert_true(cf_slice_is(ban.reason, "spam"));
    assert_true(cf_slice_is(ban.user.username, "guest"));
    assert_int_equal(hall_join(&h, guest), ERR_BANNED);
    assert_false(hall_has(&h, guest));
    /* Twice is once, and the first reason stays. */
    h.owner->by.reason = SLICE("other");
    assert_int_equal(hall_ban(&h, h.owner, guest->who.user, NULL), ERR_OK);
    assert_int_equal(h.f->event_count, 4);
    cf_forget_events(h.f);
    assert_int_equal(hall_unban(&h, h.owner, guest->who.user), ERR_OK);
    assert_int_equal(h.f->event_count, 2);
    assert_int_equal(h.f->events[0]->kind, EVENT_GUILD_BAN_REMOVE);
    hall_audit(&h, "23");
    assert_int_equal(hall_unban(&h, h.owner, guest->who.user), ERR_UNKNOWN_BAN);
    assert_int_equal(ban_get(h.f->core, h.guild, guest->who.user, &h.f->arena, &ban),
                     ERR_UNKNOWN_BAN);
    assert_int_equal(hall_join(&h, guest), ERR_OK);
}

static void test_whom_one_may_ban(void **state)
{
    struct hall h = hall_make(*state);
    struct person *guest = hall_member(&h, "guest");
    struct person *first = hall_moderator(&h, "first", PERMISSION_BAN_MEMBERS);
    struct person *second = hall_moderator(&h, "second", PERMISSION_BAN_MEMBERS);
    struct person *stranger = cf_person(h.f, "stranger");
    assert_int_equal(hall_ban(&h, second, first->who.user, NULL), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_ban(&h, second, second->who.user, NULL), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_ban(&h, second, h.owner->who.user, NULL), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_ban(&h, guest, second->who.user, NULL), ERR_MISSING_PERMISSIONS);
    assert_int_equal(hall_ban(&h, second, (struct user_id){77}, NULL), ERR_UNKNOWN_USER);
    assert_int_equal(hall_unban(&h, guest, second->who.user), ERR_MISSING_PERMISSIONS);
    /* Who is not there, too. */
    cf_forget_events(h.f);
    assert_int_equal(hall_ban(&h, second, stranger->who.user, NULL), ERR_OK);
    assert_int_equal(h.f->event_count, 2);
    assert_int_equal(hall_join(&h, stranger), ERR_BANNED);
    assert_int_equal(hall_ban(&h, second, guest->who.user, NULL), ERR_OK);
    assert_int_equal(hall_ban(&h, first, second->who.user, NULL), ERR_OK);
}

/* ---- a ban and a joining at once ---- */

struct racer {
    const struct hall *h;
    const struct person *who;
    enum err result;
};

static void *race_in(void *ctx)
{
    struct racer *r = ctx;
    struct arena arena;
    struct invite_sheet s = {0};
    struct acceptance how;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    r->result = invite_accept(r->h->f->core, &r->who->by, r->h->code, &arena, &s, &how);
    guild_view_unref(&s.view);
    arena_deinit(&arena);
    return NULL;
}

/* Whoever comes first: who is banned is no member, and the count is right. */
static void test_joining_while_being_banned(void **state)
{
    enum { ROUNDS = 40, AT_ONCE = 3 };
    struct hall h = hall_make(*state);
    uint64_t members = 0;
    int entered = 0;
    for (int i = 0; i < ROUNDS; i++) {
        char name[16];
        snprintf(name, sizeof name, "racer%d", i);
        struct racer r[AT_ONCE];
        pthread_t threads[AT_ONCE];
        const struct person *who = cf_person(h.f, name);
        for (int k = 0; k < AT_ONCE; k++) {
            r[k] = (struct racer){&h, who, ERR_OK};
            assert_int_equal(pthread_create(&threads[k], NULL, race_in, &r[k]), 0);
        }
        assert_int_equal(hall_ban(&h, h.owner, who->who.user, NULL), ERR_OK);
        for (int k = 0; k < AT_ONCE; k++) {
            pthread_join(threads[k], NULL);
            assert_true(r[k].result == ERR_OK || r[k].result == ERR_BANNED);
            entered += r[k].result == ERR_OK;
        }
        assert_false(hall_has(&h, who));
    }
    print_message("%d of %d came in before their ban\n", entered, ROUNDS * AT_ONCE);
    assert_int_equal(guild_member_count(h.f->core, h.guild, &members), ERR_OK);
    assert_int_equal(members, 1);
}

static void expect_page(const struct hall *h, uint64_t before, uint64_t after, uint64_t limit,
                        struct person *const *people, size_t first, size_t count)
{
    struct ban *list = NULL;
    size_t n = 0;
    assert_int_equal(ban_list(h->f->core, h->guild, before, after, limit, &h->f->arena, &list, &n),
                     ERR_OK);
    assert_int_equal(n, count);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i].user.id.v, people[first + i]->who.user.v);
}

static void test_pages(void **state)
{
    enum { PEOPLE = 6 };
    struct hall h = hall_make(*state);
    struct person *people[PEOPLE] = {NULL};
    expect_page(&h, 0, 0, 10, people, 0, 0);
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "person%d", i);
        people[i] = cf_person(h.f, name);
        assert_int_equal(hall_ban(&h, h.owner, people[i]->who.user, NULL), ERR_OK);
    }
    expect_page(&h, 0, 0, 1000, people, 0, PEOPLE);
    expect_page(&h, 0, 0, 2, people, 0, 2);
    expect_page(&h, 0, people[1]->who.user.v, 2, people, 2, 2);
    expect_page(&h, 0, people[5]->who.user.v, 2, people, 0, 0);
    expect_page(&h, people[4]->who.user.v, 0, 2, people, 2, 2);
    expect_page(&h, people[0]->who.user.v, 0, 2, people, 0, 0);
}

static bool has_message(const struct hall *h, struct message_id id)
{
    return count_of(h->f, "SELECT COUNT(*) FROM messages WHERE id = $1", id.v) == 1;
}

static struct channel_id room(const struct hall *h, const char *name)
{
    struct channel_id id = {0};
    struct guild_view *view = NULL;
    struct draft_problem problem;
    struct channel_draft d = {.type = CHANNEL_TYPE_TEXT, .name = slice_from(name)};
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(channel_create(h->f->core, &h->owner->by, &a, &d, &id, &view, &problem),
                     ERR_OK);
    guild_view_unref(&view);
    access_end(&a);
    return id;
}

static void test_recent_messages_go(void **state)
{
    enum { MANY = 70 };
    struct hall h = hall_make(*state);
    struct person *guest = hall_member(&h, "guest");
    struct person *other = hall_member(&h, "other");
    struct channel_id second = room(&h, "second");
    struct ban_wish wish = {.delete_s = 60};
    struct message old = cf_post(h.f, guest, h.general, "long ago");
    atomic_fetch_add(&h.f->wall_ms, 61000);
    struct message kept = cf_post(h.f, other, h.general, "mine");
    struct message gone = cf_post(h.f, guest, second, "spam");
    struct message many[MANY];
    for (int i = 0; i < MANY; i++) {
        many[i] = cf_post(h.f, guest, h.general, "spam");
        cf_post(h.f, other, h.general, "hm");
    }
    assert_int_equal(hall_ban(&h, h.owner, guest->who.user, &wish), ERR_OK);
    cf_forget_events(h.f);
    run_tasks(h.f);
    assert_true(has_message(&h, old.id) && has_message(&h, kept.id));
    assert_false(has_message(&h, gone.id));
    for (int i = 0; i < MANY; i++)
        assert_false(has_message(&h, many[i].id));
    /* Of one channel each, all in one go as far as a step takes. */
    assert_int_equal(events_of(h.f, EVENT_MESSAGE_DELETE, h.guild.v), 0);
    assert_int_equal(events_of(h.f, EVENT_MESSAGE_DELETE_BULK, h.guild.v), 3);
    size_t told = 0;
    for (size_t i = 0; i < h.f->event_count; i++) {
        const struct event *e = h.f->events[i];
        const char *at = e->payload->data;
        const char *end = at + e->payload->len;
        for (at = memchr(at, '[', (size_t)(end - at)); *at != ']'; at++)
            told += *at == ',' || *at == '[';
    }
    assert_int_equal(told, MANY + 1);
    assert_int_equal(
        count_of(h.f, "SELECT COUNT(*) FROM moderation_jobs WHERE guild_id = $1", h.guild.v), 0);
    assert_int_equal(
        count_of(h.f, "SELECT COUNT(*) FROM messages WHERE type = 0 AND guild_id = $1", h.guild.v),
        2 + MANY);
}

static void on_event(void *ctx, struct event *e)
{
    struct event **last = ctx;
    event_unref(last);
    *last = e;
}

/* By the ban: who is let in again before the work is done keeps what they write then. */
static void test_later_messages_stay(void **state)
{
    struct hall h = hall_make(*state);
    struct person *guest = hall_member(&h, "guest");
    struct channel_id second = room(&h, "second");
    struct ban_wish wish = {.delete_s = 60};
    struct message gone = cf_post(h.f, guest, h.general, "spam");
    struct message too = cf_post(h.f, guest, second, "spam");
    assert_int_equal(hall_ban(&h, h.owner, guest->who.user, &wish), ERR_OK);
    assert_int_equal(hall_unban(&h, h.owner, guest->who.user), ERR_OK);
    assert_int_equal(hall_join(&h, guest), ERR_OK);
    struct message kept = cf_post(h.f, guest, h.general, "sorry");
    run_tasks(h.f);
    assert_false(has_message(&h, gone.id) || has_message(&h, too.id));
    assert_true(has_message(&h, kept.id));
}

/* The bulk's ids come back from the log. */
static void test_replay(void **state)
{
    struct hall h = hall_make(*state);
    struct event *read = NULL;
    struct person *guest = hall_member(&h, "guest");
    struct ban_wish wish = {.delete_s = 60};
    cf_post(h.f, guest, h.general, "a");
    cf_post(h.f, guest, h.general, "b");
    assert_int_equal(hall_ban(&h, h.owner, guest->who.user, &wish), ERR_OK);
    run_tasks(h.f);
    const struct event *e = hall_event(&h, EVENT_MESSAGE_DELETE_BULK, 0);
    struct stream s = {STREAM_GUILD, h.guild.v};
    assert_int_equal(events_replay(h.f->core, s, e->position - 1, 1, on_event, &read), ERR_OK);
    assert_int_equal(read->payload->len, e->payload->len);
    assert_memory_equal(read->payload->data, e->payload->data, e->payload->len);
    const struct event *ban = hall_event(&h, EVENT_GUILD_BAN_ADD, 0);
    assert_int_equal(events_replay(h.f->core, s, ban->position - 1, 1, on_event, &read), ERR_OK);
    assert_int_equal(read->payload->len, ban->payload->len);
    assert_memory_equal(read->payload->data, ban->payload->data, ban->payload->len);
    event_unref(&read);
}

static void test_ban_in_a_guild_that_goes(void **state)
{
    struct hall h = hall_make(*state);
    struct person *guest = hall_member(&h, "guest");
    struct ban_wish wish = {.delete_s = 60};
    cf_post(h.f, guest, h.general, "a");
    assert_int_equal(hall_ban(&h, h.owner, guest->who.user, &wish), ERR_OK);
    assert_int_equal(guild_delete(h.f->core, h.guild), ERR_OK);
    run_tasks(h.f);
    assert_int_equal(count_of(h.f, "SELECT COUNT(*) FROM tasks WHERE id > $1", 0), 0);
    assert_int_equal(count_of(h.f, "SELECT COUNT(*) FROM moderation_jobs WHERE id > $1", 0), 0);
}

static void test_bulk(void **state)
{
    enum { PEOPLE = 60 };
    struct hall h = hall_make(*state);
    uint64_t users[PEOPLE + 6];
    size_t banned = 0, kept = 0;
    struct ban_wish wish = {.delete_s = 60};
    struct person *first =
        hall_moderator(&h, "first", PERMISSION_BAN_MEMBERS | PERMISSION_MANAGE_GUILD);
    struct person *second =
        hall_moderator(&h, "second", PERMISSION_BAN_MEMBERS | PERMISSION_MANAGE_GUILD);
    struct person *early = cf_person(h.f, "early");
    assert_int_equal(hall_ban(&h, h.owner, early->who.user, NULL), ERR_OK);
    for (int i = 0; i < PEOPLE; i++) {
        char name[16];
        snprintf(name, sizeof name, "person%d", i);
        struct person *p = i % 2 == 0 ? hall_member(&h, name) : cf_person(h.f, name);
        if (i % 2 == 0)
            cf_post(h.f, p, h.general, "spam");
        users[PEOPLE - 1 - i] = p->who.user.v;
    }
    const uint64_t bad[] = {first->who.user.v,   second->who.user.v,
                            h.owner->who.user.v, 77,
                            early->who.user.v,   users[3]};
    memcpy(users + PEOPLE, bad, sizeof bad);
    struct access a = cf_in_guild(h.f, second, h.guild);
    cf_forget_events(h.f);
    assert_int_equal(ban_bulk(h.f->core, &second->by, &a, users, PEOPLE + 6, &wish, &banned, &kept),
                     ERR_OK);
    assert_int_equal(banned, PEOPLE);
    assert_int_equal(kept, PEOPLE + 5);
    assert_int_equal(events_of(h.f, EVENT_GUILD_BAN_ADD, h.guild.v), PEOPLE);
    assert_int_equal(events_of(h.f, EVENT_GUILD_MEMBER_REMOVE, h.guild.v), PEOPLE / 2);
    assert_int_equal(events_of(h.f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, h.guild.v), PEOPLE);
    for (size_t i = 1; i < banned; i++)
        assert_true(users[i - 1] < users[i]);
    run_tasks(h.f);
    assert_int_equal(
        count_of(h.f, "SELECT COUNT(*) FROM messages WHERE type = 0 AND guild_id = $1", h.guild.v),
        0);
    /* All of them are banned by now. */
    assert_int_equal(ban_bulk(h.f->core, &second->by, &a, users, kept, &wish, &banned, &kept),
                     ERR_BULK_BAN_FAILED);
    access_end(&a);
    struct person *half = hall_moderator(&h, "half", PERMISSION_BAN_MEMBERS);
    a = cf_in_guild(h.f, half, h.guild);
    assert_int_equal(ban_bulk(h.f->core, &half->by, &a, users, 1, &wish, &banned, &kept),
                     ERR_MISSING_PERMISSIONS);
    access_end(&a);
}

/* ---- addresses ---- */

static void test_what_counts_as_an_address(void **state)
{
    (void)state;
    static const struct {
        const char *one;
        const char *other;
        bool same;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", true},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1", "::ffff:192.0.2.1", true},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"2001:0db8:0001:0002:0:0:0:1", "2001:db8:1:2::2", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char a[8], b[8];
        size_t an = address_significant(slice_from(rows[i].one), a);
        size_t bn = address_significant(slice_from(rows[i].other), b);
        assert_true(an > 0 && bn > 0);
        assert_int_equal(an == bn && memcmp(a, b, an) == 0, rows[i].same);
    }
    static const char *const none[] = {"", "localhost", "192.0.2", "192.0.2.1:80", "[::1]", ":"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        unsigned char a[8];
        assert_int_equal(address_significant(slice_from(none[i]), a), 0);
    }
}

static struct person *from(struct core_fixture *f, const char *name, const char *address)
{
    struct person *p = cf_person(f, name);
    p->by.address = slice_from(address);
    return p;
}

static uint64_t address_bans(const struct hall *h)
{
    return count_of(h->f, "SELECT COUNT(*) FROM address_bans WHERE guild_id = $1", h->guild.v);
}

static void test_address_ban(void **state)
{
    struct hall h = hall_make(*state);
    struct address_ban *list = NULL;
    size_t count = 0;
    struct ban_wish wish = {.addresses = true};
    struct person *troll = from(h.f, "troll", "192.0.2.66");
    struct person *again = from(h.f, "again", "192.0.2.66");
    struct person *neighbour = from(h.f, "neighbour", "192.0.2.67");
    assert_int_equal(hall_join(&h, troll), ERR_OK);
    cf_forget_events(h.f);
    assert_int_equal(hall_ban(&h, h.owner, troll->who.user, &wish), ERR_OK);
    assert_true(cf_payload_has(hall_audit(&h, "22"), "\"addresses\":\"1\""));
    assert_int_equal(hall_join(&h, again), ERR_BANNED);
    assert_int_equal(hall_join(&h, neighbour), ERR_OK);
    /* Who is in stays in, and other guilds do not care. */
    assert_int_equal(address_ban_list(h.f->core, h.guild, 0, 10, &h.f->arena, &list, &count),
                     ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].user.id.v, troll->who.user.v);
    assert_true(cf_slice_is(list[0].user.username, "troll"));
    assert_int_equal(list[0].count, 1);
    assert_int_equal(list[0].created_at_ms, atomic_load(&h.f->wall_ms));
    assert_int_equal(
        address_ban_list(h.f->core, h.guild, troll->who.user.v, 10, &h.f->arena, &list, &count),
        ERR_OK);
    assert_int_equal(count, 0);
    struct guild_id elsewhere = cf_guild(h.f, h.owner);
    struct hall second = {h.f, h.owner, elsewhere, cf_general(h.f, elsewhere), {NULL, 0}};
    second.code = cf_invite(h.f, h.owner, second.general, 0, 0);
    assert_int_equal(hall_join(&second, again), ERR_OK);
    assert_int_equal(hall_unban(&h, h.owner, troll->who.user), ERR_OK);
    assert_int_equal(address_bans(&h), 0);
    assert_int_equal(hall_join(&h, again), ERR_OK);
}

static enum err put_addresses(const struct hall *h, const struct person *by, struct user_id user,
                              uint64_t *count)
{
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = address_ban_put(h->f->core, &by->by, &a, user, count);
    access_end(&a);
    return e;
}

/* Addresses that the owner or the moderator share: a household, or a proxy that was not named. */
static void test_shared_addresses_are_left_out(void **state)
{
    struct hall h = hall_make(*state);
    uint64_t count = 7;
    struct person *mod = hall_moderator(&h, "mod", PERMISSION_BAN_MEMBERS);
    struct person *troll = from(h.f, "troll", "192.0.2.1");
    assert_int_equal(hall_join(&h, troll), ERR_OK);
    /* The moderator has been seen there, too. */
    mod->by.address = SLICE("192.0.2.1");
    assert_int_equal(member_leave(h.f->core, &mod->by, h.guild), ERR_OK);
    assert_int_equal(hall_join(&h, mod), ERR_OK);
    struct role_id role = hall_role(&h, "again", PERMISSION_BAN_MEMBERS);
    assert_int_equal(hall_give(&h, h.owner, mod, role), ERR_OK);
    assert_int_equal(put_addresses(&h, mod, troll->who.user, &count), ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(address_bans(&h), 0);
    /* And nobody bans where they are, whether they have joined from there or not. */
    h.owner->by.address = SLICE("::ffff:192.0.2.1");
    assert_int_equal(put_addresses(&h, h.owner, troll->who.user, &count), ERR_OK);
    assert_int_equal(count, 0);
    h.owner->by.address = SLICE("192.0.2.9");
    cf_forget_events(h.f);
    assert_int_equal(put_addresses(&h, h.owner, troll->who.user, &count), ERR_OK);
    assert_int_equal(count, 1);
    hall_audit(&h, "1");
    assert_true(hall_has(&h, troll)); /* it is the address that is banned */
    assert_int_equal(put_addresses(&h, mod, h.owner->who.user, &count), ERR_MISSING_PERMISSIONS);
    assert_int_equal(put_addresses(&h, mod, (struct user_id){77}, &count), ERR_UNKNOWN_USER);
    struct access a = cf_in_guild(h.f, h.owner, h.guild);
    assert_int_equal(address_ban_remove(h.f->core, &h.owner->by, &a, troll->who.user), ERR_OK);
    assert_int_equal(address_ban_remove(h.f->core, &h.owner->by, &a, troll->who.user),
                     ERR_UNKNOWN_BAN);
    access_end(&a);
    assert_int_equal(address_bans(&h), 0);
}

static void test_few_addresses_are_remembered(void **state)
{
    enum { PLACES = LIMIT_ADDRESSES_PER_USER + 5 };
    struct hall h = hall_make(*state);
    struct person *troll = cf_person(h.f, "troll");
    struct ban_wish wish = {.addresses = true};
    char places[PLACES][32];
    for (int i = 0; i < PLACES; i++) {
        snprintf(places[i], sizeof places[i], "198.51.100.%d", i);
        troll->by.address = slice_from(places[i]);
        assert_int_equal(hall_join(&h, troll), ERR_OK);
        assert_int_equal(member_leave(h.f->core, &troll->by, h.guild), ERR_OK);
        atomic_fetch_add(&h.f->wall_ms, 1000);
    }
    assert_int_equal(
        count_of(h.f, "SELECT COUNT(*) FROM user_addresses WHERE user_id = $1", troll->who.user.v),
        LIMIT_ADDRESSES_PER_USER);
    assert_int_equal(hall_ban(&h, h.owner, troll->who.user, &wish), ERR_OK);
    assert_int_equal(address_bans(&h), LIMIT_ADDRESSES_PER_USER);
    /* The latest ones. */
    assert_int_equal(hall_join(&h, from(h.f, "new", places[PLACES - 1])), ERR_BANNED);
    assert_int_equal(hall_join(&h, from(h.f, "old", places[0])), ERR_OK);
}

/* Fills the guild up to `left` below its maximum. */
struct filling {
    struct guild_id guild;
    uint64_t left;
};

static enum err fill(struct tx *tx, void *ctx)
{
    const struct filling *x = ctx;
    enum err e = ERR_OK;
    for (uint64_t i = 0; i < LIMIT_ADDRESS_BANS - x->left && e == ERR_OK; i++) {
        struct address_hash hash = {{0}};
        memcpy(hash.bytes, &i, sizeof i);
        e = address_bans_insert(tx_sql(tx), x->guild, &hash, (struct user_id){1}, 1);
    }
    return e;
}

static void test_address_ban_limit(void **state)
{
    struct hall h = hall_make(*state);
    uint64_t count = 0;
    struct filling all_but_one = {h.guild, 1};
    struct person *troll = from(h.f, "troll", "192.0.2.1");
    struct person *other = from(h.f, "other", "192.0.2.2");
    assert_int_equal(hall_join(&h, troll), ERR_OK);
    assert_int_equal(hall_join(&h, other), ERR_OK);
    assert_int_equal(store_write(h.f->store, fill, &all_but_one), ERR_OK);
    assert_int_equal(put_addresses(&h, h.owner, troll->who.user, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(put_addresses(&h, h.owner, other->who.user, &count), ERR_MAX_ADDRESS_BANS);
    assert_int_equal(address_bans(&h), LIMIT_ADDRESS_BANS);
}

/* ---- verification ---- */

struct setting {
    struct user_id user;
    const char *email;
};

static enum err set_email(struct tx *tx, void *ctx)
{
    const struct setting *x = ctx;
    struct sql_stmt *s = sql_query_text(tx_sql(tx), "UPDATE users SET email = $2 WHERE id = $1");
    sql_bind_u64(s, 1, x->user.v);
    sql_bind_text(s, 2, slice_from(x->email));
    return sql_run(s);
}

static enum err try_post(const struct hall *h, const struct person *p)
{
    const struct message_draft text = {.content = SLICE("hello")};
    struct message sent;
    return cf_try_post(h->f, p, h->general, &text, &sent);
}

static void raise_level(const struct hall *h, uint32_t level)
{
    struct guild_view *v = NULL;
    struct draft_problem problem;
    struct guild_change change = {.set = UINT32_C(1) << BODY_GUILD_VERIFICATION};
    change.to.verification_level = level;
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(guild_edit(h->f->core, &h->owner->by, &a, &change, &v, &problem), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
}

static void test_verification(void **state)
{
    struct hall h = hall_make(*state);
    struct member m;
    struct person *guest = hall_member(&h, "guest");
    struct person *trusted = hall_moderator(&h, "trusted", 0);
    struct person *flagged = hall_member(&h, "flagged");
    struct member_edit d = {.parts = MEMBER_FLAGS, .flags = MEMBER_FLAG_BYPASSES_VERIFICATION};
    assert_int_equal(hall_edit(&h, h.owner, flagged, &d, &m), ERR_OK);
    assert_int_equal(try_post(&h, guest), ERR_OK);
    raise_level(&h, 1);
    assert_int_equal(try_post(&h, guest), ERR_VERIFICATION_LEVEL);
    struct setting mail = {.user = guest->who.user, .email = "guest@example.org"};
    assert_int_equal(store_write(h.f->store, set_email, &mail), ERR_OK);
    assert_int_equal(try_post(&h, guest), ERR_OK);
    raise_level(&h, 2);
    assert_int_equal(try_post(&h, guest), ERR_VERIFICATION_LEVEL);
    atomic_fetch_add(&h.f->wall_ms, 5 * 60000);
    assert_int_equal(try_post(&h, guest), ERR_OK);
    for (uint32_t level = 3; level <= 4; level++) {
        raise_level(&h, level);
        assert_int_equal(try_post(&h, guest), level == 3 ? ERR_VERIFICATION_LEVEL : ERR_OK);
        assert_int_equal(try_post(&h, trusted), ERR_OK);
        assert_int_equal(try_post(&h, flagged), ERR_OK);
        assert_int_equal(try_post(&h, h.owner), ERR_OK);
        atomic_fetch_add(&h.f->wall_ms, 5 * 60000);
        assert_int_equal(try_post(&h, guest), ERR_OK);
    }
    /* Who comes late waits, though the account is old. */
    assert_int_equal(hall_kick(&h, h.owner, guest), ERR_OK);
    assert_int_equal(hall_join(&h, guest), ERR_OK);
    assert_int_equal(try_post(&h, guest), ERR_VERIFICATION_LEVEL);
}

/* ---- incidents ---- */

static void test_incidents(void **state)
{
    struct hall h = hall_make(*state);
    struct guild_view *v = NULL;
    struct person *guest = cf_person(h.f, "guest");
    int64_t until = atomic_load(&h.f->wall_ms) + 60000;
    struct incidents_wish wish = {.invites = true, .invites_disabled_until_ms = until};
    struct access a = cf_in_guild(h.f, h.owner, h.guild);
    cf_forget_events(h.f);
    assert_int_equal(incidents_set(h.f->core, &h.owner->by, &a, &wish, &v), ERR_OK);
    assert_int_equal(v->guild.invites_disabled_until_ms, until);
    guild_view_unref(&v);
    assert_int_equal(h.f->events[0]->kind, EVENT_GUILD_UPDATE);
    assert_non_null(h.f->events[0]->view);
    assert_true(
        cf_payload_has(h.f->events[0], "\"incidents_data\":{\"invites_disabled_until\":\"2"));
    assert_true(cf_payload_has(hall_audit(&h, "1"), "\"key\":\"invites_disabled_until\""));
    assert_int_equal(hall_join(&h, guest), ERR_INVITES_PAUSED);
    /* The other stays as it is, and the same once more is no change. */
    size_t events = h.f->event_count;
    assert_int_equal(incidents_set(h.f->core, &h.owner->by, &a, &wish, &v), ERR_OK);
    guild_view_unref(&v);
    assert_int_equal(h.f->event_count, events);
    wish = (struct incidents_wish){.dms = true, .dms_disabled_until_ms = until};
    assert_int_equal(incidents_set(h.f->core, &h.owner->by, &a, &wish, &v), ERR_OK);
    assert_int_equal(v->guild.invites_disabled_until_ms, until);
    guild_view_unref(&v);
    wish = (struct incidents_wish){.invites = true};
    assert_int_equal(incidents_set(h.f->core, &h.owner->by, &a, &wish, &v), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
    assert_int_equal(hall_join(&h, guest), ERR_OK);
    a = cf_in_guild(h.f, guest, h.guild);
    assert_int_equal(incidents_set(h.f->core, &guest->by, &a, &wish, &v), ERR_MISSING_PERMISSIONS);
    assert_null(v);
    access_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ban, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_whom_one_may_ban, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_joining_while_being_banned, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_pages, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_recent_messages_go, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_later_messages_stay, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_replay, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_ban_in_a_guild_that_goes, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_bulk, cf_setup, cf_teardown),
        cmocka_unit_test(test_what_counts_as_an_address),
        cmocka_unit_test_setup_teardown(test_address_ban, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_shared_addresses_are_left_out, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_few_addresses_are_remembered, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_address_ban_limit, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_verification, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_incidents, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
