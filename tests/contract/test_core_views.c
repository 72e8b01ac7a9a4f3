/* Guild views and the authorisations made on them, while the structure changes under them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "core/core_priv.h"
#include "store/guilds.h"
#include "store/members.h"
#include "store/roles.h"

static enum err create_channel(struct core_fixture *f, const struct person *p,
                               struct guild_id guild)
{
    struct channel_draft d = {.type = CHANNEL_TYPE_TEXT, .name = SLICE("new")};
    struct draft_problem problem;
    struct guild_view *v = NULL;
    struct channel_id id;
    struct access a = cf_in_guild(f, p, guild);
    enum err e = channel_create(f->core, &p->by, &a, &d, &id, &v, &problem);
    guild_view_unref(&v);
    access_end(&a);
    return e;
}

/* --- the permission generation ------------------------------------------------------------------
 */

static enum err remove_member(struct tx *tx, void *ctx)
{
    const struct member *m = ctx;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "DELETE FROM members WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, m->guild.v);
    sql_bind_u64(s, 2, m->user.id.v);
    enum err e = sql_run(s);
    return e == ERR_OK ? guilds_restructure(tx_sql(tx), m->guild, 100) : e;
}

static enum err silence_everyone(struct tx *tx, void *ctx)
{
    const struct guild_id *guild = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "UPDATE roles SET permissions = $2 WHERE id = $1");
    sql_bind_u64(s, 1, guild->v);
    sql_bind_u64(s, 2, PERMISSIONS_DEFAULT & ~PERMISSION_SEND_MESSAGES);
    enum err e = sql_run(s);
    return e == ERR_OK ? guilds_restructure(tx_sql(tx), *guild, 200) : e;
}

static enum err only_the_generation(struct tx *tx, void *ctx)
{
    const struct guild_id *guild = ctx;
    return guilds_restructure(tx_sql(tx), *guild, 300);
}

static void test_closure_rechecks_when_the_generation_moved(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct message_draft d = {.content = SLICE("hello")};
    struct message m;
    cf_join(f, guest, cf_invite(f, owner, general, 0, 0));
    struct access a = cf_in_channel(f, guest, general);
    size_t events = f->event_count;
    /* Moved, but nothing that matters to the guest. */
    assert_int_equal(store_write(f->store, only_the_generation, &guild), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &a, &d, &f->arena, &m), ERR_OK);
    assert_int_equal(f->event_count, events + 1);
    /* Between authorisation and closure the right goes away, then the membership. */
    assert_int_equal(store_write(f->store, silence_everyone, &guild), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &a, &d, &f->arena, &m),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(store_write(f->store, remove_member, &a.member), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &a, &d, &f->arena, &m), ERR_MISSING_ACCESS);
    assert_int_equal(f->event_count, events + 1);
    access_end(&a);
    /* A fresh look does not let in either. */
    assert_int_equal(access_channel(f->core, &guest->who, general, &f->arena, &a),
                     ERR_MISSING_ACCESS);
}

/* --- the member's standing -----------------------------------------------------------------------
 */

/* What a closure about one member does; the guild's generation stays. */
struct standing_change {
    struct guild_id guild;
    struct user_id user;
    struct role_id role;
    int64_t timed_out_until_ms;
    bool pending;
    uint64_t standing;
};

static enum err write_standing(struct tx *tx, void *ctx)
{
    struct standing_change *x = ctx;
    struct sql_stmt *s =
        sql_query(tx_sql(tx), "UPDATE members SET timed_out_until_ms = $3, pending = $4 "
                              "WHERE guild_id = $1 AND user_id = $2");
    sql_bind_u64(s, 1, x->guild.v);
    sql_bind_u64(s, 2, x->user.v);
    sql_bind_i64(s, 3, x->timed_out_until_ms);
    sql_bind_bool(s, 4, x->pending);
    enum err e = sql_run(s);
    return e == ERR_OK ? members_set_standing(tx_sql(tx), x->guild, x->user, x->standing) : e;
}

static enum err give_managing_role(struct tx *tx, void *ctx)
{
    struct standing_change *x = ctx;
    x->role.v = tx_id(tx);
    struct role role = {.id = x->role,
                        .guild = x->guild,
                        .name = SLICE("managers"),
                        .position = 1,
                        .permissions = PERMISSION_MANAGE_CHANNELS};
    enum err e = roles_insert(tx_sql(tx), &role);
    if (e == ERR_OK)
        e = members_add_role(tx_sql(tx), x->guild, x->user, x->role);
    return e == ERR_OK ? guilds_restructure(tx_sql(tx), x->guild, 100) : e;
}

