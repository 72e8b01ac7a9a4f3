/* Direct messages under attack: people who write to each other, block each other, bring each other
 * in and throw each other out, all at once; and accounts that are on their way out. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "contract/replay_fixture.h"
#include "core/dm_groups.h"
#include "core/dms.h"
#include "core/pins.h"
#include "core/polls.h"
#include "core/reactions.h"
#include "core/relationships.h"
#include "core/tasks.h"
#include "core/user_erase.h"

enum { PEOPLE = 4, GROUPS = 2, ROUNDS = 60, RACER_ARENA_BYTES = 64 * 1024 * 1024 };

static void befriend(struct core_fixture *f, const struct person *a, const struct person *b)
{
    assert_int_equal(relationship_ask(f->core, &a->by, b->who.user), ERR_OK);
    assert_int_equal(relationship_ask(f->core, &b->by, a->who.user), ERR_OK);
}

static struct channel_id open_with(struct core_fixture *f, const struct person *a,
                                   const struct person *b)
{
    struct dm_channel d;
    assert_int_equal(dm_open(f->core, &a->by, b->who.user, &f->arena, &d), ERR_OK);
    return d.id;
}

/* ---- all at once ---- */

struct scene {
    struct core_fixture *f;
    struct person *people[PEOPLE];
    struct channel_id pairs[PEOPLE][PEOPLE];
    struct channel_id groups[GROUPS];
};

struct racer {
    struct scene *s;
    size_t me;
    uint64_t seed;
    enum err unexpected; /* the first answer that no order of things explains */
    unsigned posted;
    struct arena arena;
};

static size_t pick(struct racer *r, size_t n)
{
    r->seed = r->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (size_t)(r->seed >> 33) % n;
}

/* What people do to each other may refuse anything of that, and nothing else may fail. */
static bool explained(enum err e)
{
    static const enum err known[] = {
        ERR_OK,
        ERR_MISSING_ACCESS,
        ERR_MISSING_PERMISSIONS,
        ERR_CANNOT_MESSAGE_USER,
        ERR_NO_MUTUAL_GUILDS,
        ERR_UNKNOWN_USER,
        ERR_UNKNOWN_MESSAGE,
        ERR_UNKNOWN_CHANNEL,
        ERR_MAX_RECIPIENTS,
        ERR_REACTION_BLOCKED,
        ERR_RELATIONSHIP_INCOMING_BLOCKED,
        ERR_RELATIONSHIP_ALREADY_FRIENDS,
        ERR_INVALID_RECIPIENTS,
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i] == e)
            return true;
    return false;
}

static enum err write_in(struct racer *r, const struct person *p, const struct access *a)
{
    struct core *c = r->s->f->core;
    struct message m, edited;
    const struct message_draft d = {.content = SLICE("hello")};
    const struct message_edit edit = {.has_content = true, .content = SLICE("hallo")};
    const struct emoji_ref emoji = {.name = SLICE("\xf0\x9f\x98\x80")};
    enum err e = message_post(c, &p->by, a, &d, &r->arena, &m);
    if (e != ERR_OK)
        return e;
    r->posted++;
    switch (pick(r, 4)) {
    case 0:
        return message_edit(c, &p->by, a, m.id, &edit, &r->arena, &edited);
    case 1:
        return reaction_add(c, &p->by, a, m.id, &emoji, REACTION_NORMAL);
    case 2:
        return pin_set(c, &p->by, a, m.id, true);
    default:
        return message_delete(c, &p->by, a, m.id);
    }
}

static enum err change_group(struct racer *r, const struct person *p, const struct access *a,
                             const struct person *other)
{
    struct core *c = r->s->f->core;
    struct dm_channel made;
    const struct dm_group_edit name = {.has_name = true, .name = SLICE("Tea")};
    switch (pick(r, 4)) {
    case 0:
        return dm_group_remove(c, &p->by, a, other->who.user);
    case 1:
        return dm_group_change(c, &p->by, a, &name);
    default:
        return dm_group_add(c, &p->by, a, other->who.user, &r->arena, &made);
    }
}

static enum err in_channel(struct racer *r, struct channel_id id, const struct person *other)
{
    const struct person *p = r->s->people[r->me];
    struct access a;
    enum err e = access_channel(r->s->f->core, &p->who, id, &r->arena, &a);
    if (e != ERR_OK)
        return e;
    if (a.dm->type == CHANNEL_TYPE_GROUP_DM && pick(r, 2) == 0)
        e = change_group(r, p, &a, other);
    else if (a.dm->type == CHANNEL_TYPE_DM && pick(r, 4) == 0)
        e = dm_close(r->s->f->core, &p->by, &a);
    else
        e = write_in(r, p, &a);
    access_end(&a);
    return e;
}

