#pragma once

/* What the tests of members and of moderation share: a guild with people in it, roles made for
 * them, and a look at the audit log as its events tell it. */

#include "contract/tasks_fixture.h"
#include "core/members.h"
#include "core/moderation.h"
#include "core/roles.h"

struct hall {
    struct core_fixture *f;
    struct person *owner;
    struct guild_id guild;
    struct channel_id general;
    struct slice code;
};

UNUSED static struct hall hall_make(struct core_fixture *f)
{
    struct hall h = {.f = f, .owner = cf_person(f, "owner")};
    h.guild = cf_guild(f, h.owner);
    h.general = cf_general(f, h.guild);
    h.code = cf_invite(f, h.owner, h.general, 0, 0);
    return h;
}

UNUSED static struct person *hall_member(const struct hall *h, const char *name)
{
    struct person *p = cf_person(h->f, name);
    cf_join(h->f, p, h->code);
    return p;
}

/* Of several, the one made first ranks highest. */
UNUSED static struct role_id hall_role(const struct hall *h, const char *name, uint64_t permissions)
{
    struct role_id id = {0};
    struct guild_view *view = NULL;
    struct role_draft d = {.set = ROLE_SETS_NAME | ROLE_SETS_PERMISSIONS,
                           .name = slice_from(name),
                           .permissions = permissions};
    struct access a = cf_in_guild(h->f, h->owner, h->guild);
    assert_int_equal(role_create(h->f->core, &h->owner->by, &a, &d, &id, &view), ERR_OK);
    guild_view_unref(&view);
    access_end(&a);
    return id;
}

UNUSED static enum err hall_give(const struct hall *h, const struct person *by,
                                 const struct person *to, struct role_id role)
{
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = member_give_role(h->f->core, &by->by, &a, to->who.user, role);
    access_end(&a);
    return e;
}

/* A member with a new role that has these permissions. */
UNUSED static struct person *hall_moderator(const struct hall *h, const char *name,
                                            uint64_t permissions)
{
    struct person *p = hall_member(h, name);
    struct role_id role = hall_role(h, name, permissions);
    assert_int_equal(hall_give(h, h->owner, p, role), ERR_OK);
    return p;
}

UNUSED static enum err hall_edit(const struct hall *h, const struct person *by,
                                 const struct person *whom, const struct member_edit *d,
                                 struct member *out)
{
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = member_edit(h->f->core, &by->by, &a, whom->who.user, d, &h->f->arena, out);
    access_end(&a);
    return e;
}

UNUSED static enum err hall_kick(const struct hall *h, const struct person *by,
                                 const struct person *whom)
{
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = member_kick(h->f->core, &by->by, &a, whom->who.user);
    access_end(&a);
    return e;
}

UNUSED static enum err hall_ban(const struct hall *h, const struct person *by, struct user_id whom,
                                const struct ban_wish *wish)
{
    const struct ban_wish plain = {0};
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = ban_put(h->f->core, &by->by, &a, whom, wish != NULL ? wish : &plain);
    access_end(&a);
    return e;
}

UNUSED static enum err hall_unban(const struct hall *h, const struct person *by,
                                  struct user_id whom)
{
    struct access a = cf_in_guild(h->f, by, h->guild);
    enum err e = ban_remove(h->f->core, &by->by, &a, whom);
    access_end(&a);
    return e;
}

UNUSED static enum err hall_join(const struct hall *h, const struct person *p)
{
    struct invite_sheet s = {0};
    struct acceptance how;
    enum err e = invite_accept(h->f->core, &p->by, h->code, &h->f->arena, &s, &how);
    guild_view_unref(&s.view);
    return e;
}

UNUSED static bool hall_has(const struct hall *h, const struct person *p)
{
    struct member m;
    return member_get(h->f->core, h->guild, p->who.user, &h->f->arena, &m) == ERR_OK;
}

/* The n-th event of that kind since events were forgotten; fails if there is none. */
UNUSED static const struct event *hall_event(const struct hall *h, enum event_kind kind, size_t n)
{
    for (size_t i = 0; i < h->f->event_count; i++)
        if (h->f->events[i]->kind == kind && n-- == 0)
            return h->f->events[i];
    fail_msg("no such event");
    return NULL;
}

/* The only audit entry since then is of this action (its number in JSON). */
UNUSED static const struct event *hall_audit(const struct hall *h, const char *action)
{
    const struct event *e = hall_event(h, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, 0);
    char text[40];
    snprintf(text, sizeof text, "\"action_type\":%s,", action);
    assert_int_equal(events_of(h->f, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, h->guild.v), 1);
    if (!cf_payload_has(e, text))
        fail_msg("%.*s", (int)e->payload->total, e->payload->data);
    return e;
}
