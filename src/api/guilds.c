/* Guilds. */

#include "core/guilds.h"

#include <stddef.h>

#include "api/guild_plan.h"
#include "api/handlers.h"
#include "api/media.h"
#include "core/online.h"
#include "model/features.h"
#include "proto/bodies_guilds.h"
#include "proto/guild.h"
#include "proto/invite.h"

enum { AFK_TIMEOUT_DEFAULT_S = 300 };

enum err route_guilds_create(struct request *r)
{
    const struct body_guild_create *body = r->body;
    struct media_image icon;
    struct guild_draft draft;
    struct guild_view *view;
    enum err e = guild_plan_draft(r, body, &r->arena, &draft);
    if (e == ERR_OK)
        e = request_take_image(r, "icon", body->icon, MEDIA_GUILD_ICON, &icon);
    if (e != ERR_OK)
        return e;
    draft.icon = &icon;
    e = guild_create(request_core(r), &r->actor, &draft, &view);
    if (e != ERR_OK)
        return e;
    proto_guild(reply_json(r), view);
    guild_view_unref(&view);
    return ERR_OK;
}

enum err route_guilds_get(struct request *r)
{
    bool with_counts = false;
    uint64_t members = 0;
    request_query_bool(r, "with_counts", &with_counts);
    enum err e = request_form_ok(r);
    if (e == ERR_OK && with_counts)
        e = guild_member_count(request_core(r), r->access.view->guild.id, &members);
    if (e != ERR_OK)
        return e;
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    proto_guild_keys(w, r->access.view);
    if (with_counts)
        proto_guild_counts(w, members, online_count(request_core(r), r->access.view->guild.id));
    json_object_end(w);
    return ERR_OK;
}

/* ---- changing one ---- */

struct edit {
    struct request *r;
    const struct body_guild_edit *body;
    struct guild_change change;
    struct media_image images[GUILD_IMAGES];
};

static enum err take_images(struct edit *x)
{
    static const struct {
        const char *name;
        size_t body;
        size_t guild;
    } rows[GUILD_IMAGES] = {
#define IMAGE(which, member)                                                                       \
    [GUILD_IMAGE_##which] = {#member, offsetof(struct body_guild_edit, member),                    \
                             offsetof(struct guild, member)}
        IMAGE(ICON, icon),
        IMAGE(BANNER, banner),
        IMAGE(SPLASH, splash),
        IMAGE(DISCOVERY_SPLASH, discovery_splash),
        IMAGE(HOME_HEADER, home_header),
#undef IMAGE
    };
    enum err e = ERR_OK;
    for (unsigned i = 0; i < GUILD_IMAGES && e == ERR_OK; i++) {
        const char *from = (const char *)x->body + rows[i].body;
        char *to = (char *)&x->change.to + rows[i].guild;
        e = request_take_image(x->r, rows[i].name, *(const struct slice *)(const void *)from,
                               guild_image_kinds[i], &x->images[i]);
        if (e != ERR_OK)
            break;
        *(struct slice *)(void *)to = media_hash(&x->images[i]);
        x->change.images[i] = &x->images[i];
    }
    return e;
}

/* Names that mean nothing here are passed over: clients send back what they were told, and what a
 * newer one knows. Null leaves all as it is. */
static void take_features(struct edit *x)
{
    const struct body_text_item *items = x->body->features.items;
    uint64_t all = 0;
    for (size_t i = 0; i < x->body->features.count; i++) {
        uint64_t feature;
        if (feature_find(items[i].value, &feature))
            all |= feature;
    }
    x->change.to.features = all;
    if (BODY_NULL(*x->body, BODY_GUILD_FEATURES))
        x->change.set &= ~(UINT32_C(1) << BODY_GUILD_FEATURES);
}

/* Null is what a new guild has. */
static void take_settings(struct edit *x)
{
    const struct body_guild_edit *b = x->body;
    struct guild *g = &x->change.to;
    bool no_locale = b->preferred_locale.data == NULL;
    g->name = b->name;
    g->description = b->description.len > 0 ? b->description : (struct slice){NULL, 0};
    g->owner.v = b->owner_id;
    g->afk_channel.v = b->afk_channel_id;
    g->afk_timeout = b->afk_timeout == 0 ? AFK_TIMEOUT_DEFAULT_S : (uint32_t)b->afk_timeout;
    g->system_channel.v = b->system_channel_id;
    g->system_channel_flags = (uint32_t)b->system_channel_flags;
    g->rules_channel.v = b->rules_channel_id;
    g->public_updates_channel.v = b->public_updates_channel_id;
    g->safety_alerts_channel.v = b->safety_alerts_channel_id;
    g->verification_level = (uint32_t)b->verification_level;
    g->default_message_notifications = (uint32_t)b->default_message_notifications;
    g->explicit_content_filter = (uint32_t)b->explicit_content_filter;
    g->preferred_locale = no_locale ? SLICE("en-US") : b->preferred_locale;
    g->premium_progress_bar = b->premium_progress_bar_enabled;
    if (!no_locale)
        guild_plan_check_locale(x->r, "preferred_locale", b->preferred_locale);
}

enum err route_guilds_edit(struct request *r)
{
    struct edit x = {.r = r, .body = r->body};
    struct draft_problem problem = {0};
    struct guild_view *view;
    x.change.set = (uint32_t)x.body->present;
    take_settings(&x);
    take_features(&x);
    enum err e = request_form_ok(r);
    if (e == ERR_OK)
        e = take_images(&x);
    if (e == ERR_OK)
        e = guild_edit(request_core(r), &r->actor, &r->access, &x.change, &view, &problem);
    if (e == ERR_INVALID_FORM && problem.field != NULL)
        request_form_error(r, problem.field, problem.code, problem.message);
    if (e != ERR_OK)
        return e;
    proto_guild(reply_json(r), view);
    guild_view_unref(&view);
    return ERR_OK;
}

enum err route_guilds_delete(struct request *r)
{
    return guild_delete_own(request_core(r), &r->access);
}
