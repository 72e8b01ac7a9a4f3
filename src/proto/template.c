/* Templates and their documents. */

#include "proto/template.h"

#include <stdlib.h>

#include "base/limits.h"
#include "proto/guild.h"
#include "proto/user.h"

enum { BITRATE_SHOWN = 64000 };

/* ---- roles, in the order of their positions: that is their number ---- */

struct numbering {
    const struct guild_view *view;
    const struct role *roles[LIMIT_GUILD_ROLES + 1];
    size_t role_count;
};

/* @everyone comes first whatever its position is. */
static int compare_roles(const void *a, const void *b)
{
    const struct role *left = *(const struct role *const *)a;
    const struct role *right = *(const struct role *const *)b;
    bool left_first = left->id.v == left->guild.v;
    bool right_first = right->id.v == right->guild.v;
    if (left_first != right_first)
        return left_first ? -1 : 1;
    if (left->position != right->position)
        return left->position < right->position ? -1 : 1;
    return (left->id.v > right->id.v) - (left->id.v < right->id.v);
}

static void number_roles(struct numbering *n, const struct guild_view *view)
{
    n->view = view;
    n->role_count = 0;
    for (size_t i = 0; i < view->role_count && n->role_count < LIMIT_GUILD_ROLES; i++)
        if (!view->roles[i].managed)
            n->roles[n->role_count++] = &view->roles[i];
    qsort(n->roles, n->role_count, sizeof *n->roles, compare_roles);
}

/* Its number, or the count of roles if it has none. */
static size_t role_number(const struct numbering *n, uint64_t id)
{
    size_t i = 0;
    while (i < n->role_count && n->roles[i]->id.v != id)
        i++;
    return i;
}

static void write_color_or_null(struct json_writer *w, const char *key, uint32_t color)
{
    if (color == 0)
        json_kv_null(w, key);
    else
        json_kv_u64(w, key, color & ~(uint32_t)ROLE_COLOR_SET);
}

static void write_role(struct json_writer *w, const struct role *r, size_t number)
{
    json_object_begin(w);
    json_kv_u64(w, "id", number);
    json_kv_str(w, "name", r->name);
    json_kv_id(w, "permissions", r->permissions);
    json_kv_u64(w, "color", r->color);
    json_key(w, "colors");
    json_object_begin(w);
    json_kv_u64(w, "primary_color", r->color);
    write_color_or_null(w, "secondary_color", r->secondary_color);
    write_color_or_null(w, "tertiary_color", r->tertiary_color);
    json_object_end(w);
    json_kv_bool(w, "hoist", r->hoist);
    json_kv_bool(w, "mentionable", r->mentionable);
    json_kv_null(w, "icon");
    json_kv_str_or_null(w, "unicode_emoji", r->unicode_emoji);
    json_object_end(w);
}

/* ---- channels, in the order of their ids: their number is one more than their place ---- */

static uint64_t channel_number(const struct guild_view *view, struct channel_id id)
{
    const struct channel *ch = id.v == 0 ? NULL : guild_view_channel(view, id);
    return ch == NULL ? 0 : (uint64_t)(ch - view->channels) + 1;
}

/* The nearest of those that Discord's templates have. */
static enum channel_type shown_type(enum channel_type type)
{
    switch (type) {
    case CHANNEL_TYPE_ANNOUNCEMENT:
        return CHANNEL_TYPE_TEXT;
    case CHANNEL_TYPE_STAGE:
        return CHANNEL_TYPE_VOICE;
    case CHANNEL_TYPE_MEDIA:
        return CHANNEL_TYPE_FORUM;
    case CHANNEL_TYPE_TEXT:
    case CHANNEL_TYPE_DM:
    case CHANNEL_TYPE_VOICE:
    case CHANNEL_TYPE_GROUP_DM:
    case CHANNEL_TYPE_CATEGORY:
    case CHANNEL_TYPE_FORUM:
        break;
    }
    return type;
}

static void write_overwrites(struct json_writer *w, const struct numbering *n,
                             const struct channel *c)
{
    json_key(w, "permission_overwrites");
    json_array_begin(w);
    for (size_t i = 0; i < c->overwrite_count; i++) {
        const struct overwrite *o = &c->overwrites[i];
        size_t number = role_number(n, o->id);
        if (o->type != OVERWRITE_ROLE || number == n->role_count)
            continue;
        json_object_begin(w);
        json_kv_id(w, "id", number);
        json_kv_u64(w, "type", OVERWRITE_ROLE);
        json_kv_id(w, "allow", o->allow);
        json_kv_id(w, "deny", o->deny);
        json_object_end(w);
    }
    json_array_end(w);
}

/* An emoji of the source is none of the copy's. */
static void write_tags(struct json_writer *w, const struct channel *c)
{
    json_key(w, "available_tags");
    json_array_begin(w);
    for (size_t i = 0; i < c->tag_count; i++) {
        json_object_begin(w);
        json_kv_u64(w, "id", i);
        json_kv_str(w, "name", c->tags[i].name);
        json_kv_bool(w, "moderated", c->tags[i].moderated);
        json_kv_null(w, "emoji_id");
        json_kv_str_or_null(w, "emoji_name", c->tags[i].emoji_name);
        json_object_end(w);
    }
    json_array_end(w);
}

