/*
 * Access. Membership, roles and the guild's structure are taken at one moment, in one read
 * transaction: a member's old roles on a new structure could allow what neither state allowed.
 */

#include "core/access.h"

#include "core/access_dm.h"
#include "core/core_priv.h"
#include "store/guilds.h"
#include "store/members.h"

struct access_read {
    struct core *core;
    struct user_id user;
    struct guild_id guild;     /* or */
    struct channel_id channel; /* this one */
    struct arena *arena;
    struct member_standing standing;
    struct guild_view *view;
    bool missed;
    struct dm_channel *dm; /* it is no channel of a guild */
};

/* A role that is being deleted is out of the view at once, its rows in member_roles go later. */
static enum err leave_out_deleted(const struct guild_view *view, struct arena *arena,
                                  struct member *m)
{
    size_t kept = 0;
    while (kept < m->role_count && guild_view_role(view, m->roles[kept]) != NULL)
        kept++;
    if (kept == m->role_count)
        return ERR_OK;
    struct role_id *roles = arena_array(arena, m->role_count, sizeof *roles);
    if (roles == NULL)
        return ERR_NO_MEMORY;
    kept = 0;
    for (size_t i = 0; i < m->role_count; i++)
        if (guild_view_role(view, m->roles[i]) != NULL)
            roles[kept++] = m->roles[i];
    m->roles = roles;
    m->role_count = kept;
    return ERR_OK;
}

static enum err read_access(struct tx *tx, void *ctx)
{
    struct access_read *r = ctx;
    struct sql_conn *sql = tx_sql(tx);
    guild_view_unref(&r->view);
    enum err e = r->channel.v != 0
                     ? members_standing_in_channel(sql, r->channel, r->user, r->arena, &r->standing)
                     : members_standing_in_guild(sql, r->guild, r->user, r->arena, &r->standing);
    if (e == ERR_UNKNOWN_CHANNEL)
        return access_dm_read(sql, r->channel, r->user, r->arena, &r->dm);
    if (e == ERR_OK && !r->standing.is_member)
        e = ERR_MISSING_ACCESS;
    if (e == ERR_OK)
        e = views_at(r->core, tx, r->standing.guild, r->standing.structure_position, &r->view,
                     &r->missed);
    return e == ERR_OK ? leave_out_deleted(r->view, r->arena, &r->standing.member) : e;
}

/* The bits in the channel, or in the guild if there is none. */
static uint64_t compute(const struct guild_view *view, const struct subject *who,
                        const struct channel *channel, int64_t now_ms)
{
    return channel == NULL ? permissions_in_guild(view, who, now_ms)
                           : permissions_in_channel(view, who, channel, now_ms);
}

static enum err begin(struct access_read *r, struct access *out)
{
    enum err e = store_read(r->core->store, read_access, r);
    if (e != ERR_OK) {
        guild_view_unref(&r->view);
        return e;
    }
    if (r->dm != NULL)
        return access_dm_begin(r->core, r->dm, r->user, r->arena, out);
    if (r->missed)
        views_warm(r->core, r->standing.guild);
    struct access a = {.view = r->view,
                       .member = r->standing.member,
                       .automod_position = r->standing.automod_position};
    a.subject = subject_of(&a.member);
    if (r->channel.v != 0 && (a.channel = guild_view_channel(a.view, r->channel)) == NULL) {
        access_end(&a);
        return ERR_UNKNOWN_CHANNEL;
    }
    a.permissions = compute(a.view, &a.subject, a.channel, clock_wall_ms(r->core->o.clock));
    if (a.channel != NULL && !(a.permissions & PERMISSION_VIEW_CHANNEL)) {
        access_end(&a);
        return ERR_MISSING_ACCESS;
    }
    *out = a;
    return ERR_OK;
}

enum err access_guild(struct core *c, const struct principal *who, struct guild_id guild,
                      struct arena *arena, struct access *out)
{
    struct access_read r = {.core = c, .user = who->user, .guild = guild, .arena = arena};
    return begin(&r, out);
}

