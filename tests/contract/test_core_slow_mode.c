/* Slow mode: who waits, how long, and that nobody gets around it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"

enum { PAUSE_S = 30 };

struct scene {
    struct core_fixture *f;
    struct person *owner, *guest, *other;
    struct guild_id guild;
    struct channel_id slow, free;
};

static void set_pause(struct scene *s, uint32_t seconds)
{
    struct channel_draft d = {.set = SETS(RATE_LIMIT), .rate_limit_per_user = seconds};
    edit_channel(s->f, s->owner, s->slow, &d);
}

static struct scene scene_of(struct core_fixture *f)
{
    struct scene s = {.f = f,
                      .owner = cf_person(f, "owner"),
                      .guest = cf_person(f, "guest"),
                      .other = cf_person(f, "other")};
    s.guild = cf_guild(f, s.owner);
    s.free = cf_general(f, s.guild);
    s.slow = make_text(f, s.owner, s.guild, "slow", (struct channel_id){0});
    struct slice code = cf_invite(f, s.owner, s.free, 0, 0);
    cf_join(f, s.guest, code);
    cf_join(f, s.other, code);
    set_pause(&s, PAUSE_S);
    return s;
}

static enum err say(const struct scene *s, const struct person *p, struct channel_id id,
                    uint64_t *wait_ms)
{
    struct message m;
    struct message_draft d = {.content = SLICE("words"), .wait_ms = wait_ms};
    return cf_try_post(s->f, p, id, &d, &m);
}

static void test_pause(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    uint64_t wait = 0;
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_OK);
    f->wall_ms += 10000;
    cf_forget_events(f);
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_SLOWMODE);
    assert_int_equal(wait, (PAUSE_S - 10) * 1000);
    assert_int_equal(f->event_count, 0);
    /* Each by themselves, and only there. */
    assert_int_equal(say(&s, s.other, s.slow, NULL), ERR_OK);
    assert_int_equal(say(&s, s.guest, s.free, NULL), ERR_OK);
    assert_int_equal(say(&s, s.guest, s.free, NULL), ERR_OK);
    /* One that was refused does not begin the pause anew. */
    f->wall_ms += (PAUSE_S - 10) * 1000 - 1;
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_SLOWMODE);
    assert_int_equal(wait, 1);
    f->wall_ms += 1;
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_OK);
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_SLOWMODE);
    assert_int_equal(wait, PAUSE_S * 1000);
}

/* What is kept outlives the channel's setting; what counts is the setting of now. */
static void test_setting_changes(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    uint64_t wait = 0;
    assert_int_equal(say(&s, s.guest, s.slow, NULL), ERR_OK);
    set_pause(&s, 0);
    assert_int_equal(say(&s, s.guest, s.slow, NULL), ERR_OK);
    set_pause(&s, 5);
    f->wall_ms += 3000;
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_SLOWMODE);
    assert_int_equal(wait, 2000);
    /* A clock that goes back locks nobody out for longer than the pause. */
    f->wall_ms -= 60000;
    assert_int_equal(say(&s, s.guest, s.slow, &wait), ERR_SLOWMODE);
    assert_int_equal(wait, 5000);
}

static void test_bypass(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    static const struct {
        uint64_t bits;
        enum err expected;
    } cases[] = {
        {PERMISSION_MANAGE_MESSAGES | PERMISSION_MANAGE_CHANNELS, ERR_SLOWMODE},
        {PERMISSION_BYPASS_SLOWMODE, ERR_OK},
        {PERMISSION_ADMINISTRATOR, ERR_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct person *p = cf_person(f, i == 0 ? "manager" : i == 1 ? "bypasser" : "admin");
        cf_join(f, p, cf_invite(f, s.owner, s.free, 0, 0));
        give_role(f, s.guild, p, make_role(f, s.owner, s.guild, "r", cases[i].bits));
        assert_int_equal(say(&s, p, s.slow, NULL), ERR_OK);
        assert_int_equal(say(&s, p, s.slow, NULL), cases[i].expected);
    }
    assert_int_equal(say(&s, s.owner, s.slow, NULL), ERR_OK);
    assert_int_equal(say(&s, s.owner, s.slow, NULL), ERR_OK);
}

/* The same message sent again because the answer was lost is not a second one. */
static void test_repetition_by_nonce(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message first, again;
    struct message_draft d = {
        .content = SLICE("words"), .nonce = SLICE("n"), .enforce_nonce = true};
    assert_int_equal(cf_try_post(f, s.guest, s.slow, &d, &first), ERR_OK);
    assert_int_equal(cf_try_post(f, s.guest, s.slow, &d, &again), ERR_OK);
    assert_int_equal(again.id.v, first.id.v);
}

static void test_outlives_a_restart(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    assert_int_equal(say(&s, s.guest, s.slow, NULL), ERR_OK);
    restart(f);
    assert_int_equal(say(&s, s.guest, s.slow, NULL), ERR_SLOWMODE);
}

static enum err count_rows(struct tx *tx, void *ctx)
{
    uint64_t *n = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "SELECT count(*) FROM slow_mode_posts");
    *n = sql_step(s) ? sql_u64(s, 0) : UINT64_MAX;
    return sql_done(s);
}

static void expect_rows(struct core_fixture *f, uint64_t expected)
{
    uint64_t n = 0;
    assert_int_equal(store_read(f->store, count_rows, &n), ERR_OK);
    assert_int_equal(n, expected);
}

/* Nothing is kept where there is no slow mode, one row for each who was slowed down elsewhere. */
static void test_rows(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    assert_int_equal(say(&s, s.guest, s.free, NULL), ERR_OK);
    assert_int_equal(say(&s, s.owner, s.slow, NULL), ERR_OK);
    expect_rows(f, 0);
    for (int i = 0; i < 3; i++, f->wall_ms += PAUSE_S * 1000)
        assert_int_equal(say(&s, s.guest, s.slow, NULL), ERR_OK);
    expect_rows(f, 1);
    assert_int_equal(delete_channel(f, s.owner, s.slow), ERR_OK);
    run_tasks(f);
    expect_rows(f, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, cf_setup, cf_teardown)
        OPEN(test_pause),
        OPEN(test_setting_changes),
        OPEN(test_bypass),
        OPEN(test_repetition_by_nonce),
        OPEN(test_outlives_a_restart),
        OPEN(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
