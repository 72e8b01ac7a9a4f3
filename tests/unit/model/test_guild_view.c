/* Guild views: deep copies, sorted, searchable, and gone with the last reference. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "contract/view_compare.h"
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
    assert_int_equal(channel->overwrites[0].id, 4);
    assert_int_equal(channel->overwrites[0].deny, 4);
    assert_int_equal(channel->overwrites[1].id, 9);
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

/* --- everything that a view holds --- */

static const struct role_id some_roles[] = {{5}, {6}};
static const struct overwrite two_overwrites[] = {{9, OVERWRITE_ROLE, 1, 2},
                                                  {4, OVERWRITE_MEMBER, 3, 4}};
struct whole {
    struct forum_tag tags[2];
    struct guild guild;
    struct role roles[3];
    struct channel channels[3];
    struct emoji emojis[2];
    struct sticker stickers[2];
    struct sound sounds[2];
    struct stage_instance stages[2];
    struct scheduled_event scheduled[2];
    struct guild_contents contents;
};

static void make_structure(struct whole *w)
{
    w->tags[0] = (struct forum_tag){90, SLICE("zeal"), true, 40, {NULL, 0}};
    w->tags[1] = (struct forum_tag){80, SLICE("art"), false, 0, SLICE("x")};
    w->guild = (struct guild){.id = {1},
                              .name = SLICE("hall"),
                              .icon = SLICE("a1"),
                              .banner = SLICE("b2"),
                              .splash = SLICE("c3"),
                              .discovery_splash = SLICE("d4"),
                              .home_header = SLICE("e5"),
                              .vanity_code = SLICE("guild"),
                              .features = 7};
    w->roles[0] = (struct role){.id = {6}, .name = SLICE("six"), .icon = SLICE("f6")};
    w->roles[1] = (struct role){.id = {1}, .name = SLICE("@everyone"), .permissions = 9};
    w->roles[2] = (struct role){.id = {5}, .unicode_emoji = SLICE("e"), .secondary_color = 3};
    w->channels[0] = (struct channel){
        .id = {30}, .name = SLICE("forum"), .tags = w->tags, .tag_count = 2, .last_message = {555}};
    w->channels[1] = (struct channel){.id = {20},
                                      .name = SLICE("text"),
                                      .topic = SLICE("of"),
                                      .overwrites = two_overwrites,
                                      .overwrite_count = 2,
                                      .default_reaction_emoji_name = SLICE("y")};
    w->channels[2] = (struct channel){.id = {25},
                                      .name = SLICE("voice"),
                                      .rtc_region = SLICE("local"),
                                      .voice_status = SLICE("on")};
}

static void make_extras(struct whole *w)
{
    w->emojis[0] = (struct emoji){
        .id = {41}, .name = SLICE("b"), .hash = SLICE("h"), .roles = some_roles, .role_count = 2};
    w->emojis[1] = (struct emoji){.id = {40}, .name = SLICE("a"), .hash = SLICE("g")};
    w->stickers[0] = (struct sticker){.id = {51}, .name = SLICE("s"), .tags = SLICE("t")};
    w->stickers[1] = (struct sticker){.id = {50}, .description = SLICE("d"), .hash = SLICE("i")};
    w->sounds[0] = (struct sound){.id = {61}, .name = SLICE("boom"), .emoji_name = SLICE("z")};
    w->sounds[1] = (struct sound){.id = {60}, .name = SLICE("bang"), .hash = SLICE("j")};
    w->stages[0] = (struct stage_instance){.id = {71}, .channel = {25}, .topic = SLICE("talk")};
    w->stages[1] = (struct stage_instance){.id = {70}, .channel = {26}, .topic = SLICE("walk")};
    w->scheduled[0] = (struct scheduled_event){
        .id = {82}, .name = SLICE("fair"), .location = SLICE("here"), .user_count = 9};
    w->scheduled[1] = (struct scheduled_event){.id = {81},
                                               .name = SLICE("feast"),
                                               .description = SLICE("all"),
                                               .image = SLICE("k"),
                                               .recurrence = SLICE("{}")};
}

