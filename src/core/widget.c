/* The widget. Looking at it writes nothing: its invite is made when it is turned on. */

#include "core/widget.h"

#include "core/core_priv.h"
#include "core/guild_settings.h"
#include "core/invites_priv.h"
#include "core/online.h"
#include "proto/invite_events.h"
#include "store/guilds.h"
#include "store/id_list.h"
#include "store/joining.h"
#include "store/member_list.h"

struct widget_edit {
    struct core *core;
    const struct actor *by;
    const struct access *a;
    const struct widget_change *d;
    struct arena arena;
    struct guild_view *present;
    struct guild_view *view;
};

/* As the one who turns it on could do by hand; who could not leaves the widget without. */
static enum err make_invite(struct tx *tx, struct widget_edit *x, struct channel_id channel)
{
    struct slice code;
    struct invite_sheet s = {.invite = {.guild = x->present->guild.id,
                                        .channel = channel,
                                        .inviter = x->a->member.user,
                                        .created_at_ms = tx_now_ms(tx)}};
    const struct channel *ch = guild_view_channel(x->present, channel);
    uint64_t held =
        ch == NULL ? 0 : permissions_in_channel(x->present, &x->a->subject, ch, tx_now_ms(tx));
    if (!permissions_meet(held, PERMISSION_CREATE_INSTANT_INVITE))
        return ERR_OK;
    enum err e = widget_invite(tx_sql(tx), channel, &x->arena, &code);
    if (e != ERR_OK || code.data != NULL)
        return e;
    e = invite_make(tx, x->core, x->by, &s, &x->arena);
    return e == ERR_MAX_INVITES ? ERR_OK : e;
}

static enum err write_widget(struct tx *tx, struct widget_edit *x, bool enabled,
                             struct channel_id channel)
{
    struct audit_note n;
    const struct guild *g = &x->present->guild;
    if (enabled == g->widget_enabled && channel.v == g->widget_channel.v)
        return ERR_OK;
    enum err e = widget_set(tx_sql(tx), g->id, enabled, channel);
    if (e != ERR_OK)
        return e;
    audit_note_init(&n);
    audit_flag(&n, "widget_enabled", g->widget_enabled, enabled);
    audit_id(&n, "widget_channel_id", g->widget_channel.v, channel.v);
    e = guild_settings_tell(tx, x->by, g->id, AUDIT_GUILD_UPDATE, &n, &x->view);
    audit_note_deinit(&n);
    return e;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct widget_edit *x = ctx;
    arena_reset(&x->arena);
    guild_view_unref(&x->present);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = views_now(tx, x->a->view->guild.id, &x->present);
    if (e != ERR_OK)
        return e;
    const struct guild *g = &x->present->guild;
    bool enabled = x->d->has_enabled ? x->d->enabled : g->widget_enabled;
    struct channel_id channel = x->d->has_channel ? x->d->channel : g->widget_channel;
    if (x->d->has_channel && channel.v != 0 && guild_view_channel(x->present, channel) == NULL)
        return ERR_UNKNOWN_CHANNEL;
    e = write_widget(tx, x, enabled, channel);
    return e == ERR_OK && enabled && channel.v != 0 ? make_invite(tx, x, channel) : e;
}

enum err widget_change(struct core *c, const struct actor *by, const struct access *a,
                       const struct widget_change *d, struct guild_view **view)
{
    struct widget_edit x = {.core = c, .by = by, .a = a, .d = d};
    arena_init(&x.arena, MEM_CORE, SCRATCH_BYTES);
    enum err e = store_write(c->store, edit, &x);
    if (e == ERR_OK)
        *view = guild_view_ref(x.view != NULL ? x.view : x.present);
    guild_view_unref(&x.view);
    guild_view_unref(&x.present);
    arena_deinit(&x.arena);
    return e;
}

struct widget_read {
    struct core *core;
    struct guild_id guild;
    struct arena *arena;
    struct guild_view *view;
    struct slice code;
    uint64_t members;
    bool missed;
};

static enum err read_code(struct tx *tx, struct widget_read *x, const struct guild *g)
{
    x->code = g->vanity_code;
    if (x->code.data != NULL || g->widget_channel.v == 0)
        return ERR_OK;
    return widget_invite(tx_sql(tx), g->widget_channel, x->arena, &x->code);
}

static enum err read_widget(struct tx *tx, void *ctx)
{
    struct widget_read *x = ctx;
    struct guild_record g;
    guild_view_unref(&x->view);
    enum err e = guilds_find(tx_sql(tx), x->guild, x->arena, &g);
    if (e == ERR_OK && !g.guild.widget_enabled)
        e = ERR_WIDGET_DISABLED;
    if (e == ERR_OK)
        e = read_code(tx, x, &g.guild);
    if (e == ERR_OK)
        e = views_at(x->core, tx, x->guild, g.structure_position, &x->view, &x->missed);
    if (e == ERR_OK)
        x->members = g.member_count;
    return e;
}

enum err widget_get(struct core *c, struct guild_id guild, struct arena *arena,
                    struct guild_view **view, struct slice *code, uint64_t *members)
{
    struct widget_read x = {.core = c, .guild = guild, .arena = arena};
    enum err e = store_read(c->store, read_widget, &x);
    if (e != ERR_OK) {
        guild_view_unref(&x.view);
        return e;
    }
    if (x.missed)
        views_warm(c, guild);
    *view = x.view;
    *code = x.code;
    *members = x.members;
    return ERR_OK;
}

struct online_read {
    struct guild_id guild;
    struct slice ids;
    struct arena *arena;
    struct member *list;
    size_t count;
};

static enum err read_online(struct tx *tx, void *ctx)
{
    struct online_read *x = ctx;
    return members_among(tx_sql(tx), x->guild, x->ids, x->arena, &x->list, &x->count);
}

static const char *status_of(const struct online_member *online, size_t count, uint64_t user)
{
    for (size_t i = 0; i < count; i++)
        if (online[i].user == user)
            return online[i].status;
    return "online";
}

enum err widget_online(struct core *c, struct guild_id guild, struct arena *arena,
                       struct member **list, const char **statuses, size_t *count)
{
    struct online_member online[WIDGET_MEMBERS_MAX];
    uint64_t ids[WIDGET_MEMBERS_MAX];
    struct online_read x = {.guild = guild, .arena = arena};
    size_t n = online_list(c, guild, online, WIDGET_MEMBERS_MAX);
    for (size_t i = 0; i < n; i++)
        ids[i] = online[i].user;
    enum err e = id_list_pack(ids, n, arena, &x.ids);
    if (e == ERR_OK && n > 0)
        e = store_read(c->store, read_online, &x);
    if (e != ERR_OK)
        return e;
    *list = x.list;
    *count = x.count < WIDGET_MEMBERS_MAX ? x.count : WIDGET_MEMBERS_MAX;
    for (size_t i = 0; i < *count; i++)
        statuses[i] = status_of(online, n, x.list[i].user.id.v);
    return ERR_OK;
}
