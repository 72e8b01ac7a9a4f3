#pragma once

/*
 * Entities as plain values: what a repository reads and writes, and what proto turns into JSON. No
 * behaviour. Slices point into whatever arena the entity was read into.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "model/ids.h"

struct user {
    struct user_id id;
    struct tenant_id tenant;
    struct slice username;
    struct slice global_name; /* data NULL: none */
    struct slice email;       /* data NULL: none; only for the user's own eyes */
    bool bot;
    uint64_t flags;
};

enum channel_type {
    CHANNEL_TYPE_TEXT = 0,
    CHANNEL_TYPE_DM = 1,
    CHANNEL_TYPE_VOICE = 2,
    CHANNEL_TYPE_GROUP_DM = 3,
    CHANNEL_TYPE_CATEGORY = 4,
    CHANNEL_TYPE_ANNOUNCEMENT = 5,
    CHANNEL_TYPE_STAGE = 13,
    CHANNEL_TYPE_FORUM = 15,
    CHANNEL_TYPE_MEDIA = 16
};

enum overwrite_type { OVERWRITE_ROLE = 0, OVERWRITE_MEMBER = 1 };

struct overwrite {
    uint64_t id; /* of the role or user */
    enum overwrite_type type;
    uint64_t allow;
    uint64_t deny;
};

struct channel {
    struct channel_id id;
    struct guild_id guild;
    enum channel_type type;
    int32_t position;
    struct slice name;
    struct slice topic;       /* data NULL: none */
    struct channel_id parent; /* 0: none */
    bool nsfw;
    uint32_t rate_limit_per_user;   /* seconds */
    uint32_t bitrate;               /* bits/s, voice and stage; else 0 */
    uint32_t user_limit;            /* voice */
    struct message_id last_message; /* 0: none; kept per message, not part of a view */
    const struct overwrite *overwrites;
    size_t overwrite_count;
};

struct role {
    struct role_id id;
    struct guild_id guild;
    struct slice name;
    uint64_t permissions;
    int32_t position;
    uint32_t color; /* 0xRRGGBB */
    bool hoist;
    bool managed;
    bool mentionable;
    struct user_id bot; /* of a bot's managed role, else 0 */
};

struct guild {
    struct guild_id id;
    struct tenant_id tenant;
    struct slice name;
    struct slice description; /* data NULL: none */
    struct user_id owner;
    struct channel_id system_channel; /* 0: none */
    struct channel_id afk_channel;
    uint32_t afk_timeout; /* seconds: 60, 300, 900, 1800 or 3600 */
    uint32_t verification_level;
    uint32_t default_message_notifications;
    uint32_t explicit_content_filter;
    struct slice preferred_locale; /* "en-US" */
    int64_t created_at_ms;
};

struct member {
    struct guild_id guild;
    struct user user;
    struct slice nick; /* data NULL: none */
    int64_t joined_at_ms;
    int64_t timed_out_until_ms; /* 0: not */
    bool deaf;
    bool mute;
    const struct role_id *roles; /* ascending by id, @everyone not among them */
    size_t role_count;
};

enum message_type { MESSAGE_TYPE_DEFAULT = 0, MESSAGE_TYPE_JOIN = 7, MESSAGE_TYPE_REPLY = 19 };

struct message {
    struct message_id id;
    struct channel_id channel;
    struct guild_id guild;
    struct user author;
    enum message_type type;
    struct slice content;
    int64_t edited_at_ms; /* 0: never */
    uint64_t flags;
    bool tts;
    bool mention_everyone;
    const struct user *mentions; /* mentioned users, in order of first mention */
    size_t mention_count;
    const struct role_id *mention_roles;
    size_t mention_role_count;
    struct slice nonce; /* text, or decimal if nonce_is_number; data NULL: none */
    bool nonce_is_number;
    struct message_id reference; /* replied to; 0: none */
    /* Of a reply: the message replied to as it is now. NULL with reference set: deleted, if
     * referenced_known, else not fetched. Never nested further. */
    const struct message *referenced;
    bool referenced_known;
};

struct application {
    struct application_id id;
    struct user_id owner;
    struct slice name;
    struct slice description;
    struct user_id bot; /* 0: none yet */
    bool bot_public;
    uint64_t flags;
};

/* Application flags that grant privileged intents (docs, Application "Flags"). */
enum {
    APPLICATION_FLAG_GATEWAY_PRESENCE = 1 << 12,
    APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS = 1 << 14,
    APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT = 1 << 18
};

struct invite {
    struct slice code;
    struct guild_id guild;
    struct channel_id channel;
    struct user inviter;
    uint32_t max_age_s; /* 0: never expires */
    uint32_t max_uses;  /* 0: unlimited */
    uint32_t uses;
    bool temporary;
    int64_t created_at_ms;
    int64_t expires_at_ms; /* 0: never */
};

/* Who makes a request or holds a session. */
struct principal {
    struct user_id user; /* 0: nobody */
    struct tenant_id tenant;
    struct application_id application; /* of a bot, else 0 */
    uint64_t application_flags;
    bool bot;
    uint8_t token_hash[32];
};
