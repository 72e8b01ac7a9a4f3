/* The welcome screen and the new member welcome: two documents that are changed alike. */

#include "core/welcome.h"

#include "core/core_priv.h"
#include "model/features.h"
#include "store/guilds.h"
#include "store/joining.h"

static bool manages(const struct access *a)
{
    return permissions_meet(a->permissions, PERMISSION_MANAGE_GUILD);
}

enum err welcome_screen_get(struct core *c, const struct access *a, struct arena *arena,
                            struct welcome_screen *out)
{
    bool enabled = (a->view->guild.features & FEATURE_WELCOME_SCREEN_ENABLED) != 0;
    if (!enabled && !manages(a))
        return ERR_MISSING_PERMISSIONS;
    return paper_get(c, a->view->guild.id, GUILD_DOCUMENT_WELCOME_SCREEN, &SHAPE_WELCOME, arena,
                     &out->paper, &out->screen);
}

enum err new_member_get(struct core *c, const struct access *a, struct arena *arena,
                        struct new_member_welcome *out)
{
    enum err e = paper_get(c, a->view->guild.id, GUILD_DOCUMENT_NEW_MEMBER_WELCOME,
                           &SHAPE_NEW_MEMBER, arena, &out->paper, &out->welcome);
    return e == ERR_OK && out->paper.exists && !out->welcome.enabled && !manages(a)
               ? ERR_MISSING_PERMISSIONS
               : e;
}

/* ---- changing the welcome screen ---- */

struct screen_change {
    const struct actor *by;
    const struct access *a;
    const struct body_welcome *change;
    struct arena *arena;
    struct welcome_screen now;
    struct guild_view *view;
    struct guild_view *present;
};

static void write_screen(struct json_writer *w, const void *value, struct guild_id guild)
{
    (void)guild;
    proto_welcome_screen(w, value, (struct welcome_reader){.view = NULL});
}

static void merge_screen(struct body_welcome *to, const struct body_welcome *from)
{
    if (BODY_SENT(*from, BODY_WELCOME_DESCRIPTION))
        to->description = from->description;
    if (BODY_SENT(*from, BODY_WELCOME_CHANNELS))
        to->welcome_channels = from->welcome_channels;
}

static enum err check_screen(const struct guild_view *view, const struct body_welcome *b)
{
    const struct body_welcome_channel *list = b->welcome_channels.items;
    for (size_t i = 0; i < b->welcome_channels.count; i++)
        if (guild_view_channel(view, (struct channel_id){list[i].channel_id}) == NULL)
            return ERR_UNKNOWN_CHANNEL;
    return ERR_OK;
}

static enum err set_enabled(struct tx *tx, const struct screen_change *x, bool was, bool *is)
{
    const uint64_t bit = FEATURE_WELCOME_SCREEN_ENABLED;
    *is = BODY_SENT(*x->change, BODY_WELCOME_ENABLED) ? x->change->enabled : was;
    return *is == was ? ERR_OK
                      : joining_set_features(tx_sql(tx), x->a->view->guild.id, *is ? bit : 0,
                                             *is ? 0 : bit);
}

static enum err store_screen(struct tx *tx, struct screen_change *x, struct slice before)
{
    struct audit_note n;
    struct slice after;
    bool is;
    struct guild_id guild = x->present->guild.id;
    bool was = (x->present->guild.features & FEATURE_WELCOME_SCREEN_ENABLED) != 0;
    enum err e = paper_format(write_screen, &x->now.screen, guild, x->arena, &after);
    if (e == ERR_OK)
        e = guild_documents_put(tx_sql(tx), guild, GUILD_DOCUMENT_WELCOME_SCREEN, after);
    if (e == ERR_OK)
        e = set_enabled(tx, x, was, &is);
    if (e != ERR_OK)
        return e;
    audit_note_init(&n);
    audit_flag(&n, "welcome_screen_enabled", was, is);
    audit_json(&n, "welcome_screen", before, after);
    e = guild_settings_tell(tx, x->by, guild, AUDIT_GUILD_UPDATE, &n, &x->view);
    audit_note_deinit(&n);
    return e;
}

static enum err change_screen(struct tx *tx, void *ctx)
{
    struct screen_change *x = ctx;
    guild_view_unref(&x->present);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = views_now(tx, x->a->view->guild.id, &x->present);
    if (e == ERR_OK)
        e = paper_read(tx, x->present->guild.id, GUILD_DOCUMENT_WELCOME_SCREEN, &SHAPE_WELCOME,
                       x->arena, &x->now.paper, &x->now.screen);
    if (e != ERR_OK)
        return e;
    merge_screen(&x->now.screen, x->change);
    if (BODY_SENT(*x->change, BODY_WELCOME_CHANNELS))
        e = check_screen(x->present, x->change);
    return e == ERR_OK ? store_screen(tx, x, x->now.paper.text) : e;
}

