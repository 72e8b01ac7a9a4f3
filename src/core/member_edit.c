/* Changing members. What an edit needs is decided inside the closure, on what actor, member and
 * structure are at that moment: an edit has many parts, each with its own rule. */

#include "base/limits.h"
#include "core/acting.h"
#include "core/automod.h"
#include "core/core_priv.h"
#include "core/member_change.h"
#include "core/members.h"
#include "core/voice_states.h"

enum { EDIT_BYTES_MAX = 1024 * 1024 };

struct edit {
    const struct actor *by;
    const struct access *a;
    struct user_id user;
    const struct member_edit *d;
    /* Of giving and taking one role; else 0. */
    struct role_id given;
    struct role_id taken;
    struct arena arena; /* of the closure */
    struct access now;
    struct member before;
    struct member after;
};

/* What each part needs: all of the bits, or one of them (PERMISSIONS_ANY). */
static const struct {
    unsigned part;
    uint64_t need;
    bool ranked; /* and to rank above the member, unless it is oneself */
} rules[] = {
    {MEMBER_ROLES, PERMISSION_OF(MANAGE_ROLES), false},
    {MEMBER_MUTE, PERMISSION_OF(MUTE_MEMBERS), true},
    {MEMBER_DEAF, PERMISSION_OF(DEAFEN_MEMBERS), true},
    {MEMBER_TIME_OUT, PERMISSION_OF(MODERATE_MEMBERS), true},
    {MEMBER_VOICE, PERMISSION_OF(MOVE_MEMBERS), false},
};

static bool is_self(const struct edit *x)
{
    return x->user.v == x->now.subject.user.v;
}

static bool may_nick(const struct edit *x)
{
    uint64_t need = is_self(x) ? PERMISSION_CHANGE_NICKNAME | PERMISSION_MANAGE_NICKNAMES
                               : PERMISSION_MANAGE_NICKNAMES;
    return (x->now.permissions & need) != 0 && (is_self(x) || acting_outranks(&x->now, &x->before));
}

static bool may_flag(const struct edit *x)
{
    const uint64_t one = PERMISSION_MANAGE_GUILD | PERMISSION_MANAGE_ROLES;
    const uint64_t all =
        PERMISSION_MODERATE_MEMBERS | PERMISSION_KICK_MEMBERS | PERMISSION_BAN_MEMBERS;
    bool held = (x->now.permissions & one) != 0 || (x->now.permissions & all) == all;
    return held && (is_self(x) || acting_outranks(&x->now, &x->before));
}

static enum err check_rules(const struct edit *x)
{
    bool ranks = is_self(x) || acting_outranks(&x->now, &x->before);
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (!(x->d->parts & rules[i].part))
            continue;
        if (!permissions_meet(x->now.permissions, rules[i].need) || (rules[i].ranked && !ranks))
            return ERR_MISSING_PERMISSIONS;
    }
    if ((x->d->parts & MEMBER_NICK) && !may_nick(x))
        return ERR_MISSING_PERMISSIONS;
    if ((x->d->parts & MEMBER_FLAGS) && !may_flag(x))
        return ERR_MISSING_PERMISSIONS;
    if ((x->d->parts & (MEMBER_AVATAR | MEMBER_BANNER)) &&
        (!is_self(x) || permissions_is_waiting(x->now.view, &x->now.subject)))
        return ERR_MISSING_PERMISSIONS;
    return ERR_OK;
}

/* Nobody times themselves out, and nobody administrators, for whom it would have no effect. */
static enum err apply_time_out(struct tx *tx, struct edit *x)
{
    struct subject target = subject_of(&x->before);
    bool exempt =
        is_self(x) || (permissions_base(x->now.view, &target) & PERMISSION_ADMINISTRATOR) != 0;
    int64_t until = x->d->timed_out_until_ms;
    x->after.timed_out_until_ms = until > tx_now_ms(tx) ? until : 0;
    return exempt && x->after.timed_out_until_ms != 0 ? ERR_MISSING_PERMISSIONS : ERR_OK;
}

static bool holds(const struct member *m, struct role_id role)
{
    for (size_t i = 0; i < m->role_count; i++)
        if (m->roles[i].v == role.v)
            return true;
    return false;
}

static enum err change_role(struct edit *x, struct role_id given, struct role_id taken)
{
    enum err e = acting_role(&x->now, given.v != 0 ? given : taken);
    return e == ERR_OK ? member_roles_with(&x->after, given, taken, &x->arena, &x->after) : e;
}

static bool wanted(const struct member_edit *d, struct role_id role)
{
    for (size_t i = 0; i < d->role_count; i++)
        if (d->roles[i] == role.v)
            return true;
    return false;
}

/* Only what changes is judged: roles that somebody else gave may stay. */
static enum err apply_roles(struct edit *x)
{
    const struct role_id none = {0};
    enum err e = ERR_OK;
    if (x->d->role_count > LIMIT_GUILD_ROLES)
        return ERR_INVALID_ROLE;
    for (size_t i = 0; i < x->d->role_count && e == ERR_OK; i++) {
        struct role_id role = {x->d->roles[i]};
        if (!holds(&x->after, role))
            e = change_role(x, role, none);
    }
    for (size_t i = 0; i < x->before.role_count && e == ERR_OK; i++)
        if (!wanted(x->d, x->before.roles[i]))
            e = change_role(x, none, x->before.roles[i]);
    return e;
}

