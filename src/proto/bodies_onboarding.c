/* Bodies of the welcome screen, screening, onboarding, and the widget. Rows IGNORED are keys that
 * clients send back because they were shown them. */

#include "proto/bodies_onboarding.h"

#include "base/limits.h"
#include "proto/bodies.h"
#include "proto/body_rows.h"

enum {
    WELCOME_DESCRIPTION_MAX = 140, /* schema, as are those below */
    WELCOME_CHANNEL_DESCRIPTION_MAX = 50,
    EMOJI_NAME_MAX = 100,
    PROMPT_TITLE_MAX = 100,
    OPTION_TITLE_MAX = 50,
    OPTION_DESCRIPTION_MAX = 100,
    OPTION_TARGETS_MAX = 50,
    RESPONSES_MAX = LIMIT_ONBOARDING_PROMPTS * LIMIT_ONBOARDING_OPTIONS,
    MEMBER_ACTIONS_MAX = 5, /* userdoccers, as are those below */
    RESOURCE_CHANNELS_MAX = 7,
    ACTION_TITLE_MAX = 60,
    ACTION_DESCRIPTION_MAX = 200,
    WELCOME_MESSAGE_MAX = 300
};

static const struct field welcome_channel_fields[] = {
    ID("channel_id", body_welcome_channel, channel_id, R),
    STR("description", body_welcome_channel, description, RT, 1, WELCOME_CHANNEL_DESCRIPTION_MAX),
    ID("emoji_id", body_welcome_channel, emoji_id, N),
    STR("emoji_name", body_welcome_channel, emoji_name, N, 0, EMOJI_NAME_MAX),
};
static const struct shape welcome_channel_shape =
    SHAPE("Welcome channel", welcome_channel_fields, body_welcome_channel);

static const struct field welcome_fields[] = {
    BOOL("enabled", body_welcome, enabled, N, BODY_WELCOME_ENABLED),
    STR_P("description", body_welcome, description, NT, 0, WELCOME_DESCRIPTION_MAX,
          BODY_WELCOME_DESCRIPTION),
    ARRAY_P("welcome_channels", body_welcome, welcome_channels, N, LIMIT_WELCOME_CHANNELS,
            &welcome_channel_shape, BODY_WELCOME_CHANNELS),
};
const struct shape SHAPE_WELCOME = SHAPE("Welcome screen", welcome_fields, body_welcome);

static const struct field long_text_fields[] = {
    {.name = NULL,
     .type = FIELD_STRING,
     .min = 1,
     .max = LIMIT_SCREENING_TEXT,
     AT(body_long_text, value)},
};
static const struct shape long_text_shape = SHAPE("string", long_text_fields, body_long_text);

static const struct field screening_field_fields[] = {
    STR("field_type", body_screening_field, field_type, R, 1, 32),
    STR("label", body_screening_field, label, NT, 0, LIMIT_SCREENING_TEXT),
    STR("description", body_screening_field, description, NT, 0, LIMIT_SCREENING_TEXT),
    STR("placeholder", body_screening_field, placeholder, NT, 0, LIMIT_SCREENING_TEXT),
    BOOL("required", body_screening_field, required, N, BIT_UNUSED),
    ARRAY("values", body_screening_field, values, N, LIMIT_SCREENING_VALUES, &long_text_shape),
    ARRAY("choices", body_screening_field, choices, N, LIMIT_SCREENING_CHOICES, &long_text_shape),
    LATER("automations"),
    IGNORED("response"),
};
static const struct shape screening_field_shape =
    SHAPE("Screening field", screening_field_fields, body_screening_field);

static const struct field screening_fields[] = {
    STR("version", body_screening, version, N, 0, 64),
    BOOL("enabled", body_screening, enabled, N, BODY_SCREENING_ENABLED),
    ARRAY_P("form_fields", body_screening, form_fields, N, LIMIT_SCREENING_FIELDS,
            &screening_field_shape, BODY_SCREENING_FIELDS),
    STR_P("description", body_screening, description, NT, 0, LIMIT_SCREENING_TEXT,
          BODY_SCREENING_DESCRIPTION),
};
const struct shape SHAPE_SCREENING = SHAPE("Member verification", screening_fields, body_screening);

/* The answers have a type for each kind of question, which no row can say: screening_answers
 * (proto/screening.h) reads them from the JSON, against the form. */
static const struct field answers_fields[] = {
    STR("version", body_screening_answers, version, N, 0, 64),
    IGNORED("form_fields"),
    IGNORED("description"),
};
const struct shape SHAPE_SCREENING_ANSWERS =
    SHAPE("Member verification answers", answers_fields, body_screening_answers);

static const struct field option_fields[] = {
    ID("id", body_onboarding_option, id, N),
    STR("title", body_onboarding_option, title, RT, 1, OPTION_TITLE_MAX),
    STR("description", body_onboarding_option, description, NT, 0, OPTION_DESCRIPTION_MAX),
    ID("emoji_id", body_onboarding_option, emoji_id, N),
    STR("emoji_name", body_onboarding_option, emoji_name, N, 0, EMOJI_NAME_MAX),
    BOOL("emoji_animated", body_onboarding_option, emoji_animated, N, BIT_UNUSED),
    ARRAY("role_ids", body_onboarding_option, role_ids, N, OPTION_TARGETS_MAX, &SHAPE_ID_ITEM),
    ARRAY("channel_ids", body_onboarding_option, channel_ids, N, OPTION_TARGETS_MAX,
          &SHAPE_ID_ITEM),
    IGNORED("emoji"),
};
static const struct shape option_shape =
    SHAPE("Onboarding option", option_fields, body_onboarding_option);

