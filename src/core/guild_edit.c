/*
 * Changing a guild's settings, its owner among them. Rules that span several settings (what a
 * community needs) are checked on what the guild becomes, not on what the request says.
 */

#include <stddef.h>
#include <string.h>

#include "core/access_renew.h"
#include "core/audit.h"
#include "core/core_priv.h"
#include "core/guilds.h"
#include "model/features.h"
#include "proto/bodies_guilds.h"
#include "proto/guild_events.h"
#include "store/guilds.h"
#include "store/members.h"

enum { EDIT_BYTES_MAX = 256 * 1024, COMMUNITY_FILTER = 2 };

const enum media_kind guild_image_kinds[GUILD_IMAGES] = {
    [GUILD_IMAGE_ICON] = MEDIA_GUILD_ICON,
    [GUILD_IMAGE_BANNER] = MEDIA_GUILD_BANNER,
    [GUILD_IMAGE_SPLASH] = MEDIA_GUILD_SPLASH,
    [GUILD_IMAGE_DISCOVERY_SPLASH] = MEDIA_GUILD_DISCOVERY_SPLASH,
    [GUILD_IMAGE_HOME_HEADER] = MEDIA_GUILD_HOME_HEADER,
};

/* ---- settings, as a table: what is copied, and what the audit log calls it ---- */

enum setting_type { SETTING_TEXT, SETTING_NUMBER, SETTING_FLAG, SETTING_ID };

static const size_t setting_bytes[] = {
    [SETTING_TEXT] = sizeof(struct slice),
    [SETTING_NUMBER] = sizeof(uint32_t),
    [SETTING_FLAG] = sizeof(bool),
    [SETTING_ID] = sizeof(uint64_t),
};

#define SETTING(bit, kind, member, name)                                                           \
    {                                                                                              \
        .field = BODY_GUILD_##bit, .type = SETTING_##kind,                                         \
        .offset = offsetof(struct guild, member), .key = (name)                                    \
    }
