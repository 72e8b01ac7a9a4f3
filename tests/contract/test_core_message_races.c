/* What several people do to one message at once: counts are those of the rows whatever the order,
 * limits hold, and a poll ends once. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "contract/structure_fixture.h"
#include "contract/tasks_fixture.h"
#include "core/bulk_delete.h"
#include "core/pins.h"
#include "core/polls.h"
#include "core/reactions.h"

enum { THREADS = 4, ROUNDS = 60, MESSAGES = 3, KINDS = 4, SPARE = 2 };

struct stage {
    struct core_fixture *f;
    struct person *people[THREADS];
    struct guild_id guild;
    struct channel_id general;
    struct message_id ids[MESSAGES]; /* the last one is a poll */
};

/* One of the people, on a thread of their own. */
struct racer {
    struct stage *s;
    struct person *p;
    struct arena arena;
    struct access a;
    uint64_t seed;
    unsigned nth;
    enum err result;
    unsigned unexpected;
};

static struct message ask(struct stage *s)
{
    struct message m;
    struct poll_draft poll = {.json = SLICE("{\"question\":{\"text\":\"Which?\"},\"answers\":["
                                            "{\"answer_id\":1,\"poll_media\":{\"text\":\"a\"}},"
                                            "{\"answer_id\":2,\"poll_media\":{\"text\":\"b\"}}],"
                                            "\"allow_multiselect\":true,\"layout_type\":1}"),
                              .answer_count = 2,
                              .multiselect = true,
                              .duration_ms = 60 * 60 * 1000};
    struct message_draft d = {.content = SLICE(""), .poll = &poll};
    assert_int_equal(cf_try_post(s->f, s->people[0], s->general, &d, &m), ERR_OK);
    return m;
}

static struct stage stage_of(struct core_fixture *f)
{
    struct stage s = {.f = f};
    char name[16];
    for (unsigned i = 0; i < THREADS; i++) {
        snprintf(name, sizeof name, "person%u", i);
        s.people[i] = cf_person(f, name);
    }
    s.guild = cf_guild(f, s.people[0]);
    s.general = cf_general(f, s.guild);
    for (unsigned i = 1; i < THREADS; i++)
        cf_join(f, s.people[i], cf_invite(f, s.people[0], s.general, 0, 0));
    for (unsigned i = 0; i + 1 < MESSAGES; i++)
        s.ids[i] = cf_post(f, s.people[0], s.general, "react to this").id;
    s.ids[MESSAGES - 1] = ask(&s).id;
    return s;
}

static void race(struct stage *s, struct racer *list, size_t count, void *(*run)(void *))
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < count; i++) {
        list[i].s = s;
        list[i].nth = (unsigned)i;
        list[i].seed = 1000 + i;
        list[i].p = list[i].p != NULL ? list[i].p : s->people[i];
        arena_init(&list[i].arena, MEM_CORE, 8 * 1024 * 1024);
        assert_int_equal(
            access_channel(s->f->core, &list[i].p->who, s->general, &list[i].arena, &list[i].a),
            ERR_OK);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run, &list[i]), 0);
    for (size_t i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < count; i++) {
        access_end(&list[i].a);
        arena_deinit(&list[i].arena);
    }
}

/* ---- counts ---- */

static uint64_t next(struct racer *x, uint64_t below)
{
    x->seed = x->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (x->seed >> 33) % below;
}

static struct emoji_ref kind(unsigned i, char out[8])
{
    snprintf(out, 8, "\xF0\x9F\x98%c", (char)(unsigned char)(0x80 + i));
    return (struct emoji_ref){.name = slice_of(out, 4)};
}

static enum err vote_somehow(struct racer *x)
{
    size_t wrong;
    uint64_t answers[2] = {1 + next(x, 2), 2};
    return poll_vote(x->s->f->core, &x->p->by, &x->a, x->s->ids[MESSAGES - 1], answers, next(x, 3),
                     &wrong);
}

static enum err react_somehow(struct racer *x)
{
    char text[8];
    struct core *c = x->s->f->core;
    struct message_id id = x->s->ids[next(x, MESSAGES)];
    struct emoji_ref emoji = kind((unsigned)next(x, KINDS), text);
    enum reaction_type type = next(x, 2) == 0 ? REACTION_NORMAL : REACTION_BURST;
    switch (next(x, 8)) {
    case 0: /* the first of the people is a moderator */
        return x->nth != 0 ? ERR_OK : reactions_clear(c, &x->p->by, &x->a, id, &emoji);
    case 1:
        return x->nth != 0 ? ERR_OK : reactions_clear(c, &x->p->by, &x->a, id, NULL);
    case 2:
    case 3:
    case 4:
        return reaction_remove(c, &x->p->by, &x->a, id, &emoji, type, x->p->who.user);
    default:
        return reaction_add(c, &x->p->by, &x->a, id, &emoji, type);
    }
}

