/* The table of settings. */

#include "proto/user_settings.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum { LISTED_GUILDS_MAX = 2500, FOLDERS_MAX = 500, FOLDER_NAME_MAX = 32, STATUS_TEXT_MAX = 128 };

enum { SOURCES_ALL, SOURCES_FRIENDS, SOURCES_GUILDS };
static const struct field friend_source_fields[] = {
    BOOL("all", body_friend_sources, all, 0, SOURCES_ALL),
    BOOL("mutual_friends", body_friend_sources, mutual_friends, 0, SOURCES_FRIENDS),
    BOOL("mutual_guilds", body_friend_sources, mutual_guilds, 0, SOURCES_GUILDS),
};
static const struct shape friend_sources_shape =
    SHAPE("Friend sources", friend_source_fields, body_friend_sources);

static const struct field custom_status_fields[] = {
    STR_P("text", body_custom_status, text, N, 0, STATUS_TEXT_MAX, 0),
    ID_P("emoji_id", body_custom_status, emoji_id, N, 1),
    STR_P("emoji_name", body_custom_status, emoji_name, N, 0, 64, 2),
    TIME_P("expires_at", body_custom_status, expires_at_ms, N, 3),
};
static const struct shape custom_status_shape =
    SHAPE("Custom status", custom_status_fields, body_custom_status);

static const struct field guild_folder_fields[] = {
    ARRAY_P("guild_ids", body_guild_folder, guild_ids, R, LISTED_GUILDS_MAX, &SHAPE_ID_ITEM, 0),
    ID_P("id", body_guild_folder, id, N, 1),
    STR_P("name", body_guild_folder, name, N, 0, FOLDER_NAME_MAX, 2),
    INT("color", body_guild_folder, color, N, 0, 0xffffff, 3),
};
static const struct shape guild_folder_shape =
    SHAPE("Guild folder", guild_folder_fields, body_guild_folder);

/* clang-format off */
#define FLAG(key, n) BOOL(key, body_user_settings, flags[n], 0, BODY_SETTINGS_OTHERS + (n))
#define NUMBER(key, n, least, most)                                                                \
    INT(key, body_user_settings, numbers[n], 0, least, most, BODY_SETTINGS_OTHERS + 32 + (n))
#define GUILD_LIST(key, n)                                                                         \
    ARRAY_P(key, body_user_settings, lists[n], 0, LISTED_GUILDS_MAX, &SHAPE_ID_ITEM,               \
            BODY_SETTINGS_OTHERS + 44 + (n))
/* clang-format on */
enum { BIT_CUSTOM_STATUS = BODY_SETTINGS_OTHERS + 48, BIT_FOLDERS };
_Static_assert((int)BIT_FOLDERS < (int)BIT_UNUSED, "a bit each");

