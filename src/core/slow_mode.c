/*
 * Slow mode: how often somebody may write in a channel. Decided in the transaction of the post, so
 * that two at once cannot both pass, and kept in the store, so that a restart is no way around it.
 */

#include "store/slow_mode.h"
#include "core/messages_priv.h"

enum { MS_PER_S = 1000 };

/* Bots, and those with the permission, are not slowed down (docs, Channel "rate_limit_per_user";
 * since 2026 MANAGE_MESSAGES and MANAGE_CHANNELS no longer stand for BYPASS_SLOWMODE). */
static bool concerns(const struct access *a)
{
    return a->dm == NULL && a->channel->rate_limit_per_user > 0 && !a->member.user.bot &&
           !(a->permissions & PERMISSION_BYPASS_SLOWMODE);
}

enum err slow_mode_take(struct tx *tx, const struct access *a, uint64_t *wait_ms)
{
    int64_t now = tx_now_ms(tx);
    int64_t pause = (int64_t)a->channel->rate_limit_per_user * MS_PER_S;
    int64_t last = 0;
    if (!concerns(a))
        return ERR_OK;
    enum err e =
        slow_mode_note(tx_sql(tx), a->channel->id, a->member.user.id, now - pause, now, &last);
    if (e != ERR_OK || last == 0)
        return e;
    /* A clock that went back must not lock anybody out for longer than the pause. */
    int64_t wait = last + pause - now;
    if (wait_ms != NULL)
        *wait_ms = (uint64_t)(wait > pause ? pause : wait);
    return ERR_SLOWMODE;
}
