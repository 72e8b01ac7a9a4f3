/* Gateway sessions that wait for the next start: whose they are, that they are there once, and what
 * takes them away. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "core/handover.h"
#include "core/user_erase.h"
#include "store/tokens.h"

enum { HERE = 3, ELSEWHERE = 4, LIVES_MS = 1000, BIG = 3 * 1024 * 1024 };

static struct gateway_session_row row(struct core_fixture *f, uint32_t number,
                                      const struct person *p, const char *state)
{
    struct gateway_session_row r = {.number = number,
                                    .user = p->who.user,
                                    .expires_at_ms = f->wall_ms + LIVES_MS,
                                    .state = slice_from(state)};
    memcpy(r.token.hash, p->who.token_hash, sizeof r.token.hash);
    return r;
}

static void put(struct core_fixture *f, unsigned worker, const struct gateway_session_row *rows,
                size_t count)
{
    struct gateway_payload_row p = {7, f->wall_ms + LIVES_MS, SLICE("payloads")};
    assert_int_equal(handover_put(f->core, worker, rows, count, &p, 1), ERR_OK);
}

static size_t sessions(struct core_fixture *f, unsigned worker, uint32_t from,
                       struct gateway_session_row rows[GATEWAY_ROWS_PAGE])
{
    size_t count = 0;
    assert_int_equal(handover_sessions(f->core, worker, from, &f->arena, rows, &count), ERR_OK);
    return count;
}

static size_t payloads(struct core_fixture *f, unsigned worker, uint32_t from,
                       struct gateway_payload_row rows[GATEWAY_ROWS_PAGE])
{
    size_t count = 0;
    assert_int_equal(handover_payloads(f->core, worker, from, &f->arena, rows, &count), ERR_OK);
    return count;
}

static void test_kept_by_worker(void **state)
{
    struct core_fixture *f = *state;
    const struct person *a = cf_person(f, "a");
    const struct person *b = cf_person(f, "b");
    struct gateway_session_row in[] = {row(f, 0, a, "first"), row(f, 1, b, "second")};
    struct gateway_session_row other = row(f, 0, a, "elsewhere");
    struct gateway_session_row out[GATEWAY_ROWS_PAGE];
    struct gateway_payload_row p[GATEWAY_ROWS_PAGE];
    put(f, HERE, in, 2);
    put(f, ELSEWHERE, &other, 1);
    assert_int_equal(sessions(f, HERE, 0, out), 2);
    assert_int_equal(out[1].number, 1);
    assert_int_equal(out[1].user.v, b->who.user.v);
    assert_memory_equal(out[1].token.hash, b->who.token_hash, sizeof out[1].token.hash);
    assert_int_equal(out[1].expires_at_ms, f->wall_ms + LIVES_MS);
    assert_true(slice_eq_cstr(out[0].state, "first"));
    assert_int_equal(sessions(f, HERE, 1, out), 1);
    assert_int_equal(payloads(f, HERE, 0, p), 1);
    assert_int_equal(p[0].number, 7);
    assert_true(slice_eq_cstr(p[0].payloads, "payloads"));
    /* Taken: gone, and nobody else's. */
    assert_int_equal(handover_clear(f->core, HERE), ERR_OK);
    assert_int_equal(sessions(f, HERE, 0, out) + payloads(f, HERE, 0, p), 0);
    assert_int_equal(sessions(f, ELSEWHERE, 0, out), 1);
    assert_int_equal(payloads(f, ELSEWHERE, 0, p), 1);
}

/* A batch with a row that cannot be is not there at all. */
static void test_all_or_nothing(void **state)
{
    struct core_fixture *f = *state;
    const struct person *a = cf_person(f, "a");
    struct gateway_session_row in[] = {row(f, 0, a, "first"), row(f, 1, a, "nobody's")};
    struct gateway_session_row out[GATEWAY_ROWS_PAGE];
    in[1].user.v = 12345;
    assert_int_not_equal(handover_put(f->core, HERE, in, 2, NULL, 0), ERR_OK);
    assert_int_equal(sessions(f, HERE, 0, out), 0);
}

static void test_expiry(void **state)
{
    struct core_fixture *f = *state;
    const struct person *a = cf_person(f, "a");
    struct gateway_session_row mine = row(f, 0, a, "mine");
    struct gateway_session_row out[GATEWAY_ROWS_PAGE];
    struct gateway_payload_row p[GATEWAY_ROWS_PAGE];
    put(f, HERE, &mine, 1);
    put(f, ELSEWHERE, &mine, 1);
    f->wall_ms += LIVES_MS;
    assert_int_equal(sessions(f, HERE, 0, out), 0);
    /* A server that never comes back leaves nothing for good. */
    assert_int_equal(payloads(f, ELSEWHERE, 0, p), 1);
    assert_int_equal(handover_clear(f->core, HERE), ERR_OK);
    f->wall_ms -= LIVES_MS;
    assert_int_equal(sessions(f, ELSEWHERE, 0, out) + payloads(f, ELSEWHERE, 0, p), 0);
}