static void *act(void *ctx)
{
    struct racer *x = ctx;
    for (unsigned i = 0; i < ROUNDS; i++) {
        enum err e = next(x, 4) == 0 ? vote_somehow(x) : react_somehow(x);
        if (e == ERR_OK || e == ERR_RETRY)
            continue;
        x->unexpected++;
        x->result = e;
    }
    return NULL;
}

/* How many counts are not those of the rows, either way. */
static uint64_t wrong_counts(struct stage *s, struct message_id id)
{
    return count_of(s->f,
                    "SELECT COUNT(*) FROM reaction_counts c WHERE c.message_id = $1 AND "
                    "(c.normal <> (SELECT COUNT(*) FROM reactions r WHERE r.channel_id = "
                    "c.channel_id AND r.message_id = c.message_id AND r.emoji = c.emoji AND "
                    "r.emoji_id = c.emoji_id AND r.type = 0) OR c.burst <> (SELECT COUNT(*) FROM "
                    "reactions r WHERE r.channel_id = c.channel_id AND r.message_id = c.message_id "
                    "AND r.emoji = c.emoji AND r.emoji_id = c.emoji_id AND r.type = 1) OR "
                    "c.normal + c.burst <= 0)",
                    id.v) +
           count_of(s->f,
                    "SELECT COUNT(*) FROM reactions r WHERE r.message_id = $1 AND NOT EXISTS "
                    "(SELECT 1 FROM reaction_counts c WHERE c.channel_id = r.channel_id AND "
                    "c.message_id = r.message_id AND c.emoji = r.emoji AND c.emoji_id = "
                    "r.emoji_id)",
                    id.v) +
           count_of(s->f,
                    "SELECT COUNT(*) FROM poll_counts c WHERE c.message_id = $1 AND c.votes <> "
                    "(SELECT COUNT(*) FROM poll_votes v WHERE v.channel_id = c.channel_id AND "
                    "v.message_id = c.message_id AND v.answer_id = c.answer_id)",
                    id.v) +
           count_of(s->f,
                    "SELECT COUNT(*) FROM poll_votes v WHERE v.message_id = $1 AND NOT EXISTS "
                    "(SELECT 1 FROM poll_counts c WHERE c.channel_id = v.channel_id AND "
                    "c.message_id = v.message_id AND c.answer_id = v.answer_id)",
                    id.v);
}

static void test_counts_are_rows(void **state)
{
    struct stage s = stage_of(*state);
    struct racer list[THREADS] = {{.s = NULL}};
    race(&s, list, THREADS, act);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(list[i].result, ERR_OK);
        assert_int_equal(list[i].unexpected, 0);
    }
    for (unsigned i = 0; i < MESSAGES; i++)
        assert_int_equal(wrong_counts(&s, s.ids[i]), 0);
    assert_true(count_of(s.f, "SELECT COUNT(*) FROM reactions WHERE channel_id = $1", s.general.v) >
                0);
}

/* Somebody deletes while others react: afterwards there is nothing. */
static void *act_or_delete(void *ctx)
{
    struct racer *x = ctx;
    uint64_t ids[MESSAGES];
    if (x->nth != 0) {
        (void)act(ctx); /* refused from some moment on */
        return NULL;
    }
    for (unsigned i = 0; i < 8; i++)
        (void)react_somehow(x);
    for (unsigned i = 0; i < MESSAGES; i++)
        ids[i] = x->s->ids[i].v;
    x->result = messages_bulk_delete(x->s->f->core, &x->p->by, &x->a, ids, MESSAGES);
    return NULL;
}

static void test_deleted_while_reacting(void **state)
{
    struct stage s = stage_of(*state);
    struct racer list[THREADS] = {{.s = NULL}};
    race(&s, list, THREADS, act_or_delete);
    assert_int_equal(list[0].result, ERR_OK);
    for (unsigned i = 1; i < THREADS; i++)
        assert_true(list[i].unexpected == 0 || list[i].result == ERR_UNKNOWN_MESSAGE);
    run_tasks(s.f);
    assert_int_equal(
        count_of(
            s.f,
            "SELECT (SELECT COUNT(*) FROM reactions WHERE channel_id = $1) + (SELECT COUNT(*) "
            "FROM reaction_counts WHERE channel_id = $1) + (SELECT COUNT(*) FROM poll_votes "
            "WHERE channel_id = $1) + (SELECT COUNT(*) FROM poll_counts WHERE channel_id = $1)",
            s.general.v),
        0);
}

