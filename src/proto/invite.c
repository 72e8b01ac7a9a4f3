/* Invite objects. What an invite shows of its guild is what a stranger may know. */

#include "proto/invite.h"

#include "model/features.h"
#include "model/permissions.h"
#include "proto/guild.h"
#include "proto/user.h"

void proto_features(struct json_writer *w, uint64_t features)
{
    uint64_t shown = features_shown(features);
    json_key(w, "features");
    json_array_begin(w);
    for (unsigned bit = 0; bit < FEATURE_BITS; bit++)
        if ((shown >> bit & 1) != 0 && feature_name(bit) != NULL)
            json_cstr(w, feature_name(bit));
    json_array_end(w);
}

/* Some libraries want both counts or none. */
void proto_guild_counts(struct json_writer *w, uint64_t members, uint64_t online)
{
    json_kv_u64(w, "approximate_member_count", members);
    json_kv_u64(w, "approximate_presence_count", online);
}

static void invite_guild(struct json_writer *w, const struct guild *g)
{
    json_key(w, "guild");
    json_object_begin(w);
    json_kv_id(w, "id", g->id.v);
    json_kv_str(w, "name", g->name);
    json_kv_str_or_null(w, "description", g->description);
    json_kv_str_or_null(w, "splash", g->splash);
    json_kv_str_or_null(w, "banner", g->banner);
    json_kv_str_or_null(w, "icon", g->icon);
    proto_features(w, g->features);
    json_kv_u64(w, "verification_level", g->verification_level);
    json_kv_str_or_null(w, "vanity_url_code", g->vanity_code);
    json_kv_u64(w, "nsfw_level", g->nsfw_level);
    json_kv_bool(w, "nsfw", g->nsfw_level == 1 || g->nsfw_level == 3);
    json_kv_u64(w, "premium_subscription_count", 0);
    json_object_end(w);
}

/* A channel that is gone from the view keeps its id: the reply must name one. */
static void invite_channel(struct json_writer *w, const struct invite *i,
                           const struct guild_view *v)
{
    const struct channel *c = guild_view_channel(v, i->channel);
    json_key(w, "channel");
    json_object_begin(w);
    json_kv_id(w, "id", i->channel.v);
    json_kv_u64(w, "type", c ? (uint64_t)c->type : CHANNEL_TYPE_TEXT);
    json_kv_str_or_null(w, "name", c ? c->name : (struct slice){NULL, 0});
    json_object_end(w);
}

void proto_invite_limits(struct json_writer *w, const struct invite *i)
{
    json_kv_u64(w, "uses", i->uses);
    json_kv_u64(w, "max_uses", i->max_uses);
    json_kv_u64(w, "max_age", i->max_age_s);
    json_kv_bool(w, "temporary", i->temporary);
    json_kv_time(w, "created_at", i->created_at_ms);
}

static void target_application(struct json_writer *w, const struct application *a)
{
    json_key(w, "target_application");
    json_object_begin(w);
    json_kv_id(w, "id", a->id.v);
    json_kv_str(w, "name", a->name);
    json_kv_null(w, "icon");
    json_kv_str(w, "description", a->description);
    json_kv_null(w, "type");
    json_kv_cstr(w, "verify_key", "");
    json_kv_u64(w, "flags", a->flags);
    json_kv_id(w, "flags_new", a->flags);
    json_object_end(w);
}

void proto_invite_target(struct json_writer *w, const struct invite_sheet *s)
{
    if (s->invite.target_type == 0)
        return;
    json_kv_u64(w, "target_type", s->invite.target_type);
    if (s->target_user.id.v != 0) {
        json_key(w, "target_user");
        proto_user(w, &s->target_user);
    }
    if (s->target_application.id.v != 0)
        target_application(w, &s->target_application);
}

static void invite_role(struct json_writer *w, const struct role *r)
{
    json_object_begin(w);
    json_kv_id(w, "id", r->id.v);
    json_kv_str(w, "name", r->name);
    json_kv_i64(w, "position", r->position);
    json_kv_u64(w, "color", r->color);
    json_key(w, "colors");
    json_object_begin(w);
    json_kv_u64(w, "primary_color", r->color);
    json_kv_null(w, "secondary_color");
    json_kv_null(w, "tertiary_color");
    json_object_end(w);
    json_kv_str_or_null(w, "icon", r->icon);
    json_kv_str_or_null(w, "unicode_emoji", r->unicode_emoji);
    json_object_end(w);
}

