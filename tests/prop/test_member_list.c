/*
 * Member lists: people join, leave, come, go, and are renamed and moved between groups, many at
 * once; clients that look at random ranges, and know nothing but what they are told, show in those
 * ranges exactly what the list has, headers and their numbers included. Each run has its own seed:
 * GUILDHALL_SEED=n makes run n the first, so a failure is repeated at once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "gateway/member_rows.h"
#include "prop/seed.h"

enum {
    RUNS = 1500,
    ROUNDS_MAX = 40,
    PEOPLE_MAX = 400,
    GROUPS_MAX = 6,
    CLIENTS = 4,
    ROWS_MAX = 1024, /* a client's memory */
    NAME_MAX_LEN = 4
};

struct person {
    struct member_place place; /* first */
    char name[NAME_MAX_LEN + 1];
    unsigned version; /* what the client sees of anybody */
    bool listed;
};

/* A row as a client shows it. */
struct shown {
    bool known;
    uint64_t user; /* 0: a header */
    unsigned version;
    uint32_t group;
    uint32_t count;
};

struct client {
    struct member_ranges ranges;
    struct shown rows[ROWS_MAX];
};

struct world {
    struct random_seeded random;
    uint64_t seed;
    struct member_rows rows;
    uint32_t told_total;
    uint32_t groups;
    uint32_t people_count;
    struct person people[PEOPLE_MAX];
    struct client clients[CLIENTS];
    /* What all runs together reached. */
    struct reached {
        uint64_t steps;
        uint64_t unknown;
        uint64_t anew;
        uint64_t emptied;
    } * reached;
};

static uint32_t below(struct world *w, uint32_t bound)
{
    return (uint32_t)(random_seeded_next(&w->random) % bound);
}

static struct shown shown_at(const struct world *w, uint32_t index)
{
    struct member_row row = member_rows_at(&w->rows, index);
    if (row.place == NULL)
        return (struct shown){true, 0, 0, row.group, row.count};
    const struct person *p = (const struct person *)(const void *)row.place;
    return (struct shown){true, p->place.user, p->version, row.group, 0};
}

static bool same(const struct shown *a, const struct shown *b)
{
    return a->known == b->known && a->user == b->user && a->version == b->version &&
           a->group == b->group && a->count == b->count;
}

/* --- the client --- */

static void client_step(struct client *c, const struct member_step *s)
{
    struct shown row = {true, 0, 0, s->group, s->count};
    if (s->place != NULL) {
        const struct person *p = (const struct person *)(const void *)s->place;
        row = (struct shown){true, p->place.user, p->version, s->group, 0};
    }
    struct shown *at = &c->rows[s->index];
    size_t rest = ROWS_MAX - s->index - 1;
    switch (s->kind) {
    case MEMBER_INSERT:
        memmove(at + 1, at, rest * sizeof *at);
        *at = row;
        return;
    case MEMBER_DELETE:
        memmove(at, at + 1, rest * sizeof *at);
        c->rows[ROWS_MAX - 1] = (struct shown){0};
        return;
    case MEMBER_UPDATE:
        *at = row;
        return;
    }
}

static void client_sync(struct world *w, struct client *c, struct member_range r)
{
    uint32_t total = member_rows_total(&w->rows);
    for (uint32_t i = r.first; i <= r.last; i++)
        c->rows[i] = i < total ? shown_at(w, i) : (struct shown){0};
}

static void client_look(struct world *w, struct client *c)
{
    memset(c, 0, sizeof *c);
    for (uint32_t n = 1 + below(w, 5); n > 0; n--) {
        uint32_t first = below(w, 3) == 0 ? 0 : below(w, 420);
        struct member_range one = {first, first + below(w, 100)};
        (void)member_ranges_add(&c->ranges, one);
    }
    for (uint32_t i = 0; i < c->ranges.count; i++)
        client_sync(w, c, c->ranges.list[i]);
}

static void client_tell(struct world *w, struct client *c)
{
    struct member_telling t;
    if (w->rows.lost) {
        memset(c->rows, 0, sizeof c->rows);
        for (uint32_t i = 0; i < c->ranges.count; i++)
            client_sync(w, c, c->ranges.list[i]);
        w->reached->anew++;
        return;
    }
    assert_true(member_rows_tell(&w->rows, &c->ranges, w->told_total, &t));
    for (uint32_t i = 0; i < w->rows.step_count; i++)
        if (t.steps[i])
            client_step(c, &w->rows.steps[i]);
    for (uint32_t i = 0; i < t.unknown_count; i++)
        client_sync(w, c, t.unknown[i]);
    w->reached->steps += t.step_count;
    w->reached->unknown += t.unknown_count;
}

static void client_check(const struct world *w, const struct client *c)
{
    uint32_t total = member_rows_total(&w->rows);
    for (uint32_t i = 0; i < c->ranges.count; i++) {
        for (uint32_t k = c->ranges.list[i].first; k <= c->ranges.list[i].last; k++) {
            struct shown right = {0};
            if (k < total)
                right = shown_at(w, k);
            struct shown have = c->rows[k];
            if (k >= total)
                have = (struct shown){0}; /* beyond the end a client shows nothing */
            if (!same(&right, &have))
                fail_msg("GUILDHALL_SEED=%" PRIu64 ": row %u of %u shows %" PRIu64
                         "/%u, not %" PRIu64 "/%u",
                         w->seed, k, total, have.user, have.version, right.user, right.version);
        }
    }
}

/* --- the list --- */