/* ---- limits ---- */

static void *react_with_own_kind(void *ctx)
{
    struct racer *x = ctx;
    char text[8];
    struct emoji_ref emoji = kind(LIMIT_REACTIONS + x->nth, text);
    x->result =
        reaction_add(x->s->f->core, &x->p->by, &x->a, x->s->ids[0], &emoji, REACTION_NORMAL);
    return NULL;
}

static size_t succeeded(const struct racer *list, size_t count, enum err else_)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(list[i].result == ERR_OK || list[i].result == else_);
        n += list[i].result == ERR_OK;
    }
    return n;
}

static void test_last_kinds(void **state)
{
    struct stage s = stage_of(*state);
    struct racer list[THREADS] = {{.s = NULL}};
    char text[8];
    for (unsigned i = 0; i < LIMIT_REACTIONS - SPARE; i++) {
        struct emoji_ref emoji = kind(i, text);
        struct access a = cf_in_channel(s.f, s.people[0], s.general);
        assert_int_equal(
            reaction_add(s.f->core, &s.people[0]->by, &a, s.ids[0], &emoji, REACTION_NORMAL),
            ERR_OK);
        access_end(&a);
    }
    race(&s, list, THREADS, react_with_own_kind);
    assert_int_equal(succeeded(list, THREADS, ERR_MAX_REACTIONS), SPARE);
    assert_int_equal(wrong_counts(&s, s.ids[0]), 0);
}

/* Its own message, each as the owner. */
static void *pin_own(void *ctx)
{
    struct racer *x = ctx;
    x->result = pin_set(x->s->f->core, &x->p->by, &x->a, (struct message_id){x->seed}, true);
    return NULL;
}

static void *pin_next(void *ctx)
{
    struct racer *x = ctx;
    x->seed = x->s->ids[x->nth % (MESSAGES - 1)].v;
    return pin_own(ctx);
}

static void test_last_pin(void **state)
{
    struct stage s = stage_of(*state);
    struct racer list[2] = {{.p = s.people[0]}, {.p = s.people[0]}};
    /* As if there were one less than the limit. */
    run_sql(s.f,
            "INSERT INTO messages (channel_id, id, guild_id, author_id, type, edited_at_ms, "
            "flags, tts, mention_everyone, content, pinned_at_ms) WITH RECURSIVE n(i) AS (SELECT 1 "
            "UNION ALL SELECT i + 1 FROM n WHERE i < 249) SELECT $1, i, $2, 1, 0, 0, 0, 0, 0, 'x', "
            "i FROM n",
            s.general.v, s.guild.v);
    race(&s, list, 2, pin_next);
    assert_int_equal(succeeded(list, 2, ERR_MAX_PINS), 1);
    assert_int_equal(count_of(s.f,
                              "SELECT COUNT(*) FROM messages WHERE channel_id = $1 AND "
                              "pinned_at_ms <> 0",
                              s.general.v),
                     LIMIT_PINS);
}

/* ---- the end of a poll ---- */

static void *end_it(void *ctx)
{
    struct racer *x = ctx;
    struct message out;
    bool more;
    if (x->nth % 2 == 0)
        x->result =
            poll_end(x->s->f->core, &x->p->by, &x->a, x->s->ids[MESSAGES - 1], &x->arena, &out);
    else
        x->result = poll_end_step(x->s->f->core, &more);
    return NULL;
}

static void test_ends_once(void **state)
{
    struct stage s = stage_of(*state);
    struct racer list[THREADS] = {
        {.p = s.people[0]}, {.p = s.people[0]}, {.p = s.people[0]}, {.p = s.people[0]}};
    atomic_fetch_add(&s.f->wall_ms, INT64_C(2) * 60 * 60 * 1000);
    cf_forget_events(s.f);
    race(&s, list, THREADS, end_it);
    (void)succeeded(list, THREADS, ERR_POLL_EXPIRED);
    assert_int_equal(count_of(s.f,
                              "SELECT COUNT(*) FROM messages WHERE channel_id = $1 AND type = 46",
                              s.general.v),
                     1);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_CREATE, s.guild.v), 1);
    bool more;
    assert_int_equal(poll_end_step(s.f->core, &more), ERR_OK);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_CREATE, s.guild.v), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts_are_rows, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_deleted_while_reacting, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_last_kinds, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_last_pin, cf_setup, cf_teardown),
        cmocka_unit_test_setup_teardown(test_ends_once, cf_setup, cf_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
