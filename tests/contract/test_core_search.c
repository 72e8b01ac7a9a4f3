/* Searching: what is found is what is there and what the caller may read, at each moment. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/map.h"
#include "contract/structure_fixture.h"
#include "core/dms.h"
#include "core/messages_priv.h"
#include "core/pins.h"
#include "core/search.h"
#include "core/search_index.h"
#include "proto/message_words.h"
#include "store/id_list.h"
#include "store/messages.h"

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
    return s;
}

static enum err try_search(const struct scene *s, const struct person *p,
                           const struct search_ask *ask, struct search_result *out)
{
    uint64_t took_ms;
    struct access a = cf_in_guild(s->f, p, s->guild);
    struct search_ask whole = *ask;
    if (whole.limit == 0)
        whole.limit = LIMIT_SEARCH_PAGE;
    enum err e = search_messages(s->f->core, &p->who, &a, &whole, &s->f->arena, out, &took_ms);
    access_end(&a);
    return e;
}

static struct search_result search(const struct scene *s, const struct person *p,
                                   const struct search_ask *ask)
{
    struct search_result found = {0};
    assert_int_equal(try_search(s, p, ask, &found), ERR_OK);
    return found;
}

static uint64_t hits(const struct scene *s, const struct person *p, const char *text)
{
    struct search_ask ask = {.content = slice_from(text)};
    return search(s, p, &ask).total;
}

static void test_words(void **state)
{
    struct scene s = scene_of(*state);
    static const struct {
        const char *text, *query;
        uint64_t hits;
    } rows[] = {
        {"The Café is open", "cafe", 1},
        {"straße nach osten", "STRASSE osten", 1},
        {"東京都に行く", "東京", 1},
        {"東 and far away 京", "東京", 1}, /* the one above */
        {"well done 👍🏽", "👍", 1},
        {"tone 👋🏿 tone", "👋🏻", 0},
        {"one two three", "three one", 1},
        {"one two three four", "five one two three", 0},
        {"a \"quoted* (thing) NEAR/2", "\"quoted* OR (thing NEAR", 0},
        {"a \"quoted* (thing) NEAR/2", "\"quoted* (thing) near", 2},
        {"say AND or NOT say", "AND NOT OR", 1},
        {"ünïcode's", "unicodes", 1},
        {"x <:wave:4242> y", "wave 4242", 1},
        {"_g1 plain", "_g1", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cf_post(s.f, s.guest, s.general, rows[i].text);
        uint64_t got = hits(&s, s.guest, rows[i].query);
        if (got != rows[i].hits)
            fail_msg("\"%s\" finds %d", rows[i].query, (int)got);
    }
    assert_int_equal(hits(&s, s.guest, "_caf"), 0);
    assert_int_equal(hits(&s, s.guest, "!?*"), 0); /* a text without a word is in none */
    assert_int_equal(hits(&s, s.guest, "'; DROP TABLE messages; --"), 0);
}

/* Those of channels that one does not see, or whose history one may not read, are no hits. */
static void test_permissions_are_in_the_query(void **state)
{
    struct scene s = scene_of(*state);
    static const uint64_t denied[] = {PERMISSION_VIEW_CHANNEL, PERMISSION_READ_MESSAGE_HISTORY};
    struct search_ask ask = {.content = SLICE("secret"), .limit = 1};
    for (int i = 0; i < 3; i++) {
        cf_post(s.f, s.owner, s.general, "no secret");
        cf_post(s.f, s.owner, s.other, "a secret");
    }
    assert_int_equal(hits(&s, s.guest, "secret"), 6);
    for (size_t i = 0; i < 2; i++) {
        struct overwrite o = {s.guild.v, OVERWRITE_ROLE, 0, denied[i]};
        assert_int_equal(put_overwrite(s.f, s.owner, s.other, &o), ERR_OK);
        struct search_result found = search(&s, s.guest, &ask);
        assert_int_equal(found.total, 3);
        assert_int_equal(found.count, 1);
        assert_int_equal(found.messages[0].channel.v, s.general.v);
        assert_int_equal(hits(&s, s.owner, "secret"), 6);
        ask.channels = &s.other.v; /* asking for it does not help */
        ask.channel_count = 1;
        assert_int_equal(search(&s, s.guest, &ask).total, 0);
        ask.channels = NULL;
        assert_int_equal(drop_overwrite(s.f, s.owner, s.other, s.guild.v), ERR_OK);
        assert_int_equal(hits(&s, s.guest, "secret"), 6);
    }
}

