/* Access as of a closure. */

#include "core/access_renew.h"

#include "core/access_dm.h"
#include "core/core_priv.h"
#include "store/members.h"

static enum err look_up(struct tx *tx, const struct access *a, struct arena *arena,
                        struct access *now)
{
    enum err e = members_find(tx_sql(tx), a->view->guild.id, a->subject.user, arena, &now->member);
    if (e == ERR_UNKNOWN_MEMBER)
        e = ERR_MISSING_ACCESS;
    if (e == ERR_OK)
        e = views_now(tx, a->view->guild.id, &now->view);
    if (e != ERR_OK)
        return e;
    now->subject = subject_of(&now->member);
    if (a->channel == NULL) {
        now->permissions = permissions_in_guild(now->view, &now->subject, tx_now_ms(tx));
        return ERR_OK;
    }
    now->channel = guild_view_channel(now->view, a->channel->id);
    if (now->channel == NULL)
        return ERR_UNKNOWN_CHANNEL;
    now->permissions =
        permissions_in_channel(now->view, &now->subject, now->channel, tx_now_ms(tx));
    return now->permissions & PERMISSION_VIEW_CHANNEL ? ERR_OK : ERR_MISSING_ACCESS;
}

enum err access_renew(struct tx *tx, const struct access *a, uint64_t need, struct arena *arena,
                      struct access *now)
{
    struct access n = {0};
    if (a->dm != NULL)
        return access_dm_renew(tx, a, need, now);
    enum err e = tx_lock(tx, core_guild_stream(a->view->guild.id));
    if (e == ERR_OK)
        e = look_up(tx, a, arena, &n);
    if (e == ERR_UNKNOWN_GUILD && a->channel != NULL)
        e = ERR_UNKNOWN_CHANNEL; /* as the next request will be told */
    if (e == ERR_OK && !permissions_meet(n.permissions, need))
        e = ERR_MISSING_PERMISSIONS;
    if (e != ERR_OK) {
        access_end(&n);
        return e;
    }
    *now = n;
    return ERR_OK;
}
