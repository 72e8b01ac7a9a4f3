#pragma once

/*
 * The request bodies of the API: their C structs and their shapes (bodies.c). A slice points into
 * the parsed JSON, which lives as long as the request. An absent or null field stays zero; ask
 * BODY_SENT where that matters.
 */

#include "proto/body.h"

struct body_register {
    uint64_t present;
    uint64_t null;
    struct slice username;
    struct slice global_name;
    struct slice email;
    struct slice password;
    struct slice invite;
};

struct body_login {
    uint64_t present;
    uint64_t null;
    struct slice login;
    struct slice password;
};

struct body_overwrite {
    uint64_t present;
    uint64_t null;
    uint64_t id;
    int64_t type;
    uint64_t allow;
    uint64_t deny;
};

/* An item of an array of strings or ids. */
struct body_text_item {
    uint64_t present;
    uint64_t null;
    struct slice value;
};
struct body_id_item {
    uint64_t present;
    uint64_t null;
    uint64_t value;
};

struct body_allowed_mentions {
    uint64_t present;
    uint64_t null;
    struct body_array parse; /* struct body_text_item */
    struct body_array users; /* struct body_id_item */
    struct body_array roles; /* struct body_id_item */
    bool replied_user;
};

enum body_message_reference_field { BODY_REFERENCE_FAIL_IF_NOT_EXISTS };

struct body_message_reference {
    uint64_t present;
    uint64_t null;
    int64_t type;
    uint64_t message_id;
    uint64_t channel_id;
    uint64_t guild_id;
    bool fail_if_not_exists;
};

enum body_message_field {
    BODY_MESSAGE_CONTENT,
    BODY_MESSAGE_FLAGS,
    BODY_MESSAGE_REFERENCE,
    BODY_MESSAGE_ALLOWED_MENTIONS
};

struct body_message_create {
    uint64_t present;
    uint64_t null;
    struct slice content;
    int64_t flags;
    struct body_nonce nonce;
    bool enforce_nonce;
    bool tts;
    struct body_message_reference message_reference;
    struct body_allowed_mentions allowed_mentions;
};

struct body_message_edit {
    uint64_t present; /* enum body_message_field */
    uint64_t null;
    struct slice content;
    int64_t flags;
    struct body_allowed_mentions allowed_mentions;
};

struct body_application_create {
    uint64_t present;
    uint64_t null;
    struct slice name;
    struct slice description;
};

struct body_authorize {
    uint64_t present;
    uint64_t null;
    uint64_t guild_id;
    uint64_t permissions;
    bool authorize;
};

/* A body whose fields all do not matter. */
struct body_empty {
    uint64_t present;
    uint64_t null;
};

/* Items of arrays, for the shapes of other files. */
extern const struct shape SHAPE_OVERWRITE;
extern const struct shape SHAPE_TEXT_ITEM;
extern const struct shape SHAPE_ID_ITEM;

extern const struct shape SHAPE_REGISTER;
extern const struct shape SHAPE_LOGIN;
extern const struct shape SHAPE_EMPTY;
extern const struct shape SHAPE_MESSAGE_CREATE;
extern const struct shape SHAPE_MESSAGE_EDIT;
extern const struct shape SHAPE_APPLICATION_CREATE;
extern const struct shape SHAPE_AUTHORIZE;
