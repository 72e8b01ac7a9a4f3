#pragma once

/*
 * Every maximum that is not configurable, with its source. What an operator may change is a row of
 * the configuration table instead. "docs" is Discord's developer documentation; "ours" a house
 * choice.
 */

enum {
    /* HTTP, before authentication: small on purpose (ours). */
    LIMIT_HTTP_TARGET_BYTES = 8192,       /* RFC 9112 §3 recommends at least 8000 */
    LIMIT_HTTP_HEADERS = 64,              /* fields in one request head */
    LIMIT_PIPELINE_BYTES = 64 * 1024,     /* unread bytes kept while a request is being answered */
    LIMIT_REPLY_BYTES = 80 * 1024 * 1024, /* 100 of the largest messages, which are replies */
    LIMIT_REQUEST_ARENA_BYTES = 80 * 1024 * 1024, /* the same, as they are read; taken as needed */
    LIMIT_DECODED_BODY_BYTES = 4 * 1024 * 1024,   /* of these: a body of a request */
    LIMIT_REQUEST_ID_BYTES = 64,

    /* JSON request bodies (ours) */
    LIMIT_JSON_DEPTH = 32,

    /* WebSocket and gateway */
    LIMIT_GATEWAY_COMMAND_BYTES = 4096, /* docs, Gateway: "Payloads ... 4096 bytes" */
    LIMIT_IDENTIFY_BYTES = 15 * 1024,   /* people's clients send longer Identifies (ours) */
    LIMIT_PERSON_COMMAND_BYTES =
        15 * 1024,                /* of people, whose clients fill op 37 to that (userdoccers) */
    LIMIT_GATEWAY_COMMANDS = 120, /* docs: per 60 seconds */
    LIMIT_GATEWAY_CONTROLS = 120, /* pings and pongs per 60 seconds (ours) */
    LIMIT_VOICE_COMMANDS = 128,   /* op 4 of a session that wait for the store (ours) */

    /* Entities (docs, surface §5.2) */
    LIMIT_USERNAME_MIN = 2,
    LIMIT_USERNAME_MAX = 32,
    LIMIT_GLOBAL_NAME_MAX = 32,
    LIMIT_PASSWORD_MIN = 8,  /* userdoccers */
    LIMIT_PASSWORD_MAX = 72, /* userdoccers; in code points */
    LIMIT_EMAIL_MAX = 254,   /* RFC 5321 §4.5.3.1.3 */
    LIMIT_GUILD_NAME_MIN = 2,
    LIMIT_GUILD_NAME_MAX = 100,
    LIMIT_CHANNEL_NAME_MAX = 100,
    LIMIT_CHANNEL_TOPIC_MAX = 1024,
    LIMIT_APPLICATION_NAME_MIN = 2,
    LIMIT_APPLICATION_NAME_MAX = 32,
    LIMIT_MESSAGE_CONTENT = 2000, /* code points */
    LIMIT_NONCE = 25,
    LIMIT_GUILD_ROLES = 250,
    LIMIT_GUILD_CHANNELS = 500,
    LIMIT_CHANNEL_OVERWRITES = 1000,
    LIMIT_GUILD_INVITES = 1000,
    LIMIT_INVITE_MAX_AGE_S = 604800,
    LIMIT_INVITE_MAX_USES = 100,
    LIMIT_MESSAGES_PAGE = 100,
    LIMIT_AUDIT_REASON = 512,
    LIMIT_MENTIONS = 100,
    LIMIT_APPLICATIONS_PER_USER = 50,
    LIMIT_ROLE_NAME_MAX = 100,
    LIMIT_NICK_MAX = 32,
    LIMIT_FORUM_TOPIC_MAX = 4096,
    LIMIT_FORUM_TAGS = 20,
    LIMIT_FORUM_TAG_NAME_MAX = 20,
    LIMIT_CATEGORY_CHANNELS = 50,
    LIMIT_SLOWMODE_S = 21600,
    LIMIT_VOICE_STATUS = 500,
    LIMIT_GUILD_VOICE_STATES = 10000, /* connected at once (ours; docs: the most in a stage) */
    LIMIT_STAGE_TOPIC = 120,
    LIMIT_MEMBERS_PAGE = 1000,
    LIMIT_BANS_PAGE = 1000,
    LIMIT_BULK_BAN = 200,
    LIMIT_BAN_DELETE_S = 604800,
    LIMIT_TIMEOUT_S = 28 * 24 * 3600,
    LIMIT_ADDRESS_BANS = 4096,     /* of a guild (ours) */
    LIMIT_ADDRESSES_PER_USER = 16, /* remembered (ours) */
    LIMIT_AUDIT_PAGE = 100,
    LIMIT_EMOJI_NAME_MIN = 2,
    LIMIT_EMOJI_NAME_MAX = 32,
    LIMIT_EMOJI_BYTES = 256 * 1024,
    LIMIT_GUILD_EMOJIS = 250, /* still, and as many animated: Discord's highest tier (ours) */
    LIMIT_STICKER_BYTES = 512 * 1024,
    LIMIT_GUILD_STICKERS = 60, /* Discord's highest tier (ours) */
    LIMIT_SOUND_BYTES = 512 * 1024,
    LIMIT_GUILD_SOUNDS = 48, /* Discord's highest tier (ours) */
    LIMIT_IMAGE_BYTES = 10 * 1024 * 1024,
    LIMIT_ROLE_ICON_BYTES = 256 * 1024,
    LIMIT_SCHEDULED_EVENTS = 100,  /* not finished, of a guild */
    LIMIT_AUTOMOD_KEYWORDS = 1000, /* of a rule; how many rules: model/automod.c */
    LIMIT_AUTOMOD_KEYWORD_MAX = 60,
    LIMIT_AUTOMOD_PATTERNS = 10,
    LIMIT_AUTOMOD_PATTERN_MAX = 260,
    LIMIT_AUTOMOD_ALLOWED = 1000, /* of a preset rule; of keywords Discord takes 100 */
    LIMIT_AUTOMOD_MENTIONS = 50,
    LIMIT_AUTOMOD_EXEMPT_ROLES = 20,
    LIMIT_AUTOMOD_EXEMPT_CHANNELS = 50,
    LIMIT_AUTOMOD_MESSAGE = 150,
    LIMIT_AUTOMOD_NAME = 100,
    LIMIT_VANITY_MIN = 2,
    LIMIT_VANITY_MAX = 32,
    LIMIT_JOIN_REQUESTS_GUILD = 1000,      /* not decided (ours) */
    LIMIT_JOIN_REQUESTS_USER = 100,        /* not decided (ours) */
    LIMIT_JOIN_REQUEST_WAIT_S = 24 * 3600, /* after a rejection, until the next (ours) */
    LIMIT_REJECTION_REASON = 160,          /* userdoccers, also for the screening */
    LIMIT_SCREENING_FIELDS = 5,
    LIMIT_SCREENING_VALUES = 16,
    LIMIT_SCREENING_TEXT = 300,
    LIMIT_SCREENING_CHOICES = 8,
    LIMIT_WELCOME_CHANNELS = 5,
    LIMIT_ONBOARDING_PROMPTS = 15,
    LIMIT_ONBOARDING_OPTIONS = 50,
    LIMIT_DIRECTORY_PAGE = 48,