static const int64_t prompt_types[] = {0, 1, INT64_MIN};
static const struct field prompt_fields[] = {
    ID("id", body_onboarding_prompt, id, N),
    STR("title", body_onboarding_prompt, title, RT, 1, PROMPT_TITLE_MAX),
    BOOL("single_select", body_onboarding_prompt, single_select, N, BIT_UNUSED),
    BOOL("required", body_onboarding_prompt, required, N, BIT_UNUSED),
    BOOL("in_onboarding", body_onboarding_prompt, in_onboarding, N, BIT_UNUSED),
    ENUM("type", body_onboarding_prompt, type, N, prompt_types),
    {.name = "options",
     .type = FIELD_ARRAY,
     .flags = FIELD_REQUIRED,
     .min = 1,
     .max = LIMIT_ONBOARDING_OPTIONS,
     .shape = &option_shape,
     .present = BIT_UNUSED,
     AT(body_onboarding_prompt, options)},
};
static const struct shape prompt_shape =
    SHAPE("Onboarding prompt", prompt_fields, body_onboarding_prompt);

static const int64_t onboarding_modes[] = {0, 1, INT64_MIN};
static const struct field onboarding_fields[] = {
    ARRAY_P("prompts", body_onboarding, prompts, N, LIMIT_ONBOARDING_PROMPTS, &prompt_shape,
            BODY_ONBOARDING_PROMPTS),
    ARRAY_P("default_channel_ids", body_onboarding, default_channel_ids, N, LIMIT_GUILD_CHANNELS,
            &SHAPE_ID_ITEM, BODY_ONBOARDING_CHANNELS),
    BOOL("enabled", body_onboarding, enabled, N, BODY_ONBOARDING_ENABLED),
    ENUM_P("mode", body_onboarding, mode, N, onboarding_modes, BODY_ONBOARDING_MODE),
    IGNORED("guild_id"),
};
const struct shape SHAPE_ONBOARDING = SHAPE("Onboarding", onboarding_fields, body_onboarding);

static const struct field responses_fields[] = {
    ARRAY("onboarding_responses", body_onboarding_responses, onboarding_responses, N, RESPONSES_MAX,
          &SHAPE_ID_ITEM),
    IGNORED("onboarding_prompts_seen"),
    IGNORED("onboarding_responses_seen"),
};
const struct shape SHAPE_ONBOARDING_RESPONSES =
    SHAPE("Onboarding responses", responses_fields, body_onboarding_responses);

static const int64_t action_types[] = {0, 1, INT64_MIN};
static const struct field action_fields[] = {
    ID("channel_id", body_member_action, channel_id, R),
    ENUM("action_type", body_member_action, action_type, 0, action_types),
    STR("title", body_member_action, title, RT, 1, ACTION_TITLE_MAX),
    STR("description", body_member_action, description, NT, 0, ACTION_DESCRIPTION_MAX),
    LATER("icon"),
    LATER("emoji"),
};
static const struct shape action_shape =
    SHAPE("New member action", action_fields, body_member_action);

static const struct field resource_fields[] = {
    ID("channel_id", body_resource_channel, channel_id, R),
    STR("title", body_resource_channel, title, RT, 1, ACTION_TITLE_MAX),
    STR("description", body_resource_channel, description, NT, 0, ACTION_DESCRIPTION_MAX),
    LATER("icon"),
    LATER("emoji"),
};
static const struct shape resource_shape =
    SHAPE("Resource channel", resource_fields, body_resource_channel);

static const struct field welcome_message_fields[] = {
    ARRAY("author_ids", body_welcome_message, author_ids, N, 1, &SHAPE_ID_ITEM),
    STR("message", body_welcome_message, message, NT, 0, WELCOME_MESSAGE_MAX),
};
static const struct shape welcome_message_shape =
    SHAPE("Welcome message", welcome_message_fields, body_welcome_message);

static const struct field new_member_fields[] = {
    BOOL("enabled", body_new_member, enabled, N, BODY_NEW_MEMBER_ENABLED),
    OBJECT("welcome_message", body_new_member, welcome_message, N, &welcome_message_shape,
           BODY_NEW_MEMBER_MESSAGE),
    ARRAY_P("new_member_actions", body_new_member, new_member_actions, N, MEMBER_ACTIONS_MAX,
            &action_shape, BODY_NEW_MEMBER_ACTIONS),
    ARRAY_P("resource_channels", body_new_member, resource_channels, N, RESOURCE_CHANNELS_MAX,
            &resource_shape, BODY_NEW_MEMBER_RESOURCES),
    IGNORED("guild_id"),
};
const struct shape SHAPE_NEW_MEMBER =
    SHAPE("New member welcome", new_member_fields, body_new_member);

static const struct field widget_fields[] = {
    BOOL("enabled", body_widget, enabled, N, BODY_WIDGET_ENABLED),
    ID_P("channel_id", body_widget, channel_id, N, BODY_WIDGET_CHANNEL),
};
const struct shape SHAPE_WIDGET = SHAPE("Widget", widget_fields, body_widget);