static enum err apply_images(struct tx *tx, struct edit *x)
{
    struct member *m = &x->after;
    enum err e = ERR_OK;
    if (x->d->parts & MEMBER_AVATAR) {
        m->avatar = media_hash(x->d->avatar);
        e = media_replace(tx, x->d->avatar, MEDIA_MEMBER_AVATAR, m->guild, m->user.id.v);
    }
    if (e == ERR_OK && (x->d->parts & MEMBER_BANNER)) {
        m->banner = media_hash(x->d->banner);
        e = media_replace(tx, x->d->banner, MEDIA_MEMBER_BANNER, m->guild, m->user.id.v);
    }
    return e;
}

static enum err apply(struct tx *tx, struct edit *x)
{
    const struct member_edit *d = x->d;
    struct member *m = &x->after;
    *m = x->before;
    if (d->parts & MEMBER_NICK)
        m->nick = d->nick.len > 0 ? d->nick : (struct slice){NULL, 0};
    if (d->parts & MEMBER_MUTE)
        m->mute = d->mute;
    if (d->parts & MEMBER_DEAF)
        m->deaf = d->deaf;
    if (d->parts & MEMBER_FLAGS)
        m->flags = (m->flags & ~(uint64_t)MEMBER_FLAG_BYPASSES_VERIFICATION) |
                   (d->flags & MEMBER_FLAG_BYPASSES_VERIFICATION);
    enum err e = ERR_OK;
    if (d->parts & MEMBER_TIME_OUT)
        e = apply_time_out(tx, x);
    if (e == ERR_OK && (d->parts & MEMBER_ROLES) && x->given.v == 0 && x->taken.v == 0)
        e = apply_roles(x);
    else if (e == ERR_OK && (x->given.v != 0 || x->taken.v != 0))
        e = change_role(x, x->given, x->taken);
    return e == ERR_OK ? apply_images(tx, x) : e;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct edit *x = ctx;
    bool changed = false;
    enum err e = acting_begin(tx, x->a, 0, &x->arena, &x->now);
    if (e == ERR_OK)
        e = acting_target(tx, &x->now, x->user, &x->arena, &x->before);
    if (e == ERR_OK)
        e = check_rules(x);
    if (e == ERR_OK)
        e = apply(tx, x);
    if (e == ERR_OK)
        e = member_change(tx, x->by, &x->before, &x->after, &changed);
    if (e == ERR_OK && changed)
        e = member_change_audit(tx, x->by, x->now.view, &x->before, &x->after);
    if (e == ERR_OK && (x->d->parts & MEMBER_VOICE) != 0)
        e = voice_state_move(tx, x->by, &x->now, &x->after, x->d->voice);
    return e;
}

/* Out of the closure's arena. */
static enum err keep(const struct member *m, struct arena *arena, struct member *out)
{
    *out = *m;
    struct slice *const texts[] = {&out->user.username, &out->user.global_name, &out->nick,
                                   &out->avatar, &out->banner};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i]->data != NULL && (*texts[i] = arena_dup(arena, *texts[i])).data == NULL)
            return ERR_NO_MEMORY;
    struct role_id *roles = arena_array(arena, m->role_count + 1, sizeof *roles);
    if (roles == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < m->role_count; i++)
        roles[i] = m->roles[i];
    out->roles = roles;
    return ERR_OK;
}

static enum err run(struct core *c, struct edit *x, struct arena *arena, struct member *out)
{
    arena_init(&x->arena, MEM_CORE, EDIT_BYTES_MAX);
    enum err e = store_write(c->store, edit, x);
    if (e == ERR_OK && out != NULL)
        e = keep(&x->after, arena, out);
    access_end(&x->now);
    arena_deinit(&x->arena);
    return e;
}

enum err member_edit(struct core *c, const struct actor *by, const struct access *a,
                     struct user_id user, const struct member_edit *d, struct arena *arena,
                     struct member *out)
{
    struct edit x = {.by = by, .a = a, .user = user, .d = d};
    enum err e = run(c, &x, arena, out);
    if (e == ERR_OK && (d->parts & MEMBER_NICK) && user.v == a->subject.user.v)
        automod_renamed(c, by, a, out, arena);
    return e;
}

static const struct member_edit one_role = {.parts = MEMBER_ROLES};

enum err member_give_role(struct core *c, const struct actor *by, const struct access *a,
                          struct user_id user, struct role_id role)
{
    struct edit x = {.by = by, .a = a, .user = user, .d = &one_role, .given = role};
    return run(c, &x, NULL, NULL);
}

enum err member_take_role(struct core *c, const struct actor *by, const struct access *a,
                          struct user_id user, struct role_id role)
{
    struct edit x = {.by = by, .a = a, .user = user, .d = &one_role, .taken = role};
    return run(c, &x, NULL, NULL);
}