/* Blocks are lifted and friendships made anew, or soon nobody would say anything. */
static enum err relate(struct racer *r, const struct person *p, const struct person *other)
{
    struct core *c = r->s->f->core;
    enum err e = ERR_OK;
    if (pick(r, 3) == 0)
        e = relationship_block(c, &p->by, other->who.user);
    if (e == ERR_OK && pick(r, 3) != 0)
        e = relationship_end(c, &p->by, other->who.user);
    return e == ERR_OK ? relationship_ask(c, &p->by, other->who.user) : e;
}

static void *race(void *ctx)
{
    struct racer *r = ctx;
    struct scene *s = r->s;
    for (int i = 0; i < ROUNDS && r->unexpected == ERR_OK; i++) {
        size_t you = (r->me + 1 + pick(r, PEOPLE - 1)) % PEOPLE;
        const struct person *other = s->people[you];
        enum err e;
        arena_reset(&r->arena);
        if (pick(r, 3) == 0)
            e = relate(r, s->people[r->me], other);
        else if (pick(r, 2) == 0)
            e = in_channel(r, s->pairs[r->me][you], other);
        else
            e = in_channel(r, s->groups[pick(r, GROUPS)], other);
        if (!explained(e))
            r->unexpected = e;
    }
    return NULL;
}

static void set_scene(struct scene *s)
{
    static const char *const names[PEOPLE] = {"ada", "bob", "cleo", "dan"};
    for (size_t i = 0; i < PEOPLE; i++)
        s->people[i] = cf_person(s->f, names[i]);
    for (size_t i = 0; i < PEOPLE; i++)
        for (size_t k = 0; k < i; k++) {
            befriend(s->f, s->people[i], s->people[k]);
            s->pairs[i][k] = s->pairs[k][i] = open_with(s->f, s->people[i], s->people[k]);
        }
    for (size_t g = 0; g < GROUPS; g++) {
        uint64_t ids[PEOPLE];
        struct dm_channel d;
        for (size_t i = 1; i < PEOPLE; i++)
            ids[i - 1] = s->people[(g + i) % PEOPLE]->who.user.v;
        assert_int_equal(
            dm_group_make(s->f->core, &s->people[g]->by, ids, PEOPLE - 1, &s->f->arena, &d),
            ERR_OK);
        s->groups[g] = d.id;
    }
}

static int relation_of(struct core_fixture *f, const struct person *p, const struct person *other)
{
    struct relationship *list;
    size_t count;
    assert_int_equal(relationship_list(f->core, p->who.user, &f->arena, &list, &count), ERR_OK);
    for (size_t i = 0; i < count; i++)
        if (list[i].other.id.v == other->who.user.v)
            return (int)list[i].type;
    return RELATIONSHIP_NONE;
}

static void assert_sides_agree(struct core_fixture *f, const struct person *a,
                               const struct person *b)
{
    int ours = relation_of(f, a, b);
    int theirs = relation_of(f, b, a);
    if (ours == RELATIONSHIP_FRIEND || theirs == RELATIONSHIP_FRIEND)
        assert_int_equal(ours, theirs);
    if (ours == RELATIONSHIP_INCOMING)
        assert_int_equal(theirs, RELATIONSHIP_OUTGOING);
    if (ours == RELATIONSHIP_OUTGOING)
        assert_int_equal(theirs, RELATIONSHIP_INCOMING);
}

static void count_event(void *ctx, struct event *e)
{
    uint64_t *last = ctx;
    assert_int_equal(e->position, *last + 1);
    *last = e->position;
    event_unref(&e);
}

/* The bus told each stream in order and without a gap, and the log gives as many back. */
static void assert_stream_whole(struct core_fixture *f, const struct person *p)
{
    uint64_t told = 0;
    for (size_t i = 0; i < f->event_count; i++) {
        const struct event *e = f->events[i];
        if (e->stream.kind != STREAM_USER || e->stream.id != p->who.user.v || e->position == 0)
            continue;
        assert_int_equal(e->position, told + 1);
        told = e->position;
    }
    uint64_t last = 0;
    assert_int_equal(
        events_replay(f->core, core_user_stream(p->who.user), 0, CF_EVENTS_MAX, count_event, &last),
        ERR_OK);
    assert_int_equal(last, told);
}