static void make_whole(struct whole *w)
{
    *w = (struct whole){0};
    make_structure(w);
    make_extras(w);
    w->contents = (struct guild_contents){
        .guild = &w->guild,
        .roles = w->roles,
        .role_count = 3,
        .channels = w->channels,
        .channel_count = 3,
        .emojis = w->emojis,
        .emoji_count = 2,
        .stickers = w->stickers,
        .sticker_count = 2,
        .sounds = w->sounds,
        .sound_count = 2,
        .stages = w->stages,
        .stage_count = 2,
        .scheduled = w->scheduled,
        .scheduled_count = 2,
    };
}

static void test_holds_everything(void **state)
{
    (void)state;
    struct whole w;
    make_whole(&w);
    struct guild_view *v = guild_view_make(&w.contents, 3, 4);
    assert_non_null(v);
    assert_true(slice_eq_cstr(v->guild.vanity_code, "guild"));
    assert_ptr_not_equal(v->guild.vanity_code.data, w.guild.vanity_code.data);
    assert_true(slice_eq_cstr(guild_view_role(v, (struct role_id){5})->unicode_emoji, "e"));
    const struct channel *forum = guild_view_channel(v, (struct channel_id){30});
    assert_int_equal(forum->tag_count, 2);
    assert_int_equal(forum->tags[0].id, 90); /* in the order given */
    assert_true(slice_eq_cstr(forum->tags[1].emoji_name, "x"));
    assert_ptr_not_equal(forum->tags[1].name.data, w.tags[1].name.data);
    assert_int_equal(v->emojis[0].id.v, 40);
    const struct emoji *emoji = guild_view_emoji(v, (struct emoji_id){41});
    assert_int_equal(emoji->role_count, 2);
    assert_int_equal(emoji->roles[1].v, 6);
    assert_ptr_not_equal(emoji->roles, some_roles);
    assert_true(slice_eq_cstr(guild_view_sticker(v, (struct sticker_id){50})->description, "d"));
    assert_true(slice_eq_cstr(guild_view_sound(v, (struct sound_id){61})->emoji_name, "z"));
    assert_true(slice_eq_cstr(guild_view_stage(v, (struct channel_id){26})->topic, "walk"));
    assert_null(guild_view_stage(v, (struct channel_id){30}));
    const struct scheduled_event *fair = guild_view_scheduled(v, (struct scheduled_event_id){82});
    assert_true(slice_eq_cstr(fair->location, "here"));
    assert_int_equal(fair->user_count, 0);
    assert_null(guild_view_emoji(v, (struct emoji_id){39}));
    assert_null(guild_view_sticker(v, (struct sticker_id){52}));
    assert_null(guild_view_sound(v, (struct sound_id){1}));
    assert_null(guild_view_scheduled(v, (struct scheduled_event_id){83}));
    guild_view_unref(&v);
}

/* A patched view is what a new one would be, and shares what did not change. */
static void test_patch_shares_the_rest(void **state)
{
    (void)state;
    for (unsigned part = 0; part < VIEW_PART_COUNT; part++) {
        struct whole w;
        make_whole(&w);
        struct guild_view *from = guild_view_make(&w.contents, 3, 4);
        w.guild.name = SLICE("house");
        w.roles[2].permissions = 77;
        w.channels[1].overwrite_count = 1;
        w.contents.emoji_count = 1;
        w.stages[1].topic = SLICE("run");
        struct guild_patch all = {.parts = 1U << part, .contents = w.contents};
        struct guild_view *v = guild_view_patch(from, &all, 5, 6);
        assert_non_null(v);
        assert_int_equal(v->position, 5);
        assert_int_equal(v->permission_generation, 6);
        assert_int_equal(slice_eq_cstr(v->guild.name, "house"), part == 0);
        assert_int_equal(v->roles != from->roles, part == 1);
        assert_int_equal(v->roles[1].permissions == 77, part == 1);
        assert_int_equal(v->channels != from->channels, part == 2);
        assert_int_equal(v->channels[0].overwrite_count, part == 2 ? 1 : 2);
        assert_int_equal(v->emoji_count, part == 3 ? 1 : 2);
        assert_int_equal(v->stickers != from->stickers, part == 3);
        assert_int_equal(v->scheduled != from->scheduled, part == 4);
        /* It outlives the one that it shares with. */
        guild_view_unref(&from);
        assert_int_equal(v->channels[2].tags[1].id, 80);
        assert_true(slice_eq_cstr(v->sounds[1].name, "boom"));
        guild_view_unref(&v);
    }
}

