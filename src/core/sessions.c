/* What a gateway session begins with (guilds.h): the account, its memberships, and the position of
 * every stream that it will follow, all of one moment. */

#include <string.h>

#include "base/limits.h"
#include "core/core_priv.h"
#include "core/guilds.h"
#include "core/read_state_counts.h"
#include "core/user_settings.h"
#include "store/applications.h"
#include "store/dms.h"
#include "store/guilds.h"
#include "store/members.h"
#include "store/relationships.h"
#include "store/tokens.h"
#include "store/users.h"

struct session_read {
    const struct principal *who;
    struct arena *arena;
    struct session_snapshot out;
};

/* Is the token still good? Whoever revokes it after this moment is heard of in the user's stream;
 * whoever did since the session was authenticated is not. */
static enum err check_token(struct tx *tx, const struct principal *who)
{
    struct token_id t;
    struct principal now;
    memcpy(t.hash, who->token_hash, sizeof t.hash);
    return tokens_principal(tx_sql(tx), &t, &now);
}

static enum err read_account(struct tx *tx, struct session_read *x)
{
    const struct principal *who = x->who;
    enum err e = check_token(tx, who);
    if (e == ERR_OK)
        e = users_find(tx_sql(tx), who->user, x->arena, &x->out.user);
    if (e == ERR_OK && who->application.v != 0)
        e = applications_find(tx_sql(tx), who->application, x->arena, &x->out.application);
    if (e == ERR_OK)
        e = tx_stream_head(tx, core_user_stream(who->user), &x->out.user_position);
    return e;
}

/* Bots have none of it. */
static enum err read_people(struct sql_conn *sql, struct session_read *x)
{
    struct session_people *p = &x->out.people;
    struct user_id me = x->who->user;
    struct dm_channel *dms;
    struct relationship *relationships;
    struct note *notes;
    enum err e = dms_open_of(sql, me, LIMIT_OPEN_DMS, x->arena, &dms, &p->dm_count);
    if (e == ERR_OK)
        e = relationships_of(sql, me, 0, LIMIT_RELATIONSHIPS, x->arena, &relationships,
                             &p->relationship_count);
    if (e == ERR_OK)
        e = notes_of(sql, me, LIMIT_NOTES, x->arena, &notes, &p->note_count);
    if (e == ERR_OK)
        e = user_settings_read(sql, me, x->arena, &p->settings);
    if (e != ERR_OK)
        return e;
    p->dms = dms;
    p->relationships = relationships;
    p->notes = notes;
    return ERR_OK;
}

static enum err read_session(struct tx *tx, void *ctx)
{
    struct session_read *x = ctx;
    struct member *members = NULL;
    size_t count = 0;
    enum err e = read_account(tx, x);
    if (e == ERR_OK && !x->who->bot)
        e = read_people(tx_sql(tx), x);
    if (e == ERR_OK)
        e = members_of_user(tx_sql(tx), x->who->user, x->arena, &members, &count);
    if (e != ERR_OK)
        return e;
    struct membership *list = arena_array(x->arena, count + 1, sizeof *list);
    if (list == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count && e == ERR_OK; i++) {
        list[i].guild = members[i].guild;
        list[i].member = members[i];
        e = tx_stream_head(tx, core_guild_stream(list[i].guild), &list[i].position);
    }
    x->out.memberships = list;
    x->out.membership_count = count;
    return e == ERR_OK && !x->who->bot
               ? read_summary_read(tx, &x->out, x->arena, &x->out.people.read)
               : e;
}

enum err session_snapshot_load(struct core *c, const struct principal *who, struct arena *arena,
                               struct session_snapshot *out)
{
    struct session_read x = {.who = who, .arena = arena};
    enum err e = store_read(c->store, read_session, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

struct membership_read {
    struct user_id user;
    struct arena *arena;
    struct membership out;
};

static enum err read_membership(struct tx *tx, void *ctx)
{
    struct membership_read *x = ctx;
    uint64_t ignored;
    enum err e = guilds_structure_position(tx_sql(tx), x->out.guild, &ignored);
    if (e == ERR_UNKNOWN_GUILD)
        return ERR_UNKNOWN_MEMBER; /* gone, or going */
    if (e == ERR_OK)
        e = members_find(tx_sql(tx), x->out.guild, x->user, x->arena, &x->out.member);
    if (e == ERR_OK)
        e = tx_stream_head(tx, core_guild_stream(x->out.guild), &x->out.position);
    return e;
}

enum err membership_load(struct core *c, struct user_id user, struct guild_id guild,
                         struct arena *arena, struct membership *out)
{
    struct membership_read x = {.user = user, .arena = arena, .out.guild = guild};
    enum err e = store_read(c->store, read_membership, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}
