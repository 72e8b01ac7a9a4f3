/* Bodies of invites, vanity codes, the directory and requests to join. */

#include "proto/bodies_invites.h"

#include "base/limits.h"
#include "proto/bodies.h"
#include "proto/body_rows.h"

/* Of the flags only the one that lets people past the screening (core/invites.h). */
static const int64_t invite_flags[] = {0, 8, INT64_MIN};
static const int64_t target_types[] = {1, 2, INT64_MIN};
static const struct field invite_create_fields[] = {
    INT("max_age", body_invite_create, max_age, N, 0, LIMIT_INVITE_MAX_AGE_S, BODY_INVITE_MAX_AGE),
    INT("max_uses", body_invite_create, max_uses, N, 0, LIMIT_INVITE_MAX_USES, BIT_UNUSED),
    BOOL("temporary", body_invite_create, temporary, N, BIT_UNUSED),
    BOOL("unique", body_invite_create, unique, N, BIT_UNUSED),
    ENUM("flags", body_invite_create, flags, N, invite_flags),
    ENUM("target_type", body_invite_create, target_type, N, target_types),
    ID("target_user_id", body_invite_create, target_user_id, N),
    ID("target_application_id", body_invite_create, target_application_id, N),
    ARRAY("role_ids", body_invite_create, role_ids, N, LIMIT_GUILD_ROLES, &SHAPE_ID_ITEM),
    LATER("target_users_file"),
    IGNORED("validate"),
};
const struct shape SHAPE_INVITE_CREATE =
    SHAPE("Invite create", invite_create_fields, body_invite_create);

/* What letters it may have is the use-case's affair. */
static const struct field vanity_fields[] = {
    STR_P("code", body_vanity, code, N, 0, LIMIT_VANITY_MAX, BODY_VANITY_CODE),
};
const struct shape SHAPE_VANITY = SHAPE("Vanity URL", vanity_fields, body_vanity);

static const int64_t join_policies[] = {0, 1, 2, INT64_MIN};
static const struct field directory_fields[] = {
    BOOL("listed", body_directory, listed, 0, BODY_DIRECTORY_LISTED),
    ENUM_P("join_policy", body_directory, join_policy, 0, join_policies,
           BODY_DIRECTORY_JOIN_POLICY),
};
const struct shape SHAPE_DIRECTORY = SHAPE("Directory entry", directory_fields, body_directory);

static const struct field request_action_fields[] = {
    STR("action", body_request_action, action, R, 1, 16),
    STR("rejection_reason", body_request_action, rejection_reason, NT, 0, LIMIT_REJECTION_REASON),
};
const struct shape SHAPE_REQUEST_ACTION =
    SHAPE("Join request action", request_action_fields, body_request_action);
