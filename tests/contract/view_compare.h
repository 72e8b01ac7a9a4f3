#pragma once

/* Whether two views of a guild say the same, field by field: a view that was patched, and one that
 * was loaded. Static functions; include after cmocka. */

#include <string.h>

#include "base/attrs.h"
#include "model/guild_view.h"

static bool vc_same_text(struct slice a, struct slice b)
{
    return (a.data == NULL) == (b.data == NULL) && slice_eq(a, b);
}

#define VC_ID(x, y, field)                                                                         \
    do {                                                                                           \
        if ((x)->field.v != (y)->field.v)                                                          \
            return #field;                                                                         \
    } while (0)
#define VC_N(x, y, field)                                                                          \
    do {                                                                                           \
        if ((x)->field != (y)->field)                                                              \
            return #field;                                                                         \
    } while (0)
#define VC_T(x, y, field)                                                                          \
    do {                                                                                           \
        if (!vc_same_text((x)->field, (y)->field))                                                 \
            return #field;                                                                         \
    } while (0)

static const char *vc_guild(const struct guild *x, const struct guild *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, tenant);
    VC_T(x, y, name);
    VC_T(x, y, description);
    VC_ID(x, y, owner);
    VC_ID(x, y, system_channel);
    VC_ID(x, y, afk_channel);
    VC_N(x, y, afk_timeout);
    VC_N(x, y, verification_level);
    VC_N(x, y, default_message_notifications);
    VC_N(x, y, explicit_content_filter);
    VC_T(x, y, preferred_locale);
    VC_N(x, y, created_at_ms);
    VC_T(x, y, icon);
    VC_T(x, y, banner);
    VC_T(x, y, splash);
    VC_T(x, y, discovery_splash);
    VC_T(x, y, home_header);
    VC_N(x, y, features);
    VC_N(x, y, system_channel_flags);
    VC_ID(x, y, rules_channel);
    VC_ID(x, y, public_updates_channel);
    VC_ID(x, y, safety_alerts_channel);
    VC_N(x, y, widget_enabled);
    VC_ID(x, y, widget_channel);
    VC_N(x, y, nsfw_level);
    VC_N(x, y, premium_progress_bar);
    VC_T(x, y, vanity_code);
    VC_N(x, y, invites_disabled_until_ms);
    VC_N(x, y, dms_disabled_until_ms);
    VC_N(x, y, join_policy);
    return NULL;
}

static const char *vc_role(const struct role *x, const struct role *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_T(x, y, name);
    VC_N(x, y, permissions);
    VC_N(x, y, position);
    VC_N(x, y, color);
    VC_N(x, y, hoist);
    VC_N(x, y, managed);
    VC_N(x, y, mentionable);
    VC_ID(x, y, bot);
    VC_N(x, y, secondary_color);
    VC_N(x, y, tertiary_color);
    VC_T(x, y, icon);
    VC_T(x, y, unicode_emoji);
    VC_N(x, y, flags);
    return NULL;
}

static const char *vc_overwrite(const struct overwrite *x, const struct overwrite *y)
{
    VC_N(x, y, id);
    VC_N(x, y, type);
    VC_N(x, y, allow);
    VC_N(x, y, deny);
    return NULL;
}

static const char *vc_tag(const struct forum_tag *x, const struct forum_tag *y)
{
    VC_N(x, y, id);
    VC_T(x, y, name);
    VC_N(x, y, moderated);
    VC_N(x, y, emoji);
    VC_T(x, y, emoji_name);
    return NULL;
}

