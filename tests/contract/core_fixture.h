#pragma once

/*
 * What the tests of core share: a core on a real store in a folder of its own, a wall clock that
 * they move, every committed event kept in order, and people made without the cost of a password.
 */

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "contract/later_schema.h"
#include "contract/test_db.h"
#include "contract/view_compare.h"
#include "core/access.h"
#include "core/accounts.h"
#include "core/applications.h"
#include "core/channels.h"
#include "core/core.h"
#include "core/core_priv.h"
#include "core/guilds.h"
#include "core/invites.h"
#include "core/messages.h"
#include "crypto/password.h"
#include "store/tokens.h"
#include "store/users.h"

enum { CF_EVENTS_MAX = 4096 };

struct core_fixture {
    char folder[64];
    struct test_db db;
    _Atomic int64_t wall_ms;
    _Atomic uint64_t mono_ahead_ms; /* of the system's clock: windows of time pass at once */
    struct clock clock;
    struct bus *bus;
    struct metrics *metrics; /* of the store */
    struct core *core;
    struct store *store;
    struct arena arena;
    pthread_mutex_t lock;
    /* Runs between a commit and its announcement, on the writer thread; NULL: nothing does. */
    void (*after_commit)(void *ctx);
    void *after_commit_ctx;
    struct event *events[CF_EVENTS_MAX]; /* committed, in order; references */
    size_t event_count;
    _Atomic bool slow; /* each look at the monotonic clock takes a tenth of a second */
    bool damaged; /* a test has written to the database by itself: views need not agree with it */
};

static int64_t cf_wall_ms(void *ctx)
{
    struct core_fixture *f = ctx;
    return atomic_load(&f->wall_ms);
}

static uint64_t cf_mono_ns(void *ctx)
{
    struct core_fixture *f = ctx;
    if (atomic_load(&f->slow))
        atomic_fetch_add(&f->mono_ahead_ms, 100);
    return clock_mono_ns(clock_system()) + atomic_load(&f->mono_ahead_ms) * 1000000;
}

static void cf_on_commit(void *ctx, struct event *const *events, size_t count)
{
    struct core_fixture *f = ctx;
    if (f->after_commit != NULL)
        f->after_commit(f->after_commit_ctx);
    core_on_commit(f->core, events, count);
    pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < count && f->event_count < CF_EVENTS_MAX; i++)
        f->events[f->event_count++] = event_ref(events[i]);
    pthread_mutex_unlock(&f->lock);
}

static void cf_open(struct core_fixture *f)
{
    char why[256] = "";
    struct core_options co = {.bus = f->bus,
                              .clock = &f->clock,
                              .random = random_system(),
                              .registration_open = true,
                              .privileged_intents = true};
    struct store_options so = {.path = f->folder,
                               .url = f->db.url,
                               .readers = 4,
                               .batch_max = 64,
                               .queue_max = 1024,
                               .wal_alarm_bytes = UINT64_C(1) << 30,
                               .read_limit_ms = 10000,
                               .clock = &f->clock,
                               .metrics = f->metrics,
                               .on_commit = cf_on_commit,
                               .on_commit_ctx = f};
    assert_int_equal(core_new(&co, &f->core), ERR_OK);
    enum err e = store_open(&so, &f->store, why, sizeof why);
    if (e != ERR_OK)
        print_error("%s\n", why);
    assert_int_equal(e, ERR_OK);
    core_attach_store(f->core, f->store);
}

