/* Invites: making them, and taking them away. Who joins by one is invite_accept.c's affair. */

#include "core/invites.h"

#include "base/limits.h"
#include "core/access_renew.h"
#include "core/audit.h"
#include "core/invites_priv.h"
#include "crypto/token.h"
#include "proto/invite_events.h"
#include "store/applications.h"
#include "store/invites.h"
#include "store/joining.h"
#include "store/members.h"
#include "store/users.h"

enum {
    CODE_LEN = 8,
    CODE_TRIES = 4,
    REMOVED_AT_ONCE = 48, /* an event each */
    EXPIRE_ARENA_BYTES = 1024 * 1024
};

bool invite_usable(const struct invite *i, int64_t now_ms)
{
    bool expired = i->expires_at_ms != 0 && i->expires_at_ms <= now_ms;
    bool used_up = i->max_uses != 0 && i->uses >= i->max_uses;
    return !expired && !used_up;
}

/* ---- taking away ---- */

enum err invite_remove(struct tx *tx, const struct actor *by, const struct invite *i)
{
    bool deleted;
    uint64_t actor = by->who == NULL ? 0 : by->who->user.v;
    enum err e = invites_delete(tx_sql(tx), i->code, &deleted);
    if (e != ERR_OK || !deleted)
        return e;
    return core_emit_delta(tx, event_invite_delete(i->guild, i->channel, i->code, actor), by,
                           i->code);
}

enum err invite_remove_over(struct tx *tx, const struct actor *by, struct guild_id guild,
                            struct arena *arena, size_t *count)
{
    struct invite *list = NULL;
    *count = 0;
    enum err e =
        invites_over(tx_sql(tx), guild, tx_now_ms(tx), REMOVED_AT_ONCE, arena, &list, count);
    for (size_t i = 0; i < *count && e == ERR_OK; i++)
        e = invite_remove(tx, by, &list[i]);
    return e;
}

struct expiry {
    struct guild_id guild; /* of an invite that has expired; 0: there is none */
    struct arena arena;
    size_t removed;
};

static enum err find_expired(struct tx *tx, void *ctx)
{
    struct expiry *x = ctx;
    x->guild.v = 0;
    return invites_first_expired(tx_sql(tx), tx_now_ms(tx), &x->guild);
}

static enum err expire(struct tx *tx, void *ctx)
{
    const struct actor nobody = {0};
    struct expiry *x = ctx;
    arena_reset(&x->arena);
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    return e == ERR_OK ? invite_remove_over(tx, &nobody, x->guild, &x->arena, &x->removed) : e;
}

enum err invite_expire_step(struct core *c, bool *more)
{
    struct expiry x = {.removed = 0};
    arena_init(&x.arena, MEM_CORE, EXPIRE_ARENA_BYTES);
    enum err e = store_read(c->store, find_expired, &x);
    if (e == ERR_OK && x.guild.v != 0)
        e = store_write(c->store, expire, &x);
    arena_deinit(&x.arena);
    if (e == ERR_OK)
        *more = x.removed > 0;
    return e;
}

/* ---- making ---- */

struct invite_creation {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct invite_draft *d;
    struct arena *arena;
    struct access now;
    struct invite_sheet made;
};

static struct invite compose(struct tx *tx, const struct invite_creation *x)
{
    int64_t now = tx_now_ms(tx);
    return (struct invite){
        .guild = x->a->view->guild.id,
        .channel = x->a->channel->id,
        .inviter = x->a->member.user,
        .max_age_s = x->d->max_age_s,
        .max_uses = x->d->max_uses,
        .temporary = x->d->temporary,
        .created_at_ms = now,
        .expires_at_ms = x->d->max_age_s == 0 ? 0 : now + (int64_t)x->d->max_age_s * 1000,
        .flags = x->d->flags,
        .target_type = x->d->target_type,
        .target_user = x->d->target_user,
        .target_application = x->d->target_application,
        .roles = x->d->roles,
        .role_count = x->d->role_count,
    };
}

