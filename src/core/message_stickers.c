/* Stickers of a message are looked up when it is sent, and what it shows of them stays as it was
 * then: a sticker that is renamed or deleted changes no message. */

#include "core/message_stickers.h"

#include "base/limits.h"
#include "proto/sticker_items.h"
#include "store/members.h"
#include "store/stickers.h"

static enum err check_guild(struct sql_conn *sql, const struct actor *by, const struct access *a,
                            const struct sticker *s, struct arena *arena)
{
    struct member there;
    if (a->view->guild.id.v == s->guild.v)
        return ERR_OK;
    if (!(a->permissions & PERMISSION_USE_EXTERNAL_STICKERS))
        return ERR_MISSING_PERMISSIONS;
    enum err e = members_find(sql, s->guild, by->who->user, arena, &there);
    return e == ERR_UNKNOWN_MEMBER ? ERR_INVALID_STICKER : e;
}

static enum err find(struct sql_conn *sql, const struct actor *by, const struct access *a,
                     uint64_t id, struct arena *arena, struct sticker *out)
{
    enum err e = stickers_find(sql, (struct sticker_id){id}, arena, out);
    if (e == ERR_UNKNOWN_STICKER || (e == ERR_OK && !out->available))
        return ERR_INVALID_STICKER;
    return e == ERR_OK ? check_guild(sql, by, a, out, arena) : e;
}

enum err message_stickers_resolve(struct core *c, struct sql_conn *sql, const struct actor *by,
                                  const struct access *a, const uint64_t *ids, size_t count,
                                  struct arena *arena, struct slice *json)
{
    struct sticker found[LIMIT_STICKERS];
    enum err e = count <= LIMIT_STICKERS ? ERR_OK : ERR_INVALID_STICKER;
    (void)c;
    for (size_t i = 0; i < count && e == ERR_OK; i++)
        e = find(sql, by, a, ids[i], arena, &found[i]);
    return e == ERR_OK ? proto_sticker_items(found, count, arena, json) : e;
}
