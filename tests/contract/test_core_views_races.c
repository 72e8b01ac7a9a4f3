/* Views under pressure: a guild that goes while it is read, and more guilds than the cache holds.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"
#include "core/core_priv.h"
#include "core/guild_delete.h"

enum { READERS = 4, ROUNDS = 12, GUILDS = 3, POSTS = 40 };

struct reader {
    struct core_fixture *f;
    const struct person *owner;
    struct guild_id guild;
    struct channel_id general;
    _Atomic bool *stop;
    _Atomic uint64_t *reads;
    bool gone; /* once it is, it stays so */
};

static bool is_gone(enum err e)
{
    return e == ERR_UNKNOWN_GUILD || e == ERR_UNKNOWN_CHANNEL || e == ERR_MISSING_ACCESS;
}

static void note(struct reader *r, enum err e)
{
    assert_true(e == ERR_OK || is_gone(e));
    assert_false(r->gone && e == ERR_OK);
    r->gone = is_gone(e);
}

static void *read_and_post(void *ctx)
{
    struct reader *r = ctx;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    while (!atomic_load(r->stop)) {
        struct access a;
        struct message m;
        struct guild_view *v = NULL;
        struct message_draft d = {.content = SLICE("hello")};
        (void)!guild_view_get(r->f->core, r->guild, &v);
        guild_view_unref(&v);
        enum err e = access_channel(r->f->core, &r->owner->who, r->general, &arena, &a);
        note(r, e);
        if (e == ERR_OK) {
            note(r, message_post(r->f->core, &r->owner->by, &a, &d, &arena, &m));
            access_end(&a);
        }
        atomic_fetch_add(r->reads, 1);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

/* Somebody deletes the guild under those who read and write there: none of them gets in any more
 * once one was turned away, and nothing of it is left. */
static void test_a_guild_goes_while_it_is_read(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    for (int round = 0; round < ROUNDS; round++) {
        _Atomic bool stop = false;
        _Atomic uint64_t reads = 0;
        struct reader readers[READERS];
        pthread_t threads[READERS];
        struct guild_id guild = cf_guild(f, owner);
        struct channel_id general = cf_general(f, guild);
        struct guild_view *v = NULL;
        if (round % 2 == 0)
            views_forget(f->core, guild);
        for (int i = 0; i < READERS; i++) {
            readers[i] = (struct reader){f, owner, guild, general, &stop, &reads, false};
            assert_int_equal(pthread_create(&threads[i], NULL, read_and_post, &readers[i]), 0);
        }
        while (atomic_load(&reads) < READERS)
            sched_yield();
        assert_int_equal(guild_delete(f->core, guild), ERR_OK);
        uint64_t seen = atomic_load(&reads);
        (void)run_tasks(f);
        while (atomic_load(&reads) < seen + READERS)
            sched_yield();
        atomic_store(&stop, true);
        for (int i = 0; i < READERS; i++)
            pthread_join(threads[i], NULL);
        struct access a;
        assert_true(is_gone(access_guild(f->core, &owner->who, guild, &f->arena, &a)));
        views_forget(f->core, guild);
        assert_int_equal(guild_view_get(f->core, guild, &v), ERR_UNKNOWN_GUILD);
        cf_forget_events(f);
    }
}

static void limit_views(struct core_fixture *f, size_t max)
{
    cellmap_free(&f->core->views);
    f->core->views = cellmap_new(MEM_VIEWS, max, 3);
    assert_non_null(f->core->views);
}

static void *post_some(void *ctx)
{
    struct reader *r = ctx;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    for (int i = 0; i < POSTS; i++) {
        struct access a;
        struct message m;
        struct message_draft d = {.content = SLICE("hello")};
        assert_int_equal(access_channel(r->f->core, &r->owner->who, r->general, &arena, &a),
                         ERR_OK);
        assert_int_equal(message_post(r->f->core, &r->owner->by, &a, &d, &arena, &m), ERR_OK);
        access_end(&a);
        struct message_id *list;
        assert_int_equal(access_channel(r->f->core, &r->owner->who, r->general, &arena, &a),
                         ERR_OK);
        assert_int_equal(channel_last_messages(r->f->core, a.view, &arena, &list), ERR_OK);
        assert_true(list[a.channel - a.view->channels].v >= m.id.v);
        access_end(&a);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

/* Guilds that the cache has no room for are read each time, and are right. */
static void test_more_guilds_than_there_is_room_for(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct reader posters[GUILDS];
    pthread_t threads[GUILDS];
    limit_views(f, 1);
    for (int i = 0; i < GUILDS; i++) {
        struct guild_id guild = cf_guild(f, owner);
        posters[i] = (struct reader){
            .f = f, .owner = owner, .guild = guild, .general = cf_general(f, guild)};
    }
    for (int i = 0; i < GUILDS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, post_some, &posters[i]), 0);
    for (int k = 0; k < 5; k++)
        for (int i = 0; i < GUILDS; i++)
            (void)make_text(f, owner, posters[i].guild, "another", (struct channel_id){0});
    for (int i = 0; i < GUILDS; i++) {
        struct guild_view *v = NULL;
        pthread_join(threads[i], NULL);
        assert_int_equal(guild_view_get(f->core, posters[i].guild, &v), ERR_OK);
        assert_int_equal(v->channel_count, 4 + 5);
        guild_view_unref(&v);
    }
}

/* Nothing is read for a cache that cannot take it. */
static void test_no_room_costs_one_reading(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guilds[2] = {cf_guild(f, owner), cf_guild(f, owner)};
    struct guild_view *v = NULL;
    limit_views(f, 1);
    assert_int_equal(guild_view_get(f->core, guilds[0], &v), ERR_OK);
    guild_view_unref(&v);
    size_t before = mem_bytes(MEM_VIEWS);
    int64_t reads = metrics_get(f->metrics, METRIC_STORE_READS);
    struct access a = cf_in_guild(f, owner, guilds[1]);
    assert_int_equal(metrics_get(f->metrics, METRIC_STORE_READS) - reads, 1);
    access_end(&a);
    assert_int_equal(mem_bytes(MEM_VIEWS), before);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_a_guild_goes_while_it_is_read),
        T(test_more_guilds_than_there_is_room_for),
        T(test_no_room_costs_one_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