/* More channels than stand in the query as terms: some seen, some not. */
static void test_many_channels(void **state)
{
    struct scene s = scene_of(*state);
    struct channel_id none = {0};
    for (int i = 0; i < 24; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        struct channel_id id = make_text(s.f, s.owner, s.guild, name, none);
        struct overwrite o = {s.guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL};
        cf_post(s.f, s.owner, id, "needle");
        if (i % 2 == 0)
            assert_int_equal(put_overwrite(s.f, s.owner, id, &o), ERR_OK);
    }
    assert_int_equal(hits(&s, s.owner, "needle"), 24);
    assert_int_equal(hits(&s, s.guest, "needle"), 12);
}

static void test_other_guilds(void **state)
{
    struct scene s = scene_of(*state);
    struct guild_id elsewhere = cf_guild(s.f, s.guest);
    cf_post(s.f, s.guest, cf_general(s.f, elsewhere), "needle");
    assert_int_equal(hits(&s, s.guest, "needle"), 0);
    s.guild = elsewhere;
    assert_int_equal(hits(&s, s.guest, "needle"), 1);
}

static void test_order_and_pages(void **state)
{
    struct scene s = scene_of(*state);
    struct message list[10];
    struct search_ask ask = {.content = SLICE("page"), .limit = 4};
    for (int i = 0; i < 10; i++) {
        char text[64];
        snprintf(text, sizeof text, "page %.*s", (i * 7) % 10 * 2, "a b c d e f g h i j");
        list[i] = cf_post(s.f, s.guest, i % 2 == 0 ? s.general : s.other, text);
    }
    for (unsigned at = 0; at < 12; at += 4) {
        ask.offset = at;
        ask.order = SEARCH_NEWEST;
        struct search_result found = search(&s, s.guest, &ask);
        assert_int_equal(found.total, 10);
        assert_int_equal(found.count, at == 8 ? 2 : 4);
        for (size_t i = 0; i < found.count; i++)
            assert_int_equal(found.messages[i].id.v, list[9 - at - i].id.v);
        ask.order = SEARCH_OLDEST;
        found = search(&s, s.guest, &ask);
        for (size_t i = 0; i < found.count; i++)
            assert_int_equal(found.messages[i].id.v, list[at + i].id.v);
    }
    ask.offset = 0;
    ask.order = SEARCH_SHORTEST;
    struct search_result found = search(&s, s.guest, &ask);
    for (size_t i = 1; i < found.count; i++)
        assert_true(found.messages[i - 1].content.len <= found.messages[i].content.len);
    assert_int_equal(found.messages[0].content.len, 5);
    ask =
        (struct search_ask){.content = SLICE("page"), .above = list[2].id.v, .below = list[7].id.v};
    assert_int_equal(search(&s, s.guest, &ask).total, 4);
}

static void set_filter(struct search_ask *ask, char term, bool negated, const uint64_t *ids,
                       const struct slice *text)
{
    *ask = (struct search_ask){.filter_count = 1};
    ask->filters[0] = (struct search_filter){
        .term = term, .negated = negated, .is_name = true, .ids = ids, .text = text, .count = 1};
}

static uint64_t filtered(const struct scene *s, char term, bool negated, const uint64_t *ids,
                         const struct slice *text)
{
    struct search_ask ask;
    set_filter(&ask, term, negated, ids, text);
    return search(s, s->guest, &ask).total;
}

