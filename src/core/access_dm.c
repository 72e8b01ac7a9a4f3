/*
 * Access to direct messages. Rights are the same for all recipients, so all that can change between
 * an authorisation and its closure is who is in it: the closure reads that under the lock of the
 * direct message, and tells those whom it finds.
 */

#include "core/access_dm.h"

#include "core/core_priv.h"
#include "store/dms.h"

static const struct user *recipient(const struct dm_channel *dm, struct user_id user)
{
    for (size_t i = 0; i < dm->recipient_count; i++)
        if (dm->recipients[i].id.v == user.v)
            return &dm->recipients[i];
    return NULL;
}

enum err access_dm_read(struct sql_conn *sql, struct channel_id channel, struct user_id user,
                        struct arena *arena, struct dm_channel **out)
{
    struct dm_channel *dm = arena_zalloc(arena, sizeof *dm);
    if (dm == NULL)
        return ERR_NO_MEMORY;
    enum err e = dms_find(sql, channel, arena, dm);
    if (e == ERR_OK && recipient(dm, user) == NULL)
        e = ERR_MISSING_ACCESS;
    if (e == ERR_OK)
        *out = dm;
    return e;
}

enum err access_dm_begin(struct core *c, struct dm_channel *dm, struct user_id user,
                         struct arena *arena, struct access *out)
{
    struct channel *channel = arena_zalloc(arena, sizeof *channel);
    if (channel == NULL)
        return ERR_NO_MEMORY;
    *channel = (struct channel){
        .id = dm->id,
        .type = dm->type,
        .name = dm->name,
        .last_message = dm->last_message,
        .default_sort_order = -1,
    };
    struct access a = {
        .view = guild_view_ref(c->no_guild),
        .member = {.user = *recipient(dm, user)},
        .channel = channel,
        .dm = dm,
        .arena = arena,
        .permissions = PERMISSIONS_DM,
    };
    a.subject = subject_of(&a.member);
    *out = a;
    return ERR_OK;
}

/* Who is in it is read as ids; only if they are others than before, with their names too. */
static enum err refresh(struct sql_conn *sql, const struct access *a)
{
    bool same;
    enum err e = dms_recipients_same(sql, a->dm, &same);
    return e == ERR_OK && !same ? dms_find(sql, a->dm->id, a->arena, a->dm) : e;
}

enum err access_dm_recheck(struct tx *tx, const struct access *a, uint64_t need)
{
    enum err e = tx_lock(tx, (struct stream){STREAM_DM, a->dm->id.v});
    if (e == ERR_OK)
        e = refresh(tx_sql(tx), a);
    if (e == ERR_OK && recipient(a->dm, a->subject.user) == NULL)
        e = ERR_MISSING_ACCESS;
    if (e == ERR_OK && !permissions_meet(PERMISSIONS_DM, need))
        e = ERR_MISSING_PERMISSIONS;
    return e;
}

enum err access_dm_renew(struct tx *tx, const struct access *a, uint64_t need, struct access *now)
{
    enum err e = access_dm_recheck(tx, a, need);
    if (e != ERR_OK)
        return e;
    *now = *a;
    now->view = guild_view_ref(a->view);
    return ERR_OK;
}
