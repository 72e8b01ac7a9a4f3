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
