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
    int64_t seen_at_ms;    /* to the day; 0: not seen since that is noted */
    struct slice avatar;   /* hash; data NULL: none */
    struct slice banner;   /* hash; data NULL: none */
    uint32_t accent_color; /* ROLE_COLOR_SET | 0xRRGGBB; 0: none */
    struct slice bio;      /* data NULL: none; only read with one user, as the next one */
    struct slice pronouns;
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

struct forum_tag {
    uint64_t id;
    struct slice name;
    bool moderated;
    uint64_t emoji;          /* of a custom emoji, else 0 */
    struct slice emoji_name; /* Unicode; data NULL: none */
};

/* Channel flags (docs, "Channel Flags"). */
enum { CHANNEL_FLAG_REQUIRE_TAG = 1 << 4, CHANNEL_FLAG_HIDE_MEDIA_DOWNLOAD_OPTIONS = 1 << 15 };

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
    int64_t last_pin_at_ms;         /* of the newest pin; 0: nothing is pinned */
    uint64_t flags;
    struct slice rtc_region;                /* data NULL: automatic */
    uint32_t video_quality_mode;            /* 1 or 2 */
    uint32_t default_auto_archive_duration; /* minutes; 0: not set */
    uint32_t default_thread_rate_limit_per_user;
    int32_t default_sort_order; /* -1: none */
    uint32_t default_forum_layout;
    uint64_t default_reaction_emoji;          /* custom; else 0 */
    struct slice default_reaction_emoji_name; /* Unicode; data NULL: none */
    struct slice voice_status;                /* data NULL: none */
    const struct overwrite *overwrites;       /* ascending by id */
    size_t overwrite_count;
    const struct forum_tag *tags; /* in their order */
    size_t tag_count;
};

/* Tells black from no colour. */
enum { ROLE_COLOR_SET = 1 << 24 };

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
    struct user_id bot;         /* of a bot's managed role, else 0 */
    uint32_t secondary_color;   /* ROLE_COLOR_SET | 0xRRGGBB; 0: none (NULL in the table) */
    uint32_t tertiary_color;    /* as secondary_color */
    struct slice icon;          /* hash of a blob; data NULL: none, as for every hash below */
    struct slice unicode_emoji; /* data NULL: none */
    uint64_t flags;
};

/* How many members hold a role. */
struct role_count {
    struct role_id role;
    uint64_t members;
};

enum guild_join_policy { JOIN_BY_INVITE = 0, JOIN_OPEN = 1, JOIN_ON_REQUEST = 2 };

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
    struct slice icon;
    struct slice banner;
    struct slice splash;
    struct slice discovery_splash;
    struct slice home_header;
    uint64_t features; /* of model/features.h */
    uint32_t system_channel_flags;
    struct channel_id rules_channel; /* 0: none, also below */
    struct channel_id public_updates_channel;
    struct channel_id safety_alerts_channel;
    bool widget_enabled;
    struct channel_id widget_channel;
    uint32_t nsfw_level;
    bool premium_progress_bar;
    struct slice vanity_code; /* data NULL: none */
    int64_t invites_disabled_until_ms;
    int64_t dms_disabled_until_ms;
    enum guild_join_policy join_policy;
};

/* Member flags (docs, "Guild Member Flags"). */
enum {
    MEMBER_FLAG_DID_REJOIN = 1 << 0,
    MEMBER_FLAG_COMPLETED_ONBOARDING = 1 << 1,
    MEMBER_FLAG_BYPASSES_VERIFICATION = 1 << 2,
    MEMBER_FLAG_STARTED_ONBOARDING = 1 << 3
};

struct member {
    struct guild_id guild;
    struct user user;
    struct slice nick; /* data NULL: none */
    int64_t joined_at_ms;
    int64_t timed_out_until_ms; /* 0: not */
    bool deaf;
    bool mute;
    bool pending;   /* has not passed the guild's screening yet */
    bool temporary; /* by an invite for a visit */
    uint64_t flags;
    uint64_t standing;   /* position of the last event that changed what the member may do */
    struct slice avatar; /* of this guild */
    struct slice banner;
    const struct role_id *roles; /* ascending by id, @everyone not among them */
    size_t role_count;
};

enum { VOICE_SESSION_MAX = 32 };
/* Who is in which voice channel, and how. */
struct voice_state {
    struct guild_id guild;
    struct user_id user;
    struct channel_id channel;           /* 0: in none */
    char session[VOICE_SESSION_MAX + 1]; /* of the gateway, that has joined */
    bool self_deaf;
    bool self_mute;
    bool self_stream;
    bool self_video;
    bool deaf; /* deaf and mute are the member's */
    bool mute;
    bool suppress;
    int64_t request_to_speak_at_ms; /* 0: none */
    int64_t joined_at_ms;           /* the channel */
};