static const struct setting {
    enum body_guild_field field;
    enum setting_type type;
    size_t offset;
    const char *key;
} settings[] = {
    SETTING(NAME, TEXT, name, "name"),
    SETTING(DESCRIPTION, TEXT, description, "description"),
    SETTING(ICON, TEXT, icon, "icon_hash"),
    SETTING(BANNER, TEXT, banner, "banner_hash"),
    SETTING(SPLASH, TEXT, splash, "splash_hash"),
    SETTING(DISCOVERY_SPLASH, TEXT, discovery_splash, "discovery_splash_hash"),
    SETTING(HOME_HEADER, TEXT, home_header, "home_header_hash"),
    SETTING(OWNER, ID, owner, "owner_id"),
    SETTING(AFK_CHANNEL, ID, afk_channel, "afk_channel_id"),
    SETTING(AFK_TIMEOUT, NUMBER, afk_timeout, "afk_timeout"),
    SETTING(SYSTEM_CHANNEL, ID, system_channel, "system_channel_id"),
    SETTING(SYSTEM_FLAGS, NUMBER, system_channel_flags, "system_channel_flags"),
    SETTING(RULES_CHANNEL, ID, rules_channel, "rules_channel_id"),
    SETTING(UPDATES_CHANNEL, ID, public_updates_channel, "public_updates_channel_id"),
    SETTING(ALERTS_CHANNEL, ID, safety_alerts_channel, "safety_alerts_channel_id"),
    SETTING(VERIFICATION, NUMBER, verification_level, "verification_level"),
    SETTING(NOTIFICATIONS, NUMBER, default_message_notifications, "default_message_notifications"),
    SETTING(FILTER, NUMBER, explicit_content_filter, "explicit_content_filter"),
    SETTING(LOCALE, TEXT, preferred_locale, "preferred_locale"),
    SETTING(PROGRESS_BAR, FLAG, premium_progress_bar, "premium_progress_bar_enabled"),
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static bool is_set(const struct guild_change *c, enum body_guild_field field)
{
    return (c->set >> field & 1) != 0;
}

static void compose(const struct guild_change *c, struct guild *g)
{
    for (size_t i = 0; i < SETTINGS; i++)
        if (is_set(c, settings[i].field))
            memcpy((char *)g + settings[i].offset, (const char *)&c->to + settings[i].offset,
                   setting_bytes[settings[i].type]);
    if (is_set(c, BODY_GUILD_FEATURES))
        g->features = (g->features & ~FEATURES_OWNER) | (c->to.features & FEATURES_OWNER);
}

static void note_setting(struct audit_note *n, const struct setting *s, const void *before,
                         const void *after)
{
    switch (s->type) {
    case SETTING_TEXT:
        audit_text(n, s->key, *(const struct slice *)before, *(const struct slice *)after);
        break;
    case SETTING_NUMBER:
        audit_number(n, s->key, *(const uint32_t *)before, *(const uint32_t *)after);
        break;
    case SETTING_FLAG:
        audit_flag(n, s->key, *(const bool *)before, *(const bool *)after);
        break;
    case SETTING_ID:
        audit_id(n, s->key, *(const uint64_t *)before, *(const uint64_t *)after);
        break;
    }
}

static void write_features(struct json_writer *w, const char *key, uint64_t features)
{
    json_key(w, key);
    json_array_begin(w);
    for (unsigned bit = 0; bit < FEATURE_BITS; bit++)
        if ((features >> bit & 1) != 0 && feature_name(bit) != NULL)
            json_cstr(w, feature_name(bit));
    json_array_end(w);
}

/* Says what differs; n->any_change: whether anything does. */
static void note_changes(struct audit_note *n, const struct guild *before,
                         const struct guild *after)
{
    for (size_t i = 0; i < SETTINGS; i++)
        note_setting(n, &settings[i], (const char *)before + settings[i].offset,
                     (const char *)after + settings[i].offset);
    if (before->features == after->features)
        return;
    n->any_change = true;
    json_object_begin(&n->changes_w);
    json_kv_cstr(&n->changes_w, "key", "features");
    write_features(&n->changes_w, "old_value", before->features);
    write_features(&n->changes_w, "new_value", after->features);
    json_object_end(&n->changes_w);
}

/* ---- rules ---- */

struct edit {
    const struct actor *by;
    const struct access *a;
    const struct guild_change *change;
    struct draft_problem problem;
    struct arena arena;
    struct access now;
    struct guild_view *view;
};

static enum err refuse(struct edit *x, const char *field, const char *code, const char *message)
{
    x->problem = (struct draft_problem){field, code, message};
    return ERR_INVALID_FORM;
}

#define TYPE(name) (1u << CHANNEL_TYPE_##name)
#define ROLE_OF(bit, member, allowed, error)                                                       \
    {                                                                                              \
        BODY_GUILD_##bit, #member "_id", offsetof(struct guild, member), allowed, ERR_##error      \
    }
/* Which channels may be what to a guild. */
static const struct {
    enum body_guild_field field;
    const char *name;
    size_t offset;
    unsigned types;
    enum err wrong_type;
} roles_of_channels[] = {
    ROLE_OF(AFK_CHANNEL, afk_channel, TYPE(VOICE), CHANNEL_TYPE),
    ROLE_OF(SYSTEM_CHANNEL, system_channel, TYPE(TEXT) | TYPE(ANNOUNCEMENT), CHANNEL_TYPE),
    ROLE_OF(RULES_CHANNEL, rules_channel, TYPE(TEXT) | TYPE(ANNOUNCEMENT), COMMUNITY_CHANNEL_TYPE),
    ROLE_OF(UPDATES_CHANNEL, public_updates_channel, TYPE(TEXT) | TYPE(ANNOUNCEMENT),
            COMMUNITY_CHANNEL_TYPE),
    ROLE_OF(ALERTS_CHANNEL, safety_alerts_channel, TYPE(TEXT) | TYPE(ANNOUNCEMENT),
            COMMUNITY_CHANNEL_TYPE),
};

static enum err check_channels(struct edit *x, const struct guild *after)
{
    for (size_t i = 0; i < sizeof roles_of_channels / sizeof *roles_of_channels; i++) {
        uint64_t id;
        memcpy(&id, (const char *)after + roles_of_channels[i].offset, sizeof id);
        if (!is_set(x->change, roles_of_channels[i].field) || id == 0)
            continue;
        const struct channel *ch = guild_view_channel(x->now.view, (struct channel_id){id});
        if (ch == NULL)
            return refuse(x, roles_of_channels[i].name, "CHANNEL_UNKNOWN",
                          "There is no such channel in this guild");
        if ((1u << ch->type & roles_of_channels[i].types) == 0)
            return roles_of_channels[i].wrong_type;
    }
    return ERR_OK;
}

/* docs, "Guild Features": what a community guild has to have. */
static enum err check_community(struct edit *x, const struct guild *after)
{
    if ((after->features & FEATURE_COMMUNITY) == 0)
        return ERR_OK;
    if (after->rules_channel.v == 0)
        return refuse(x, "rules_channel_id", "GUILD_COMMUNITY_CHANNEL_REQUIRED",
                      "A community needs a channel of rules");
    if (after->public_updates_channel.v == 0)
        return refuse(x, "public_updates_channel_id", "GUILD_COMMUNITY_CHANNEL_REQUIRED",
                      "A community needs a channel of updates");
    if (after->verification_level < 1)
        return refuse(x, "verification_level", "GUILD_COMMUNITY_VERIFICATION_LEVEL",
                      "A community needs a verification level of 1 or more");
    if (after->explicit_content_filter != COMMUNITY_FILTER)
        return refuse(x, "explicit_content_filter", "GUILD_COMMUNITY_CONTENT_FILTER",
                      "A community filters what all members send");
    return ERR_OK;
}

static enum err check_features(struct edit *x, const struct guild *before,
                               const struct guild *after)
{
    uint64_t changed = before->features ^ after->features;
    if ((changed & (FEATURE_COMMUNITY | FEATURE_DISCOVERABLE)) != 0 &&
        (x->now.permissions & PERMISSION_ADMINISTRATOR) == 0)
        return ERR_MISSING_PERMISSIONS;
    return check_community(x, after);
}

/* The owner's word is needed, and somebody who can own. */
static enum err check_owner(struct tx *tx, struct edit *x, const struct guild *before,
                            const struct guild *after)
{
    struct member heir;
    if (after->owner.v == before->owner.v)
        return ERR_OK;
    if (before->owner.v != x->by->who->user.v)
        return ERR_NOT_OWNER;
    enum err e = members_find(tx_sql(tx), before->id, after->owner, &x->arena, &heir);
    if (e == ERR_OK && heir.user.bot)
        e = ERR_OWNER_BOT;
    if (e == ERR_OK && heir.pending)
        e = ERR_OWNER_PENDING;
    return e;
}

static enum err check(struct tx *tx, struct edit *x, const struct guild *before,
                      const struct guild *after)
{
    enum err e = check_owner(tx, x, before, after);
    if (e == ERR_OK)
        e = check_channels(x, after);
    return e == ERR_OK ? check_features(x, before, after) : e;
}

/* ---- the change ---- */

static enum err replace_images(struct tx *tx, const struct edit *x, struct guild_id guild)
{
    enum err e = ERR_OK;
    for (unsigned i = 0; i < GUILD_IMAGES && e == ERR_OK; i++)
        if (is_set(x->change, (enum body_guild_field)(BODY_GUILD_ICON + i)))
            e = media_replace(tx, x->change->images[i], guild_image_kinds[i], guild, guild.v);
    return e;
}

static enum err store_and_tell(struct tx *tx, struct edit *x, const struct guild *after,
                               struct audit_note *note)
{
    struct guild_id id = after->id;
    enum err e = guilds_update(tx_sql(tx), after);
    if (e == ERR_OK)
        e = replace_images(tx, x, id);
    if (e == ERR_OK)
        e = views_restructured(tx, id, (struct view_change){.parts = VIEW_GUILD}, &x->view);
    if (e == ERR_OK)
        e = core_emit_structure(tx, event_guild_update(x->view, x->by->who->user.v), x->by,
                                x->view);
    return e == ERR_OK ? audit_write(tx, x->by, id, AUDIT_GUILD_UPDATE, id.v, note) : e;
}

static enum err edit(struct tx *tx, void *ctx)
{
    struct edit *x = ctx;
    struct audit_note note;
    access_end(&x->now);
    guild_view_unref(&x->view);
    arena_reset(&x->arena);
    enum err e = access_renew(tx, x->a, PERMISSION_MANAGE_GUILD, &x->arena, &x->now);
    if (e != ERR_OK)
        return e;
    struct guild after = x->now.view->guild;
    compose(x->change, &after);
    e = check(tx, x, &x->now.view->guild, &after);
    if (e != ERR_OK)
        return e;
    audit_note_init(&note);
    note_changes(&note, &x->now.view->guild, &after);
    if (note.any_change)
        e = store_and_tell(tx, x, &after, &note);
    audit_note_deinit(&note);
    return e;
}

enum err guild_edit(struct core *c, const struct actor *by, const struct access *a,
                    const struct guild_change *change, struct guild_view **view,
                    struct draft_problem *problem)
{
    struct edit x = {.by = by, .a = a, .change = change};
    arena_init(&x.arena, MEM_CORE, EDIT_BYTES_MAX);
    enum err e = store_write(c->store, edit, &x);
    if (e == ERR_OK)
        *view = guild_view_ref(x.view != NULL ? x.view : x.now.view);
    else
        *problem = x.problem;
    guild_view_unref(&x.view);
    access_end(&x.now);
    arena_deinit(&x.arena);
    return e;
}
