/* Bodies of AutoMod's routes (docs, "Auto Moderation"). */

#include "proto/bodies_automod.h"

#include "base/limits.h"
#include "model/automod.h"
#include "proto/body_rows.h"

#define TEXTS(most)                                                                                \
    {                                                                                              \
        {.name = NULL, .type = FIELD_STRING, .min = 1, .max = most, AT(body_text_item, value)},    \
    }
static const struct field keyword_fields[] = TEXTS(LIMIT_AUTOMOD_KEYWORD_MAX);
static const struct shape keyword_shape = SHAPE("keyword", keyword_fields, body_text_item);
static const struct field pattern_fields[] = TEXTS(LIMIT_AUTOMOD_PATTERN_MAX);
static const struct shape pattern_shape =
    SHAPE("regular expression", pattern_fields, body_text_item);

static const int64_t presets[] = {1, 2, 3, INT64_MIN};
static const struct field preset_fields[] = {
    {.name = NULL, .type = FIELD_ENUM, .choices = presets, AT(body_automod_preset, value)},
};
static const struct shape preset_shape = SHAPE("preset", preset_fields, body_automod_preset);

static const struct field terms_fields[] = {
    ARRAY("keyword_filter", body_automod_terms, keyword_filter, N, LIMIT_AUTOMOD_KEYWORDS,
          &keyword_shape),
    ARRAY("regex_patterns", body_automod_terms, regex_patterns, N, LIMIT_AUTOMOD_PATTERNS,
          &pattern_shape),
    ARRAY("allow_list", body_automod_terms, allow_list, N, LIMIT_AUTOMOD_ALLOWED, &keyword_shape),
    ARRAY("presets", body_automod_terms, presets, N, 3, &preset_shape),
    INT("mention_total_limit", body_automod_terms, mention_total_limit, N, 0,
        LIMIT_AUTOMOD_MENTIONS, BODY_AUTOMOD_MENTION_LIMIT),
    BOOL("mention_raid_protection_enabled", body_automod_terms, mention_raid_protection_enabled, N,
         BIT_UNUSED),
};
const struct shape SHAPE_AUTOMOD_TERMS =
    SHAPE("AutoMod trigger metadata", terms_fields, body_automod_terms);

static const struct field metadata_fields[] = {
    STR("custom_message", body_automod_metadata, custom_message, NT, 0, LIMIT_AUTOMOD_MESSAGE),
    ID("channel_id", body_automod_metadata, channel_id, N),
    INT("duration_seconds", body_automod_metadata, duration_seconds, N, 0, LIMIT_TIMEOUT_S,
        BIT_UNUSED),
};
static const struct shape metadata_shape =
    SHAPE("AutoMod action metadata", metadata_fields, body_automod_metadata);

static const int64_t action_types[] = {AUTOMOD_BLOCK, AUTOMOD_ALERT, AUTOMOD_TIMEOUT,
                                       AUTOMOD_QUARANTINE, INT64_MIN};
static const struct field action_fields[] = {
    ENUM("type", body_automod_action, type, R, action_types),
    OBJECT("metadata", body_automod_action, metadata, N, &metadata_shape, BIT_UNUSED),
};
const struct shape SHAPE_AUTOMOD_ACTION =
    SHAPE("AutoMod action", action_fields, body_automod_action);

static const int64_t event_types[] = {AUTOMOD_EVENT_MESSAGE_SEND, AUTOMOD_EVENT_MEMBER_UPDATE,
                                      INT64_MIN};
static const int64_t trigger_types[] = {AUTOMOD_KEYWORD,  AUTOMOD_SPAM,    AUTOMOD_PRESET,
                                        AUTOMOD_MENTIONS, AUTOMOD_PROFILE, INT64_MIN};

/* What creating and editing have in common, but for the rule `required` of three of them. */
#define RULE_FIELDS(required_text, required)                                                       \
    STR_P("name", body_automod_rule, name, required_text, 1, LIMIT_AUTOMOD_NAME,                   \
          BODY_AUTOMOD_NAME),                                                                      \
        ENUM_P("event_type", body_automod_rule, event_type, required, event_types,                 \
               BODY_AUTOMOD_EVENT),                                                                \
        OBJECT("trigger_metadata", body_automod_rule, trigger_metadata, N, &SHAPE_AUTOMOD_TERMS,   \
               BODY_AUTOMOD_TERMS),                                                                \
        ARRAY_P("actions", body_automod_rule, actions, required, AUTOMOD_ACTIONS_MAX,              \
                &SHAPE_AUTOMOD_ACTION, BODY_AUTOMOD_ACTIONS),                                      \
        BOOL("enabled", body_automod_rule, enabled, N, BODY_AUTOMOD_ENABLED),                      \
        ARRAY_P("exempt_roles", body_automod_rule, exempt_roles, N, LIMIT_AUTOMOD_EXEMPT_ROLES,    \
                &SHAPE_ID_ITEM, BODY_AUTOMOD_ROLES),                                               \
        ARRAY_P("exempt_channels", body_automod_rule, exempt_channels, N,                          \
                LIMIT_AUTOMOD_EXEMPT_CHANNELS, &SHAPE_ID_ITEM, BODY_AUTOMOD_CHANNELS)

static const struct field create_fields[] = {
    RULE_FIELDS(RT, R),
    ENUM("trigger_type", body_automod_rule, trigger_type, R, trigger_types),
};
const struct shape SHAPE_AUTOMOD_CREATE =
    SHAPE("AutoMod rule create", create_fields, body_automod_rule);

/* A rule keeps its trigger (docs, "Modify Auto Moderation Rule"). */
static const struct field edit_fields[] = {
    RULE_FIELDS(FIELD_TRIM, 0),
    IGNORED("trigger_type"),
};
const struct shape SHAPE_AUTOMOD_EDIT = SHAPE("AutoMod rule edit", edit_fields, body_automod_rule);
