/* Publishing: a flag that is set once. Where it goes from there is the affair of followers. */

#include "core/crosspost.h"

#include "core/message_updated.h"
#include "core/messages.h"
#include "store/message_heads.h"

struct crosspost {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    struct message_id id;
    struct arena *arena;
};

/* access_recheck looks at the bits only if something moved, hence both. */
static enum err require(struct tx *tx, const struct access *a, uint64_t need)
{
    if ((a->permissions & need) != need)
        return ERR_MISSING_PERMISSIONS;
    return access_recheck(tx, a, need);
}

static enum err crosspost(struct tx *tx, void *ctx)
{
    struct crosspost *x = ctx;
    struct place p = place_of(x->a);
    struct message_head m;
    enum err e = access_recheck(tx, x->a, PERMISSION_VIEW_CHANNEL);
    if (e == ERR_OK)
        e = message_heads_find(tx_sql(tx), p.channel, x->id, &m);
    if (e != ERR_OK)
        return e;
    bool own = m.author.v == x->by->who->user.v;
    e = require(tx, x->a,
                PERMISSION_VIEW_CHANNEL | PERMISSION_SEND_MESSAGES |
                    (own ? 0 : PERMISSION_MANAGE_MESSAGES));
    if (e == ERR_OK && m.type != MESSAGE_TYPE_DEFAULT && m.type != MESSAGE_TYPE_REPLY)
        e = ERR_SYSTEM_MESSAGE;
    if (e == ERR_OK && (m.flags & MESSAGE_FLAG_CROSSPOSTED) != 0)
        e = ERR_CROSSPOSTED;
    if (e == ERR_OK)
        e = message_heads_set_flags(tx_sql(tx), p.channel, x->id,
                                    m.flags | MESSAGE_FLAG_CROSSPOSTED);
    return e == ERR_OK ? message_updated(x->core, tx, &p, x->by, x->id, x->arena, NULL, NULL) : e;
}

enum err message_crosspost(struct core *c, const struct actor *by, const struct access *a,
                           struct message_id id, struct arena *arena, struct message *out)
{
    struct crosspost x = {c, by, a, id, arena};
    if (a->channel->type != CHANNEL_TYPE_ANNOUNCEMENT)
        return ERR_CHANNEL_TYPE;
    enum err e = store_write(c->store, crosspost, &x);
    return e == ERR_OK ? message_get(c, a, id, arena, out) : e;
}
