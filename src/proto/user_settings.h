#pragma once

/*
 * The settings of people's clients (userdoccers, "User Settings"), as one document that is kept as
 * the API shows it. Most of it is the client's affair; what decides who may write and who may ask
 * is read from it into columns of its own (store/privacy.h).
 */

#include "proto/bodies.h"
#include "wire/json_write.h"

struct body_friend_sources {
    uint64_t present;
    uint64_t null;
    bool all;
    bool mutual_friends;
    bool mutual_guilds;
};

struct body_custom_status {
    uint64_t present;
    uint64_t null;
    struct slice text;
    uint64_t emoji_id;
    struct slice emoji_name;
    int64_t expires_at_ms;
};

struct body_guild_folder {
    uint64_t present;
    uint64_t null;
    struct body_array guild_ids; /* of body_id_item */
    uint64_t id;
    struct slice name;
    int64_t color;
};

enum body_settings_field {
    BODY_SETTINGS_GUILDS_RESTRICTED,
    BODY_SETTINGS_STRANGERS,
    BODY_SETTINGS_FRIEND_SOURCES,
    BODY_SETTINGS_RESTRICTED_GUILDS,
    BODY_SETTINGS_STATUS,
    BODY_SETTINGS_THEME,
    BODY_SETTINGS_LOCALE,
    BODY_SETTINGS_OTHERS /* the first of those that nothing asks about */
};

struct body_user_settings {
    uint64_t present; /* enum body_settings_field */
    uint64_t null;
    bool default_guilds_restricted;
    bool strangers_allowed;
    struct body_friend_sources friend_sources;
    struct body_array restricted_guilds; /* of body_id_item */
    struct slice status;
    struct slice theme;
    struct slice locale;
    bool flags[32];
    int64_t numbers[16];
    struct body_array lists[4];
    struct body_custom_status custom_status;
    struct body_array guild_folders;
};

extern const struct shape SHAPE_USER_SETTINGS;

/* What somebody has who never changed anything. */
extern const char USER_SETTINGS_DEFAULT[];
/* A field whose text is none that is known; NULL: all are. */
const char *user_settings_unknown_text(const struct body_user_settings *s);