static enum err insert(struct tx *tx, struct core *c, struct invite *i, struct arena *arena)
{
    char code[CODE_LEN + 1];
    struct guild_id other;
    uint64_t uses;
    bool inserted = false;
    enum err e = ERR_OK;
    for (int n = 0; n < CODE_TRIES && e == ERR_OK && !inserted; n++) {
        crypto_code(c->o.random, CODE_LEN, code);
        i->code = slice_of(code, CODE_LEN);
        e = vanity_find(tx_sql(tx), i->code, &other, &uses);
        if (e == ERR_UNKNOWN_INVITE)
            e = invites_insert(tx_sql(tx), i, arena, &inserted);
    }
    if (e != ERR_OK || !inserted)
        return e == ERR_OK ? ERR_STORE_CONFLICT : e;
    i->code = arena_dup(arena, i->code);
    return i->code.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err make_room(struct tx *tx, const struct actor *by, struct guild_id guild,
                          struct arena *arena)
{
    uint64_t count;
    size_t removed;
    enum err e = invites_count(tx_sql(tx), guild, &count);
    if (e != ERR_OK || count < LIMIT_GUILD_INVITES)
        return e;
    e = invite_remove_over(tx, by, guild, arena, &removed);
    return e == ERR_OK && removed == 0 ? ERR_MAX_INVITES : e;
}

static enum err check_roles(struct tx *tx, struct invite_creation *x)
{
    struct access whole = *x->a;
    whole.channel = NULL;
    if (x->d->role_count == 0)
        return ERR_OK;
    access_end(&x->now);
    enum err e = access_renew(tx, &whole, PERMISSION_MANAGE_ROLES, x->arena, &x->now);
    for (size_t i = 0; i < x->d->role_count && e == ERR_OK; i++)
        e = invite_check_role(&x->now, x->d->roles[i]);
    return e;
}

enum err invite_read_target(struct sql_conn *sql, struct arena *arena, struct invite_sheet *s)
{
    enum err e = ERR_OK;
    s->target_user = (struct user){.id = {0}};
    s->target_application = (struct application){.id = {0}};
    if (s->invite.target_user.v != 0)
        e = users_find(sql, s->invite.target_user, arena, &s->target_user);
    if (e == ERR_UNKNOWN_USER)
        e = ERR_OK;
    if (e == ERR_OK && s->invite.target_application.v != 0)
        e = applications_find(sql, s->invite.target_application, arena, &s->target_application);
    return e == ERR_UNKNOWN_APPLICATION ? ERR_OK : e;
}

static enum err check_target(struct tx *tx, struct invite_creation *x)
{
    bool member = true;
    struct invite_sheet *s = &x->made;
    enum err e = ERR_OK;
    if (s->invite.target_user.v != 0)
        e = members_exists(tx_sql(tx), s->invite.guild, s->invite.target_user, &member);
    if (e == ERR_OK && !member)
        e = ERR_UNKNOWN_MEMBER;
    if (e == ERR_OK)
        e = invite_read_target(tx_sql(tx), x->arena, s);
    if (e == ERR_OK && s->invite.target_application.v != 0 && s->target_application.id.v == 0)
        e = ERR_UNKNOWN_APPLICATION;
    return e;
}

static enum err write_audit(struct tx *tx, const struct actor *by, const struct invite *i,
                            bool made)
{
    struct audit_note n;
    audit_note_init(&n);
    audit_text_only(&n, "code", i->code, made);
    audit_id(&n, "channel_id", made ? 0 : i->channel.v, made ? i->channel.v : 0);
    audit_id(&n, "inviter_id", made ? 0 : i->inviter.id.v, made ? i->inviter.id.v : 0);
    audit_number_only(&n, "max_uses", i->max_uses, made);
    audit_number_only(&n, "uses", i->uses, made);
    audit_number_only(&n, "max_age", i->max_age_s, made);
    audit_flag_only(&n, "temporary", i->temporary, made);
    if (i->flags != 0)
        audit_number_only(&n, "flags", i->flags, made);
    enum err e =
        audit_write(tx, by, i->guild, made ? AUDIT_INVITE_CREATE : AUDIT_INVITE_DELETE, 0, &n);
    audit_note_deinit(&n);
    return e;
}

/* An equal one that can still be used; UNKNOWN_INVITE. One with roles is always made anew: who
 * asked for it may have lost the right to give them. */
static enum err find_equal(struct tx *tx, struct invite_creation *x)
{
    if (x->d->unique || x->d->role_count > 0)
        return ERR_UNKNOWN_INVITE;
    return invites_find_equal(tx_sql(tx), &x->made.invite, tx_now_ms(tx), x->arena,
                              &x->made.invite);
}

enum err invite_make(struct tx *tx, struct core *c, const struct actor *by, struct invite_sheet *s,
                     struct arena *arena)
{
    enum err e = make_room(tx, by, s->invite.guild, arena);
    if (e == ERR_OK)
        e = insert(tx, c, &s->invite, arena);
    if (e == ERR_OK)
        e = core_emit_delta(tx, event_invite_create(s, by->who->user.v), by, s->invite.code);
    return e == ERR_OK ? write_audit(tx, by, &s->invite, true) : e;
}

static enum err create(struct tx *tx, void *ctx)
{
    struct invite_creation *x = ctx;
    uint64_t need = PERMISSION_CREATE_INSTANT_INVITE;
    if (x->d->flags & INVITE_FLAG_APPLICATION_BYPASS)
        need |= PERMISSION_KICK_MEMBERS;
    enum err e = access_recheck(tx, x->a, need);
    if (e == ERR_OK)
        e = check_roles(tx, x);
    if (e != ERR_OK)
        return e;
    x->made.invite = compose(tx, x);
    e = check_target(tx, x);
    if (e != ERR_OK)
        return e;
    e = find_equal(tx, x);
    return e == ERR_UNKNOWN_INVITE ? invite_make(tx, x->core, x->by, &x->made, x->arena) : e;
}

static bool has_voice(const struct channel *ch)
{
    return ch->type == CHANNEL_TYPE_VOICE || ch->type == CHANNEL_TYPE_STAGE;
}

enum err invite_create(struct core *c, const struct actor *by, const struct access *a,
                       const struct invite_draft *d, struct arena *arena, struct invite_sheet *out)
{
    struct invite_creation x = {.core = c, .by = by, .a = a, .d = d, .arena = arena};
    bool bypass = (d->flags & INVITE_FLAG_APPLICATION_BYPASS) != 0;
    if (a->channel->type == CHANNEL_TYPE_CATEGORY ||
        (d->target_type != 0 && !has_voice(a->channel)))
        return ERR_CHANNEL_TYPE;
    if (bypass && !permissions_meet(a->permissions, PERMISSION_KICK_MEMBERS))
        return ERR_MISSING_PERMISSIONS;
    enum err e = store_write(c->store, create, &x);
    access_end(&x.now);
    if (e == ERR_OK) {
        *out = x.made;
        out->view = a->view;
    }
    return e;
}

/* ---- deleting one ---- */

struct invite_deletion {
    const struct actor *by;
    const struct access *a; /* of the guild */
    struct slice code;
    struct arena *arena;
    struct invite_sheet found;
};

/* Its maker may take it back, whatever has become of them in the guild as long as they are in. */
static enum err may_delete(struct tx *tx, const struct invite_deletion *x)
{
    const struct invite *i = &x->found.invite;
    struct access there = *x->a;
    enum err e = access_recheck(tx, x->a, 0);
    if (e != ERR_OK || i->inviter.id.v == x->by->who->user.v)
        return e;
    if (access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD) == ERR_OK &&
        permissions_meet(x->a->permissions, PERMISSION_MANAGE_GUILD))
        return ERR_OK;
    there.channel = guild_view_channel(x->a->view, i->channel);
    if (there.channel == NULL)
        return ERR_MISSING_PERMISSIONS;
    uint64_t held =
        permissions_in_channel(there.view, &there.subject, there.channel, tx_now_ms(tx));
    if (!permissions_meet(held, PERMISSION_MANAGE_CHANNELS))
        return ERR_MISSING_PERMISSIONS;
    return access_recheck(tx, &there, PERMISSION_MANAGE_CHANNELS);
}