/* More than a page, in rows and in bytes. */
static void test_pages(void **state)
{
    enum { ROWS = GATEWAY_ROWS_PAGE + 10, PACKS = 100 };
    struct core_fixture *f = *state;
    const struct person *a = cf_person(f, "a");
    struct gateway_session_row out[GATEWAY_ROWS_PAGE];
    struct gateway_payload_row p[GATEWAY_ROWS_PAGE];
    struct gateway_session_row *in = arena_array(&f->arena, ROWS, sizeof *in);
    for (uint32_t i = 0; i < ROWS; i++)
        in[i] = row(f, i, a, "s");
    put(f, HERE, in, ROWS);
    assert_int_equal(sessions(f, HERE, 0, out), GATEWAY_ROWS_PAGE);
    assert_int_equal(sessions(f, HERE, out[GATEWAY_ROWS_PAGE - 1].number + 1, out), 10);
    assert_int_equal(handover_clear(f->core, HERE), ERR_OK);

    struct gateway_payload_row packs[PACKS];
    char *big = arena_zalloc(&f->arena, BIG);
    for (uint32_t i = 0; i < PACKS; i++)
        packs[i] = (struct gateway_payload_row){i, f->wall_ms + 1, slice_of(big, i < 3 ? BIG : 1)};
    assert_int_equal(handover_put(f->core, HERE, NULL, 0, packs, PACKS), ERR_OK);
    assert_int_equal(payloads(f, HERE, 0, p), 2); /* the second passes what a page has */
    assert_int_equal(p[1].payloads.len, BIG);
    assert_int_equal(payloads(f, HERE, 2, p), PACKS - 2);
    assert_int_equal(handover_clear(f->core, HERE), ERR_OK); /* in several transactions */
    assert_int_equal(payloads(f, HERE, 0, p), 0);
}

/* While the server is stopped somebody is erased: what is kept may have their words in it. */
static void test_erasing_takes_all(void **state)
{
    struct core_fixture *f = *state;
    const struct person *a = cf_person(f, "a");
    const struct person *b = cf_person(f, "b");
    struct gateway_session_row in[] = {row(f, 0, a, "a"), row(f, 1, b, "b")};
    struct gateway_session_row out[GATEWAY_ROWS_PAGE];
    struct gateway_payload_row p[GATEWAY_ROWS_PAGE];
    put(f, HERE, in, 2);
    put(f, ELSEWHERE, in, 1);
    assert_int_equal(user_erase(f->core, a->who.user), ERR_OK);
    assert_int_equal(sessions(f, HERE, 0, out) + payloads(f, HERE, 0, p), 0);
    assert_int_equal(sessions(f, ELSEWHERE, 0, out) + payloads(f, ELSEWHERE, 0, p), 0);
}

static enum err delete_token(struct tx *tx, void *ctx)
{
    bool deleted = false;
    enum err e = tokens_delete(tx_sql(tx), ctx, &deleted);
    assert_true(e != ERR_OK || deleted);
    return e;
}

/* Where somebody stands, and that every change moves a position. */
static void test_standing(void **state)
{
    struct core_fixture *f = *state;
    const struct person *owner = cf_person(f, "owner");
    struct token_id token;
    struct session_standing before;
    struct session_standing after;
    memcpy(token.hash, owner->who.token_hash, sizeof token.hash);
    struct guild_id one = cf_guild(f, owner);
    struct guild_id two = cf_guild(f, owner);
    assert_int_equal(session_standing_load(f->core, &token, &f->arena, &before), ERR_OK);
    assert_int_equal(before.who.user.v, owner->who.user.v);
    assert_memory_equal(before.who.token_hash, token.hash, sizeof token.hash);
    assert_int_equal(before.membership_count, 2);
    assert_true(before.user_position > 0);
    (void)cf_post(f, owner, cf_general(f, two), "one more");
    assert_int_equal(session_standing_load(f->core, &token, &f->arena, &after), ERR_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct membership *m = &after.memberships[i];
        const struct membership *was = &before.memberships[i];
        assert_int_equal(m->guild.v, was->guild.v);
        assert_true(m->guild.v == one.v || m->guild.v == two.v);
        assert_int_equal(m->position, was->position + (m->guild.v == two.v));
        assert_int_equal(m->member.joined_at_ms, was->member.joined_at_ms);
    }
    (void)cf_guild(f, owner);
    assert_int_equal(session_standing_load(f->core, &token, &f->arena, &after), ERR_OK);
    assert_true(after.user_position > before.user_position);
    assert_int_equal(after.membership_count, 3);
    assert_int_equal(store_write(f->store, delete_token, &token), ERR_OK);
    assert_int_equal(session_standing_load(f->core, &token, &f->arena, &after), ERR_UNKNOWN_TOKEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_kept_by_worker), TEST(test_all_or_nothing),    TEST(test_expiry),
        TEST(test_pages),          TEST(test_erasing_takes_all), TEST(test_standing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
