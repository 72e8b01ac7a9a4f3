/* Views that follow from the one before and what a closure says it changed: the same as read anew,
 * whatever was changed, in whatever batch. And the newest messages that views carry along. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "contract/core_fixture.h"
#include "core/core_priv.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/emojis.h"
#include "store/guilds.h"
#include "store/roles.h"
#include "store/scheduled_events.h"
#include "store/sounds.h"
#include "store/stages.h"
#include "store/stickers.h"

/* --- random changes ----------------------------------------------------------------------------
 */

struct changer {
    struct core_fixture *f;
    const struct person *owner;
    struct guild_id guild;
    struct random_seeded random;
    unsigned times; /* changes of one closure */
    bool fail;      /* after them */
    struct guild_view *view;
    unsigned parts_seen;
    struct channel_id made;
    struct channel_id moved[3];
    size_t moved_count;
};

static uint64_t below(struct changer *x, uint64_t bound)
{
    return random_seeded_next(&x->random) % bound;
}

static struct slice some_name(struct changer *x)
{
    return slice_from(arena_printf(&x->f->arena, "name-%u", (unsigned)below(x, 100000)));
}

/* One of the ids of a list in the view, or 0. Items begin with their id. */
static uint64_t pick(struct changer *x, const void *items, size_t count, size_t size)
{
    const char *at = items;
    return count == 0 ? 0 : *(const uint64_t *)(const void *)(at + below(x, count) * size);
}

static enum err change_guild(struct changer *x, struct tx *tx, struct view_change *c)
{
    struct sql_stmt *s = sql_query(tx_sql(tx), "UPDATE guilds SET name = $2, vanity_code = NULL, "
                                               "icon = $2, features = $3 WHERE id = $1");
    c->parts = VIEW_GUILD;
    sql_bind_u64(s, 1, x->guild.v);
    sql_bind_text(s, 2, some_name(x));
    sql_bind_u64(s, 3, below(x, 1 << 15));
    return sql_run(s);
}

static enum err change_roles(struct changer *x, struct tx *tx, const struct guild_view *v,
                             struct view_change *c)
{
    struct role role = {.id = {pick(x, v->roles, v->role_count, sizeof *v->roles)},
                        .guild = x->guild,
                        .name = some_name(x),
                        .permissions = below(x, UINT64_C(1) << 50),
                        .position = (int32_t)below(x, 9),
                        .icon = below(x, 2) == 0 ? some_name(x) : (struct slice){NULL, 0},
                        .secondary_color = below(x, 2) == 0 ? 0 : ROLE_COLOR_SET};
    c->parts = VIEW_ROLES;
    switch (below(x, 3)) {
    case 0:
        role.id.v = tx_id(tx);
        return roles_insert(tx_sql(tx), &role);
    case 1:
        if (role.id.v != x->guild.v)
            return roles_mark_deleting(tx_sql(tx), role.id);
        /* fall through */
    default:
        return roles_update(tx_sql(tx), &role);
    }
}

static enum err put_some_overwrites(struct changer *x, struct tx *tx, struct channel_id id)
{
    enum err e = ERR_OK;
    for (uint64_t n = below(x, 6); e == ERR_OK && n > 0; n--) {
        struct overwrite o = {1 + below(x, 20), OVERWRITE_MEMBER, below(x, 999), below(x, 999)};
        e = below(x, 3) == 0 ? channels_delete_overwrite(tx_sql(tx), id, o.id)
                             : channels_put_overwrite(tx_sql(tx), id, &o);
    }
    return e;
}

static enum err put_some_tags(struct changer *x, struct tx *tx, struct channel_id id)
{
    struct forum_tag tags[5] = {{0}};
    size_t count = below(x, 6);
    for (size_t i = 0; i < count; i++)
        tags[i] = (struct forum_tag){.id = 100 - i, .name = some_name(x), .moderated = i % 2 == 0};
    return channels_replace_tags(tx_sql(tx), id, tags, count);
}

static bool has_children(const struct guild_view *v, struct channel_id id)
{
    for (size_t i = 0; i < v->channel_count; i++)
        if (v->channels[i].parent.v == id.v)
            return true;
    return false;
}

