/* Actors in closures. */

#include "core/acting.h"

#include "store/members.h"

enum err acting_begin(struct tx *tx, const struct access *a, uint64_t need, struct arena *arena,
                      struct access *now)
{
    arena_reset(arena);
    access_end(now);
    return access_renew(tx, a, need, arena, now);
}

enum err acting_target(struct tx *tx, const struct access *now, struct user_id user,
                       struct arena *arena, struct member *out)
{
    return members_find(tx_sql(tx), now->view->guild.id, user, arena, out);
}

bool acting_outranks(const struct access *now, const struct member *target)
{
    struct subject other = subject_of(target);
    return permissions_outranks(now->view, &now->subject, &other);
}

enum err acting_role(const struct access *now, struct role_id id)
{
    const struct role *role = guild_view_role(now->view, id);
    if (role == NULL)
        return ERR_UNKNOWN_ROLE;
    if (id.v == now->view->guild.id.v || role->managed)
        return ERR_INVALID_ROLE;
    return permissions_outranks_role(now->view, &now->subject, role) ? ERR_OK
                                                                     : ERR_MISSING_PERMISSIONS;
}
