#pragma once

/* What the tests of channels and roles share: changes by one call each, the events of the last one,
 * and what the view says. */

#include "contract/tasks_fixture.h"
#include "core/roles.h"
#include "proto/bodies_channels.h"
#include "store/members.h"
#include "store/roles.h"

#define SETS(field) (UINT32_C(1) << BODY_CHANNEL_##field)

UNUSED static struct channel_id make_channel(struct core_fixture *f, const struct person *p,
                                             struct guild_id guild, const struct channel_draft *d)
{
    struct access a = cf_in_guild(f, p, guild);
    struct channel_id id;
    struct guild_view *v = NULL;
    struct draft_problem problem;
    assert_int_equal(channel_create(f->core, &p->by, &a, d, &id, &v, &problem), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
    return id;
}

UNUSED static struct channel_id make_text(struct core_fixture *f, const struct person *p,
                                          struct guild_id guild, const char *name,
                                          struct channel_id parent)
{
    struct channel_draft d = {
        .type = CHANNEL_TYPE_TEXT, .name = slice_from(name), .parent = parent};
    return make_channel(f, p, guild, &d);
}

UNUSED static enum err try_edit(struct core_fixture *f, const struct person *p,
                                struct channel_id id, const struct channel_draft *d,
                                struct draft_problem *problem)
{
    struct access a = cf_in_channel(f, p, id);
    struct guild_view *v = NULL;
    struct message_id last;
    enum err e = channel_edit(f->core, &p->by, &a, d, &v, &last, problem);
    guild_view_unref(&v);
    access_end(&a);
    return e;
}

UNUSED static void edit_channel(struct core_fixture *f, const struct person *p,
                                struct channel_id id, const struct channel_draft *d)
{
    struct draft_problem problem = {0};
    assert_int_equal(try_edit(f, p, id, d, &problem), ERR_OK);
}

UNUSED static enum err put_overwrite(struct core_fixture *f, const struct person *p,
                                     struct channel_id id, const struct overwrite *o)
{
    struct access a = cf_in_channel(f, p, id);
    enum err e = channel_overwrite(f->core, &p->by, &a, o->id, o);
    access_end(&a);
    return e;
}

UNUSED static enum err drop_overwrite(struct core_fixture *f, const struct person *p,
                                      struct channel_id id, uint64_t target)
{
    struct access a = cf_in_channel(f, p, id);
    enum err e = channel_overwrite(f->core, &p->by, &a, target, NULL);
    access_end(&a);
    return e;
}

UNUSED static enum err delete_channel(struct core_fixture *f, const struct person *p,
                                      struct channel_id id)
{
    struct access a = cf_in_channel(f, p, id);
    struct message_id last;
    enum err e = channel_delete(f->core, &p->by, &a, &last);
    access_end(&a);
    return e;
}

UNUSED static enum err try_role(struct core_fixture *f, const struct person *p,
                                struct guild_id guild, const struct role_draft *d,
                                struct role_id *id)
{
    struct access a = cf_in_guild(f, p, guild);
    struct guild_view *v = NULL;
    enum err e = role_create(f->core, &p->by, &a, d, id, &v);
    guild_view_unref(&v);
    access_end(&a);
    return e;
}

UNUSED static struct role_id make_role(struct core_fixture *f, const struct person *p,
                                       struct guild_id guild, const char *name, uint64_t bits)
{
    struct role_id id;
    struct role_draft d = {.set = ROLE_SETS_NAME | ROLE_SETS_PERMISSIONS,
                           .name = slice_from(name),
                           .permissions = bits};
    assert_int_equal(try_role(f, p, guild, &d, &id), ERR_OK);
    return id;
}

UNUSED static enum err edit_role(struct core_fixture *f, const struct person *p,
                                 struct guild_id guild, struct role_id id,
                                 const struct role_draft *d)
{
    struct access a = cf_in_guild(f, p, guild);
    struct guild_view *v = NULL;
    enum err e = role_edit(f->core, &p->by, &a, id, d, &v);
    guild_view_unref(&v);
    access_end(&a);
    return e;
}

UNUSED static enum err move_roles(struct core_fixture *f, const struct person *p,
                                  struct guild_id guild, const struct role_place *list, size_t n)
{
    struct access a = cf_in_guild(f, p, guild);
    struct guild_view *v = NULL;
    enum err e = roles_move(f->core, &p->by, &a, list, n, &v);
    guild_view_unref(&v);
    access_end(&a);
    return e;
}

UNUSED static enum err delete_role(struct core_fixture *f, const struct person *p,
                                   struct guild_id guild, struct role_id id)
{
    struct access a = cf_in_guild(f, p, guild);
    enum err e = role_delete(f->core, &p->by, &a, id);
    access_end(&a);
    return e;
}

struct holding {
    struct guild_id guild;
    struct user_id user;
    struct role_id role;
};

static enum err insert_holding(struct tx *tx, void *ctx)
{
    const struct holding *h = ctx;
    return members_add_role(tx_sql(tx), h->guild, h->user, h->role);
}

/* By the table alone: what follows must read the member anew. */
UNUSED static void give_role(struct core_fixture *f, struct guild_id guild, const struct person *p,
                             struct role_id role)
{
    struct holding h = {guild, p->who.user, role};
    assert_int_equal(store_write(f->store, insert_holding, &h), ERR_OK);
}

/* In the fixture's arena as long as the view lives, which is to the end of the test. */
UNUSED static const struct guild_view *current(struct core_fixture *f, struct guild_id guild)
{
    struct guild_view *v = NULL;
    assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
    /* Held by an event, so that no test has to let go of it. */
    struct event *e =
        event_new(EVENT_GUILD_UPDATE, (struct stream){STREAM_GUILD, guild.v}, NULL, 0);
    assert_non_null(e);
    e->view = v;
    assert_true(f->event_count < CF_EVENTS_MAX);
    memmove(&f->events[1], &f->events[0], f->event_count * sizeof f->events[0]);
    f->events[0] = e;
    f->event_count++;
    return v;
}

UNUSED static const struct channel *channel_now(struct core_fixture *f, struct guild_id guild,
                                                struct channel_id id)
{
    return guild_view_channel(current(f, guild), id);
}

UNUSED static const struct role *role_now(struct core_fixture *f, struct guild_id guild,
                                          struct role_id id)
{
    return guild_view_role(current(f, guild), id);
}

/* The kinds of what was emitted since the last cf_forget_events, in order. */
UNUSED static void expect_kinds(struct core_fixture *f, const enum event_kind *kinds, size_t count)
{
    for (size_t i = 0; i < f->event_count && i < count; i++)
        if (f->events[i]->kind != kinds[i])
            fail_msg("event %zu is %s, not %s", i, event_info(f->events[i]->kind)->name,
                     event_info(kinds[i])->name);
    assert_int_equal(f->event_count, count);
}
#define EXPECT_KINDS(f, ...)                                                                       \
    expect_kinds(f, (const enum event_kind[]){__VA_ARGS__},                                        \
                 sizeof((const enum event_kind[]){__VA_ARGS__}) / sizeof(enum event_kind))

/* The n-th audit entry emitted since then says that. */
UNUSED static void expect_audit(struct core_fixture *f, size_t n, int action, const char *text)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"action_type\":%d,", action);
    for (size_t i = 0; i < f->event_count; i++) {
        const struct event *e = f->events[i];
        if (e->kind != EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE || n-- > 0)
            continue;
        if (!cf_payload_has(e, wanted) || (text != NULL && !cf_payload_has(e, text)))
            fail_msg("no \"%s\" and \"%s\" in %.*s", wanted, text, (int)e->payload->total,
                     (const char *)e->payload->data);
        return;
    }
    fail_msg("too few audit entries");
}