/* One: made, changed or deleted; the children of a category lose it then. */
static enum err change_channel(struct changer *x, struct tx *tx, const struct guild_view *v,
                               struct view_change *c)
{
    struct channel_id id = {pick(x, v->channels, v->channel_count, sizeof *v->channels)};
    uint64_t what = below(x, 5);
    if (id.v == 0 || what == 0)
        id.v = tx_id(tx);
    struct channel ch = {.id = id,
                         .guild = x->guild,
                         .name = some_name(x),
                         .topic = some_name(x),
                         .position = (int32_t)below(x, 20),
                         .video_quality_mode = 1,
                         .default_sort_order = -1};
    c->parts |= VIEW_CHANNELS;
    c->channel = id;
    enum err e = ERR_OK;
    if (what == 1 && guild_view_stage(v, id) == NULL) {
        if (has_children(v, id))
            c->channel.v = 0;
        return channels_delete(tx_sql(tx), id);
    }
    e = what == 0 ? channels_insert(tx_sql(tx), &ch) : channels_update(tx_sql(tx), &ch);
    if (e == ERR_OK)
        e = put_some_overwrites(x, tx, id);
    return e == ERR_OK ? put_some_tags(x, tx, id) : e;
}

static enum err change_channels(struct changer *x, struct tx *tx, const struct guild_view *v,
                                struct view_change *c)
{
    enum err e = ERR_OK;
    x->moved_count = 0;
    for (int i = 0; e == ERR_OK && i < 3 && v->channel_count > 0; i++) {
        struct channel_id id = {pick(x, v->channels, v->channel_count, sizeof *v->channels)};
        e = channels_set_position(tx_sql(tx), id, (int32_t)below(x, 50), (struct channel_id){0});
        bool listed = false;
        for (size_t k = 0; k < x->moved_count; k++)
            listed = listed || x->moved[k].v == id.v;
        if (!listed)
            x->moved[x->moved_count++] = id;
    }
    c->parts = VIEW_CHANNELS;
    if (below(x, 3) != 0) {
        c->channels = x->moved;
        c->channel_count = x->moved_count;
    }
    return e;
}

static enum err change_expressions(struct changer *x, struct tx *tx, const struct guild_view *v,
                                   struct view_change *c)
{
    struct role_id roles[] = {{3}, {4}};
    struct emoji emoji = {.id = {tx_id(tx)},
                          .guild = x->guild,
                          .name = some_name(x),
                          .hash = SLICE("h"),
                          .roles = roles,
                          .role_count = below(x, 3)};
    struct sticker sticker = {.id = {tx_id(tx)},
                              .guild = x->guild,
                              .name = some_name(x),
                              .tags = SLICE("t"),
                              .hash = SLICE("h"),
                              .format = STICKER_FORMAT_PNG};
    struct sound sound = {.id = {tx_id(tx)},
                          .guild = x->guild,
                          .name = some_name(x),
                          .hash = SLICE("h"),
                          .volume = 1000000};
    struct emoji_id old = {pick(x, v->emojis, v->emoji_count, sizeof *v->emojis)};
    c->parts = VIEW_EXPRESSIONS;
    switch (below(x, 4)) {
    case 0:
        return emojis_insert(tx_sql(tx), &emoji, &x->f->arena);
    case 1:
        return stickers_insert(tx_sql(tx), &sticker);
    case 2:
        return sounds_insert(tx_sql(tx), &sound);
    default:
        return emojis_delete(tx_sql(tx), old);
    }
}

static enum err change_events(struct changer *x, struct tx *tx, const struct guild_view *v,
                              struct view_change *c)
{
    struct scheduled_event event = {.id = {tx_id(tx)},
                                    .guild = x->guild,
                                    .name = some_name(x),
                                    .location = SLICE("here"),
                                    .start_ms = 5,
                                    .status = SCHEDULED_SCHEDULED,
                                    .entity_type = SCHEDULED_EXTERNAL};
    struct scheduled_event_id old = {
        pick(x, v->scheduled, v->scheduled_count, sizeof *v->scheduled)};
    struct channel_id free_channel = {pick(x, v->channels, v->channel_count, sizeof *v->channels)};
    struct stage_instance stage = {
        .id = {tx_id(tx)}, .guild = x->guild, .channel = free_channel, .topic = some_name(x)};
    c->parts = VIEW_EVENTS;
    if (below(x, 4) == 0)
        return scheduled_events_delete(tx_sql(tx), old);
    if (below(x, 2) == 0 || free_channel.v == 0)
        return scheduled_events_insert(tx_sql(tx), &event);
    return guild_view_stage(v, free_channel) != NULL ? stages_update(tx_sql(tx), &stage)
                                                     : stages_insert(tx_sql(tx), &stage);
}

