/* Invites. A use is counted and the member added in one transaction, so that an invite for ten
 * admits ten, however many come at once. */

#include "core/invites.h"

#include "base/limits.h"
#include "core/core_priv.h"
#include "crypto/token.h"
#include "proto/events.h"
#include "store/guilds.h"
#include "store/invites.h"
#include "store/members.h"

enum { CODE_LEN = 8, CODE_TRIES = 4 };

static bool usable(const struct invite *i, int64_t now_ms)
{
    bool expired = i->expires_at_ms != 0 && i->expires_at_ms <= now_ms;
    bool used_up = i->max_uses != 0 && i->uses >= i->max_uses;
    return !expired && !used_up;
}

struct invite_creation {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct invite_draft *d;
    struct arena *arena;
    struct invite invite;
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
    };
}

static enum err insert_with_code(struct tx *tx, struct invite_creation *x)
{
    char code[CODE_LEN + 1];
    bool inserted = false;
    enum err e = ERR_OK;
    for (int i = 0; i < CODE_TRIES && e == ERR_OK && !inserted; i++) {
        crypto_code(x->core->o.random, CODE_LEN, code);
        x->invite.code = slice_of(code, CODE_LEN);
        e = invites_insert(tx_sql(tx), &x->invite, &inserted);
    }
    if (e != ERR_OK || !inserted)
        return e == ERR_OK ? ERR_STORE_CONFLICT : e;
    x->invite.code = arena_dup(x->arena, x->invite.code);
    return x->invite.code.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

static enum err make_room(struct tx *tx, struct guild_id guild)
{
    uint64_t count;
    enum err e = invites_purge(tx_sql(tx), guild, tx_now_ms(tx));
    if (e == ERR_OK)
        e = invites_count(tx_sql(tx), guild, &count);
    if (e == ERR_OK && count >= LIMIT_GUILD_INVITES)
        e = ERR_MAX_INVITES;
    return e;
}

/* The code goes into the log: no id names an invite. */
static enum err create(struct tx *tx, void *ctx)
{
    struct invite_creation *x = ctx;
    enum err e = access_recheck(tx, x->a, PERMISSION_CREATE_INSTANT_INVITE);
    if (e != ERR_OK)
        return e;
    x->invite = compose(tx, x);
    if (!x->d->unique) {
        e = invites_find_equal(tx_sql(tx), &x->invite, tx_now_ms(tx), x->arena, &x->invite);
        if (e != ERR_UNKNOWN_INVITE)
            return e;
    }
    e = make_room(tx, x->invite.guild);
    if (e == ERR_OK)
        e = insert_with_code(tx, x);
    if (e != ERR_OK)
        return e;
    return core_emit_delta(tx, event_invite_create(&x->invite, x->by->who->user.v), x->by,
                           x->invite.code);
}

enum err invite_create(struct core *c, const struct actor *by, const struct access *a,
                       const struct invite_draft *d, struct arena *arena, struct invite *out)
{
    struct invite_creation x = {.core = c, .by = by, .a = a, .d = d, .arena = arena};
    enum err e = store_write(c->store, create, &x);
    if (e == ERR_OK)
        *out = x.invite;
    return e;
}

struct invite_read {
    struct core *core;
    struct slice code;
    struct arena *arena;
    struct invite invite;
    struct guild_view *view;
    bool missed;
};

static enum err find_usable(struct tx *tx, struct slice code, struct arena *arena,
                            struct invite *out)
{
    enum err e = invites_find(tx_sql(tx), code, arena, out);
    if (e == ERR_OK && !usable(out, tx_now_ms(tx)))
        e = ERR_UNKNOWN_INVITE;
    return e;
}

static enum err read_invite(struct tx *tx, void *ctx)
{
    struct invite_read *x = ctx;
    uint64_t position;
    guild_view_unref(&x->view);
    enum err e = find_usable(tx, x->code, x->arena, &x->invite);
    if (e == ERR_OK)
        e = guilds_structure_position(tx_sql(tx), x->invite.guild, &position);
    if (e == ERR_OK)
        e = views_at(x->core, tx, x->invite.guild, position, &x->view, &x->missed);
    return e;
}

enum err invite_get(struct core *c, struct slice code, struct arena *arena, struct invite *out,
                    struct guild_view **view)
{
    struct invite_read x = {.core = c, .code = code, .arena = arena};
    enum err e = store_read(c->store, read_invite, &x);
    if (e != ERR_OK) {
        guild_view_unref(&x.view);
        return e;
    }
    if (x.missed)
        views_warm(c, x.invite.guild);
    *out = x.invite;
    *view = x.view;
    return ERR_OK;
}

struct acceptance {
    const struct actor *by;
    struct slice code;
    struct arena *arena;
    struct invite invite;
    bool joined;
};

static enum err join(struct tx *tx, struct acceptance *x)
{
    struct sql_conn *sql = tx_sql(tx);
    struct guild_id guild = x->invite.guild;
    struct user_id user = x->by->who->user;
    struct member member;
    enum err e = invites_use(sql, x->code);
    if (e == ERR_OK)
        e = members_insert(sql, guild, user, tx_now_ms(tx));
    if (e == ERR_OK)
        e = guilds_count_member(sql, guild, 1);
    if (e == ERR_OK)
        e = members_find(sql, guild, user, x->arena, &member);
    if (e == ERR_OK)
        e = core_emit(tx, event_member_add(&member), x->by);
    if (e == ERR_OK)
        e = core_emit(tx, event_guild_joined(user, guild), x->by);
    return e;
}

static enum err accept(struct tx *tx, void *ctx)
{
    struct acceptance *x = ctx;
    bool member;
    /* invite_get found the guild; a code never moves to another. */
    enum err e = tx_lock(tx, core_guild_stream(x->invite.guild));
    if (e == ERR_OK)
        e = find_usable(tx, x->code, x->arena, &x->invite);
    if (e == ERR_OK)
        e = members_exists(tx_sql(tx), x->invite.guild, x->by->who->user, &member);
    if (e != ERR_OK)
        return e;
    x->joined = !member;
    if (member)
        return ERR_OK;
    x->invite.uses++;
    return join(tx, x);
}

enum err invite_accept(struct core *c, const struct actor *by, struct slice code,
                       struct arena *arena, struct invite *out, struct guild_view **view,
                       bool *joined)
{
    struct acceptance x = {.by = by, .code = code, .arena = arena};
    struct guild_view *v = NULL;
    /* A guild's tenant never changes; people of another do not learn that the invite exists. */
    enum err e = invite_get(c, code, arena, &x.invite, &v);
    if (e == ERR_OK && v->guild.tenant.v != by->who->tenant.v)
        e = ERR_UNKNOWN_INVITE;
    if (e == ERR_OK)
        e = store_write(c->store, accept, &x);
    if (e != ERR_OK) {
        guild_view_unref(&v);
        return e;
    }
    *out = x.invite;
    *view = v;
    *joined = x.joined;
    return ERR_OK;
}
