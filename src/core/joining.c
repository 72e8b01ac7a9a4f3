/*
 * The way into a guild. What decides is read under the guild's lock, in the transaction that makes
 * the member: a ban, a pause or the last free place that comes a moment earlier holds. Nothing here
 * grows with the number of members.
 */

#include "core/joining.h"

#include "core/core_priv.h"
#include "core/join_requests.h"
#include "core/moderation.h"
#include "core/system_messages.h"
#include "model/features.h"
#include "proto/events.h"
#include "store/channels.h"
#include "store/guilds.h"
#include "store/joining.h"
#include "store/kept_timeouts.h"
#include "store/members.h"
#include "store/roles.h"

/* docs, "System Channel Flags". */
enum { SUPPRESS_JOIN_NOTIFICATIONS = 1 << 0 };

static bool paused(const struct guild *g, int64_t now_ms)
{
    return (g->features & FEATURE_INVITES_DISABLED) != 0 || g->invites_disabled_until_ms > now_ms;
}

/* The user's stream is held as well: two guilds joined at once must count each other. */
static enum err has_room(struct tx *tx, const struct joining *j, const struct guild_record *g)
{
    const struct core_options *o = &j->core->o;
    uint64_t guilds = 0;
    if (o->members_per_guild != 0 && g->member_count >= o->members_per_guild)
        return ERR_MAX_MEMBERS;
    if (o->guilds_per_user == 0)
        return ERR_OK;
    enum err e = tx_lock(tx, core_user_stream(j->user));
    if (e == ERR_OK)
        e = joining_guilds_of_user(tx_sql(tx), j->user, o->guilds_per_user, &guilds);
    if (e == ERR_OK && guilds >= o->guilds_per_user)
        e = ERR_MAX_GUILDS;
    return e;
}

static enum err may_enter(struct tx *tx, const struct joining *j, const struct guild_record *g)
{
    bool own = j->by->who != NULL && j->by->who->user.v == j->user.v;
    struct slice address = own ? j->by->address : (struct slice){NULL, 0};
    enum err e = moderation_may_join(j->core, tx, j->guild, j->user, address);
    if (e == ERR_OK && !j->though_paused && paused(&g->guild, tx_now_ms(tx)))
        e = ERR_INVITES_PAUSED;
    return e == ERR_OK ? has_room(tx, j, g) : e;
}

/* One that has not ended since they left it goes on; *until_ms 0: none. */
static enum err resume_timeout(struct tx *tx, const struct joining *j, int64_t *until_ms)
{
    enum err e = kept_timeouts_take(tx_sql(tx), j->guild, j->user, until_ms);
    if (e == ERR_OK && *until_ms <= tx_now_ms(tx))
        *until_ms = 0;
    return e;
}

/* Position of the event that tells of it: the next one of the guild's stream. */
static enum err insert(struct tx *tx, const struct joining *j, const struct guild *g)
{
    uint64_t head;
    bool gate = (g->features & FEATURE_MEMBER_VERIFICATION_GATE_ENABLED) != 0;
    struct member m = {
        .guild = j->guild,
        .user = {.id = j->user},
        .nick = j->nick,
        .joined_at_ms = tx_now_ms(tx),
        .deaf = j->deaf,
        .mute = j->mute,
        .temporary = j->temporary && j->role_count == 0,
        .pending = gate && !j->screened,
    };
    enum err e = tx_stream_head(tx, core_guild_stream(j->guild), &head);
    if (e == ERR_OK)
        e = resume_timeout(tx, j, &m.timed_out_until_ms);
    if (e != ERR_OK)
        return e;
    m.standing = head + 1;
    e = joining_insert(tx_sql(tx), &m);
    return e == ERR_OK ? guilds_count_member(tx_sql(tx), j->guild, 1) : e;
}

static enum err add_roles(struct tx *tx, const struct joining *j)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < j->role_count && e == ERR_OK; i++)
        e = joining_give_role(tx_sql(tx), j->guild, j->user, j->roles[i]);
    return e;
}

/* Discord's message of type 7. A system channel that is gone, or is no place for text, gets none.
 */
static enum err greet(struct tx *tx, const struct joining *j, const struct guild *g,
                      const struct member *m, struct arena *arena)
{
    struct channel ch;
    bool wanted = g->system_channel.v != 0 && !j->quiet &&
                  (g->system_channel_flags & SUPPRESS_JOIN_NOTIFICATIONS) == 0;
    if (!wanted)
        return ERR_OK;
    enum err e = channels_find(tx_sql(tx), g->system_channel, arena, &ch);
    if (e == ERR_UNKNOWN_CHANNEL)
        return ERR_OK;
    if (e != ERR_OK || (ch.type != CHANNEL_TYPE_TEXT && ch.type != CHANNEL_TYPE_ANNOUNCEMENT))
        return e;
    struct place p = {.channel = ch.id, .type = ch.type, .guild = j->guild};
    struct system_message greeting = {.type = MESSAGE_TYPE_JOIN, .author = m};
    return system_message_post(tx, &p, j->by, &greeting, arena, NULL);
}

static enum err tell(struct tx *tx, const struct joining *j, const struct guild *g,
                     const struct member *m, struct arena *arena)
{
    enum err e = core_emit(tx, event_member_add(m), j->by);
    if (e == ERR_OK)
        e = core_emit(tx, event_guild_joined(j->user, j->guild), j->by);
    if (e == ERR_OK && !j->asked)
        e = join_request_drop(tx, j->by, j->guild, j->user, arena);
    return e == ERR_OK ? greet(tx, j, g, m, arena) : e;
}

enum err joining_admit(struct tx *tx, const struct joining *j, struct arena *arena,
                       struct member *out)
{
    struct guild_record g;
    struct member m;
    enum err e = guilds_find(tx_sql(tx), j->guild, arena, &g);
    if (e == ERR_OK)
        e = may_enter(tx, j, &g);
    if (e == ERR_OK)
        e = insert(tx, j, &g.guild);
    if (e == ERR_OK)
        e = add_roles(tx, j);
    if (e == ERR_OK)
        e = members_find(tx_sql(tx), j->guild, j->user, arena, &m);
    if (e == ERR_OK)
        e = tell(tx, j, &g.guild, &m, arena);
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err joining_allowed(struct tx *tx, const struct joining *j, struct arena *arena)
{
    struct guild_record g;
    enum err e = guilds_find(tx_sql(tx), j->guild, arena, &g);
    return e == ERR_OK ? may_enter(tx, j, &g) : e;
}