struct emoji {
    struct emoji_id id;
    struct guild_id guild;
    struct slice name;
    struct slice hash;
    struct user_id creator;
    bool animated;
    bool available;
    const struct role_id *roles; /* who may use it; none: everybody */
    size_t role_count;
};

enum sticker_format {
    STICKER_FORMAT_PNG = 1,
    STICKER_FORMAT_APNG = 2,
    STICKER_FORMAT_LOTTIE = 3,
    STICKER_FORMAT_GIF = 4
};

struct sticker {
    struct sticker_id id;
    struct guild_id guild;
    struct slice name;
    struct slice description; /* data NULL: none */
    struct slice tags;
    struct slice hash;
    struct user_id creator;
    enum sticker_format format;
    bool available;
};

/* Of a soundboard. */
struct sound {
    struct sound_id id;
    struct guild_id guild;
    struct slice name;
    struct slice hash;
    struct user_id creator;
    uint32_t volume; /* millionths */
    uint64_t emoji;  /* custom; else 0 */
    struct slice emoji_name;
    bool available;
};

struct stage_instance {
    struct stage_id id;
    struct guild_id guild;
    struct channel_id channel;
    struct slice topic;
    uint32_t privacy_level;
    struct scheduled_event_id event; /* 0: none */
};

enum scheduled_entity { SCHEDULED_STAGE = 1, SCHEDULED_VOICE = 2, SCHEDULED_EXTERNAL = 3 };
enum scheduled_status {
    SCHEDULED_SCHEDULED = 1,
    SCHEDULED_ACTIVE = 2,
    SCHEDULED_COMPLETED = 3,
    SCHEDULED_CANCELED = 4
};

struct scheduled_event {
    struct scheduled_event_id id;
    struct guild_id guild;
    struct channel_id channel; /* 0: external */
    struct user_id creator;
    uint64_t entity; /* of the stage instance, else 0 */
    struct slice name;
    struct slice description; /* data NULL: none, also below */
    struct slice location;
    struct slice image;
    struct slice recurrence; /* JSON as the API shows it */
    int64_t start_ms;
    int64_t end_ms; /* 0: none */
    uint32_t privacy_level;
    enum scheduled_status status;
    enum scheduled_entity entity_type;
    uint64_t user_count;
};

struct ban {
    struct user user;
    struct slice reason; /* data NULL: none */
};

enum message_type {
    MESSAGE_TYPE_DEFAULT = 0,
    MESSAGE_TYPE_RECIPIENT_ADD = 1,
    MESSAGE_TYPE_RECIPIENT_REMOVE = 2,
    MESSAGE_TYPE_CALL = 3,
    MESSAGE_TYPE_CHANNEL_NAME = 4,
    MESSAGE_TYPE_CHANNEL_ICON = 5,
    MESSAGE_TYPE_PINNED = 6,
    MESSAGE_TYPE_JOIN = 7,
    MESSAGE_TYPE_THREAD_CREATED = 18,
    MESSAGE_TYPE_REPLY = 19,
    MESSAGE_TYPE_THREAD_STARTER = 21,
    MESSAGE_TYPE_AUTOMOD = 24,
    MESSAGE_TYPE_POLL_RESULT = 46
};

/* Message flags (docs, "Message Flags"). */
enum {
    MESSAGE_FLAG_CROSSPOSTED = 1 << 0,
    MESSAGE_FLAG_SUPPRESS_EMBEDS = 1 << 2,
    MESSAGE_FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12,
    MESSAGE_FLAG_IS_VOICE_MESSAGE = 1 << 13,
    MESSAGE_FLAG_HAS_SNAPSHOT = 1 << 14,
    MESSAGE_FLAG_IS_COMPONENTS_V2 = 1 << 15
};

/* messages.parts: which tables have rows of the message. A bit may outlive the last row. */
enum message_part {
    MESSAGE_PART_ATTACHMENTS = 1 << 0,
    MESSAGE_PART_REACTIONS = 1 << 1,
    MESSAGE_PART_POLL = 1 << 2,
    MESSAGE_PART_MENTIONS = 1 << 3 /* user_mentions, role_mentions */
};

/* A file of a message. */
struct attachment {
    uint64_t id;
    struct channel_id channel;
    struct message_id message;
    struct guild_id guild; /* 0: of a direct message */
    struct user_id uploader;
    uint64_t upload; /* not stored yet: what was sent ahead (uploads.id); 0: it came along */
    uint64_t size;
    uint32_t width; /* 0: no picture or film */
    uint32_t height;
    uint64_t flags;
    int64_t duration_ms; /* -1: none */
    struct slice hash;   /* of the blob: 64 hex digits */
    struct slice filename;
    struct slice content_type; /* data NULL: not known; also below: none */
    struct slice title;
    struct slice description;
    struct slice waveform;
    struct slice placeholder;
    struct slice url; /* signed, made when it is read (core/attachment_urls.h) */
    size_t url_base;  /* bytes of it before its path */
};

