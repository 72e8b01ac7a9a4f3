/*
 * A bot that was away for days is caught up from the log: it pages through its own stream and those
 * of its guilds from where it stood, while others go on writing, and then knows what is there: what
 * was edited, deleted, joined and left meanwhile.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/map.h"
#include "contract/log_fixture.h"
#include "core/members.h"

enum {
    POSTERS = 8,
    ROUNDS = 157, /* of a poster: 8 events each, so 10,000 in all */
    EVENTS_MIN = 10000,
    PAGE = 256,
    TEXT_MAX = 48
};

/* What somebody who applies events knows of a message. */
struct known {
    uint64_t id;
    char text[TEXT_MAX];
    bool deleted;
};

struct bot {
    struct core_fixture *f;
    uint64_t position; /* of the stream that it follows */
    struct map messages;
    uint64_t live;
    uint64_t events;
    bool wrong;
};

static struct known *known_of(struct bot *b, uint64_t id)
{
    struct known *k = map_get(&b->messages, id);
    if (k != NULL)
        return k;
    k = arena_zalloc(&b->f->arena, sizeof *k);
    assert_non_null(k);
    k->id = id;
    assert_true(map_put(&b->messages, id, k));
    return k;
}

static void read_text(const struct event *e, char out[TEXT_MAX])
{
    static const char key[] = "\"content\":\"";
    size_t n = 0;
    const char *at = memmem(e->payload->data, e->payload->total, key, sizeof key - 1);
    assert_non_null(at);
    for (at += sizeof key - 1; *at != '"' && n < TEXT_MAX - 1; at++)
        out[n++] = *at;
    out[n] = '\0';
}

static void apply_message(struct bot *b, const struct event *e)
{
    struct known *k = known_of(b, e->entity_id);
    if (e->kind == EVENT_MESSAGE_DELETE) {
        b->wrong |= k->deleted;
        k->deleted = true;
    } else if (e->payload != NULL) {
        read_text(e, k->text);
        b->wrong |= k->deleted; /* erased text comes back from nowhere */
    }
}

static void on_event(void *ctx, struct event *e)
{
    struct bot *b = ctx;
    b->wrong |= e->position != b->position + 1;
    b->position = e->position;
    b->events++;
    if (e->kind == EVENT_MESSAGE_CREATE || e->kind == EVENT_MESSAGE_UPDATE ||
        e->kind == EVENT_MESSAGE_DELETE)
        apply_message(b, e);
    event_unref(&e);
}

/* To the end of the stream as it is now. */
static void follow(struct bot *b, struct stream s)
{
    uint64_t before;
    do {
        before = b->position;
        enum err e = events_replay(b->f->core, s, b->position, PAGE, on_event, b);
        assert_true(e == ERR_OK || e == ERR_RETRY);
    } while (b->position - before == PAGE);
}

/* ---- what goes on meanwhile ---- */

struct poster {
    struct core_fixture *f;
    const struct person *person;
    struct channel_id channels[2];
    _Atomic unsigned *posting;
    unsigned number;
    enum err err;
};

static enum err edit(struct poster *p, const struct access *a, struct message_id id,
                     const char *text, struct arena *arena)
{
    struct message out;
    struct message_edit e = {.has_content = true, .content = slice_from(text)};
    return message_edit(p->f->core, &p->person->by, a, id, &e, arena, &out);
}

/* Six messages, of which one is edited and one deleted. */
static enum err post_round(struct poster *p, unsigned round, struct arena *arena)
{
    struct access a;
    struct message m[6];
    char text[TEXT_MAX];
    enum err e = access_channel(p->f->core, &p->person->who, p->channels[round % 2], arena, &a);
    if (e != ERR_OK)
        return e;
    for (unsigned i = 0; i < 6 && e == ERR_OK; i++) {
        snprintf(text, sizeof text, "text %u of %u by %u", i, round, p->number);
        struct message_draft d = {.content = slice_from(text)};
        e = message_post(p->f->core, &p->person->by, &a, &d, arena, &m[i]);
    }
    snprintf(text, sizeof text, "changed in %u by %u", round, p->number);
    if (e == ERR_OK)
        e = edit(p, &a, m[2].id, text, arena);
    if (e == ERR_OK)
        e = message_delete(p->f->core, &p->person->by, &a, m[round % 6].id);
    access_end(&a);
    return e;
}

static void *post_all(void *ctx)
{
    struct poster *p = ctx;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 16 * 1024 * 1024);
    for (unsigned i = 0; i < ROUNDS && p->err == ERR_OK; i++) {
        p->err = post_round(p, i, &arena);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    atomic_fetch_sub(p->posting, 1);
    return NULL;
}

/* ---- what is there in the end ---- */

static uint64_t compare_channel(struct bot *b, const struct person *p, struct channel_id id)
{
    struct core_fixture *f = b->f;
    struct access a = cf_in_channel(f, p, id);
    struct message_page page = {.limit = 100};
    size_t count = 100;
    uint64_t total = 0;
    while (count == 100) {
        struct message *list;
        assert_int_equal(message_list(f->core, &a, &page, &f->arena, &list, &count), ERR_OK);
        for (size_t i = 0; i < count; i++) {
            const struct known *k = map_get(&b->messages, list[i].id.v);
            assert_non_null(k);
            assert_false(k->deleted);
            assert_true(slice_eq_cstr(list[i].content, k->text));
            page.before = list[i].id;
        }
        total += count;
    }
    access_end(&a);
    return total;
}

