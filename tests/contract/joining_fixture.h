#pragma once

/* What the tests of joining share: guilds in a certain state, roles, looking for events. */

#include "contract/core_fixture.h"
#include "core/directory.h"
#include "core/join_requests.h"
#include "core/roles.h"
#include "core/screening.h"
#include "core/tasks.h"
#include "core/vanity.h"
#include "model/features.h"
#include "store/bans.h"
#include "store/invites.h"
#include "store/joining.h"
#include "store/members.h"

UNUSED static enum err jf_try_join(struct core_fixture *f, const struct person *p,
                                   struct slice code, struct acceptance *how)
{
    struct invite_sheet s;
    enum err e = invite_accept(f->core, &p->by, code, &f->arena, &s, how);
    if (e == ERR_OK)
        guild_view_unref(&s.view);
    return e;
}

/* Of events kept, the n-th of the kind; NULL: there are not so many. */
UNUSED static const struct event *jf_event(const struct core_fixture *f, enum event_kind kind,
                                           size_t n)
{
    for (size_t i = 0; i < f->event_count; i++)
        if (f->events[i]->kind == kind && n-- == 0)
            return f->events[i];
    return NULL;
}

UNUSED static size_t jf_count(const struct core_fixture *f, enum event_kind kind)
{
    size_t n = 0;
    while (jf_event(f, kind, n) != NULL)
        n++;
    return n;
}

struct jf_member {
    struct guild_id guild;
    struct user_id user;
    struct arena *arena;
    struct member out;
};

static enum err jf_read_member(struct tx *tx, void *ctx)
{
    struct jf_member *x = ctx;
    return members_find(tx_sql(tx), x->guild, x->user, x->arena, &x->out);
}

UNUSED static struct member jf_member(struct core_fixture *f, struct guild_id guild,
                                      const struct person *p)
{
    struct jf_member x = {guild, p->who.user, &f->arena, {.flags = 0}};
    assert_int_equal(store_read(f->store, jf_read_member, &x), ERR_OK);
    return x.out;
}

UNUSED static bool jf_is_member(struct core_fixture *f, struct guild_id guild,
                                const struct person *p)
{
    struct jf_member x = {guild, p->who.user, &f->arena, {.flags = 0}};
    return store_read(f->store, jf_read_member, &x) == ERR_OK;
}

UNUSED static struct role_id jf_role(struct core_fixture *f, const struct person *by,
                                     struct guild_id guild, uint64_t permissions)
{
    struct role_id id;
    struct guild_view *view = NULL;
    struct access a = cf_in_guild(f, by, guild);
    const struct role_draft d = {.set = ROLE_SETS_NAME | ROLE_SETS_PERMISSIONS,
                                 .name = SLICE("role"),
                                 .permissions = permissions};
    assert_int_equal(role_create(f->core, &by->by, &a, &d, &id, &view), ERR_OK);
    guild_view_unref(&view);
    access_end(&a);
    return id;
}

UNUSED static void jf_list(struct core_fixture *f, const struct person *owner,
                           struct guild_id guild, bool listed, enum guild_join_policy policy)
{
    struct access a = cf_in_guild(f, owner, guild);
    struct directory_change now;
    const struct directory_change d = {
        .has_listed = true, .listed = listed, .has_policy = true, .policy = policy};
    assert_int_equal(directory_edit(f->core, &owner->by, &a, &d, &now), ERR_OK);
    assert_int_equal(now.listed, listed);
    assert_int_equal(now.policy, policy);
    access_end(&a);
}

/* Rules to agree to, and, if asked for, a question. */
UNUSED static struct slice jf_screen(struct core_fixture *f, const struct person *owner,
                                     struct guild_id guild, bool enabled, bool question)
{
    static struct body_long_text rule = {.value = {"Be kind", 7}};
    static struct body_screening_field fields[2];
    struct screening now = {.exists = false};
    struct access a = cf_in_guild(f, owner, guild);
    fields[0] = (struct body_screening_field){.field_type = SLICE("TERMS"),
                                              .label = SLICE("Rules"),
                                              .required = true,
                                              .values = {&rule, 1}};
    fields[1] = (struct body_screening_field){
        .field_type = SLICE("TEXT_INPUT"), .label = SLICE("Why?"), .required = true};
    const struct body_screening change = {.present = 1u << BODY_SCREENING_ENABLED |
                                                     1u << BODY_SCREENING_FIELDS,
                                          .enabled = enabled,
                                          .form_fields = {fields, question ? 2 : 1}};
    assert_int_equal(screening_change(f->core, &owner->by, &a, &change, &f->arena, &now), ERR_OK);
    assert_int_equal(now.enabled, enabled);
    struct slice version = arena_dup(&f->arena, now.form.version);
    screening_end(&now);
    access_end(&a);
    return version;
}

struct jf_ban {
    struct guild_id guild;
    struct user_id user;
};

static enum err jf_insert_ban(struct tx *tx, void *ctx)
{
    const struct jf_ban *b = ctx;
    bool inserted;
    return bans_insert(tx_sql(tx), b->guild, b->user, b->user, tx_now_ms(tx),
                       (struct slice){NULL, 0}, &inserted);
}

UNUSED static void jf_ban(struct core_fixture *f, struct guild_id guild, const struct person *p)
{
    struct jf_ban b = {guild, p->who.user};
    assert_int_equal(store_write(f->store, jf_insert_ban, &b), ERR_OK);
}

UNUSED static void jf_run_tasks(struct core_fixture *f)
{
    bool more = true;
    while (more)
        assert_int_equal(core_task_step(f->core, &more), ERR_OK);
}