/* An emoji as a reaction or a poll shows it. */
struct emoji_ref {
    uint64_t id;       /* custom; 0: Unicode */
    struct slice name; /* of a Unicode one its text; data NULL: a custom one that is gone */
    bool animated;
};

/* One kind of reaction to a message. */
struct reaction_count {
    struct emoji_ref emoji;
    uint64_t normal;
    uint64_t burst;
    bool me; /* the reader's own normal one */
    bool me_burst;
};

/* How a poll stands. Answer ids are 1 .. answer_count. */
struct poll_state {
    int64_t expires_at_ms;
    bool finalized;
    unsigned answer_count;
    const uint64_t *votes; /* by answer id - 1 */
    const bool *me;        /* the reader's own, by answer id - 1 */
};

struct message {
    struct message_id id;
    struct channel_id channel;
    struct guild_id guild;
    struct user author;
    enum message_type type;
    struct slice content;
    struct slice embeds;     /* JSON array as the API shows it; data NULL: none; also of these: */
    struct slice components; /* array */
    struct slice stickers;   /* array: sticker_items */
    struct slice snapshots;  /* array: message_snapshots */
    struct slice poll;       /* object, without expiry and results */
    unsigned parts;          /* of enum message_part */
    int64_t pinned_at_ms;    /* 0: it is not */
    int64_t edited_at_ms;    /* 0: never */
    uint64_t flags;
    bool tts;
    bool mention_everyone;
    const struct user *mentions; /* mentioned users, in order of first mention */
    size_t mention_count;
    const struct role_id *mention_roles;
    size_t mention_role_count;
    struct slice nonce; /* text, or decimal if nonce_is_number; data NULL: none */
    bool nonce_is_number;
    struct message_id reference; /* replied to, forwarded, pinned ...; 0: none */
    enum message_reference_type { REFERENCE_REPLY = 0, REFERENCE_FORWARD = 1 } reference_type;
    struct channel_id reference_channel; /* 0: the message's own */
    struct guild_id reference_guild;     /* 0: the message's own */
    /* Of a reply: the message replied to as it is now. NULL with reference set: deleted, if
     * referenced_known, else not fetched. Never nested further. */
    const struct message *referenced;
    bool referenced_known;
    const struct attachment *attachments; /* ascending by id */
    size_t attachment_count;
    const struct reaction_count *reactions; /* in the order in which they first came */
    size_t reaction_count;
    const struct poll_state *poll_state; /* NULL: no poll */
};

/* A direct message channel and who is in it. */
struct dm_channel {
    struct channel_id id;
    enum channel_type type; /* CHANNEL_TYPE_DM or CHANNEL_TYPE_GROUP_DM */
    struct user_id owner;   /* of a group; 0: none */
    struct message_id last_message;
    int64_t last_pin_at_ms;
    struct slice name;             /* of a group; data NULL: none */
    struct slice icon;             /* of a group: hash; data NULL: none */
    const struct user *recipients; /* all of them, the reader too; ascending by id */
    const struct slice *nicks;     /* of each; data NULL: none */
    const bool *open;              /* whether each has it in their list */
    size_t recipient_count;
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

/* The structure of a guild, kept for making others like it. */
struct guild_template {
    struct slice code;
    struct guild_id guild; /* its source */
    struct user_id creator_id;
    struct user creator; /* id 0: their account is gone */
    struct slice name;
    struct slice description; /* data NULL: none */
    uint64_t usage_count;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    uint64_t structure_position; /* of the source when the document was made */
    bool dirty;                  /* the source has changed since then; only read */
    struct slice document;       /* JSON as the API shows it (proto/template.h) */
};

/* An application in a guild. */
struct integration {
    uint64_t id;
    struct guild_id guild;
    struct application application;
    struct user bot;      /* of the application */
    struct user added_by; /* id 0: their account is gone */
    int64_t created_at_ms;
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
    uint32_t flags;
    uint32_t target_type; /* 0 none, 1 stream, 2 embedded application */
    struct user_id target_user;
    struct application_id target_application;
    const struct role_id *roles; /* given to who joins by it */
    size_t role_count;
};

/* To join a guild that wants to be asked. */
enum join_request_status {
    JOIN_REQUEST_SUBMITTED = 0,
    JOIN_REQUEST_APPROVED = 1,
    JOIN_REQUEST_REJECTED = 2
};

struct join_request {
    uint64_t id;
    struct guild_id guild;
    struct user user;
    enum join_request_status status;
    int64_t created_at_ms;
    struct user_id decided_by; /* 0: nobody yet */
    int64_t decided_at_ms;
    struct slice responses; /* JSON as the API shows it; data NULL: none */
    struct slice rejection_reason;
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
