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
extern const struct shape SHAPE_APPLICATION_CREATE;
extern const struct shape SHAPE_AUTHORIZE;