enum err welcome_screen_change(struct core *c, const struct actor *by, const struct access *a,
                               const struct body_welcome *change, struct arena *arena,
                               struct welcome_screen *out)
{
    struct screen_change x = {.by = by, .a = a, .change = change, .arena = arena};
    enum err e = store_write(c->store, change_screen, &x);
    guild_view_unref(&x.view);
    guild_view_unref(&x.present);
    *out = x.now;
    return e;
}

/* ---- changing the new member welcome ---- */

struct new_member_edit {
    const struct actor *by;
    const struct access *a;
    const struct body_new_member *change;
    struct arena *arena;
    struct new_member_welcome now;
    struct guild_view *present;
};

static void write_new_member(struct json_writer *w, const void *value, struct guild_id guild)
{
    proto_new_member(w, value, guild, (struct welcome_reader){.view = NULL});
}

static void merge_new_member(struct body_new_member *to, const struct body_new_member *from)
{
    if (BODY_SENT(*from, BODY_NEW_MEMBER_ENABLED))
        to->enabled = from->enabled;
    if (BODY_SENT(*from, BODY_NEW_MEMBER_MESSAGE))
        to->welcome_message = from->welcome_message;
    if (BODY_SENT(*from, BODY_NEW_MEMBER_ACTIONS))
        to->new_member_actions = from->new_member_actions;
    if (BODY_SENT(*from, BODY_NEW_MEMBER_RESOURCES))
        to->resource_channels = from->resource_channels;
}

static enum err check_new_member(const struct guild_view *view, const struct body_new_member *b)
{
    const struct body_member_action *actions = b->new_member_actions.items;
    const struct body_resource_channel *resources = b->resource_channels.items;
    for (size_t i = 0; i < b->new_member_actions.count; i++)
        if (guild_view_channel(view, (struct channel_id){actions[i].channel_id}) == NULL)
            return ERR_UNKNOWN_CHANNEL;
    for (size_t i = 0; i < b->resource_channels.count; i++)
        if (guild_view_channel(view, (struct channel_id){resources[i].channel_id}) == NULL)
            return ERR_UNKNOWN_CHANNEL;
    return ERR_OK;
}

static enum err store_new_member(struct tx *tx, struct new_member_edit *x, bool existed,
                                 struct slice before)
{
    struct audit_note n;
    struct slice after;
    struct guild_id guild = x->present->guild.id;
    enum err e = paper_format(write_new_member, &x->now.welcome, guild, x->arena, &after);
    if (e == ERR_OK)
        e = guild_documents_put(tx_sql(tx), guild, GUILD_DOCUMENT_NEW_MEMBER_WELCOME, after);
    if (e != ERR_OK)
        return e;
    audit_note_init(&n);
    audit_json(&n, "new_member_welcome", before, after);
    e = audit_write(tx, x->by, guild,
                    existed ? AUDIT_HOME_SETTINGS_UPDATE : AUDIT_HOME_SETTINGS_CREATE, guild.v, &n);
    audit_note_deinit(&n);
    return e;
}

static enum err change_new_member(struct tx *tx, void *ctx)
{
    struct new_member_edit *x = ctx;
    struct paper *paper = &x->now.paper;
    guild_view_unref(&x->present);
    enum err e = access_recheck(tx, x->a, PERMISSION_MANAGE_GUILD);
    if (e == ERR_OK)
        e = views_now(tx, x->a->view->guild.id, &x->present);
    if (e == ERR_OK)
        e = paper_read(tx, x->present->guild.id, GUILD_DOCUMENT_NEW_MEMBER_WELCOME,
                       &SHAPE_NEW_MEMBER, x->arena, paper, &x->now.welcome);
    if (e != ERR_OK)
        return e;
    merge_new_member(&x->now.welcome, x->change);
    e = check_new_member(x->present, x->change);
    return e == ERR_OK ? store_new_member(tx, x, paper->exists, paper->text) : e;
}

enum err new_member_change(struct core *c, const struct actor *by, const struct access *a,
                           const struct body_new_member *change, struct arena *arena,
                           struct new_member_welcome *out)
{
    struct new_member_edit x = {.by = by, .a = a, .change = change, .arena = arena};
    enum err e = store_write(c->store, change_new_member, &x);
    guild_view_unref(&x.present);
    *out = x.now;
    return e;
}