static void invite_roles(struct json_writer *w, const struct invite *i, const struct guild_view *v)
{
    if (i->role_count == 0)
        return;
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t k = 0; k < i->role_count; k++) {
        const struct role *r = guild_view_role(v, i->roles[k]);
        if (r != NULL)
            invite_role(w, r);
    }
    json_array_end(w);
}

/* Shown to strangers only as far as everybody of the guild sees it. */
static void invite_event(struct json_writer *w, const struct invite_sheet *s,
                         struct scheduled_event_id id)
{
    const struct scheduled_event *e = guild_view_scheduled(s->view, id);
    if (e == NULL)
        return;
    const struct channel *ch = guild_view_channel(s->view, e->channel);
    const struct subject everyone = {0};
    if (e->channel.v != 0 && (ch == NULL || !permissions_visible(s->view, &everyone, ch, 0)))
        return;
    json_key(w, "guild_scheduled_event");
    json_object_begin(w);
    json_kv_id(w, "id", e->id.v);
    json_kv_id(w, "guild_id", e->guild.v);
    json_kv_str(w, "name", e->name);
    json_kv_str_or_null(w, "description", e->description);
    json_kv_id_or_null(w, "channel_id", e->channel.v);
    json_kv_id_or_null(w, "creator_id", e->creator.v);
    json_kv_str_or_null(w, "image", e->image);
    json_kv_time(w, "scheduled_start_time", e->start_ms);
    json_kv_time_or_null(w, "scheduled_end_time", e->end_ms);
    json_kv_u64(w, "status", (uint64_t)e->status);
    json_kv_u64(w, "entity_type", (uint64_t)e->entity_type);
    json_kv_id_or_null(w, "entity_id", e->entity);
    json_key(w, "recurrence_rule");
    if (e->recurrence.data != NULL)
        json_raw(w, e->recurrence);
    else
        json_write_null(w);
    json_kv_u64(w, "privacy_level", e->privacy_level);
    json_kv_raw(w, "guild_scheduled_event_exceptions", "[]");
    if (e->location.data != NULL) {
        json_key(w, "entity_metadata");
        json_object_begin(w);
        json_kv_str(w, "location", e->location);
        json_object_end(w);
    } else {
        json_kv_null(w, "entity_metadata");
    }
    json_object_end(w);
}

static bool may_rename(const struct guild_view *v)
{
    const struct role *everyone = guild_view_role(v, (struct role_id){v->guild.id.v});
    return everyone != NULL && (everyone->permissions & PERMISSION_CHANGE_NICKNAME) != 0;
}

void proto_invite_keys(struct json_writer *w, const struct invite_sheet *s,
                       const struct invite_show *show)
{
    const struct invite *i = &s->invite;
    json_kv_u64(w, "type", 0);
    json_kv_str(w, "code", i->code);
    json_kv_id(w, "guild_id", i->guild.v);
    invite_guild(w, &s->view->guild);
    invite_channel(w, i, s->view);
    if (i->inviter.id.v != 0) {
        json_key(w, "inviter");
        proto_user(w, &i->inviter);
    }
    json_kv_time_or_null(w, "expires_at", i->expires_at_ms);
    if (i->flags != 0)
        json_kv_u64(w, "flags", i->flags);
    proto_invite_target(w, s);
    invite_roles(w, i, s->view);
    if (show->metadata)
        proto_invite_limits(w, i);
    if (show->counts)
        proto_guild_counts(w, s->members, s->online);
    if (show->nickname)
        json_kv_bool(w, "is_nickname_changeable", may_rename(s->view));
    if (show->event.v != 0)
        invite_event(w, s, show->event);
}

void proto_invite(struct json_writer *w, const struct invite_sheet *s,
                  const struct invite_show *show)
{
    json_object_begin(w);
    proto_invite_keys(w, s, show);
    json_object_end(w);
}