static enum err change_something(struct changer *x, struct tx *tx, const struct guild_view *v,
                                 struct view_change *c)
{
    switch (below(x, 6)) {
    case 0:
        return change_guild(x, tx, c);
    case 1:
        return change_roles(x, tx, v, c);
    case 2:
        return change_channels(x, tx, v, c);
    case 3:
        return change_expressions(x, tx, v, c);
    case 4:
        return change_events(x, tx, v, c);
    default:
        return change_channel(x, tx, v, c);
    }
}

/* As the transaction sees it: whatever view the patch began with, be it of another closure. */
static enum err check_inside(struct changer *x, struct tx *tx)
{
    struct guild_view *loaded = NULL;
    enum err e = views_load(tx_sql(tx), x->guild, &loaded);
    const char *difference = loaded == NULL ? NULL : view_difference(x->view, loaded);
    if (difference != NULL)
        fail_msg("inside, the view differs in %s", difference);
    guild_view_unref(&loaded);
    return e;
}

static enum err announce(struct changer *x, struct tx *tx, struct view_change c)
{
    x->parts_seen |= c.parts;
    enum err e = views_restructured(tx, x->guild, c, &x->view);
    if (e == ERR_OK)
        e = check_inside(x, tx);
    if (e != ERR_OK)
        return e;
    struct event *told = event_new(EVENT_GUILD_UPDATE, core_guild_stream(x->guild), NULL, 0);
    return core_emit_structure(tx, told, &x->owner->by, x->view);
}

static enum err change_once(struct changer *x, struct tx *tx)
{
    struct guild_view *before = NULL;
    struct view_change c = {0};
    enum err e = views_now(tx, x->guild, &before);
    if (e == ERR_OK)
        e = change_something(x, tx, before, &c);
    guild_view_unref(&before);
    return e == ERR_OK ? announce(x, tx, c) : e;
}

/* A change that deletes nothing: of the guild alone. */
static enum err rename_guild(struct tx *tx, void *ctx)
{
    struct changer *x = ctx;
    struct view_change c = {0};
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = change_guild(x, tx, &c);
    return e == ERR_OK ? announce(x, tx, c) : e;
}

static enum err add_channel(struct tx *tx, void *ctx)
{
    struct changer *x = ctx;
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    x->made.v = tx_id(tx);
    struct channel ch = {.id = x->made, .guild = x->guild, .name = SLICE("made")};
    if (e == ERR_OK)
        e = channels_insert(tx_sql(tx), &ch);
    struct view_change c = {.parts = VIEW_CHANNELS, .channel = x->made};
    return e == ERR_OK ? announce(x, tx, c) : e;
}

static enum err change(struct tx *tx, void *ctx)
{
    struct changer *x = ctx;
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    for (unsigned i = 0; e == ERR_OK && i < x->times; i++)
        e = change_once(x, tx);
    return e == ERR_OK && x->fail ? ERR_INVALID_FORM : e;
}

struct anew {
    struct guild_id guild;
    struct guild_view *view;
};

static enum err load_anew(struct tx *tx, void *ctx)
{
    struct anew *x = ctx;
    guild_view_unref(&x->view);
    return views_load(tx_sql(tx), x->guild, &x->view);
}

static void check_same(struct core_fixture *f, const struct guild_view *v, const char *what,
                       uint64_t round)
{
    struct anew x = {.guild = v->guild.id};
    assert_int_equal(store_read(f->store, load_anew, &x), ERR_OK);
    const char *difference = view_difference(v, x.view);
    if (difference != NULL)
        fail_msg("round %" PRIu64 ": the %s view differs in %s", round, what, difference);
    guild_view_unref(&x.view);
}

