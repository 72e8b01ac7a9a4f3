/*
 * The shapes of request bodies, a table each. Limits are Discord's (base/limits.h). Rows of type
 * LATER name features that do not exist yet: empty values pass, others are refused. Rows of type
 * IGNORED are fields that stock clients send and that have no meaning here.
 */

#include "proto/bodies.h"

#include "base/limits.h"
#include "proto/body_rows.h"

static const struct field register_fields[] = {
    STR("username", body_register, username, R, LIMIT_USERNAME_MIN, LIMIT_USERNAME_MAX),
    STR("password", body_register, password, R, LIMIT_PASSWORD_MIN, LIMIT_PASSWORD_MAX),
    STR("email", body_register, email, N, 0, LIMIT_EMAIL_MAX),
    STR("global_name", body_register, global_name, NT, 0, LIMIT_GLOBAL_NAME_MAX),
    STR("invite", body_register, invite, N, 0, 100),
    IGNORED("date_of_birth"),
    IGNORED("consent"),
    IGNORED("fingerprint"),
    IGNORED("gift_code_sku_id"),
    IGNORED("promotional_email_opt_in"),
    IGNORED("captcha_key"),
    IGNORED("captcha_rqtoken"),
};
const struct shape SHAPE_REGISTER = SHAPE("Register", register_fields, body_register);

/* No length limits: whatever does not match is a wrong login, and says no more than that. */
static const struct field login_fields[] = {
    STR("login", body_login, login, R, 1, 1024),
    STR("password", body_login, password, R, 1, 1024),
    IGNORED("undelete"),
    IGNORED("captcha_key"),
    IGNORED("login_source"),
    IGNORED("gift_code_sku_id"),
};
const struct shape SHAPE_LOGIN = SHAPE("Login", login_fields, body_login);

static const struct field empty_fields[] = {IGNORED("session_id")};
const struct shape SHAPE_EMPTY = SHAPE("Empty", empty_fields, body_empty);

static const int64_t overwrite_types[] = {0, 1, INT64_MIN};
static const struct field overwrite_fields[] = {
    ID("id", body_overwrite, id, R),
    {.name = "type",
     .type = FIELD_ENUM,
     .present = BIT_UNUSED,
     .flags = FIELD_REQUIRED | FIELD_NUMERIC_STRING,
     .choices = overwrite_types,
     AT(body_overwrite, type)},
    BITS("allow", body_overwrite, allow, N),
    BITS("deny", body_overwrite, deny, N),
};
const struct shape SHAPE_OVERWRITE = SHAPE("Overwrite", overwrite_fields, body_overwrite);

static const struct field text_item_fields[] = {
    {.name = NULL, .type = FIELD_STRING, .max = 100, AT(body_text_item, value)},
};
const struct shape SHAPE_TEXT_ITEM = SHAPE("string", text_item_fields, body_text_item);
static const struct field id_item_fields[] = {
    {.name = NULL, .type = FIELD_SNOWFLAKE, AT(body_id_item, value)},
};
const struct shape SHAPE_ID_ITEM = SHAPE("snowflake", id_item_fields, body_id_item);

static const struct field allowed_mentions_fields[] = {
    ARRAY("parse", body_allowed_mentions, parse, N, 3, &SHAPE_TEXT_ITEM),
    ARRAY("users", body_allowed_mentions, users, N, LIMIT_MENTIONS, &SHAPE_ID_ITEM),
    ARRAY("roles", body_allowed_mentions, roles, N, LIMIT_MENTIONS, &SHAPE_ID_ITEM),
    BOOL("replied_user", body_allowed_mentions, replied_user, N, BIT_UNUSED),
};
static const struct shape allowed_mentions_shape =
    SHAPE("Allowed mentions", allowed_mentions_fields, body_allowed_mentions);

/* Type 1, a forward, is refused by the choices until forwards exist. */
static const int64_t reference_types[] = {0, INT64_MIN};
static const struct field message_reference_fields[] = {
    ENUM("type", body_message_reference, type, N, reference_types),
    ID("message_id", body_message_reference, message_id, R),
    ID("channel_id", body_message_reference, channel_id, N),
    ID("guild_id", body_message_reference, guild_id, N),
    BOOL("fail_if_not_exists", body_message_reference, fail_if_not_exists, N,
         BODY_REFERENCE_FAIL_IF_NOT_EXISTS),
};
static const struct shape message_reference_shape =
    SHAPE("Message reference", message_reference_fields, body_message_reference);

#define CONTENT(body)                                                                              \
    {                                                                                              \
        .name = "content", .type = FIELD_STRING, .flags = NT, .max = LIMIT_MESSAGE_CONTENT,        \
        .present = BODY_MESSAGE_CONTENT, AT(body, content)                                         \
    }

static const struct field message_create_fields[] = {
    CONTENT(body_message_create),
    INT("flags", body_message_create, flags, N, 0, INT32_MAX, BODY_MESSAGE_FLAGS),
    {.name = "nonce",
     .type = FIELD_NONCE,
     .flags = N,
     .max = LIMIT_NONCE,
     .present = BIT_UNUSED,
     AT(body_message_create, nonce)},
    BOOL("enforce_nonce", body_message_create, enforce_nonce, N, BIT_UNUSED),
    BOOL("tts", body_message_create, tts, N, BIT_UNUSED),
    OBJECT("message_reference", body_message_create, message_reference, N, &message_reference_shape,
           BODY_MESSAGE_REFERENCE),
    OBJECT("allowed_mentions", body_message_create, allowed_mentions, N, &allowed_mentions_shape,
           BODY_MESSAGE_ALLOWED_MENTIONS),
    LATER("embeds"),
    LATER("embed"),
    LATER("components"),
    LATER("sticker_ids"),
    LATER("attachments"),
    LATER("poll"),
    LATER("shared_client_theme"),
    IGNORED("mobile_network_type"),
};
const struct shape SHAPE_MESSAGE_CREATE =
    SHAPE("Message create", message_create_fields, body_message_create);

static const struct field message_edit_fields[] = {
    CONTENT(body_message_edit),
    INT("flags", body_message_edit, flags, N, 0, INT32_MAX, BODY_MESSAGE_FLAGS),
    OBJECT("allowed_mentions", body_message_edit, allowed_mentions, N, &allowed_mentions_shape,
           BODY_MESSAGE_ALLOWED_MENTIONS),
    LATER("embeds"),
    LATER("embed"),
    LATER("components"),
    LATER("attachments"),
};
const struct shape SHAPE_MESSAGE_EDIT =
    SHAPE("Message edit", message_edit_fields, body_message_edit);

static const struct field application_create_fields[] = {
    STR("name", body_application_create, name, RT, LIMIT_APPLICATION_NAME_MIN,
        LIMIT_APPLICATION_NAME_MAX),
    STR("description", body_application_create, description, NT, 0, 400),
    LATER("icon"),
    IGNORED("team_id"),
};
const struct shape SHAPE_APPLICATION_CREATE =
    SHAPE("Application create", application_create_fields, body_application_create);

static const struct field authorize_fields[] = {
    ID("guild_id", body_authorize, guild_id, R),
    BITS("permissions", body_authorize, permissions, N),
    BOOL("authorize", body_authorize, authorize, R, BIT_UNUSED),
    IGNORED("integration_type"),
    IGNORED("captcha_key"),
    IGNORED("mfa_code"),
    IGNORED("location_context"),
};
const struct shape SHAPE_AUTHORIZE = SHAPE("Authorize", authorize_fields, body_authorize);