static enum err take_role(struct tx *tx, void *ctx)
{
    struct standing_change *x = ctx;
    struct sql_stmt *s = sql_query(tx_sql(tx), "DELETE FROM member_roles WHERE role_id = $1");
    sql_bind_u64(s, 1, x->role.v);
    enum err e = sql_run(s);
    return e == ERR_OK ? members_set_standing(tx_sql(tx), x->guild, x->user, x->standing) : e;
}

static enum err drop_member(struct tx *tx, void *ctx)
{
    struct standing_change *x = ctx;
    return members_remove(tx_sql(tx), x->guild, x->user);
}

static enum err come_back(struct tx *tx, void *ctx)
{
    struct standing_change *x = ctx;
    enum err e = members_insert(tx_sql(tx), x->guild, x->user, tx_now_ms(tx));
    return e == ERR_OK ? members_set_standing(tx_sql(tx), x->guild, x->user, x->standing) : e;
}

static enum err create_as(struct core_fixture *f, const struct person *p, const struct access *a)
{
    struct channel_draft d = {.type = CHANNEL_TYPE_TEXT, .name = SLICE("new")};
    struct draft_problem problem;
    struct guild_view *v = NULL;
    struct channel_id id;
    enum err e = channel_create(f->core, &p->by, a, &d, &id, &v, &problem);
    guild_view_unref(&v);
    return e;
}

/* Nothing restructures the guild here: it is the member who has changed. */
static void test_closure_rechecks_when_the_standing_moved(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct message_draft d = {.content = SLICE("hello")};
    struct message m;
    struct standing_change x = {.guild = guild, .user = guest->who.user, .standing = 500};
    cf_join(f, guest, cf_invite(f, owner, general, 0, 0));
    assert_int_equal(store_write(f->store, give_managing_role, &x), ERR_OK);
    struct access manages = cf_in_guild(f, guest, guild), writes = cf_in_channel(f, guest, general);
    assert_int_equal(manages.member.role_count, 1);
    assert_int_equal(create_as(f, guest, &manages), ERR_OK);
    /* Changed, but nothing that matters. */
    access_end(&manages);
    access_end(&writes);
    manages = cf_in_guild(f, guest, guild);
    writes = cf_in_channel(f, guest, general);
    assert_int_equal(store_write(f->store, write_standing, &x), ERR_OK);
    assert_int_equal(create_as(f, guest, &manages), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &writes, &d, &f->arena, &m), ERR_OK);
    /* Timed out, then in the screening. */
    x.standing++;
    x.timed_out_until_ms = INT64_MAX;
    assert_int_equal(store_write(f->store, write_standing, &x), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &writes, &d, &f->arena, &m),
                     ERR_MISSING_PERMISSIONS);
    x = (struct standing_change){
        .guild = guild, .user = x.user, .role = x.role, .pending = true, .standing = 502};
    assert_int_equal(store_write(f->store, write_standing, &x), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &writes, &d, &f->arena, &m),
                     ERR_MISSING_PERMISSIONS);
    x.pending = false;
    x.standing++;
    assert_int_equal(store_write(f->store, write_standing, &x), ERR_OK);
    assert_int_equal(message_post(f->core, &guest->by, &writes, &d, &f->arena, &m), ERR_OK);
    /* The role is gone. */
    x.standing++;
    assert_int_equal(store_write(f->store, take_role, &x), ERR_OK);
    assert_int_equal(create_as(f, guest, &manages), ERR_MISSING_PERMISSIONS);
    /* They are gone, then back as somebody else. */
    assert_int_equal(store_write(f->store, drop_member, &x), ERR_OK);
    assert_int_equal(create_as(f, guest, &manages), ERR_MISSING_ACCESS);
    assert_int_equal(message_post(f->core, &guest->by, &writes, &d, &f->arena, &m),
                     ERR_MISSING_ACCESS);
    x.standing++;
    assert_int_equal(store_write(f->store, come_back, &x), ERR_OK);
    assert_int_equal(create_as(f, guest, &manages), ERR_MISSING_PERMISSIONS);
    assert_int_equal(message_post(f->core, &guest->by, &writes, &d, &f->arena, &m), ERR_OK);
    access_end(&manages);
    access_end(&writes);
}

static enum err delete_role(struct tx *tx, void *ctx)
{
    struct standing_change *x = ctx;
    enum err e = roles_mark_deleting(tx_sql(tx), x->role);
    return e == ERR_OK ? guilds_restructure(tx_sql(tx), x->guild, 101) : e;
}

