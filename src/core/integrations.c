/*
 * Integrations. An integration has the id of the managed role that came with it: that of a guild
 * from before the table has no other, and what belongs together ends together.
 */

#include "core/integrations.h"

#include "base/limits.h"
#include "core/acting.h"
#include "core/audit.h"
#include "core/channels_priv.h"
#include "core/core_priv.h"
#include "core/media.h"
#include "core/member_change.h"
#include "proto/integration.h"
#include "proto/role_events.h"
#include "store/channels.h"
#include "store/integrations.h"
#include "store/roles.h"

enum { INTEGRATION_BYTES_MAX = 256 * 1024 };

static uint64_t actor_of(const struct actor *by)
{
    return by->who != NULL ? by->who->user.v : 0;
}

/* ---- reading ---- */

struct list_read {
    struct guild_id guild;
    struct arena *arena;
    struct integration *list;
    size_t count;
};

static enum err read_list(struct tx *tx, void *ctx)
{
    struct list_read *x = ctx;
    return integrations_of_guild(tx_sql(tx), x->guild, INTEGRATIONS_SHOWN, x->arena, &x->list,
                                 &x->count);
}

enum err integrations_list(struct core *c, struct guild_id guild, struct arena *arena,
                           struct integration **out, size_t *count)
{
    struct list_read x = {.guild = guild, .arena = arena};
    enum err e = store_read(c->store, read_list, &x);
    if (e == ERR_OK) {
        *out = x.list;
        *count = x.count;
    }
    return e;
}

/* ---- coming ---- */

/* Without the name: the page shows it as long as there is one, and who is erased is erased. */
static enum err audit_integration(struct tx *tx, const struct actor *by,
                                  const struct integration *i, enum audit_action action)
{
    struct audit_note note;
    bool is_new = action == AUDIT_INTEGRATION_CREATE;
    audit_note_init(&note);
    audit_text_only(&note, "type", SLICE("discord"), is_new);
    audit_option_text(&note, "integration_type", SLICE("discord"));
    enum err e = audit_write(tx, by, i->guild, action, i->id, &note);
    audit_note_deinit(&note);
    return e;
}

enum err integration_add(struct tx *tx, const struct actor *by, struct guild_id guild,
                         struct role_id role, const struct application *app)
{
    struct arena arena;
    struct integration i = {.id = role.v,
                            .guild = guild,
                            .application = *app,
                            .added_by = {.id = {actor_of(by)}},
                            .created_at_ms = tx_now_ms(tx)};
    arena_init(&arena, MEM_CORE, INTEGRATION_BYTES_MAX);
    enum err e = integrations_insert(tx_sql(tx), &i);
    if (e == ERR_OK)
        e = integrations_find(tx_sql(tx), guild, i.id, &arena, &i);
    if (e == ERR_OK)
        e = core_emit(tx, event_integration_create(&i, actor_of(by)), by);
    if (e == ERR_OK)
        e = core_emit(tx, event_integrations_update(guild, actor_of(by)), by);
    if (e == ERR_OK)
        e = audit_write(tx, by, guild, AUDIT_BOT_ADD, app->bot.v, NULL);
    if (e == ERR_OK)
        e = audit_integration(tx, by, &i, AUDIT_INTEGRATION_CREATE);
    arena_deinit(&arena);
    return e;
}

/* ---- going ---- */

struct dissolution {
    const struct actor *by;
    struct guild_id guild;
    struct user_id bot;
    struct arena arena;
    struct guild_view *before;
    struct guild_view *after;
    const struct role *role; /* in `before`; NULL: none */
    bool integrated;
    struct integration i;
    struct channel_id touched[LIMIT_GUILD_CHANNELS];
    size_t touched_count;
};

static const struct role *role_of_bot(const struct guild_view *v, struct user_id bot)
{
    for (size_t i = 0; i < v->role_count; i++)
        if (v->roles[i].managed && v->roles[i].bot.v == bot.v)
            return &v->roles[i];
    return NULL;
}

static bool names(const struct channel *ch, struct role_id id)
{
    for (size_t i = 0; i < ch->overwrite_count; i++)
        if (ch->overwrites[i].id == id.v && ch->overwrites[i].type == OVERWRITE_ROLE)
            return true;
    return false;
}

static enum err look(struct tx *tx, struct dissolution *x)
{
    enum err e = views_now(tx, x->guild, &x->before);
    if (e != ERR_OK)
        return e;
    x->role = role_of_bot(x->before, x->bot);
    e = integrations_find_bot(tx_sql(tx), x->guild, x->bot, &x->arena, &x->i);
    x->integrated = e == ERR_OK;
    return e == ERR_UNKNOWN_INTEGRATION ? ERR_OK : e;
}