static void test_patched_views_equal_loaded_ones(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct changer x = {.f = f, .owner = owner, .guild = cf_guild(f, owner)};
    struct guild_view *cached = NULL;
    random_seeded_init(&x.random, 4);
    assert_int_equal(guild_view_get(f->core, x.guild, &cached), ERR_OK);
    guild_view_unref(&cached);
    for (uint64_t round = 0; round < 250; round++) {
        x.times = 1 + (unsigned)below(&x, 3);
        x.fail = below(&x, 8) == 0;
        assert_int_equal(store_write(f->store, change, &x), x.fail ? ERR_INVALID_FORM : ERR_OK);
        assert_int_equal(guild_view_get(f->core, x.guild, &cached), ERR_OK);
        if (!x.fail)
            assert_ptr_equal(cached, x.view);
        check_same(f, cached, "cached", round);
        guild_view_unref(&cached);
    }
    assert_int_equal(x.parts_seen, VIEW_ALL);
    guild_view_unref(&x.view);
}

/* A patch reads what changed and nothing else: proven by a change that it is not told of. */
static enum err change_behind(struct tx *tx, void *ctx)
{
    struct changer *x = ctx;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "UPDATE channels SET name = 'unseen' WHERE guild_id = $1");
    sql_bind_u64(s, 1, x->guild.v);
    enum err e = sql_run(s);
    if (e == ERR_OK)
        e = views_restructured(tx, x->guild, (struct view_change){.parts = VIEW_ROLES}, &x->view);
    return e == ERR_OK ? ERR_INVALID_FORM : e; /* and never happened */
}

static void test_patches_read_only_what_changed(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct changer x = {.f = f, .owner = owner, .guild = cf_guild(f, owner)};
    struct guild_view *cached = NULL;
    assert_int_equal(guild_view_get(f->core, x.guild, &cached), ERR_OK);
    assert_int_equal(store_write(f->store, change_behind, &x), ERR_INVALID_FORM);
    assert_ptr_equal(x.view->channels, cached->channels);
    assert_ptr_not_equal(x.view->roles, cached->roles);
    guild_view_unref(&x.view);
    guild_view_unref(&cached);
}

/* Many closures of one guild at once: batches of them (SQLite), or the next before the last has
 * been announced (PostgreSQL). */
enum { THREADS = 6, CHANGES = 25 };

static void *change_often(void *ctx)
{
    struct changer *x = ctx;
    for (int i = 0; i < CHANGES; i++) {
        x->times = 1 + (unsigned)below(x, 2);
        x->fail = below(x, 6) == 0;
        enum err e = store_write(x->f->store, change, x);
        /* Somebody may have deleted what was picked: only what the closure itself does must hold.
         */
        assert_true(e == ERR_OK || e == ERR_INVALID_FORM);
    }
    return NULL;
}

