/*
 * Looking at invites, and joining by them. A use is counted and the member added in one transaction
 * under the guild's lock, so that an invite for ten admits ten, however many come at once.
 */

#include "base/limits.h"
#include "core/invites_priv.h"
#include "core/joining.h"
#include "store/guilds.h"
#include "store/invites.h"
#include "store/joining.h"
#include "store/members.h"

enum { VANITY_BYTES_MAX = 64 };

/* Vanity codes are in small letters, and are found however they are written. */
static struct slice fold(struct slice code, char out[VANITY_BYTES_MAX])
{
    if (code.data == NULL || code.len > VANITY_BYTES_MAX)
        return (struct slice){NULL, 0};
    for (size_t i = 0; i < code.len; i++) {
        char c = code.data[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return slice_of(out, code.len);
}

static enum err find_vanity(struct tx *tx, struct slice code, struct arena *arena,
                            struct invite_sheet *out)
{
    char small[VANITY_BYTES_MAX];
    struct guild_id guild;
    uint64_t uses;
    struct slice folded = fold(code, small);
    if (folded.len == 0)
        return ERR_UNKNOWN_INVITE;
    enum err e = vanity_find(tx_sql(tx), folded, &guild, &uses);
    if (e != ERR_OK)
        return e;
    *out = (struct invite_sheet){
        .invite = {.code = arena_dup(arena, folded), .guild = guild, .uses = (uint32_t)uses},
        .vanity = true};
    return out->invite.code.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

enum err invite_find_usable(struct tx *tx, struct slice code, struct arena *arena,
                            struct invite_sheet *out)
{
    if (code.data == NULL || code.len == 0)
        return ERR_UNKNOWN_INVITE;
    *out = (struct invite_sheet){.vanity = false};
    enum err e = invites_find(tx_sql(tx), code, arena, &out->invite);
    if (e == ERR_UNKNOWN_INVITE)
        return find_vanity(tx, code, arena, out);
    if (e == ERR_OK && !invite_usable(&out->invite, tx_now_ms(tx)))
        e = ERR_UNKNOWN_INVITE;
    return e == ERR_OK ? invite_read_target(tx_sql(tx), arena, out) : e;
}

/* Where a vanity code leads: the system channel, or the first text channel. Anybody may look at it:
 * only what everybody of the guild sees is shown. */
static struct channel_id entrance(const struct guild_view *v)
{
    const struct subject everyone = {0};
    const struct channel *best = NULL;
    const struct channel *greeting = guild_view_channel(v, v->guild.system_channel);
    if (greeting != NULL && permissions_visible(v, &everyone, greeting, 0))
        return greeting->id;
    for (size_t i = 0; i < v->channel_count; i++) {
        const struct channel *ch = &v->channels[i];
        if (ch->type != CHANNEL_TYPE_TEXT || (best != NULL && best->position <= ch->position))
            continue;
        if (permissions_visible(v, &everyone, ch, 0))
            best = ch;
    }
    return best != NULL ? best->id : (struct channel_id){v->guild.id.v};
}

struct invite_read {
    struct core *core;
    struct slice code;
    struct arena *arena;
    struct invite_sheet found;
    bool missed;
};

static enum err read_invite(struct tx *tx, void *ctx)
{
    struct invite_read *x = ctx;
    struct guild_record g;
    guild_view_unref(&x->found.view);
    enum err e = invite_find_usable(tx, x->code, x->arena, &x->found);
    if (e == ERR_OK)
        e = guilds_find(tx_sql(tx), x->found.invite.guild, x->arena, &g);
    if (e == ERR_OK)
        e = views_at(x->core, tx, g.guild.id, g.structure_position, &x->found.view, &x->missed);
    if (e == ERR_OK)
        x->found.members = g.member_count;
    return e == ERR_UNKNOWN_GUILD ? ERR_UNKNOWN_INVITE : e;
}

enum err invite_get(struct core *c, struct slice code, struct arena *arena,
                    struct invite_sheet *out)
{
    struct invite_read x = {.core = c, .code = code, .arena = arena};
    enum err e = store_read(c->store, read_invite, &x);
    if (e != ERR_OK) {
        guild_view_unref(&x.found.view);
        return e;
    }
    if (x.missed)
        views_warm(c, x.found.invite.guild);
    if (x.found.vanity)
        x.found.invite.channel = entrance(x.found.view);
    *out = x.found;
    return ERR_OK;
}

/* ---- lists ---- */

struct invite_listing {
    const struct access *a;
    struct arena *arena;
    struct invite_sheet *sheets;
    size_t count;
};

static enum err read_list(struct tx *tx, void *ctx)
{
    struct invite_listing *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    struct invite *list = NULL;
    const struct access *a = x->a;
    enum err e = a->channel != NULL
                     ? invites_of_channel(sql, a->channel->id, tx_now_ms(tx), LIMIT_GUILD_INVITES,
                                          x->arena, &list, &x->count)
                     : invites_of_guild(sql, a->view->guild.id, tx_now_ms(tx), LIMIT_GUILD_INVITES,
                                        x->arena, &list, &x->count);
    if (e != ERR_OK || x->count == 0)
        return e;
    x->sheets = arena_array(x->arena, x->count, sizeof *x->sheets);
    if (x->sheets == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < x->count && e == ERR_OK; i++) {
        x->sheets[i] = (struct invite_sheet){.invite = list[i], .view = a->view};
        e = invite_read_target(sql, x->arena, &x->sheets[i]);
    }
    return e;
}

enum err invite_list(struct core *c, const struct access *a, struct arena *arena,
                     struct invite_sheet **out, size_t *count)
{
    struct invite_listing x = {.a = a, .arena = arena};
    enum err e = store_read(c->store, read_list, &x);
    if (e == ERR_OK) {
        *out = x.sheets;
        *count = x.count;
    }
    return e;
}

/* ---- joining ---- */

struct acceptance_run {
    struct core *core;
    const struct actor *by;
    struct guild_id guild;
    struct slice code;
    struct arena *arena;
    struct invite_sheet found;
    struct acceptance how;
};

/* The last use takes the invite away. */
static enum err count_use(struct tx *tx, struct acceptance_run *x)
{
    struct invite *i = &x->found.invite;
    enum err e = x->found.vanity ? vanity_use(tx_sql(tx), i->guild, i->code)
                                 : invites_use(tx_sql(tx), i->code);
    if (e != ERR_OK)
        return e;
    i->uses++;
    return i->max_uses != 0 && i->uses >= i->max_uses ? invite_remove(tx, x->by, i) : ERR_OK;
}

static enum err join(struct tx *tx, struct acceptance_run *x)
{
    struct invite i = x->found.invite; /* what is shown of it stays as it is */
    struct member m;
    enum err e = invite_keep_roles(tx, x->arena, &i);
    if (e != ERR_OK)
        return e;
    struct joining j = {.core = x->core,
                        .by = x->by,
                        .guild = x->guild,
                        .user = x->by->who->user,
                        .roles = i.roles,
                        .role_count = i.role_count,
                        .temporary = i.temporary,
                        .screened = (i.flags & INVITE_FLAG_APPLICATION_BYPASS) != 0};
    e = joining_admit(tx, &j, x->arena, &m);
    if (e == ERR_OK)
        e = count_use(tx, x);
    if (e == ERR_OK)
        x->how = (struct acceptance){.joined = true, .pending = m.pending};
    return e;
}

static enum err accept(struct tx *tx, void *ctx)
{
    struct acceptance_run *x = ctx;
    struct member m;
    x->how = (struct acceptance){.joined = false};
    /* invite_get found the guild; a code never moves to another. */
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = invite_find_usable(tx, x->code, x->arena, &x->found);
    if (e == ERR_OK && x->found.invite.guild.v != x->guild.v)
        e = ERR_UNKNOWN_INVITE; /* but a vanity code may */
    if (e != ERR_OK)
        return e;
    e = members_find(tx_sql(tx), x->guild, x->by->who->user, x->arena, &m);
    if (e == ERR_UNKNOWN_MEMBER)
        return join(tx, x);
    if (e == ERR_OK)
        x->how.pending = m.pending;
    return e;
}

enum err invite_accept(struct core *c, const struct actor *by, struct slice code,
                       struct arena *arena, struct invite_sheet *out, struct acceptance *how)
{
    struct invite_sheet seen = {.view = NULL};
    /* A guild's tenant never changes; people of another do not learn that the invite exists. */
    enum err e = invite_get(c, code, arena, &seen);
    if (e == ERR_OK && seen.view->guild.tenant.v != by->who->tenant.v)
        e = ERR_UNKNOWN_INVITE;
    struct acceptance_run x = {
        .core = c, .by = by, .guild = seen.invite.guild, .code = code, .arena = arena};
    if (e == ERR_OK)
        e = store_write(c->store, accept, &x);
    if (e != ERR_OK) {
        guild_view_unref(&seen.view);
        return e;
    }
    x.found.view = seen.view;
    x.found.members = seen.members + (x.how.joined ? 1 : 0);
    if (x.found.vanity)
        x.found.invite.channel = seen.invite.channel;
    *out = x.found;
    *how = x.how;
    return ERR_OK;
}
