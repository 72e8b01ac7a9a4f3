/* Adding members. */

#include "core/member_add.h"

#include "core/acting.h"
#include "core/core_priv.h"
#include "core/joining.h"
#include "core/member_change.h"
#include "store/members.h"

struct addition {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct member_addition *d;
    struct arena arena; /* of the actor */
    struct arena *out_arena;
    struct access now;
    struct member member;
    bool added;
};

static uint64_t need_of(const struct member_addition *d)
{
    return PERMISSION_CREATE_INSTANT_INVITE | (d->nick.len > 0 ? PERMISSION_MANAGE_NICKNAMES : 0) |
           (d->role_count > 0 ? PERMISSION_MANAGE_ROLES : 0) |
           (d->mute ? PERMISSION_MUTE_MEMBERS : 0) | (d->deaf ? PERMISSION_DEAFEN_MEMBERS : 0);
}

static enum err check_roles(const struct addition *x)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < x->d->role_count && e == ERR_OK; i++)
        e = acting_role(&x->now, (struct role_id){x->d->roles[i]});
    return e;
}

static enum err admit(struct tx *tx, struct addition *x)
{
    const struct member_addition *d = x->d;
    struct joining j = {
        .core = x->core,
        .by = x->by,
        .guild = x->now.view->guild.id,
        .user = d->user,
        .nick = d->nick.len > 0 ? d->nick : (struct slice){NULL, 0},
        .roles = (const struct role_id *)(const void *)d->roles,
        .role_count = d->role_count,
        .mute = d->mute,
        .deaf = d->deaf,
    };
    enum err e = joining_admit(tx, &j, x->out_arena, &x->member);
    struct member without = x->member;
    without.role_count = 0;
    if (e == ERR_OK && x->member.role_count > 0)
        e = member_change_audit(tx, x->by, x->now.view, &without, &x->member);
    return e;
}

_Static_assert(sizeof(struct role_id) == sizeof(uint64_t), "ids are read as arrays of integers");

static enum err add(struct tx *tx, void *ctx)
{
    struct addition *x = ctx;
    bool member = false;
    enum err e = acting_begin(tx, x->a, need_of(x->d), &x->arena, &x->now);
    if (e == ERR_OK)
        e = check_roles(x);
    if (e == ERR_OK)
        e = members_exists(tx_sql(tx), x->now.view->guild.id, x->d->user, &member);
    x->added = !member;
    return e == ERR_OK && !member ? admit(tx, x) : e;
}

enum err member_add(struct core *c, const struct actor *by, const struct access *a,
                    const struct member_addition *d, struct arena *arena, struct member *out,
                    bool *added)
{
    struct addition x = {.core = c, .by = by, .a = a, .d = d, .out_arena = arena};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, add, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    if (e != ERR_OK)
        return e;
    *added = x.added;
    if (x.added)
        *out = x.member;
    return ERR_OK;
}