static uint64_t live_messages(const struct bot *b)
{
    size_t cursor = 0;
    uint64_t id, live = 0;
    void *value;
    while (map_next(&b->messages, &cursor, &id, &value))
        live += !((const struct known *)value)->deleted;
    return live;
}

static uint64_t head_of(struct core_fixture *f, struct stream s)
{
    return look(f, s).head;
}

static void test_ten_thousand_events(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *away = cf_person(f, "away");
    struct guild_id guild = cf_guild(f, owner);
    struct stream s = {STREAM_GUILD, guild.v};
    struct channel_id general = cf_general(f, guild), other;
    struct guild_view *v = NULL;
    struct draft_problem problem;
    struct access a = cf_in_guild(f, owner, guild);
    struct channel_draft draft = {.type = CHANNEL_TYPE_TEXT, .name = SLICE("other")};
    assert_int_equal(channel_create(f->core, &owner->by, &a, &draft, &other, &v, &problem), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
    cf_join(f, away, cf_invite(f, owner, general, 0, 0));
    struct bot b = {.f = f, .position = head_of(f, s)};
    map_init(&b.messages, MEM_CORE, 1 << 20, 0);
    _Atomic unsigned posting = POSTERS;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){f, owner, {general, other}, &posting, i, ERR_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    while (atomic_load(&posting) > 0)
        follow(&b, s);
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    follow(&b, s);
    assert_int_equal(posters[0].err, ERR_OK);
    assert_false(b.wrong);
    assert_true(b.events >= EVENTS_MIN);
    assert_int_equal(b.position, head_of(f, s));
    uint64_t there = compare_channel(&b, owner, general) + compare_channel(&b, owner, other);
    assert_int_equal(there, live_messages(&b));
    map_deinit(&b.messages);
    /* And from the beginning, all at once: a bot that was away all the time. */
    struct bot late = {.f = f};
    map_init(&late.messages, MEM_CORE, 1 << 20, 0);
    follow(&late, s);
    assert_false(late.wrong);
    assert_int_equal(compare_channel(&late, owner, general) + compare_channel(&late, owner, other),
                     live_messages(&late));
    map_deinit(&late.messages);
}

/* ---- guilds left and joined ---- */

struct travels {
    uint64_t joined[8];
    uint64_t left[8];
    unsigned joins;
    unsigned leaves;
    uint64_t position;
};

static void on_travel(void *ctx, struct event *e)
{
    struct travels *t = ctx;
    if (e->kind == EVENT_GUILD_CREATE)
        t->joined[t->joins++] = e->guild_id;
    if (e->kind == EVENT_GUILD_DELETE)
        t->left[t->leaves++] = e->guild_id;
    assert_int_equal(e->position, ++t->position);
    event_unref(&e);
}

static void test_guilds_left_and_joined(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *away = cf_person(f, "away");
    struct guild_id g[3];
    struct slice codes[3];
    for (int i = 0; i < 3; i++) {
        g[i] = cf_guild(f, owner);
        codes[i] = cf_invite(f, owner, cf_general(f, g[i]), 0, 0);
    }
    struct stream own = {STREAM_USER, away->who.user.v};
    cf_join(f, away, codes[0]);
    cf_join(f, away, codes[1]);
    struct travels t = {.position = head_of(f, own)};
    uint64_t left_at = head_of(f, (struct stream){STREAM_GUILD, g[0].v});
    assert_int_equal(member_leave(f->core, &away->by, g[0]), ERR_OK);
    cf_join(f, away, codes[2]);
    cf_join(f, away, codes[0]);
    assert_int_equal(member_leave(f->core, &away->by, g[0]), ERR_OK);
    assert_int_equal(events_replay(f->core, own, t.position, PAGE, on_travel, &t), ERR_OK);
    assert_int_equal(t.joins, 2);
    assert_int_equal(t.leaves, 2);
    assert_int_equal(t.left[0], g[0].v);
    assert_int_equal(t.joined[0], g[2].v);
    assert_int_equal(t.joined[1], g[0].v);
    assert_int_equal(t.left[1], g[0].v);
    /* The guild's own stream tells the others of it, also while its text goes on. */
    (void)cf_post(f, owner, cf_general(f, g[0]), "after");
    struct bot b = {.f = f, .position = left_at};
    map_init(&b.messages, MEM_CORE, 16, 0);
    follow(&b, (struct stream){STREAM_GUILD, g[0].v});
    assert_false(b.wrong);
    assert_int_equal(b.events, 4);
    map_deinit(&b.messages);
}

/* Away for longer than the log goes back: told so, and not given a part as if it were the whole. */
static void test_away_for_too_long(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct stream s = {STREAM_GUILD, guild.v};
    struct channel_id general = cf_general(f, guild);
    struct bot b = {.f = f, .position = head_of(f, s)};
    map_init(&b.messages, MEM_CORE, 64, 0);
    for (int i = 0; i < 10; i++)
        (void)cf_post(f, owner, general, "old");
    pass_days(f, 31);
    for (int i = 0; i < 5; i++)
        (void)cf_post(f, owner, general, "new");
    trim_all(f, 30);
    assert_int_equal(events_replay(f->core, s, b.position, PAGE, on_event, &b), ERR_LOG_TRIMMED);
    assert_int_equal(b.events, 0);
    b.position = look(f, s).trimmed;
    follow(&b, s);
    assert_false(b.wrong);
    assert_int_equal(b.events, 5);
    map_deinit(&b.messages);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_ten_thousand_events),
        T(test_guilds_left_and_joined),
        T(test_away_for_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