struct people_read {
    struct core_fixture *f;
    struct standing_change *x;
    size_t found;
    size_t listed;
};

static enum err read_people(struct tx *tx, void *ctx)
{
    struct people_read *r = ctx;
    struct member one, *list;
    size_t count;
    enum err e = members_find(tx_sql(tx), r->x->guild, r->x->user, &r->f->arena, &one);
    if (e == ERR_OK)
        e = members_of_user(tx_sql(tx), r->x->user, &r->f->arena, &list, &count);
    if (e == ERR_OK) {
        r->found = one.role_count;
        r->listed = list[0].role_count;
    }
    return e;
}

/* Its rows in member_roles go later, in steps: nobody holds it meanwhile. */
static void test_deleted_role_is_held_by_nobody(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct standing_change x = {.guild = guild, .user = guest->who.user};
    struct people_read r = {.f = f, .x = &x};
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    assert_int_equal(store_write(f->store, give_managing_role, &x), ERR_OK);
    assert_int_equal(store_read(f->store, read_people, &r), ERR_OK);
    assert_int_equal(r.found, 1);
    assert_int_equal(r.listed, 1);
    assert_int_equal(store_write(f->store, delete_role, &x), ERR_OK);
    assert_int_equal(store_read(f->store, read_people, &r), ERR_OK);
    assert_int_equal(r.found, 0);
    assert_int_equal(r.listed, 0);
    struct access a = cf_in_guild(f, guest, guild);
    assert_int_equal(a.member.role_count, 0);
    assert_int_equal(a.subject.role_count, 0);
    assert_false(a.permissions & PERMISSION_MANAGE_CHANNELS);
    access_end(&a);
}

/* --- views --------------------------------------------------------------------------------------
 */

/* The last event that carries a view. */
static const struct event *last_structure(struct core_fixture *f)
{
    size_t back = 0;
    while (cf_event_back(f, back)->view == NULL)
        back++;
    return cf_event_back(f, back);
}

static void test_cached_view_follows_commits(void **state)
{
    struct core_fixture *f = *state;
    struct guild_view *first = NULL, *again = NULL, *later = NULL;
    struct channel_id id;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    assert_int_equal(guild_view_get(f->core, guild, &first), ERR_OK);
    assert_int_equal(guild_view_get(f->core, guild, &again), ERR_OK);
    assert_ptr_equal(first, again);
    assert_int_equal(create_channel(f, owner, guild), ERR_OK);
    const struct event *made = last_structure(f);
    id.v = made->entity_id;
    assert_int_equal(guild_view_get(f->core, guild, &later), ERR_OK);
    assert_ptr_equal(later, made->view);
    assert_null(guild_view_channel(first, id));
    assert_non_null(guild_view_channel(later, id));
    assert_true(later->permission_generation > first->permission_generation);
    guild_view_unref(&first);
    guild_view_unref(&again);
    guild_view_unref(&later);
}

struct listener {
    struct core_fixture *f;
    struct guild_id guild;
    uint64_t position; /* of the view when the bus woke us */
};

static void on_wake(void *ctx)
{
    struct listener *l = ctx;
    struct guild_view *v = NULL;
    if (guild_view_get(l->f->core, l->guild, &v) == ERR_OK)
        l->position = v->position;
    guild_view_unref(&v);
}

/* Whoever hears of a change finds it in the view. */
static void test_views_are_replaced_before_events_are_published(void **state)
{
    struct core_fixture *f = *state;
    struct guild_view *v = NULL;
    struct person *owner = cf_person(f, "owner");
    struct listener l = {.f = f, .guild = cf_guild(f, owner)};
    assert_int_equal(guild_view_get(f->core, l.guild, &v), ERR_OK);
    guild_view_unref(&v);
    assert_non_null(bus_subscribe(f->bus, 4, on_wake, &l));
    assert_int_equal(create_channel(f, owner, l.guild), ERR_OK);
    assert_int_equal(l.position, 2);
}

struct early {
    struct core_fixture *f;
    struct person *owner;
    struct guild_id guild;
    size_t channels;
    uint64_t cached_position;
};

static void *look_early(void *ctx)
{
    struct early *x = ctx;
    struct access a;
    struct guild_view *v = NULL;
    if (access_guild(x->f->core, &x->owner->who, x->guild, &x->f->arena, &a) == ERR_OK) {
        x->channels = a.view->channel_count;
        access_end(&a);
    }
    if (guild_view_get(x->f->core, x->guild, &v) == ERR_OK)
        x->cached_position = v->position;
    guild_view_unref(&v);
    return NULL;
}

