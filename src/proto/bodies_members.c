/* The shapes of bodies about members and moderation. */

#include "proto/bodies_members.h"

#include "base/limits.h"
#include "proto/body_rows.h"

enum { ACCESS_TOKEN_MAX = 10240, DAY_S = 24 * 3600, PRUNE_DAYS_MAX = 30, PRUNE_ROLES_MAX = 100 };

#define NICK(body) STR_P("nick", body, nick, NT, 0, LIMIT_NICK_MAX, BODY_MEMBER_NICK)
#define ROLES(body)                                                                                \
    ARRAY_P("roles", body, roles, N, LIMIT_GUILD_ROLES, &SHAPE_ID_ITEM, BODY_MEMBER_ROLES)

static const struct field member_edit_fields[] = {
    NICK(body_member_edit),
    ROLES(body_member_edit),
    BOOL("mute", body_member_edit, mute, N, BODY_MEMBER_MUTE),
    BOOL("deaf", body_member_edit, deaf, N, BODY_MEMBER_DEAF),
    ID_P("channel_id", body_member_edit, channel_id, N, BODY_MEMBER_CHANNEL),
    TIME_P("communication_disabled_until", body_member_edit, timed_out_until_ms, N,
           BODY_MEMBER_TIME_OUT),
    INT("flags", body_member_edit, flags, N, 0, INT32_MAX, BODY_MEMBER_FLAGS),
};
const struct shape SHAPE_MEMBER_EDIT = SHAPE("Member edit", member_edit_fields, body_member_edit);

static const struct field member_self_fields[] = {
    NICK(body_member_self),
    IMAGE("avatar", body_member_self, avatar, N, BODY_MEMBER_AVATAR),
    IMAGE("banner", body_member_self, banner, N, BODY_MEMBER_BANNER),
    LATER("bio"),
    LATER("pronouns"),
};
const struct shape SHAPE_MEMBER_SELF =
    SHAPE("Own member edit", member_self_fields, body_member_self);

static const struct field member_add_fields[] = {
    STR("access_token", body_member_add, access_token, R, 1, ACCESS_TOKEN_MAX),
    NICK(body_member_add),
    ROLES(body_member_add),
    BOOL("mute", body_member_add, mute, N, BODY_MEMBER_MUTE),
    BOOL("deaf", body_member_add, deaf, N, BODY_MEMBER_DEAF),
    IGNORED("flags"),
};
const struct shape SHAPE_MEMBER_ADD = SHAPE("Member add", member_add_fields, body_member_add);

static const struct field ban_fields[] = {
    INT("delete_message_seconds", body_ban, delete_message_seconds, N, 0, LIMIT_BAN_DELETE_S,
        BODY_BAN_SECONDS),
    INT("delete_message_days", body_ban, delete_message_days, N, 0, LIMIT_BAN_DELETE_S / DAY_S,
        BODY_BAN_DAYS),
    BOOL("ban_addresses", body_ban, ban_addresses, N, BIT_UNUSED),
};
const struct shape SHAPE_BAN = SHAPE("Ban", ban_fields, body_ban);

static const struct field bulk_ban_fields[] = {
    {.name = "user_ids",
     .type = FIELD_ARRAY,
     .flags = R,
     .min = 1,
     .max = LIMIT_BULK_BAN,
     .shape = &SHAPE_ID_ITEM,
     .present = BIT_UNUSED,
     AT(body_bulk_ban, user_ids)},
    INT("delete_message_seconds", body_bulk_ban, delete_message_seconds, N, 0, LIMIT_BAN_DELETE_S,
        BIT_UNUSED),
    BOOL("ban_addresses", body_bulk_ban, ban_addresses, N, BIT_UNUSED),
};
const struct shape SHAPE_BULK_BAN = SHAPE("Bulk ban", bulk_ban_fields, body_bulk_ban);

static const struct field address_ban_fields[] = {
    ID("user_id", body_address_ban, user_id, R),
};
const struct shape SHAPE_ADDRESS_BAN = SHAPE("Address ban", address_ban_fields, body_address_ban);

/* Libraries send the roles as a list or, as in the query of GET, as text. */
static const struct field prune_fields[] = {
    INT("days", body_prune, days, N, 1, PRUNE_DAYS_MAX, BODY_PRUNE_DAYS),
    BOOL("compute_prune_count", body_prune, compute_prune_count, N, BODY_PRUNE_COUNT),
    ARRAY_P("include_roles", body_prune, include_roles, N | FIELD_COMMAS, PRUNE_ROLES_MAX,
            &SHAPE_ID_ITEM, BODY_PRUNE_ROLES),
};
const struct shape SHAPE_PRUNE = SHAPE("Prune", prune_fields, body_prune);

static const struct field incidents_fields[] = {
    TIME_P("invites_disabled_until", body_incidents, invites_disabled_until_ms, N,
           BODY_INCIDENTS_INVITES),
    TIME_P("dms_disabled_until", body_incidents, dms_disabled_until_ms, N, BODY_INCIDENTS_DMS),
};
const struct shape SHAPE_INCIDENTS = SHAPE("Incident actions", incidents_fields, body_incidents);
