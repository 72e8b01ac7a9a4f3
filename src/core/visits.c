/* The end of a visit. Whether it is one is decided by the member's row under the guild's lock: a
 * role may have been given since the session began. */

#include "core/visits.h"

#include "core/core_priv.h"
#include "core/member_change.h"
#include "store/members.h"

enum { MEMBER_BYTES_MAX = 256 * 1024 };

struct visit {
    struct user_id user;
    struct guild_id guild;
    struct arena arena;
};

static enum err leave(struct tx *tx, void *ctx)
{
    struct visit *v = ctx;
    struct member member;
    const struct principal who = {.user = v->user};
    const struct actor by = {.who = &who};
    arena_reset(&v->arena);
    enum err e = tx_lock(tx, core_guild_stream(v->guild));
    if (e == ERR_OK)
        e = members_find(tx_sql(tx), v->guild, v->user, &v->arena, &member);
    if (e == ERR_UNKNOWN_MEMBER || e == ERR_UNKNOWN_GUILD)
        return ERR_OK;
    if (e != ERR_OK || !member.temporary || member.role_count > 0)
        return e;
    return member_depart(tx, &by, &member);
}

enum err member_temporary_leave(struct core *c, struct user_id user, struct guild_id guild)
{
    struct visit v = {.user = user, .guild = guild};
    arena_init(&v.arena, MEM_CORE, MEMBER_BYTES_MAX);
    enum err e = store_write(c->store, leave, &v);
    arena_deinit(&v.arena);
    return e;
}