static void test_filters(void **state)
{
    struct scene s = scene_of(*state);
    char text[128];
    const struct slice link = SLICE("link"), embed = SLICE("embed"), user = SLICE("user");
    struct message first = cf_post(s.f, s.owner, s.general, "see https://Example.org/a");
    snprintf(text, sizeof text, "hello <@%llu>", (unsigned long long)s.owner->who.user.v);
    cf_post(s.f, s.guest, s.general, text);
    struct message reply;
    struct message_draft d = {.content = SLICE("indeed"), .reference = first.id};
    assert_int_equal(cf_try_post(s.f, s.guest, s.general, &d, &reply), ERR_OK);
    d = (struct message_draft){.content = SLICE("look"),
                               .embeds = SLICE("[{\"type\":\"rich\",\"title\":\"Panorama\"}]")};
    assert_int_equal(cf_try_post(s.f, s.guest, s.general, &d, &reply), ERR_OK);
    assert_int_equal(filtered(&s, TERM_AUTHOR, false, &s.guest->who.user.v, NULL), 3);
    assert_int_equal(filtered(&s, TERM_AUTHOR, true, &s.guest->who.user.v, NULL), 1);
    assert_int_equal(filtered(&s, TERM_USER, false, &s.owner->who.user.v, NULL), 2);
    assert_int_equal(filtered(&s, TERM_REPLY, false, &first.id.v, NULL), 1);
    assert_int_equal(filtered(&s, TERM_REPLIED, false, &s.owner->who.user.v, NULL), 1);
    assert_int_equal(filtered(&s, TERM_HAS, false, NULL, &link), 1);
    assert_int_equal(filtered(&s, TERM_HAS, true, NULL, &link), 3);
    assert_int_equal(filtered(&s, TERM_HAS, false, NULL, &embed), 1);
    assert_int_equal(filtered(&s, TERM_TYPE, false, NULL, &user), 4);
    assert_int_equal(hits(&s, s.guest, "panorama"), 1);
    struct search_ask ask;
    const struct slice host = SLICE("example.ORG");
    set_filter(&ask, TERM_HOST, false, NULL, &host);
    ask.filters[0].is_name = false;
    assert_int_equal(search(&s, s.guest, &ask).total, 1);
}

static void test_edits_and_deletions(void **state)
{
    struct scene s = scene_of(*state);
    struct message m = cf_post(s.f, s.guest, s.general, "before");
    struct message_edit edit = {.has_content = true, .content = SLICE("after")};
    struct message out;
    struct access a = cf_in_channel(s.f, s.guest, s.general);
    assert_int_equal(hits(&s, s.guest, "before"), 1);
    assert_int_equal(message_edit(s.f->core, &s.guest->by, &a, m.id, &edit, &s.f->arena, &out),
                     ERR_OK);
    assert_int_equal(hits(&s, s.guest, "before"), 0);
    assert_int_equal(hits(&s, s.guest, "after"), 1);
    assert_int_equal(message_delete(s.f->core, &s.guest->by, &a, m.id), ERR_OK);
    assert_int_equal(hits(&s, s.guest, "after"), 0);
    access_end(&a);
    /* A channel takes its messages with it. */
    cf_post(s.f, s.guest, s.other, "after");
    assert_int_equal(hits(&s, s.guest, "after"), 1);
    assert_int_equal(delete_channel(s.f, s.owner, s.other), ERR_OK);
    assert_int_equal(hits(&s, s.guest, "after"), 0);
    run_tasks(s.f);
    assert_int_equal(
        count_of(s.f, "SELECT count(*) FROM search_documents WHERE channel_id = $1", s.other.v), 0);
}

static void pin(struct scene *s, const struct message *m, bool pinned)
{
    struct access a = cf_in_channel(s->f, s->owner, s->general);
    assert_int_equal(pin_set(s->f->core, &s->owner->by, &a, m->id, pinned), ERR_OK);
    access_end(&a);
}