enum err access_channel(struct core *c, const struct principal *who, struct channel_id channel,
                        struct arena *arena, struct access *out)
{
    struct access_read r = {.core = c, .user = who->user, .channel = channel, .arena = arena};
    return channel.v == 0 ? ERR_UNKNOWN_CHANNEL : begin(&r, out);
}

void access_end(struct access *a)
{
    guild_view_unref(&a->view);
    a->channel = NULL;
    a->dm = NULL;
}

/* What an authorisation is checked for again. */
struct recheck {
    const struct access *a;
    uint64_t need;
    bool part; /* that they may take part, too */
};

static bool takes_part(const struct guild_view *view, const struct subject *who, int64_t now_ms)
{
    if ((permissions_base(view, who) & PERMISSION_ADMINISTRATOR) != 0)
        return true;
    return who->timed_out_until_ms <= now_ms && !permissions_is_waiting(view, who);
}

static enum err judge(const struct recheck *r, const struct guild_view *view,
                      const struct member *member, int64_t now_ms)
{
    const struct access *a = r->a;
    struct subject who = subject_of(member);
    const struct channel *channel = NULL;
    if (a->channel != NULL && (channel = guild_view_channel(view, a->channel->id)) == NULL)
        return ERR_MISSING_ACCESS;
    uint64_t held = compute(view, &who, channel, now_ms);
    if (channel != NULL && !(held & PERMISSION_VIEW_CHANNEL))
        return ERR_MISSING_ACCESS;
    if (!permissions_meet(held, r->need) || (r->part && !takes_part(view, &who, now_ms)))
        return ERR_MISSING_PERMISSIONS;
    return ERR_OK;
}

/* The slow way: who is it now, and what is the structure now. */
static enum err recheck_from_store(struct tx *tx, const struct recheck *r)
{
    const struct access *a = r->a;
    struct arena arena;
    struct member member;
    struct guild_view *view = NULL;
    arena_init(&arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = members_find(tx_sql(tx), a->view->guild.id, a->subject.user, &arena, &member);
    if (e == ERR_UNKNOWN_MEMBER)
        e = ERR_MISSING_ACCESS;
    if (e == ERR_OK)
        e = views_now(tx, a->view->guild.id, &view);
    if (e == ERR_OK)
        e = judge(r, view, &member, tx_now_ms(tx));
    guild_view_unref(&view);
    arena_deinit(&arena);
    return e;
}

/* One statement says whether anything that the authorisation was made from has changed since: the
 * guild's structure, or who the member is. */
static enum err recheck(struct tx *tx, const struct recheck *r, uint64_t *automod_position)
{
    const struct access *a = r->a;
    struct guild_id guild = a->view->guild.id;
    struct member_now now;
    if (a->dm != NULL) {
        *automod_position = 0;
        return access_dm_recheck(tx, a, r->need);
    }
    enum err e = tx_lock(tx, core_guild_stream(guild));
    if (e == ERR_OK)
        e = members_now(tx_sql(tx), guild, a->subject.user, &now);
    if (e == ERR_UNKNOWN_GUILD && a->channel != NULL)
        return ERR_UNKNOWN_CHANNEL; /* as the next request will be told */
    if (e != ERR_OK)
        return e;
    *automod_position = now.automod_position;
    if (!now.is_member)
        return ERR_MISSING_ACCESS;
    bool same = now.permission_generation == a->view->permission_generation &&
                now.standing == a->member.standing;
    if (!same)
        return recheck_from_store(tx, r);
    return !r->part || takes_part(a->view, &a->subject, tx_now_ms(tx)) ? ERR_OK
                                                                       : ERR_MISSING_PERMISSIONS;
}

enum err access_recheck_rules(struct tx *tx, const struct access *a, uint64_t need,
                              uint64_t *automod_position)
{
    return recheck(tx, &(struct recheck){.a = a, .need = need}, automod_position);
}

enum err access_recheck(struct tx *tx, const struct access *a, uint64_t need)
{
    uint64_t automod_position;
    return access_recheck_rules(tx, a, need, &automod_position);
}

enum err access_recheck_part(struct tx *tx, const struct access *a, uint64_t need)
{
    uint64_t automod_position;
    return recheck(tx, &(struct recheck){.a = a, .need = need, .part = true}, &automod_position);
}