    /* Messages (docs, surface §5.1 and §5.2) */
    LIMIT_URL = 2048,
    LIMIT_EMBEDS = 10,
    LIMIT_EMBED_FIELDS = 25,
    LIMIT_EMBED_TITLE = 256,
    LIMIT_EMBED_DESCRIPTION = 4096,
    LIMIT_EMBED_FIELD_NAME = 256,
    LIMIT_EMBED_FIELD_VALUE = 1024,
    LIMIT_EMBED_FOOTER = 2048,
    LIMIT_EMBED_AUTHOR = 256,
    LIMIT_EMBED_TOTAL = 6000, /* of all embeds of a message */
    /* Embeds and components of a message as they are stored (ours). Their addresses are not in what
     * Discord counts: hundreds of 2,048 characters would make messages of megabytes, and pages,
     * payloads and forwards of those that fit nowhere. */
    LIMIT_MESSAGE_RICH_BYTES = 128 * 1024,
    LIMIT_COMPONENT_ROWS = 5,
    LIMIT_COMPONENTS_V2 = 40,
    LIMIT_COMPONENTS_V2_TEXT = 4000,
    LIMIT_CUSTOM_ID = 100,
    LIMIT_STICKERS = 3,
    LIMIT_ATTACHMENTS = 10,
    LIMIT_FILENAME = 260,       /* code points, after cleaning (ours) */
    LIMIT_FILENAME_BYTES = 255, /* likewise: what file systems take (ours) */
    LIMIT_REFRESHED_URLS = 50,
    LIMIT_ATTACHMENT_TEXT = 1024, /* description, title */
    LIMIT_WAVEFORM = 400,
    LIMIT_SNAPSHOTS = 1,
    LIMIT_BULK_DELETE_MIN = 2,
    LIMIT_BULK_DELETE = 100,
    LIMIT_BULK_DELETE_AGE_S = 14 * 24 * 3600,
    LIMIT_PINS = 250,
    LIMIT_PINS_PAGE = 50,
    LIMIT_REACTIONS = 20, /* kinds, of a message */
    LIMIT_REACTORS_PAGE = 100,
    LIMIT_POLL_QUESTION = 300,
    LIMIT_POLL_ANSWERS = 10,
    LIMIT_POLL_ANSWER = 55,
    LIMIT_POLL_HOURS = 768,
    LIMIT_SEARCH_PAGE = 25,
    LIMIT_SEARCH_OFFSET = 9975,
    LIMIT_RETENTION_MIN_S = 3600,       /* ours */
    LIMIT_RETENTION_MAX_S = 2000000000, /* 63 years (ours) */
    LIMIT_GROUP_RECIPIENTS = 10,
    LIMIT_OPEN_DMS = 1000,          /* in a list or READY: the newest (ours) */
    LIMIT_GROUP_DMS = 10,           /* of a user, as a bot or person making them (docs, 30011) */
    LIMIT_RELATIONSHIPS_BULK = 100, /* in one request (ours) */
    LIMIT_FRIENDS = 1000,
    LIMIT_BLOCKED = 5000,
    LIMIT_RELATIONSHIPS = 1000 + 5000 + 2 * 1000, /* of somebody: friends, blocks, requests */
    LIMIT_NOTE = 256,
    LIMIT_MUTUAL_GUILDS = 200, /* shown (ours) */
    LIMIT_BIO = 190,           /* userdoccers, also below */
    LIMIT_PRONOUNS = 40,
    LIMIT_NOTES = 5000, /* in a list or READY (ours) */
    LIMIT_ACK_BULK = 100,
    LIMIT_READ_STATES = 100000,         /* in READY (ours) */
    LIMIT_NOTIFICATION_SETTINGS = 1000, /* guilds, in READY (ours) */
    LIMIT_CHANNEL_OVERRIDES = 500,      /* of one guild's notification settings (ours) */
    LIMIT_RECENT_MENTIONS = 100,
};