static void test_patch_one_channel(void **state)
{
    (void)state;
    struct whole w;
    make_whole(&w);
    struct guild_view *from = guild_view_make(&w.contents, 3, 4);
    static const uint64_t places[] = {10, 22, 40}; /* first, between, last */
    for (size_t i = 0; i < 3; i++) {
        struct channel made = {.id = {places[i]},
                               .name = SLICE("made"),
                               .overwrites = two_overwrites,
                               .overwrite_count = 2};
        struct guild_patch p = {.parts = VIEW_CHANNELS, .channels = &made.id, .channel_count = 1};
        p.contents.channels = &made;
        p.contents.channel_count = 1;
        struct guild_view *v = guild_view_patch(from, &p, 5, 6);
        assert_int_equal(v->channel_count, 4);
        for (size_t k = 1; k < v->channel_count; k++)
            assert_true(v->channels[k - 1].id.v < v->channels[k].id.v);
        const struct channel *c = guild_view_channel(v, made.id);
        assert_int_equal(c->overwrites[0].id, 4);
        /* The others' overwrites are where they were. */
        assert_ptr_equal(guild_view_channel(v, (struct channel_id){20})->overwrites,
                         guild_view_channel(from, (struct channel_id){20})->overwrites);
        /* Changed, then gone: what was there before is there again. */
        struct channel changed = {.id = made.id, .name = SLICE("changed")};
        p.contents.channels = &changed;
        struct guild_view *second = guild_view_patch(v, &p, 7, 8);
        assert_int_equal(second->channel_count, 4);
        assert_true(slice_eq_cstr(guild_view_channel(second, made.id)->name, "changed"));
        assert_true(slice_eq_cstr(guild_view_channel(v, made.id)->name, "made"));
        p.contents.channel_count = 0;
        struct guild_view *third = guild_view_patch(second, &p, 3, 4);
        guild_view_unref(&v);
        guild_view_unref(&second);
        assert_null(view_difference(third, from));
        /* Gone twice is no change. */
        v = guild_view_patch(third, &p, 3, 4);
        guild_view_unref(&third);
        assert_null(view_difference(v, from));
        guild_view_unref(&v);
    }
    guild_view_unref(&from);
}

/* Random channels made, changed and deleted at once: as if all had been given anew. */
static void test_patch_some_channels(void **state)
{
    (void)state;
    enum { IDS = 24, ROUNDS = 400 };
    struct random_seeded random;
    struct guild guild = {.id = {1}};
    struct channel now[IDS];
    size_t count = 0;
    bool there[IDS] = {false};
    int32_t version[IDS] = {0};
    random_seeded_init(&random, 31);
    struct guild_view *v = guild_view_new(&guild, 0, 0, NULL, 0, NULL, 0);
    for (int32_t round = 1; round <= ROUNDS; round++) {
        struct channel_id ids[IDS];
        struct channel changed[IDS];
        struct guild_patch p = {.parts = VIEW_CHANNELS, .channels = ids};
        /* From a random place on, so that they come in no order. */
        size_t first = random_seeded_next(&random) % IDS;
        for (size_t k = 0; k < IDS; k++) {
            size_t i = (first + k) % IDS;
            if (random_seeded_next(&random) % 4 != 0)
                continue;
            there[i] = random_seeded_next(&random) % 2 == 0;
            version[i] = round;
            ids[p.channel_count++].v = 100 + i;
            if (there[i])
                changed[p.contents.channel_count++] = (struct channel){.id = {100 + i},
                                                                       .position = round,
                                                                       .overwrites = two_overwrites,
                                                                       .overwrite_count = 2};
        }
        if (p.channel_count == 0)
            continue;
        p.contents.channels = changed;
        struct guild_view *next = guild_view_patch(v, &p, (uint64_t)round, 0);
        count = 0;
        for (size_t i = 0; i < IDS; i++)
            if (there[i])
                now[count++] = (struct channel){.id = {100 + i},
                                                .position = version[i],
                                                .overwrites = two_overwrites,
                                                .overwrite_count = 2};
        struct guild_view *whole = guild_view_new(&guild, (uint64_t)round, 0, NULL, 0, now, count);
        assert_null(view_difference(next, whole));
        guild_view_unref(&whole);
        guild_view_unref(&v);
        v = next;
    }
    guild_view_unref(&v);
}