static void test_pins(void **state)
{
    struct scene s = scene_of(*state);
    const uint64_t one = 1;
    struct message m = cf_post(s.f, s.guest, s.general, "stays");
    cf_post(s.f, s.guest, s.general, "goes by");
    for (int i = 0; i < 3; i++) {
        pin(&s, &m, true);
        pin(&s, &m, true); /* again is harmless */
        assert_int_equal(filtered(&s, TERM_PINNED, false, &one, NULL), 1);
        pin(&s, &m, false);
        assert_int_equal(filtered(&s, TERM_PINNED, false, &one, NULL), 0);
    }
    assert_int_equal(hits(&s, s.guest, "stays"), 1);
    /* Of what is not in the index yet (it is being made anew) the pin is no less known. */
    run_sql(s.f, "DELETE FROM search_documents WHERE id = $1 AND id <> $2", m.id.v, 0);
    pin(&s, &m, true);
    assert_int_equal(filtered(&s, TERM_PINNED, false, &one, NULL), 1);
    assert_int_equal(hits(&s, s.guest, "stays"), 1);
}

static enum err forget_index(struct tx *tx, void *ctx)
{
    uint64_t removed = 1;
    enum err e = ERR_OK;
    (void)ctx;
    while (removed > 0 && e == ERR_OK)
        e = search_remove_some(tx_sql(tx), 100, &removed);
    return e;
}

/* As after an upgrade: messages, and no index. */
static void test_rebuild(void **state)
{
    struct scene s = scene_of(*state);
    struct search_ask ask = {.content = SLICE("old")};
    struct search_result found = {0};
    bool begun;
    enum { MANY = 150 };
    struct message list[MANY];
    for (int i = 0; i < MANY; i++)
        list[i] = cf_post(s.f, s.guest, i % 3 == 0 ? s.other : s.general, "old words");
    assert_int_equal(store_write(s.f->store, forget_index, NULL), ERR_OK);
    assert_int_equal(hits(&s, s.guest, "old"), 0);
    assert_int_equal(search_rebuild(s.f->core, &begun), ERR_OK);
    assert_true(begun);
    assert_int_equal(search_rebuild(s.f->core, &begun), ERR_OK);
    assert_false(begun);
    run_steps(s.f, 2);
    assert_int_equal(try_search(&s, s.guest, &ask, &found), ERR_NOT_INDEXED);
    assert_true(found.indexed > 0 && found.indexed < MANY);
    /* Meanwhile life goes on, before and behind the place where the work stands. */
    struct access a = cf_in_channel(s.f, s.guest, s.general);
    struct access b = cf_in_channel(s.f, s.guest, s.other);
    assert_int_equal(message_delete(s.f->core, &s.guest->by, &a, list[1].id), ERR_OK);
    assert_int_equal(message_delete(s.f->core, &s.guest->by, &b, list[MANY - 3].id), ERR_OK);
    access_end(&a);
    access_end(&b);
    cf_post(s.f, s.guest, s.general, "old news");
    cf_post(s.f, s.guest, s.other, "old news");
    run_tasks(s.f);
    assert_int_equal(hits(&s, s.guest, "old"), MANY);
    assert_int_equal(hits(&s, s.guest, "old news"), 2);
    assert_int_equal(count_of(s.f, "SELECT count(*) FROM search_documents WHERE id > $1", 0), MANY);
    /* Anew, although all is there. */
    assert_int_equal(search_rebuild(s.f->core, &begun), ERR_OK);
    run_tasks(s.f);
    assert_int_equal(hits(&s, s.guest, "old"), MANY);
}