static void check_order(const struct world *w)
{
    uint32_t listed = 0;
    for (uint32_t i = 0; i < w->people_count; i++) {
        listed += w->people[i].listed;
        if (w->people[i].listed)
            assert_true(member_rows_has(&w->rows, &w->people[i].place));
    }
    assert_int_equal(listed, w->rows.count);
    for (uint32_t i = 1; i < w->rows.count; i++) {
        const struct member_place *a = w->rows.places[i - 1];
        const struct member_place *b = w->rows.places[i];
        assert_true(a->group <= b->group);
        if (a->group == b->group)
            assert_true(strcmp(a->name.data, b->name.data) <= 0);
    }
}

static void rename_person(struct world *w, struct person *p)
{
    size_t len = 1 + below(w, NAME_MAX_LEN);
    for (size_t i = 0; i < len; i++)
        p->name[i] = (char)('a' + below(w, 3));
    p->name[len] = '\0';
    p->place.name = slice_of(p->name, len);
}

/* What happens to somebody in one change, once. */
static void happen(struct world *w, struct person *p)
{
    struct person old = *p;
    old.place.name.data = old.name;
    uint32_t what = below(w, 8);
    p->version++;
    if (!p->listed || what == 0) { /* comes, or goes */
        p->listed = !p->listed;
        if (!p->listed) {
            member_rows_remove(&w->rows, &old.place);
            return;
        }
        assert_true(member_rows_insert(&w->rows, &p->place));
        return;
    }
    if (what < 4) {
        member_rows_replace(&w->rows, &p->place);
        return;
    }
    member_rows_remove(&w->rows, &old.place);
    if (what < 6)
        p->place.group = below(w, w->groups);
    else
        rename_person(w, p);
    assert_true(member_rows_insert(&w->rows, &p->place));
}

static void change(struct world *w)
{
    uint32_t changes = below(w, 20) == 0 ? w->people_count : 1 + below(w, 12);
    uint32_t start = below(w, w->people_count);
    uint32_t before = w->rows.count;
    for (uint32_t i = 0; i < changes && i < w->people_count; i++)
        happen(w, &w->people[(start + i * 7) % w->people_count]);
    member_rows_count(&w->rows);
    for (uint32_t i = 0; i < CLIENTS; i++)
        client_tell(w, &w->clients[i]);
    member_rows_told(&w->rows);
    w->told_total = member_rows_total(&w->rows);
    w->reached->emptied += before > 0 && w->rows.count == 0;
}

static void build(struct world *w)
{
    static const uint32_t SIZES[] = {1, 3, 20, 150, PEOPLE_MAX};
    w->groups = 1 + below(w, GROUPS_MAX);
    w->people_count = SIZES[below(w, sizeof SIZES / sizeof SIZES[0])];
    assert_true(member_rows_reset(&w->rows, w->groups));
    for (uint32_t i = 0; i < w->people_count; i++) {
        struct person *p = &w->people[i];
        *p = (struct person){.place = {.user = i + 1, .group = below(w, w->groups)}};
        rename_person(w, p);
        p->listed = below(w, 2) == 0;
        if (p->listed)
            assert_true(member_rows_append(&w->rows, &p->place));
    }
    member_rows_sort(&w->rows);
    member_rows_count(&w->rows);
    member_rows_told(&w->rows);
    w->told_total = member_rows_total(&w->rows);
}

static void run(uint64_t seed, struct reached *reached)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->seed = seed;
    w->reached = reached;
    random_seeded_init(&w->random, seed);
    member_rows_init(&w->rows);
    build(w);
    for (uint32_t i = 0; i < CLIENTS; i++)
        client_look(w, &w->clients[i]);
    for (uint32_t n = 1 + below(w, ROUNDS_MAX); n > 0; n--) {
        change(w);
        check_order(w);
        for (uint32_t i = 0; i < CLIENTS; i++)
            client_check(w, &w->clients[i]);
        if (below(w, 10) == 0)
            client_look(w, &w->clients[below(w, CLIENTS)]);
    }
    member_rows_deinit(&w->rows);
    free(w);
}

static void test_clients_converge(void **state)
{
    (void)state;
    struct reached reached = {0};
    uint64_t first = first_seed();
    for (uint64_t i = 0; i < rounds(RUNS); i++)
        run(first + i, &reached);
    /* The runs were about something. */
    assert_true(reached.steps > RUNS);
    assert_true(reached.unknown > RUNS / 10);
    assert_true(reached.anew > 100);
    assert_true(reached.emptied > 10);
}

static void test_ranges(void **state)
{
    (void)state;
    struct member_ranges r = {0};
    assert_true(member_ranges_add(&r, (struct member_range){200, 299}));
    assert_true(member_ranges_add(&r, (struct member_range){0, 99}));
    assert_int_equal(r.count, 2);
    assert_int_equal(r.list[0].first, 0);
    assert_true(member_ranges_hold(&r, 99));
    assert_false(member_ranges_hold(&r, 100));
    assert_true(member_ranges_add(&r, (struct member_range){50, 250}));
    assert_int_equal(r.count, 1);
    assert_int_equal(r.list[0].first, 0);
    assert_int_equal(r.list[0].last, 299);
    for (uint32_t i = 1; i < MEMBER_RANGES_MAX; i++)
        assert_true(member_ranges_add(&r, (struct member_range){i * 1000, i * 1000 + 99}));
    assert_false(member_ranges_add(&r, (struct member_range){500, 501}));
    assert_int_equal(r.count, MEMBER_RANGES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_clients_converge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
