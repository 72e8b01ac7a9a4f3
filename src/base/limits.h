#pragma once

/*
 * Every maximum that is not configurable, with its source. What an operator may change is a row of
 * the configuration table instead. "docs" is Discord's developer documentation; "ours" a house
 * choice.
 */

enum {
    /* HTTP, before authentication: small on purpose (ours). */
    LIMIT_HTTP_TARGET_BYTES = 8192,   /* RFC 9112 §3 recommends at least 8000 */
    LIMIT_HTTP_HEADERS = 64,          /* fields in one request head */
    LIMIT_PIPELINE_BYTES = 64 * 1024, /* unread bytes kept while a request is being answered */
    LIMIT_REPLY_BYTES = 16 * 1024 * 1024,
    LIMIT_REQUEST_ARENA_BYTES = 4 * 1024 * 1024,
    LIMIT_REQUEST_ID_BYTES = 64,

    /* JSON request bodies (ours) */
    LIMIT_JSON_DEPTH = 32,

    /* WebSocket and gateway */
    LIMIT_GATEWAY_COMMAND_BYTES = 4096, /* docs, Gateway: "Payloads ... 4096 bytes" */
    LIMIT_IDENTIFY_BYTES = 15 * 1024,   /* people's clients send longer Identifies (ours) */
    LIMIT_GATEWAY_COMMANDS = 120,       /* docs: per 60 seconds */

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
};