static void test_direct_messages(void **state)
{
    struct scene s = scene_of(*state);
    struct dm_channel dm;
    struct search_result found;
    struct search_ask ask = {.content = SLICE("whisper"), .limit = 5};
    uint64_t took_ms;
    assert_int_equal(dm_open(s.f->core, &s.owner->by, s.guest->who.user, &s.f->arena, &dm), ERR_OK);
    cf_post(s.f, s.owner, dm.id, "a whisper");
    cf_post(s.f, s.guest, s.general, "a whisper");
    struct access a = cf_in_channel(s.f, s.guest, dm.id);
    assert_int_equal(
        search_messages(s.f->core, &s.guest->who, &a, &ask, &s.f->arena, &found, &took_ms), ERR_OK);
    access_end(&a);
    assert_int_equal(found.total, 1);
    assert_int_equal(found.messages[0].channel.v, dm.id.v);
    assert_int_equal(hits(&s, s.guest, "whisper"), 1); /* the guild's own */
}

static void test_age_restricted(void **state)
{
    struct scene s = scene_of(*state);
    struct channel_draft d = {.set = SETS(NSFW), .nsfw = true};
    struct search_ask ask = {.content = SLICE("night")};
    cf_post(s.f, s.guest, s.other, "night");
    edit_channel(s.f, s.owner, s.other, &d);
    assert_int_equal(search(&s, s.guest, &ask).total, 0);
    ask.nsfw = true;
    assert_int_equal(search(&s, s.guest, &ask).total, 1);
}

struct flood {
    const struct scene *s;
    uint64_t from;
    unsigned count;
};

static enum err insert_flood(struct tx *tx, void *ctx)
{
    const struct flood *x = ctx;
    enum err e = ERR_OK;
    for (unsigned i = 0; i < x->count && e == ERR_OK; i++) {
        struct message m = {.id = {x->from + i},
                            .channel = i % 2 == 0 ? x->s->general : x->s->other,
                            .guild = x->s->guild,
                            .author = {.id = x->s->guest->who.user},
                            .content = SLICE("common words")};
        e = messages_insert(tx_sql(tx), &m);
        if (e == ERR_OK)
            e = search_index(tx, &m, false);
    }
    return e;
}

/* Counting ends somewhere. */
static void test_totals_are_capped(void **state)
{
    struct scene s = scene_of(*state);
    for (unsigned at = 0; at < SEARCH_HITS_MAX + 2000; at += 1000) {
        struct flood x = {&s, UINT64_C(1) << 40 | at, 1000};
        assert_int_equal(store_write(s.f->store, insert_flood, &x), ERR_OK);
    }
    struct search_ask ask = {.content = SLICE("common"), .offset = LIMIT_SEARCH_OFFSET};
    struct search_result found = search(&s, s.guest, &ask);
    assert_int_equal(found.total, SEARCH_HITS_MAX);
    assert_int_equal(found.count, LIMIT_SEARCH_PAGE);
    ask.channels = &s.other.v;
    ask.channel_count = 1;
    assert_int_equal(search(&s, s.guest, &ask).total, (SEARCH_HITS_MAX + 2000) / 2);
}

/* The clock of the test stands for a search that takes long: it moves when it is looked at. */
static void test_limit_of_time(void **state)
{
    struct scene s = scene_of(*state);
    struct search_ask ask = {.content = SLICE("common")};
    struct search_result found;
    struct flood x = {&s, UINT64_C(1) << 40, 3000};
    assert_int_equal(store_write(s.f->store, insert_flood, &x), ERR_OK);
    s.f->slow = true;
    enum err e = try_search(&s, s.guest, &ask, &found);
    s.f->slow = false;
    assert_int_equal(e, ERR_SEARCH_COSTLY);
    assert_int_equal(search(&s, s.guest, &ask).total, 3000);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_words),
        CASE(test_permissions_are_in_the_query),
        CASE(test_many_channels),
        CASE(test_other_guilds),
        CASE(test_order_and_pages),
        CASE(test_filters),
        CASE(test_edits_and_deletions),
        CASE(test_pins),
        CASE(test_rebuild),
        CASE(test_direct_messages),
        CASE(test_age_restricted),
        CASE(test_totals_are_capped),
        CASE(test_limit_of_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
