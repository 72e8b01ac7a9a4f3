/*
 * Roles that come with an invite. It lives longer than what was true when it was made: its maker
 * may have been demoted or be gone, and a role may have become an administrator's. So what it gives
 * is decided when somebody joins, as if the maker gave it by hand at that moment.
 */

#include "core/invites_priv.h"
#include "store/members.h"

enum err invite_check_role(const struct access *now, struct role_id id)
{
    const struct role *role = guild_view_role(now->view, id);
    if (role == NULL || role->managed || role->id.v == now->view->guild.id.v)
        return ERR_INVALID_ROLE;
    bool may = permissions_meet(now->permissions, PERMISSION_MANAGE_ROLES) &&
               permissions_outranks_role(now->view, &now->subject, role) &&
               permissions_may_grant(now->permissions, 0, role->permissions);
    return may ? ERR_OK : ERR_MISSING_PERMISSIONS;
}

static enum err keep(const struct access *maker, struct arena *arena, struct invite *i)
{
    struct role_id *kept = arena_array(arena, i->role_count, sizeof *kept);
    size_t count = 0;
    if (kept == NULL)
        return ERR_NO_MEMORY;
    for (size_t k = 0; k < i->role_count; k++)
        if (invite_check_role(maker, i->roles[k]) == ERR_OK)
            kept[count++] = i->roles[k];
    i->roles = kept;
    i->role_count = count;
    return ERR_OK;
}

enum err invite_keep_roles(struct tx *tx, struct arena *arena, struct invite *i)
{
    struct access maker = {.view = NULL};
    if (i->role_count == 0)
        return ERR_OK;
    enum err e = members_find(tx_sql(tx), i->guild, i->inviter.id, arena, &maker.member);
    if (e == ERR_UNKNOWN_MEMBER) {
        i->role_count = 0;
        return ERR_OK;
    }
    if (e == ERR_OK)
        e = views_now(tx, i->guild, &maker.view);
    if (e != ERR_OK)
        return e;
    maker.subject = subject_of(&maker.member);
    maker.permissions = permissions_in_guild(maker.view, &maker.subject, tx_now_ms(tx));
    e = keep(&maker, arena, i);
    access_end(&maker);
    return e;
}
