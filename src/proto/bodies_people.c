/* Bodies of direct messages, relations and notes. */

#include "proto/bodies_people.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum { DM_TOKENS_MAX = 10, TOKEN_MAX = 128, NOTE_TEXT_MAX = 4000 };

/* More than the recipients that fit are the use-case's affair (30004). */
static const struct field dm_open_fields[] = {
    ID_P("recipient_id", body_dm_open, recipient_id, N, BODY_DM_RECIPIENT),
    ARRAY_P("recipients", body_dm_open, recipients, N, 100, &SHAPE_ID_ITEM, BODY_DM_RECIPIENTS),
    ARRAY_P("access_tokens", body_dm_open, access_tokens, N, DM_TOKENS_MAX, &SHAPE_TEXT_ITEM,
            BODY_DM_TOKENS),
    IGNORED("nicks"),
};
const struct shape SHAPE_DM_OPEN = SHAPE("Direct message open", dm_open_fields, body_dm_open);

static const struct field friend_request_fields[] = {
    STR("username", body_friend_request, username, RT, 1, LIMIT_USERNAME_MAX),
    IGNORED("discriminator"),
};
const struct shape SHAPE_FRIEND_REQUEST =
    SHAPE("Friend request", friend_request_fields, body_friend_request);

static const int64_t relationship_types[] = {1, 2, INT64_MIN};
static const struct field relationship_fields[] = {
    ENUM_P("type", body_relationship, type, N, relationship_types, BODY_RELATIONSHIP_TYPE),
    IGNORED("friend_token"),
    IGNORED("from_friend_suggestion"),
    IGNORED("confirm_stranger_request"),
};
const struct shape SHAPE_RELATIONSHIP =
    SHAPE("Relationship", relationship_fields, body_relationship);

static const struct field relationship_edit_fields[] = {
    STR_P("nickname", body_relationship_edit, nickname, NT, 0, LIMIT_NICK_MAX,
          BODY_RELATIONSHIP_NICKNAME),
};
const struct shape SHAPE_RELATIONSHIP_EDIT =
    SHAPE("Relationship edit", relationship_edit_fields, body_relationship_edit);

static const struct field relationships_bulk_fields[] = {
    ARRAY("user_ids", body_relationships_bulk, user_ids, R, LIMIT_RELATIONSHIPS_BULK,
          &SHAPE_ID_ITEM),
};
const struct shape SHAPE_RELATIONSHIPS_BULK =
    SHAPE("Relationships bulk", relationships_bulk_fields, body_relationships_bulk);

/* Too long a note has an error of its own (50015). */
static const struct field note_fields[] = {
    STR("note", body_note, note, N, 0, NOTE_TEXT_MAX),
};
const struct shape SHAPE_NOTE = SHAPE("Note", note_fields, body_note);

#define PROFILE_FIELDS                                                                             \
    INT("accent_color", body_profile, accent_color, N, 0, 0xffffff, BODY_PROFILE_ACCENT_COLOR),    \
        STR_P("bio", body_profile, bio, N, 0, LIMIT_BIO, BODY_PROFILE_BIO),                        \
        STR_P("pronouns", body_profile, pronouns, NT, 0, LIMIT_PRONOUNS, BODY_PROFILE_PRONOUNS)

static const struct field user_edit_fields[] = {
    STR_P("username", body_profile, username, FIELD_TRIM, LIMIT_USERNAME_MIN, LIMIT_USERNAME_MAX,
          BODY_PROFILE_USERNAME),
    STR_P("global_name", body_profile, global_name, NT, 0, LIMIT_GLOBAL_NAME_MAX,
          BODY_PROFILE_GLOBAL_NAME),
    IMAGE("avatar", body_profile, avatar, N, BODY_PROFILE_AVATAR),
    IMAGE("banner", body_profile, banner, N, BODY_PROFILE_BANNER),
    PROFILE_FIELDS,
    STR_P("email", body_profile, email, FIELD_TRIM, 3, LIMIT_EMAIL_MAX, BODY_PROFILE_EMAIL),
    STR("password", body_profile, password, N, 0, LIMIT_PASSWORD_MAX),
    STR_P("new_password", body_profile, new_password, 0, LIMIT_PASSWORD_MIN, LIMIT_PASSWORD_MAX,
          BODY_PROFILE_NEW_PASSWORD),
    IGNORED("discriminator"),
    IGNORED("flags"),
    IGNORED("avatar_decoration_id"),
    IGNORED("date_of_birth"),
    IGNORED("email_token"),
};
const struct shape SHAPE_USER_EDIT = SHAPE("User edit", user_edit_fields, body_profile);

static const struct field profile_edit_fields[] = {PROFILE_FIELDS};
const struct shape SHAPE_PROFILE_EDIT = SHAPE("Profile edit", profile_edit_fields, body_profile);