static const struct field settings_fields[] = {
    BOOL("default_guilds_restricted", body_user_settings, default_guilds_restricted, 0,
         BODY_SETTINGS_GUILDS_RESTRICTED),
    BOOL("strangers_allowed", body_user_settings, strangers_allowed, 0, BODY_SETTINGS_STRANGERS),
    OBJECT("friend_source_flags", body_user_settings, friend_sources, 0, &friend_sources_shape,
           BODY_SETTINGS_FRIEND_SOURCES),
    ARRAY_P("restricted_guilds", body_user_settings, restricted_guilds, 0, LISTED_GUILDS_MAX,
            &SHAPE_ID_ITEM, BODY_SETTINGS_RESTRICTED_GUILDS),
    STR_P("status", body_user_settings, status, 0, 1, 16, BODY_SETTINGS_STATUS),
    STR_P("theme", body_user_settings, theme, 0, 1, 16, BODY_SETTINGS_THEME),
    STR_P("locale", body_user_settings, locale, 0, 2, 8, BODY_SETTINGS_LOCALE),
    FLAG("allow_accessibility_detection", 0),
    FLAG("allow_activity_party_privacy_friends", 1),
    FLAG("allow_activity_party_privacy_voice_channel", 2),
    FLAG("animate_emoji", 3),
    FLAG("contact_sync_enabled", 4),
    FLAG("convert_emoticons", 5),
    FLAG("detect_platform_accounts", 6),
    FLAG("developer_mode", 7),
    FLAG("disable_games_tab", 8),
    FLAG("enable_tts_command", 9),
    FLAG("gif_auto_play", 10),
    FLAG("inline_attachment_media", 11),
    FLAG("inline_embed_media", 12),
    FLAG("message_display_compact", 13),
    FLAG("native_phone_integration_enabled", 14),
    FLAG("passwordless", 15),
    FLAG("render_embeds", 16),
    FLAG("render_reactions", 17),
    FLAG("show_current_game", 18),
    FLAG("stream_notifications_enabled", 19),
    FLAG("view_nsfw_commands", 20),
    FLAG("view_nsfw_guilds", 21),
    NUMBER("afk_timeout", 0, 0, 600),
    NUMBER("animate_stickers", 1, 0, 2),
    NUMBER("explicit_content_filter", 2, 0, 2),
    NUMBER("friend_discovery_flags", 3, 0, INT32_MAX),
    NUMBER("timezone_offset", 4, -1440, 1440),
    GUILD_LIST("guild_positions", 0),
    GUILD_LIST("activity_restricted_guild_ids", 1),
    GUILD_LIST("activity_joining_restricted_guild_ids", 2),
    OBJECT("custom_status", body_user_settings, custom_status, N, &custom_status_shape,
           BIT_CUSTOM_STATUS),
    ARRAY_P("guild_folders", body_user_settings, guild_folders, 0, FOLDERS_MAX, &guild_folder_shape,
            BIT_FOLDERS),
};
const struct shape SHAPE_USER_SETTINGS =
    SHAPE("User settings", settings_fields, body_user_settings);

const char USER_SETTINGS_DEFAULT[] =
    "{\"default_guilds_restricted\":false,\"strangers_allowed\":false,"
    "\"friend_source_flags\":{\"all\":true,\"mutual_friends\":true,\"mutual_guilds\":true},"
    "\"restricted_guilds\":[],\"status\":\"online\",\"theme\":\"dark\",\"locale\":\"en-US\","
    "\"allow_accessibility_detection\":false,\"allow_activity_party_privacy_friends\":true,"
    "\"allow_activity_party_privacy_voice_channel\":true,\"animate_emoji\":true,"
    "\"contact_sync_enabled\":false,\"convert_emoticons\":true,\"detect_platform_accounts\":true,"
    "\"developer_mode\":false,\"disable_games_tab\":false,\"enable_tts_command\":true,"
    "\"gif_auto_play\":true,\"inline_attachment_media\":true,\"inline_embed_media\":true,"
    "\"message_display_compact\":false,\"native_phone_integration_enabled\":false,"
    "\"passwordless\":false,\"render_embeds\":true,\"render_reactions\":true,"
    "\"show_current_game\":true,\"stream_notifications_enabled\":true,"
    "\"view_nsfw_commands\":false,\"view_nsfw_guilds\":false,\"afk_timeout\":600,"
    "\"animate_stickers\":0,\"explicit_content_filter\":1,\"friend_discovery_flags\":0,"
    "\"timezone_offset\":0,\"guild_positions\":[],\"activity_restricted_guild_ids\":[],"
    "\"activity_joining_restricted_guild_ids\":[],\"custom_status\":null,\"guild_folders\":[]}";

static bool among(struct slice text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (slice_eq_cstr(text, *list))
            return true;
    return false;
}

const char *user_settings_unknown_text(const struct body_user_settings *s)
{
    static const char *const statuses[] = {"online", "idle", "dnd", "invisible", NULL};
    static const char *const themes[] = {"dark", "light", "darker", "midnight", NULL};
    if (BODY_SENT(*s, BODY_SETTINGS_STATUS) && !among(s->status, statuses))
        return "status";
    if (BODY_SENT(*s, BODY_SETTINGS_THEME) && !among(s->theme, themes))
        return "theme";
    return NULL;
}