static void everybody_at_once(void **state)
{
    struct scene s = {.f = *state};
    struct racer racers[PEOPLE];
    pthread_t threads[PEOPLE];
    unsigned posted = 0;
    set_scene(&s);
    for (size_t i = 0; i < PEOPLE; i++) {
        racers[i] = (struct racer){.s = &s, .me = i, .seed = 20261121 + i};
        arena_init(&racers[i].arena, MEM_CORE, RACER_ARENA_BYTES);
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (size_t i = 0; i < PEOPLE; i++) {
        pthread_join(threads[i], NULL);
        arena_deinit(&racers[i].arena);
        assert_string_equal(err_info(racers[i].unexpected)->name, err_info(ERR_OK)->name);
        posted += racers[i].posted;
    }
    assert_true(posted > 0);
    assert_true(s.f->event_count < CF_EVENTS_MAX);
    for (size_t i = 0; i < PEOPLE; i++) {
        assert_stream_whole(s.f, s.people[i]);
        for (size_t k = 0; k < i; k++)
            assert_sides_agree(s.f, s.people[i], s.people[k]);
    }
}

/* ---- on their way out ---- */

/* From the moment that an erasure is under way nobody is tied to the account anew: what undoes such
 * ties may have been there already. */
static void nobody_is_tied_to_who_is_being_erased(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob"), *c = cf_person(f, "cleo");
    struct dm_channel d, made;
    const uint64_t ids[] = {c->who.user.v, b->who.user.v};
    befriend(f, a, c);
    befriend(f, a, b);
    assert_int_equal(dm_group_make(f->core, &a->by, ids, 1, &f->arena, &d), ERR_OK);
    assert_int_equal(user_erase(f->core, b->who.user), ERR_OK);
    assert_int_equal(dm_open(f->core, &a->by, b->who.user, &f->arena, &made),
                     ERR_INVALID_RECIPIENTS);
    assert_int_equal(dm_group_make(f->core, &a->by, ids, 2, &f->arena, &made),
                     ERR_INVALID_RECIPIENTS);
    struct access x = cf_in_channel(f, a, d.id);
    assert_int_equal(dm_group_add(f->core, &a->by, &x, b->who.user, &f->arena, &made),
                     ERR_INVALID_RECIPIENTS);
    access_end(&x);
    assert_int_equal(relationship_ask(f->core, &c->by, b->who.user), ERR_UNKNOWN_USER);
    assert_int_equal(relationship_block(f->core, &c->by, b->who.user), ERR_UNKNOWN_USER);
    for (bool more = true; more;)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
    assert_int_equal(relation_of(f, a, b), RELATIONSHIP_NONE);
    assert_int_equal(dm_with(f->core, a->who.user, b->who.user, &f->arena, &made),
                     ERR_UNKNOWN_CHANNEL);
}

/* ---- what a block ends ---- */

/* In a pair nothing of somebody blocked reaches the other: no edit, no vote, no reaction, no pin;
 * nor of somebody whom the other has stopped hearing as a stranger. */
static void a_block_is_complete(void **state)
{
    struct core_fixture *f = *state;
    struct person *a = cf_person(f, "ada"), *b = cf_person(f, "bob");
    befriend(f, a, b);
    struct channel_id id = open_with(f, a, b);
    const struct poll_draft poll = {
        .answer_count = 2, .duration_ms = 3600000, .json = SLICE("{\"answers\":[]}")};
    const struct message_draft asks = {.poll = &poll};
    const struct message_edit edit = {.has_content = true, .content = SLICE("again")};
    const struct emoji_ref emoji = {.name = SLICE("\xf0\x9f\x98\x80")};
    const uint64_t answer = 1;
    struct message m, asked, now;
    m = cf_post(f, a, id, "hello");
    assert_int_equal(cf_try_post(f, a, id, &asks, &asked), ERR_OK);
    struct access x = cf_in_channel(f, a, id);
    for (int round = 0; round < 2; round++) {
        if (round == 0)
            assert_int_equal(relationship_block(f->core, &b->by, a->who.user), ERR_OK);
        size_t before = f->event_count;
        assert_int_equal(message_edit(f->core, &a->by, &x, m.id, &edit, &f->arena, &now),
                         round == 0 ? ERR_CANNOT_MESSAGE_USER : ERR_NO_MUTUAL_GUILDS);
        assert_int_equal(pin_set(f->core, &a->by, &x, m.id, true),
                         round == 0 ? ERR_CANNOT_MESSAGE_USER : ERR_NO_MUTUAL_GUILDS);
        assert_int_equal(channel_typing(f->core, &x),
                         round == 0 ? ERR_CANNOT_MESSAGE_USER : ERR_NO_MUTUAL_GUILDS);
        if (round == 0) {
            assert_int_equal(reaction_add(f->core, &a->by, &x, m.id, &emoji, REACTION_NORMAL),
                             ERR_REACTION_BLOCKED);
            assert_int_equal(poll_vote(f->core, &a->by, &x, asked.id, &answer, 1, NULL),
                             ERR_POLL_VOTING_BLOCKED);
        }
        assert_int_equal(f->event_count, before);
        if (round == 0)
            assert_int_equal(relationship_end(f->core, &b->by, a->who.user), ERR_OK);
    }
    /* What takes something back tells nobody anything. */
    assert_int_equal(message_delete(f->core, &a->by, &x, m.id), ERR_OK);
    access_end(&x);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, cf_setup, cf_teardown)
    const struct CMUnitTest tests[] = {
        TEST(everybody_at_once),
        TEST(nobody_is_tied_to_who_is_being_erased),
        TEST(a_block_is_complete),
    };
    return cmocka_run_group_tests_name("core_dm_races", tests, NULL, NULL);
}