static int cf_setup(void **state)
{
    struct core_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    assert_true(crypto_init());
    snprintf(f->folder, sizeof f->folder, "core-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    test_db_make(&f->db);
    atomic_store(&f->wall_ms, INT64_C(1790000000000));
    f->clock = (struct clock){cf_wall_ms, cf_mono_ns, f};
    pthread_mutex_init(&f->lock, NULL);
    arena_init(&f->arena, MEM_CORE, 64 * 1024 * 1024);
    f->bus = bus_new(NULL);
    f->metrics = metrics_new();
    assert_non_null(f->bus);
    assert_non_null(f->metrics);
    later_schema_make(f->folder, &f->db);
    cf_open(f);
    *state = f;
    return 0;
}

static void cf_forget_events(struct core_fixture *f)
{
    while (f->event_count > 0)
        event_unref(&f->events[--f->event_count]);
}

static void cf_remove_folder(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *entry;
    while (d != NULL && (entry = readdir(d)) != NULL)
        unlinkat(dirfd(d), entry->d_name, 0);
    if (d != NULL)
        closedir(d);
    rmdir(path);
}

struct cf_reading {
    struct guild_id guild;
    struct guild_view *view;
};

static enum err cf_read_view(struct tx *tx, void *ctx)
{
    struct cf_reading *r = ctx;
    guild_view_unref(&r->view);
    return views_load(tx_sql(tx), r->guild, &r->view);
}

/* Closures say what of a view they changed (views_restructured): the last view that each guild's
 * events carry must be the one that SQL gives. Whoever forgets a part fails here. */
static void cf_check_views(struct core_fixture *f)
{
    for (size_t i = f->event_count; f->store != NULL && !f->damaged && i-- > 0;) {
        const struct guild_view *v = f->events[i]->view;
        bool last = v != NULL;
        for (size_t k = i + 1; last && k < f->event_count; k++)
            last = f->events[k]->view == NULL || f->events[k]->view->guild.id.v != v->guild.id.v;
        struct cf_reading r = {0};
        if (!last || (r.guild = v->guild.id, store_read(f->store, cf_read_view, &r)) != ERR_OK)
            continue;
        /* Not when a test has changed the structure behind everybody's back. */
        const char *d = r.view->position == v->position ? view_difference(v, r.view) : NULL;
        if (d != NULL)
            fail_msg("a closure changed %s and did not say so (event %d)", d,
                     (int)f->events[i]->kind);
        guild_view_unref(&r.view);
    }
}

static int cf_teardown(void **state)
{
    struct core_fixture *f = *state;
    cf_check_views(f);
    store_close(&f->store);
    core_free(&f->core);
    cf_forget_events(f);
    bus_free(&f->bus);
    metrics_free(&f->metrics);
    arena_deinit(&f->arena);
    pthread_mutex_destroy(&f->lock);
    cf_remove_folder(f->folder);
    test_db_drop(&f->db);
    free(f);
    return 0;
}

/* --- people -------------------------------------------------------------------------------------
 */

struct person {
    struct principal who;
    struct actor by;
};

struct cf_new_user {
    struct slice name;
    struct user_id id;
    struct token_id token;
};

static enum err cf_insert_user(struct tx *tx, void *ctx)
{
    struct cf_new_user *n = ctx;
    n->id.v = tx_id(tx);
    struct user u = {.id = n->id, .tenant = TENANT_DEFAULT, .username = n->name};
    enum err e = users_insert(tx_sql(tx), &u, tx_now_ms(tx));
    if (e != ERR_OK)
        return e;
    memcpy(n->token.hash, &n->id, sizeof n->id);
    return tokens_insert(tx_sql(tx), &n->token, n->id, TOKEN_KIND_PERSON, tx_now_ms(tx));
}

/* In the fixture's arena; the request id is the name. */
UNUSED static struct person *cf_person(struct core_fixture *f, const char *name)
{
    struct cf_new_user n = {.name = slice_from(name)};
    struct person *p = arena_zalloc(&f->arena, sizeof *p);
    assert_non_null(p);
    assert_int_equal(store_write(f->store, cf_insert_user, &n), ERR_OK);
    p->who = (struct principal){.user = n.id, .tenant = TENANT_DEFAULT};
    memcpy(p->who.token_hash, n.token.hash, sizeof p->who.token_hash);
    p->by = (struct actor){.who = &p->who, .request_id = arena_dup(&f->arena, n.name)};
    return p;
}

/* --- guilds and channels ------------------------------------------------------------------------
 */

/* Joining posts no message: that is the affair of the tests of joining. */
UNUSED static struct guild_id cf_guild(struct core_fixture *f, const struct person *owner)
{
    struct guild_draft d = {.name = SLICE("Guild"), .system_channel_flags = 1};
    struct guild_view *v = NULL;
    assert_int_equal(guild_create(f->core, &owner->by, &d, &v), ERR_OK);
    struct guild_id id = v->guild.id;
    guild_view_unref(&v);
    return id;
}

/* The guild's first text channel. */
UNUSED static struct channel_id cf_general(struct core_fixture *f, struct guild_id id)
{
    struct guild_view *v = NULL;
    struct channel_id found = {0};
    assert_int_equal(guild_view_get(f->core, id, &v), ERR_OK);
    for (size_t i = 0; i < v->channel_count && found.v == 0; i++)
        if (v->channels[i].type == CHANNEL_TYPE_TEXT)
            found = v->channels[i].id;
    guild_view_unref(&v);
    assert_int_not_equal(found.v, 0);
    return found;
}

/* End with access_end. */
UNUSED static struct access cf_in_channel(struct core_fixture *f, const struct person *p,
                                          struct channel_id id)
{
    struct access a;
    assert_int_equal(access_channel(f->core, &p->who, id, &f->arena, &a), ERR_OK);
    return a;
}

UNUSED static struct access cf_in_guild(struct core_fixture *f, const struct person *p,
                                        struct guild_id id)
{
    struct access a;
    assert_int_equal(access_guild(f->core, &p->who, id, &f->arena, &a), ERR_OK);
    return a;
}

UNUSED static struct slice cf_invite(struct core_fixture *f, const struct person *p,
                                     struct channel_id id, uint32_t max_uses, uint32_t max_age_s)
{
    struct access a = cf_in_channel(f, p, id);
    struct invite_draft d = {.max_uses = max_uses, .max_age_s = max_age_s, .unique = true};
    struct invite_sheet s;
    assert_int_equal(invite_create(f->core, &p->by, &a, &d, &f->arena, &s), ERR_OK);
    access_end(&a);
    return s.invite.code;
}

UNUSED static void cf_join(struct core_fixture *f, const struct person *p, struct slice code)
{
    struct invite_sheet s;
    struct acceptance how;
    assert_int_equal(invite_accept(f->core, &p->by, code, &f->arena, &s, &how), ERR_OK);
    assert_true(how.joined);
    guild_view_unref(&s.view);
}

UNUSED static enum err cf_try_post(struct core_fixture *f, const struct person *p,
                                   struct channel_id id, const struct message_draft *d,
                                   struct message *out)
{
    struct access a = cf_in_channel(f, p, id);
    enum err e = message_post(f->core, &p->by, &a, d, &f->arena, out);
    access_end(&a);
    return e;
}

UNUSED static struct message cf_post(struct core_fixture *f, const struct person *p,
                                     struct channel_id id, const char *text)
{
    struct message m;
    struct message_draft d = {.content = slice_from(text)};
    assert_int_equal(cf_try_post(f, p, id, &d, &m), ERR_OK);
    return m;
}

/* --- events -------------------------------------------------------------------------------------
 */

/* The n-th event kept, from the end: 0 is the last. */
UNUSED static const struct event *cf_event_back(struct core_fixture *f, size_t n)
{
    assert_true(n < f->event_count);
    return f->events[f->event_count - 1 - n];
}

UNUSED static bool cf_payload_has(const struct event *e, const char *text)
{
    return e->payload != NULL &&
           memmem(e->payload->data, e->payload->total, text, strlen(text)) != NULL;
}

UNUSED static bool cf_slice_is(struct slice s, const char *text)
{
    return s.data != NULL && slice_eq_cstr(s, text);
}