/* --- the newest messages --- */

static uint64_t last_of(const struct guild_view *v, size_t i)
{
    struct message_id id = {0};
    return guild_view_last_message(v, i, &id) ? id.v : UINT64_MAX;
}

static void test_last_messages(void **state)
{
    (void)state;
    struct whole w;
    make_whole(&w);
    struct guild_view *v = guild_view_make(&w.contents, 3, 4);
    assert_true(last_of(v, 0) == UINT64_MAX);
    guild_view_note_message(v, (struct channel_id){20}, (struct message_id){500});
    guild_view_note_message(v, (struct channel_id){21}, (struct message_id){501}); /* no such */
    assert_int_equal(last_of(v, 0), 500);
    /* What the store says later is older than what was noted, or newer. */
    guild_view_learn_message(v, 0, (struct message_id){400});
    assert_int_equal(last_of(v, 0), 500);
    guild_view_learn_message(v, 0, (struct message_id){510});
    assert_int_equal(last_of(v, 0), 510);
    guild_view_learn_message(v, 1, (struct message_id){0});
    assert_int_equal(last_of(v, 1), 0);
    assert_true(last_of(v, 2) == UINT64_MAX);
    /* A view that follows knows nothing until it is told; then as much, and 0 of a new channel. */
    struct channel made = {.id = {22}};
    struct guild_patch p = {.parts = VIEW_CHANNELS, .channels = &made.id, .channel_count = 1};
    p.contents.channels = &made;
    p.contents.channel_count = 1;
    struct guild_view *next = guild_view_patch(v, &p, 5, 6);
    assert_true(last_of(next, 0) == UINT64_MAX);
    guild_view_inherit_messages(next, v);
    assert_int_equal(last_of(next, 0), 510);
    assert_int_equal(last_of(next, 1), 0); /* new */
    assert_int_equal(last_of(next, 2), 0);
    assert_true(last_of(next, 3) == UINT64_MAX);
    guild_view_unref(&v);
    guild_view_unref(&next);
}

/* Each allocation fails in turn: no view, no leak. */
static void test_short_memory(void **state)
{
    (void)state;
    struct whole w;
    make_whole(&w);
    struct guild_view *v = NULL;
    uint64_t n = 0;
    for (; v == NULL; n++) {
        mem_fail_after(n, 1);
        v = guild_view_make(&w.contents, 1, 1);
        assert_true(v != NULL || mem_bytes(MEM_VIEWS) == 0);
    }
    assert_int_equal(n, 1 + 5 + 3 + 1 + 1); /* itself, parts, channels, messages; and success */
    static const struct channel_id forum = {30};
    struct guild_patch p = {.parts = VIEW_CHANNELS, .contents = w.contents};
    p.channels = &forum;
    p.channel_count = 1;
    p.contents.channel_count = 1;
    struct guild_view *next = NULL;
    for (n = 0; next == NULL; n++) {
        mem_fail_after(n, 1);
        next = guild_view_patch(v, &p, 2, 2);
    }
    assert_int_equal(n, 1 + 1 + 1 + 1 + 1 + 1); /* and a list of what stays */
    mem_fail_never();
    assert_int_equal(next->channel_count, 3);
    guild_view_unref(&next);
    guild_view_unref(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_copies_and_sorts, check_memory),
        cmocka_unit_test_teardown(test_empty, check_memory),
        cmocka_unit_test_teardown(test_references, check_memory),
        cmocka_unit_test_teardown(test_finds_everything, check_memory),
        cmocka_unit_test_teardown(test_holds_everything, check_memory),
        cmocka_unit_test_teardown(test_patch_shares_the_rest, check_memory),
        cmocka_unit_test_teardown(test_patch_one_channel, check_memory),
        cmocka_unit_test_teardown(test_patch_some_channels, check_memory),
        cmocka_unit_test_teardown(test_last_messages, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
