/* Leaving a guild. The permission generation is raised, so that a message that its author had the
 * right to post a moment ago is checked again, and refused, once they are out. */

#include "core/members.h"

#include "core/core_priv.h"
#include "proto/events.h"
#include "store/guilds.h"
#include "store/members.h"

enum { MEMBER_BYTES_MAX = 256 * 1024 };

struct departure {
    const struct actor *by;
    struct guild_id guild;
    struct arena arena;
    struct guild_view *view;
};

static enum err leave(struct tx *tx, void *ctx)
{
    struct departure *x = ctx;
    struct sql_conn *sql = tx_sql(tx);
    struct user_id user = x->by->who->user;
    struct member member;
    arena_reset(&x->arena);
    enum err e = tx_lock(tx, core_guild_stream(x->guild));
    if (e == ERR_OK)
        e = members_find(sql, x->guild, user, &x->arena, &member);
    if (e != ERR_OK)
        return e == ERR_UNKNOWN_MEMBER ? ERR_UNKNOWN_GUILD : e;
    e = members_remove(sql, x->guild, user);
    if (e == ERR_OK)
        e = guilds_count_member(sql, x->guild, -1);
    if (e == ERR_OK)
        e = views_restructured(tx, x->guild, &x->view);
    if (e == ERR_OK && x->view->guild.owner.v == user.v)
        e = ERR_INVALID_GUILD;
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_member_remove(&member, x->view, user.v), x->by, x->view);
    if (e == ERR_OK)
        e = core_emit(tx, event_guild_left(user, x->guild), x->by);
    return e;
}

enum err member_leave(struct core *c, const struct actor *by, struct guild_id guild)
{
    struct departure x = {.by = by, .guild = guild};
    arena_init(&x.arena, MEM_CORE, MEMBER_BYTES_MAX);
    enum err e = store_write(core_store(c), leave, &x);
    guild_view_unref(&x.view);
    arena_deinit(&x.arena);
    return e;
}
