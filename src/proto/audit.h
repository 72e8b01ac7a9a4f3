#pragma once

/*
 * What an audit log entry says beside who and whom: its changes and options, as JSON in the form of
 * the API (docs, "Audit Log Change Object", "Optional Audit Entry Info").
 */

#include "base/buf.h"
#include "model/event.h"
#include "wire/json_write.h"

/* docs, "Audit Log Events". */
enum audit_action {
    AUDIT_GUILD_UPDATE = 1,
    AUDIT_CHANNEL_CREATE = 10,
    AUDIT_CHANNEL_UPDATE = 11,
    AUDIT_CHANNEL_DELETE = 12,
    AUDIT_OVERWRITE_CREATE = 13,
    AUDIT_OVERWRITE_UPDATE = 14,
    AUDIT_OVERWRITE_DELETE = 15,
    AUDIT_MEMBER_KICK = 20,
    AUDIT_MEMBER_PRUNE = 21,
    AUDIT_BAN_ADD = 22,
    AUDIT_BAN_REMOVE = 23,
    AUDIT_MEMBER_UPDATE = 24,
    AUDIT_MEMBER_ROLE_UPDATE = 25,
    AUDIT_MEMBER_MOVE = 26,
    AUDIT_MEMBER_DISCONNECT = 27,
    AUDIT_BOT_ADD = 28,
    AUDIT_ROLE_CREATE = 30,
    AUDIT_ROLE_UPDATE = 31,
    AUDIT_ROLE_DELETE = 32,
    AUDIT_INVITE_CREATE = 40,
    AUDIT_INVITE_UPDATE = 41,
    AUDIT_INVITE_DELETE = 42,
    AUDIT_EMOJI_CREATE = 60,
    AUDIT_EMOJI_UPDATE = 61,
    AUDIT_EMOJI_DELETE = 62,
    AUDIT_MESSAGE_DELETE = 72,
    AUDIT_MESSAGE_BULK_DELETE = 73,
    AUDIT_MESSAGE_PIN = 74,
    AUDIT_MESSAGE_UNPIN = 75,
    AUDIT_INTEGRATION_CREATE = 80,
    AUDIT_INTEGRATION_UPDATE = 81,
    AUDIT_INTEGRATION_DELETE = 82,
    AUDIT_STAGE_CREATE = 83,
    AUDIT_STAGE_UPDATE = 84,
    AUDIT_STAGE_DELETE = 85,
    AUDIT_STICKER_CREATE = 90,
    AUDIT_STICKER_UPDATE = 91,
    AUDIT_STICKER_DELETE = 92,
    AUDIT_SCHEDULED_EVENT_CREATE = 100,
    AUDIT_SCHEDULED_EVENT_UPDATE = 101,
    AUDIT_SCHEDULED_EVENT_DELETE = 102,
    AUDIT_SOUND_CREATE = 130,
    AUDIT_SOUND_UPDATE = 131,
    AUDIT_SOUND_DELETE = 132,
    AUDIT_AUTOMOD_RULE_CREATE = 140,
    AUDIT_AUTOMOD_RULE_UPDATE = 141,
    AUDIT_AUTOMOD_RULE_DELETE = 142,
    AUDIT_AUTOMOD_BLOCK = 143,
    AUDIT_AUTOMOD_ALERT = 144,
    AUDIT_AUTOMOD_TIMEOUT = 145,
    AUDIT_AUTOMOD_QUARANTINE = 146,
    AUDIT_ONBOARDING_PROMPT_CREATE = 163,
    AUDIT_ONBOARDING_PROMPT_UPDATE = 164,
    AUDIT_ONBOARDING_PROMPT_DELETE = 165,
    AUDIT_ONBOARDING_CREATE = 166,
    AUDIT_ONBOARDING_UPDATE = 167,
    AUDIT_HOME_SETTINGS_CREATE = 190,
    AUDIT_HOME_SETTINGS_UPDATE = 191,
    AUDIT_VOICE_STATUS_UPDATE = 192,
    AUDIT_VOICE_STATUS_DELETE = 193
};

/* Under construction. A value that is the same before and after is no change and is left out. */
struct audit_note {
    struct buf changes;
    struct buf options;
    struct json_writer changes_w;
    struct json_writer options_w;
    bool any_change;
    bool any_option;
};

void audit_note_init(struct audit_note *n);
void audit_note_deinit(struct audit_note *n);

/* data NULL: there was, or is, no such value (the key is left out of the change). */
void audit_text(struct audit_note *n, const char *key, struct slice before, struct slice after);
void audit_number(struct audit_note *n, const char *key, int64_t before, int64_t after);
void audit_flag(struct audit_note *n, const char *key, bool before, bool after);
/* Ids, and permission sets: strings of digits; an id 0 is left out as absent. */
void audit_id(struct audit_note *n, const char *key, uint64_t before, uint64_t after);
void audit_bits(struct audit_note *n, const char *key, uint64_t before, uint64_t after);
/* Complete JSON values; data NULL: absent. */
void audit_json(struct audit_note *n, const char *key, struct slice before, struct slice after);
/* Values of a thing that begins or ends: only new_value or only old_value. */
void audit_text_only(struct audit_note *n, const char *key, struct slice value, bool is_new);
void audit_number_only(struct audit_note *n, const char *key, int64_t value, bool is_new);
void audit_flag_only(struct audit_note *n, const char *key, bool value, bool is_new);
void audit_bits_only(struct audit_note *n, const char *key, uint64_t value, bool is_new);
/* "$add" or "$remove": [{"name":...,"id":...}] of one role. */
void audit_role(struct audit_note *n, const char *key, uint64_t role, struct slice name);

void audit_option_id(struct audit_note *n, const char *key, uint64_t value);
void audit_option_text(struct audit_note *n, const char *key, struct slice value);
/* As a string of digits, which is what options hold. */
void audit_option_number(struct audit_note *n, const char *key, uint64_t value);

/* Ends n: the JSON of its parts; data NULL: there is none. False when memory was short. */
MUST_CHECK bool audit_note_end(struct audit_note *n, struct slice *changes, struct slice *options);

/* An entry as stored. */
struct audit_entry {
    uint64_t id;
    struct guild_id guild;
    uint64_t user;   /* who did it; 0: nobody (a task) */
    uint64_t target; /* 0: none */
    enum audit_action action;
    struct slice options; /* JSON; data NULL: none, also below */
    struct slice changes;
    struct slice reason;
};
void proto_audit_entry(struct json_writer *w, const struct audit_entry *e);
/* Without the braces. */
void proto_audit_entry_keys(struct json_writer *w, const struct audit_entry *e);
/* GUILD_AUDIT_LOG_ENTRY_CREATE. */
struct event *event_audit_entry(const struct audit_entry *e);
