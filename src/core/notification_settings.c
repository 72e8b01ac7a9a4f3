/* Notification settings. They change under the user's stream, so that versions grow in the order in
 * which devices hear of them. */

#include "core/notification_settings.h"

#include "core/core_priv.h"
#include "store/guilds.h"
#include "store/notification_settings.h"

struct reading {
    struct user_id user;
    struct guild_id guild;
    struct arena *arena;
    struct notification_settings out;
};

static enum err read_it(struct tx *tx, void *ctx)
{
    struct reading *x = ctx;
    return notification_settings_find(tx_sql(tx), x->user, x->guild, x->arena, &x->out);
}

enum err notification_settings_get(struct core *c, struct user_id user, struct guild_id guild,
                                   struct arena *arena, struct notification_settings *out)
{
    struct reading x = {.user = user, .guild = guild, .arena = arena};
    enum err e = store_read(c->store, read_it, &x);
    if (e == ERR_OK)
        *out = x.out;
    return e;
}

struct changing {
    const struct actor *by;
    const struct notification_change *changes;
    size_t count;
    struct arena *arena;
    struct notification_settings *out;
};

static enum err change_one(struct tx *tx, const struct changing *x, size_t i)
{
    struct user_id user = x->by->who->user;
    struct notification_settings s;
    const struct notification_change *change = &x->changes[i];
    uint64_t now = (uint64_t)tx_now_ms(tx);
    uint64_t ignored;
    enum err e = change->guild.v == 0
                     ? ERR_OK
                     : guilds_structure_position(tx_sql(tx), change->guild, &ignored);
    if (e == ERR_OK)
        e = notification_settings_find(tx_sql(tx), user, change->guild, x->arena, &s);
    if (e == ERR_OK)
        e = notification_settings_merge(s.document, change, x->arena, &s.document);
    if (e != ERR_OK)
        return e;
    s.version = s.version >= now ? s.version + 1 : now;
    x->out[i] = s;
    e = notification_settings_set(tx_sql(tx), user, &s);
    return e == ERR_OK ? core_emit(tx, event_notification_settings(user, &s), x->by) : e;
}

static enum err change_all(struct tx *tx, void *ctx)
{
    const struct changing *x = ctx;
    enum err e = tx_lock(tx, core_user_stream(x->by->who->user));
    for (size_t i = 0; i < x->count && e == ERR_OK; i++)
        e = change_one(tx, x, i);
    return e;
}

enum err notification_settings_change(struct core *c, const struct actor *by,
                                      const struct notification_change *changes, size_t count,
                                      struct arena *arena, struct notification_settings *out)
{
    struct changing x = {by, changes, count, arena, out};
    return count == 0 ? ERR_OK : store_write(c->store, change_all, &x);
}