/* Nobody but the bot can hold the role: its rows are one. */
static enum err remove_role(struct tx *tx, struct dissolution *x)
{
    const struct guild_view *v = x->before;
    enum err e = ERR_OK;
    for (size_t i = 0; i < v->channel_count && e == ERR_OK; i++) {
        if (!names(&v->channels[i], x->role->id) || x->touched_count == LIMIT_GUILD_CHANNELS)
            continue;
        x->touched[x->touched_count++] = v->channels[i].id;
        e = channels_delete_overwrite(tx_sql(tx), v->channels[i].id, x->role->id.v);
    }
    if (e == ERR_OK)
        e = media_release(tx, MEDIA_ROLE_ICON, x->guild, x->role->id.v);
    if (e == ERR_OK)
        e = roles_mark_deleting(tx_sql(tx), x->role->id);
    return e == ERR_OK ? roles_delete(tx_sql(tx), x->role->id) : e;
}

static enum err tell_of_role(struct tx *tx, struct dissolution *x)
{
    struct view_change change = {
        .parts = VIEW_ROLES, .channels = x->touched, .channel_count = x->touched_count};
    if (x->touched_count > 0)
        change.parts |= VIEW_CHANNELS;
    enum err e = views_restructured(tx, x->guild, change, &x->after);
    if (e == ERR_OK)
        e = core_emit_structure(tx,
                                event_role_delete(x->guild, x->role->id, x->after, actor_of(x->by)),
                                x->by, x->after);
    if (e == ERR_OK && x->touched_count > 0)
        e = channels_emit_updates(tx, x->by, x->after, x->touched, x->touched_count, false);
    return e;
}

static enum err remove_integration(struct tx *tx, struct dissolution *x)
{
    uint64_t actor = actor_of(x->by);
    enum err e = integrations_delete(tx_sql(tx), x->i.id);
    if (e == ERR_OK)
        e = core_emit(tx, event_integration_delete(x->guild, x->i.id, x->i.application.id.v, actor),
                      x->by);
    if (e == ERR_OK)
        e = core_emit(tx, event_integrations_update(x->guild, actor), x->by);
    return e == ERR_OK ? audit_integration(tx, x->by, &x->i, AUDIT_INTEGRATION_DELETE) : e;
}

enum err integration_dissolve(struct tx *tx, const struct actor *by, struct guild_id guild,
                              struct user_id bot)
{
    struct dissolution x = {.by = by, .guild = guild, .bot = bot};
    arena_init(&x.arena, MEM_CORE, INTEGRATION_BYTES_MAX);
    enum err e = look(tx, &x);
    if (e == ERR_OK && x.role != NULL)
        e = remove_role(tx, &x);
    if (e == ERR_OK && x.role != NULL)
        e = tell_of_role(tx, &x);
    if (e == ERR_OK && x.integrated)
        e = remove_integration(tx, &x);
    guild_view_unref(&x.before);
    guild_view_unref(&x.after);
    arena_deinit(&x.arena);
    return e;
}

/* ---- sending one away ---- */

struct removal {
    const struct actor *by;
    const struct access *a;
    uint64_t id;
    struct arena arena;
    struct access now;
};

/* One that is no member any more, by an old database, goes all the same. */
static enum err remove_bot(struct tx *tx, struct removal *x, const struct integration *i)
{
    struct member bot;
    enum err e = acting_target(tx, &x->now, i->application.bot, &x->arena, &bot);
    if (e == ERR_UNKNOWN_MEMBER)
        return integration_dissolve(tx, x->by, i->guild, i->application.bot);
    if (e == ERR_OK && !acting_outranks(&x->now, &bot))
        e = ERR_MISSING_PERMISSIONS;
    return e == ERR_OK ? member_depart(tx, x->by, &bot) : e;
}

static enum err remove_integrated(struct tx *tx, void *ctx)
{
    struct removal *x = ctx;
    struct integration i;
    enum err e = acting_begin(tx, x->a, PERMISSION_MANAGE_GUILD, &x->arena, &x->now);
    if (e == ERR_OK)
        e = integrations_find(tx_sql(tx), x->a->view->guild.id, x->id, &x->arena, &i);
    return e == ERR_OK ? remove_bot(tx, x, &i) : e;
}

enum err integration_remove(struct core *c, const struct actor *by, const struct access *a,
                            uint64_t id)
{
    struct removal x = {.by = by, .a = a, .id = id};
    arena_init(&x.arena, MEM_CORE, INTEGRATION_BYTES_MAX);
    enum err e = store_write(c->store, remove_integrated, &x);
    access_end(&x.now);
    arena_deinit(&x.arena);
    return e;
}