static enum err delete (struct tx *tx, void *ctx) {
    struct invite_deletion *x = ctx;
    enum err e = tx_lock(tx, core_guild_stream(x->a->view->guild.id));
    if (e == ERR_OK) e = invites_find(tx_sql(tx), x->code, x->arena, &x->found.invite);
    if (e == ERR_OK && x->found.invite.guild.v != x->a->view->guild.id.v) e = ERR_UNKNOWN_INVITE;
    if (e == ERR_OK) e = may_delete(tx, x);
    if (e == ERR_OK) e = invite_read_target(tx_sql(tx), x->arena, &x->found);
    if (e == ERR_OK) e = invite_remove(tx, x->by, &x->found.invite);
    return e == ERR_OK ? write_audit(tx, x->by, &x->found.invite, false) : e;
}

struct guild_of_code {
    struct slice code;
    struct arena *arena;
    struct guild_id guild;
};

static enum err find_guild(struct tx *tx, void *ctx)
{
    struct guild_of_code *x = ctx;
    struct invite i;
    enum err e = invites_find(tx_sql(tx), x->code, x->arena, &i);
    if (e == ERR_OK)
        x->guild = i.guild;
    return e;
}

enum err invite_delete(struct core *c, const struct actor *by, struct slice code,
                       struct arena *arena, struct invite_sheet *out)
{
    struct guild_of_code where = {.code = code, .arena = arena};
    struct access a = {0};
    enum err e = store_read(c->store, find_guild, &where);
    if (e == ERR_OK)
        e = access_guild(c, by->who, where.guild, arena, &a);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_GUILD ? ERR_UNKNOWN_INVITE : e;
    struct invite_deletion x = {.by = by, .a = &a, .code = code, .arena = arena};
    e = store_write(c->store, delete, &x);
    if (e == ERR_OK) {
        *out = x.found;
        out->view = guild_view_ref(a.view);
    }
    access_end(&a);
    return e;
}