static void test_patches_in_batches(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct changer x[THREADS];
    struct core_fixture own[THREADS]; /* an arena each */
    pthread_t threads[THREADS];
    struct guild_id guild = cf_guild(f, owner);
    struct guild_view *cached = NULL;
    assert_int_equal(guild_view_get(f->core, guild, &cached), ERR_OK);
    guild_view_unref(&cached);
    for (int i = 0; i < THREADS; i++) {
        own[i] = (struct core_fixture){.store = f->store, .core = f->core};
        arena_init(&own[i].arena, MEM_CORE, 16 * 1024 * 1024);
        x[i] = (struct changer){.f = &own[i], .owner = owner, .guild = guild};
        random_seeded_init(&x[i].random, 70 + (uint64_t)i);
        assert_int_equal(pthread_create(&threads[i], NULL, change_often, &x[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        guild_view_unref(&x[i].view);
        arena_deinit(&own[i].arena);
    }
    assert_int_equal(guild_view_get(f->core, guild, &cached), ERR_OK);
    check_same(f, cached, "cached", 0);
    guild_view_unref(&cached);
}

/* --- the newest messages ------------------------------------------------------------------------
 */

static uint64_t last_known(struct core_fixture *f, struct guild_id guild, struct channel_id id)
{
    struct guild_view *v = NULL;
    struct message_id last = {0};
    assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
    const struct channel *c = guild_view_channel(v, id);
    assert_non_null(c);
    bool known = guild_view_last_message(v, (size_t)(c - v->channels), &last);
    guild_view_unref(&v);
    return known ? last.v : UINT64_MAX;
}

static uint64_t last_told(struct core_fixture *f, struct guild_id guild, struct channel_id id)
{
    struct guild_view *v = NULL;
    struct message_id *list;
    assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
    assert_int_equal(channel_last_messages(f->core, v, &f->arena, &list), ERR_OK);
    uint64_t last = list[guild_view_channel(v, id) - v->channels].v;
    guild_view_unref(&v);
    return last;
}

static void test_last_messages_are_learnt_once(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    views_forget(f->core, guild);
    /* Not known before somebody asks; posting makes that channel's known. */
    assert_true(last_known(f, guild, general) == UINT64_MAX);
    uint64_t first = cf_post(f, owner, general, "first").id.v;
    assert_int_equal(last_known(f, guild, general), first);
    assert_int_equal(last_told(f, guild, general), first);
    /* A view read anew knows nothing, is told, and then follows. */
    views_forget(f->core, guild);
    assert_true(last_known(f, guild, general) == UINT64_MAX);
    assert_int_equal(last_told(f, guild, general), first);
    assert_int_equal(last_known(f, guild, general), first);
    uint64_t second = cf_post(f, owner, general, "second").id.v;
    assert_int_equal(last_known(f, guild, general), second);
    /* So does the next view; a channel made with it has none. */
    struct changer x = {.f = f, .owner = owner, .guild = guild};
    random_seeded_init(&x.random, 11);
    assert_int_equal(store_write(f->store, rename_guild, &x), ERR_OK);
    assert_int_equal(last_known(f, guild, general), second);
    assert_int_equal(store_write(f->store, add_channel, &x), ERR_OK);
    assert_int_equal(last_known(f, guild, general), second);
    assert_int_equal(last_known(f, guild, x.made), 0);
    uint64_t third = cf_post(f, owner, x.made, "third").id.v;
    assert_int_equal(last_known(f, guild, x.made), third);
    guild_view_unref(&x.view);
}

/* What a read finds is not written into a view that was not there when it began. */
static void test_last_messages_of_another_view(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct message_id *list;
    struct anew x = {.guild = guild};
    uint64_t first = cf_post(f, owner, general, "first").id.v;
    assert_int_equal(store_read(f->store, load_anew, &x), ERR_OK);
    assert_int_equal(channel_last_messages(f->core, x.view, &f->arena, &list), ERR_OK);
    size_t at = (size_t)(guild_view_channel(x.view, general) - x.view->channels);
    assert_int_equal(list[at].v, first);
    assert_false(guild_view_last_message(x.view, at, &list[0]));
    guild_view_unref(&x.view);
}

struct poster {
    struct core_fixture *f;
    const struct person *who;
    struct channel_id channel;
    _Atomic bool *stop;
    uint64_t last;
};

static void *post_often(void *ctx)
{
    struct poster *p = ctx;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    while (!atomic_load(p->stop)) {
        struct access a;
        struct message m;
        struct message_draft d = {.content = SLICE("hello")};
        assert_int_equal(access_channel(p->f->core, &p->who->who, p->channel, &arena, &a), ERR_OK);
        assert_int_equal(message_post(p->f->core, &p->who->by, &a, &d, &arena, &m), ERR_OK);
        p->last = m.id.v;
        access_end(&a);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

/* Posting, changing the structure, forgetting and loading the view and asking, all at once: whoever
 * asks after a post has returned is told of it or of a later one; in the end the last is known. */
static void test_last_messages_race(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct changer x = {.f = f, .owner = owner, .guild = guild};
    struct channel_id general = cf_general(f, guild);
    _Atomic bool stop = false;
    struct poster p = {f, owner, general, &stop, 0};
    pthread_t thread;
    uint64_t before = 0;
    random_seeded_init(&x.random, 21);
    assert_int_equal(pthread_create(&thread, NULL, post_often, &p), 0);
    for (int i = 0; i < 150; i++) {
        if (i % 3 == 0)
            views_forget(f->core, guild);
        if (i % 5 == 0)
            assert_int_equal(store_write(f->store, rename_guild, &x), ERR_OK);
        uint64_t told = last_told(f, guild, general);
        assert_true(told >= before);
        before = told;
    }
    atomic_store(&stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(last_told(f, guild, general), p.last);
    assert_int_equal(last_known(f, guild, general), p.last);
    guild_view_unref(&x.view);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_patched_views_equal_loaded_ones),
        T(test_patches_read_only_what_changed),
        T(test_patches_in_batches),
        T(test_last_messages_are_learnt_once),
        T(test_last_messages_of_another_view),
        T(test_last_messages_race),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