static const char *vc_channel(const struct channel *x, const struct channel *y)
{
    const char *d = NULL;
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_N(x, y, type);
    VC_N(x, y, position);
    VC_T(x, y, name);
    VC_T(x, y, topic);
    VC_ID(x, y, parent);
    VC_N(x, y, nsfw);
    VC_N(x, y, rate_limit_per_user);
    VC_N(x, y, bitrate);
    VC_N(x, y, user_limit);
    VC_ID(x, y, last_message);
    VC_N(x, y, last_pin_at_ms);
    VC_N(x, y, flags);
    VC_T(x, y, rtc_region);
    VC_N(x, y, video_quality_mode);
    VC_N(x, y, default_auto_archive_duration);
    VC_N(x, y, default_thread_rate_limit_per_user);
    VC_N(x, y, default_sort_order);
    VC_N(x, y, default_forum_layout);
    VC_N(x, y, default_reaction_emoji);
    VC_T(x, y, default_reaction_emoji_name);
    VC_T(x, y, voice_status);
    VC_N(x, y, overwrite_count);
    VC_N(x, y, tag_count);
    for (size_t i = 0; d == NULL && i < x->overwrite_count; i++)
        d = vc_overwrite(&x->overwrites[i], &y->overwrites[i]);
    for (size_t i = 0; d == NULL && i < x->tag_count; i++)
        d = vc_tag(&x->tags[i], &y->tags[i]);
    return d;
}

static const char *vc_emoji(const struct emoji *x, const struct emoji *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_T(x, y, name);
    VC_T(x, y, hash);
    VC_ID(x, y, creator);
    VC_N(x, y, animated);
    VC_N(x, y, available);
    VC_N(x, y, role_count);
    for (size_t i = 0; i < x->role_count; i++) {
        VC_ID(x, y, roles[i]);
    }
    return NULL;
}

static const char *vc_sticker(const struct sticker *x, const struct sticker *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_T(x, y, name);
    VC_T(x, y, description);
    VC_T(x, y, tags);
    VC_T(x, y, hash);
    VC_ID(x, y, creator);
    VC_N(x, y, format);
    VC_N(x, y, available);
    return NULL;
}

static const char *vc_sound(const struct sound *x, const struct sound *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_T(x, y, name);
    VC_T(x, y, hash);
    VC_ID(x, y, creator);
    VC_N(x, y, volume);
    VC_N(x, y, emoji);
    VC_T(x, y, emoji_name);
    VC_N(x, y, available);
    return NULL;
}

static const char *vc_stage(const struct stage_instance *x, const struct stage_instance *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_ID(x, y, channel);
    VC_T(x, y, topic);
    VC_N(x, y, privacy_level);
    VC_ID(x, y, event);
    return NULL;
}

static const char *vc_scheduled(const struct scheduled_event *x, const struct scheduled_event *y)
{
    VC_ID(x, y, id);
    VC_ID(x, y, guild);
    VC_ID(x, y, channel);
    VC_ID(x, y, creator);
    VC_N(x, y, entity);
    VC_T(x, y, name);
    VC_T(x, y, description);
    VC_T(x, y, location);
    VC_T(x, y, image);
    VC_T(x, y, recurrence);
    VC_N(x, y, start_ms);
    VC_N(x, y, end_ms);
    VC_N(x, y, privacy_level);
    VC_N(x, y, status);
    VC_N(x, y, entity_type);
    VC_N(x, y, user_count);
    return NULL;
}

#define VC_LIST(list, count, compare)                                                              \
    VC_N(x, y, count);                                                                             \
                                                                                                   \
    for (size_t i = 0; d == NULL && i < x->count; i++)                                             \
        d = compare(&x->list[i], &y->list[i]);

/* NULL, or the name of a field that differs. */
UNUSED static const char *view_difference(const struct guild_view *x, const struct guild_view *y)
{
    VC_N(x, y, position);
    VC_N(x, y, permission_generation);
    const char *d = vc_guild(&x->guild, &y->guild);
    VC_LIST(roles, role_count, vc_role)
    VC_LIST(channels, channel_count, vc_channel)
    VC_LIST(emojis, emoji_count, vc_emoji)
    VC_LIST(stickers, sticker_count, vc_sticker)
    VC_LIST(sounds, sound_count, vc_sound)
    VC_LIST(stages, stage_count, vc_stage)
    VC_LIST(scheduled, scheduled_count, vc_scheduled)
    for (size_t i = 0; d == NULL && i < x->role_count; i++)
        if (x->role_ids[i] != y->role_ids[i] || x->role_permissions[i] != y->role_permissions[i] ||
            x->role_ids[i] != x->roles[i].id.v)
            d = "role_ids";
    return d;
}