/* A thread of its own, as a worker has: the writer's may not read. */
static void look_on_another_thread(void *ctx)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, look_early, ctx), 0);
    pthread_join(thread, NULL);
}

/* Committed, but the cache has the old view still: an authorisation is of one moment all the same.
 */
static void test_access_between_commit_and_announcement(void **state)
{
    struct core_fixture *f = *state;
    struct guild_view *v = NULL;
    struct person *owner = cf_person(f, "owner");
    struct early x = {.f = f, .owner = owner, .guild = cf_guild(f, owner)};
    assert_int_equal(guild_view_get(f->core, x.guild, &v), ERR_OK);
    guild_view_unref(&v);
    f->after_commit = look_on_another_thread;
    f->after_commit_ctx = &x;
    assert_int_equal(create_channel(f, owner, x.guild), ERR_OK);
    assert_int_equal(x.channels, 5);
    assert_int_equal(x.cached_position, 1);
}

/* A loader that comes late with what it read before a commit. */
static void test_older_view_is_not_installed(void **state)
{
    struct core_fixture *f = *state;
    struct guild_view *old = NULL, *v = NULL;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    assert_int_equal(guild_view_get(f->core, guild, &old), ERR_OK);
    assert_int_equal(create_channel(f, owner, guild), ERR_OK);
    views_replace(f->core, old);
    assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
    assert_int_equal(v->position, 2);
    guild_view_unref(&v);
    guild_view_unref(&old);
}

enum { LOADERS = 4, ROUNDS = 40 };

struct loader {
    struct core_fixture *f;
    struct guild_id guild;
    struct person *owner;
    _Atomic bool *stop;
    bool went_back;
};

static void *load_views(void *ctx)
{
    struct loader *l = ctx;
    uint64_t last = 0;
    struct arena arena;
    arena_init(&arena, MEM_CORE, 1024 * 1024);
    while (!atomic_load(l->stop)) {
        struct guild_view *v = NULL;
        struct access a;
        assert_int_equal(guild_view_get(l->f->core, l->guild, &v), ERR_OK);
        l->went_back = l->went_back || v->position < last;
        last = v->position;
        guild_view_unref(&v);
        assert_int_equal(access_guild(l->f->core, &l->owner->who, l->guild, &arena, &a), ERR_OK);
        l->went_back = l->went_back || a.view->position < last;
        access_end(&a);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

/* Loading the view for the first time while the structure changes: what is seen never goes back,
 * and in the end the cache has the last one. */
static void test_loading_races_with_commits(void **state)
{
    struct core_fixture *f = *state;
    struct draft_problem problem;
    struct person *owner = cf_person(f, "owner");
    for (int round = 0; round < ROUNDS; round++) {
        struct guild_id guild = cf_guild(f, owner);
        _Atomic bool stop = false;
        struct loader loaders[LOADERS];
        pthread_t threads[LOADERS];
        struct channel_id id;
        struct guild_view *v = NULL;
        struct access a = cf_in_guild(f, owner, guild);
        for (int i = 0; i < LOADERS; i++) {
            loaders[i] = (struct loader){f, guild, owner, &stop, false};
            assert_int_equal(pthread_create(&threads[i], NULL, load_views, &loaders[i]), 0);
        }
        struct channel_draft d = {.type = CHANNEL_TYPE_TEXT, .name = SLICE("new")};
        for (int i = 0; i < 3; i++) {
            assert_int_equal(channel_create(f->core, &owner->by, &a, &d, &id, &v, &problem),
                             ERR_OK);
            guild_view_unref(&v);
        }
        atomic_store(&stop, true);
        for (int i = 0; i < LOADERS; i++)
            pthread_join(threads[i], NULL);
        for (int i = 0; i < LOADERS; i++)
            assert_false(loaders[i].went_back);
        access_end(&a);
        assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
        assert_int_equal(v->channel_count, 7);
        assert_non_null(guild_view_channel(v, id));
        guild_view_unref(&v);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_closure_rechecks_when_the_generation_moved),
        T(test_closure_rechecks_when_the_standing_moved),
        T(test_deleted_role_is_held_by_nobody),
        T(test_cached_view_follows_commits),
        T(test_views_are_replaced_before_events_are_published),
        T(test_access_between_commit_and_announcement),
        T(test_older_view_is_not_installed),
        T(test_loading_races_with_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
