/* Guild views: deep copies, sorted, searchable, and gone with the last reference. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "model/guild_view.h"

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_VIEWS) == 0 ? 0 : -1;
}

static void test_copies_and_sorts(void **state)
{
    (void)state;
    char guild_name[] = "hall", role_name[] = "mods", channel_name[] = "general";
    struct overwrite overwrites[] = {{9, OVERWRITE_ROLE, 1, 2}, {4, OVERWRITE_MEMBER, 3, 4}};
    struct guild guild = {.id = {1},
                          .name = slice_from(guild_name),
                          .owner = {77},
                          .preferred_locale = SLICE("en-US")};
    struct role roles[] = {{.id = {9}, .name = slice_from(role_name), .permissions = 5},
                           {.id = {1}, .name = SLICE("@everyone")}};
    struct channel channels[] = {
        {.id = {30}, .name = SLICE("last"), .last_message = {555}},
        {.id = {20},
         .name = slice_from(channel_name),
         .topic = SLICE(""),
         .overwrites = overwrites,
         .overwrite_count = 2},
        {.id = {25}, .name = SLICE("mid"), .overwrites = overwrites, .overwrite_count = 1},
    };
    struct guild_view *v = guild_view_new(&guild, 12, 34, roles, 2, channels, 3);
    assert_non_null(v);
    /* The originals may change now. */
    memset(guild_name, 'X', 4);
    memset(role_name, 'X', 4);
    memset(channel_name, 'X', 7);
    memset(overwrites, 0xff, sizeof overwrites);

    assert_int_equal(v->position, 12);
    assert_int_equal(v->permission_generation, 34);
    assert_int_equal(v->guild.owner.v, 77);
    assert_true(slice_eq_cstr(v->guild.name, "hall"));
    assert_true(slice_eq_cstr(v->guild.preferred_locale, "en-US"));
    assert_null(v->guild.description.data);
    assert_int_equal(v->role_count, 2);
    assert_int_equal(v->roles[0].id.v, 1);
    assert_int_equal(v->roles[1].id.v, 9);
    assert_int_equal(v->channels[0].id.v, 20);
    assert_int_equal(v->channels[1].id.v, 25);
    assert_int_equal(v->channels[2].id.v, 30);
    assert_int_equal(v->channels[2].last_message.v, 0);

    const struct role *role = guild_view_role(v, (struct role_id){9});
    assert_true(slice_eq_cstr(role->name, "mods"));
    assert_int_equal(role->permissions, 5);
    const struct channel *channel = guild_view_channel(v, (struct channel_id){20});
    assert_true(slice_eq_cstr(channel->name, "general"));
    assert_non_null(channel->topic.data); /* empty, but there */
    assert_int_equal(channel->topic.len, 0);
    assert_int_equal(channel->overwrite_count, 2);
    assert_int_equal(channel->overwrites[0].id, 9);
    assert_int_equal(channel->overwrites[1].id, 4);
    assert_int_equal(channel->overwrites[1].deny, 4);
    channel = guild_view_channel(v, (struct channel_id){25});
    assert_int_equal(channel->overwrites[0].allow, 1);
    assert_null(guild_view_channel(v, (struct channel_id){21}));
    assert_null(guild_view_role(v, (struct role_id){2}));
    guild_view_unref(&v);
    assert_null(v);
}

static void test_empty(void **state)
{
    (void)state;
    struct guild guild = {.id = {1}};
    struct guild_view *v = guild_view_new(&guild, 1, 1, NULL, 0, NULL, 0);
    assert_non_null(v);
    assert_null(guild_view_channel(v, (struct channel_id){1}));
    assert_null(guild_view_role(v, (struct role_id){1}));
    assert_null(v->guild.name.data);
    guild_view_unref(&v);
    guild_view_unref(&v);
}

static void test_references(void **state)
{
    (void)state;
    struct guild guild = {.id = {1}, .name = SLICE("hall")};
    struct guild_view *v = guild_view_new(&guild, 1, 1, NULL, 0, NULL, 0);
    struct guild_view *second = guild_view_ref(v);
    assert_ptr_equal(second, v);
    guild_view_unref(&v);
    assert_true(slice_eq_cstr(second->guild.name, "hall"));
    /* Through a cell, as it is published. */
    struct snapshot_cell cell;
    snapshot_cell_init(&cell, &second->snapshot);
    struct guild_view *got = (struct guild_view *)(void *)snapshot_cell_get(&cell);
    assert_ptr_equal(got, second);
    snapshot_cell_deinit(&cell);
    assert_true(slice_eq_cstr(got->guild.name, "hall"));
    guild_view_unref(&got);
    assert_int_equal(mem_bytes(MEM_VIEWS), 0);
}

static void test_finds_everything(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    static struct channel channels[COUNT];
    static struct role roles[COUNT];
    struct random_seeded random;
    struct guild guild = {.id = {1}};
    random_seeded_init(&random, 9);
    for (size_t i = 0; i < COUNT; i++) {
        channels[i].id.v = random_seeded_next(&random) | 1; /* odd: even ids are absent */
        roles[i].id.v = random_seeded_next(&random) | 1;
    }
    struct guild_view *v = guild_view_new(&guild, 1, 1, roles, COUNT, channels, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(guild_view_channel(v, channels[i].id)->id.v == channels[i].id.v);
        assert_true(guild_view_role(v, roles[i].id)->id.v == roles[i].id.v);
        assert_null(guild_view_channel(v, (struct channel_id){channels[i].id.v - 1}));
        assert_null(guild_view_role(v, (struct role_id){roles[i].id.v + 1}));
    }
    guild_view_unref(&v);
}

static void test_short_memory(void **state)
{
    (void)state;
    struct guild guild = {.id = {1}};
    mem_fail_after(0, 1);
    assert_null(guild_view_new(&guild, 1, 1, NULL, 0, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_copies_and_sorts, check_memory),
        cmocka_unit_test_teardown(test_empty, check_memory),
        cmocka_unit_test_teardown(test_references, check_memory),
        cmocka_unit_test_teardown(test_finds_everything, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