static void write_forum(struct json_writer *w, const struct channel *c)
{
    json_key(w, "default_reaction_emoji");
    if (c->default_reaction_emoji_name.data == NULL) {
        json_write_null(w);
    } else {
        json_object_begin(w);
        json_kv_null(w, "emoji_id");
        json_kv_str(w, "emoji_name", c->default_reaction_emoji_name);
        json_object_end(w);
    }
    if (c->default_sort_order < 0)
        json_kv_null(w, "default_sort_order");
    else
        json_kv_i64(w, "default_sort_order", c->default_sort_order);
    json_kv_u64(w, "default_forum_layout", c->default_forum_layout);
    json_kv_u64(w, "default_thread_rate_limit_per_user", c->default_thread_rate_limit_per_user);
    if (c->default_auto_archive_duration == 0)
        json_kv_null(w, "default_auto_archive_duration");
    else
        json_kv_u64(w, "default_auto_archive_duration", c->default_auto_archive_duration);
    json_kv_null(w, "default_tag_setting");
    json_kv_null(w, "theme_color");
    json_kv_cstr(w, "template", "");
    json_kv_u64(w, "flags", c->flags);
}

static void write_voice(struct json_writer *w, const struct channel *c)
{
    json_kv_u64(w, "bitrate", c->bitrate == 0 ? BITRATE_SHOWN : c->bitrate);
    json_kv_u64(w, "user_limit", c->user_limit);
    if (c->rtc_region.data != NULL)
        json_kv_str(w, "rtc_region", c->rtc_region);
    if (c->video_quality_mode > 1)
        json_kv_u64(w, "video_quality_mode", c->video_quality_mode);
}

static void write_channel(struct json_writer *w, const struct numbering *n, const struct channel *c)
{
    uint64_t parent = channel_number(n->view, c->parent);
    json_object_begin(w);
    json_kv_u64(w, "id", channel_number(n->view, c->id));
    json_kv_u64(w, "type", (uint64_t)shown_type(c->type));
    if (shown_type(c->type) != c->type)
        json_kv_u64(w, "source_type", (uint64_t)c->type);
    json_kv_str(w, "name", c->name);
    json_kv_i64(w, "position", c->position);
    json_kv_str_or_null(w, "topic", c->topic);
    json_kv_bool(w, "nsfw", c->nsfw);
    json_kv_u64(w, "rate_limit_per_user", c->rate_limit_per_user);
    json_kv_id_or_null(w, "parent_id", parent);
    write_voice(w, c);
    write_overwrites(w, n, c);
    write_tags(w, c);
    write_forum(w, c);
    json_object_end(w);
}

/* ---- the document ---- */

static void write_settings(struct json_writer *w, const struct guild_view *v)
{
    const struct guild *g = &v->guild;
    json_kv_str(w, "name", g->name);
    json_kv_str_or_null(w, "description", g->description);
    json_kv_null(w, "region");
    json_kv_u64(w, "verification_level", g->verification_level);
    json_kv_u64(w, "default_message_notifications", g->default_message_notifications);
    json_kv_u64(w, "explicit_content_filter", g->explicit_content_filter);
    json_kv_str(w, "preferred_locale", g->preferred_locale);
    json_kv_id_or_null(w, "afk_channel_id", channel_number(v, g->afk_channel));
    json_kv_u64(w, "afk_timeout", g->afk_timeout);
    json_kv_id_or_null(w, "system_channel_id", channel_number(v, g->system_channel));
    json_kv_u64(w, "system_channel_flags", g->system_channel_flags);
}

void proto_template_document(struct json_writer *w, const struct guild_view *view)
{
    struct numbering n;
    number_roles(&n, view);
    json_object_begin(w);
    write_settings(w, view);
    json_key(w, "roles");
    json_array_begin(w);
    for (size_t i = 0; i < n.role_count; i++)
        write_role(w, n.roles[i], i);
    json_array_end(w);
    json_key(w, "channels");
    json_array_begin(w);
    for (size_t i = 0; i < view->channel_count; i++)
        write_channel(w, &n, &view->channels[i]);
    json_array_end(w);
    json_object_end(w);
}

void proto_template(struct json_writer *w, const struct guild_template *t)
{
    json_object_begin(w);
    json_kv_str(w, "code", t->code);
    json_kv_str(w, "name", t->name);
    json_kv_str_or_null(w, "description", t->description);
    json_kv_u64(w, "usage_count", t->usage_count);
    json_kv_id(w, "creator_id", t->creator_id.v);
    json_key(w, "creator");
    if (t->creator.id.v == 0)
        json_write_null(w);
    else
        proto_user(w, &t->creator);
    json_kv_time(w, "created_at", t->created_at_ms);
    json_kv_time(w, "updated_at", t->updated_at_ms);
    json_kv_id(w, "source_guild_id", t->guild.v);
    json_key(w, "serialized_source_guild");
    json_raw(w, t->document);
    json_kv_bool(w, "is_dirty", t->dirty);
    json_object_end(w);
}
