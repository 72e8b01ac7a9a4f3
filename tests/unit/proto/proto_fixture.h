#pragma once

/* A small world of entities, and JSON read back for looking at. */

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "model/entities.h"
#include "model/guild_view.h"
#include "wire/json_read.h"
#include "wire/json_write.h"

static const struct user ADA = {.id = {100},
                                .username = {"ada", 3},
                                .global_name = {"Ada \"L\"", 7},
                                .email = {"ada@example.org", 15}};
static const struct user BOT = {.id = {200}, .username = {"botty", 5}, .bot = true};

static inline json_t *parse(struct slice text)
{
    json_t *v = NULL;
    assert_int_equal(json_read(text, 32, &v), ERR_OK);
    return v;
}

/* Reads what the writer made and empties its buffer. */
static inline json_t *take(struct buf *b)
{
    assert_false(b->failed);
    json_t *v = parse(buf_slice(b));
    buf_deinit(b);
    return v;
}

/* A value by a path of keys and indexes joined by '.'; NULL if it is absent. */
static inline json_t *at(json_t *v, const char *path)
{
    struct slice rest = slice_from(path);
    struct slice part;
    while (v != NULL && slice_next(&rest, '.', &part)) {
        uint64_t index;
        if (json_is_array(v) && slice_to_u64(part, &index))
            v = json_array_get(v, index);
        else
            v = json_object_getn(v, part.data, part.len);
    }
    return v;
}

static inline void assert_str(json_t *v, const char *path, const char *want)
{
    json_t *found = at(v, path);
    assert_non_null(found);
    assert_true(json_is_string(found));
    assert_string_equal(json_string_value(found), want);
}

static inline void assert_num(json_t *v, const char *path, json_int_t want)
{
    json_t *found = at(v, path);
    assert_non_null(found);
    assert_true(json_is_integer(found));
    assert_int_equal(json_integer_value(found), want);
}

static inline void assert_null_at(json_t *v, const char *path)
{
    json_t *found = at(v, path);
    assert_non_null(found);
    assert_true(json_is_null(found));
}

/* `keys` are separated by spaces. */
static inline void assert_keys(json_t *v, const char *keys)
{
    struct slice rest = slice_from(keys);
    struct slice key;
    while (slice_next(&rest, ' ', &key)) {
        if (json_object_getn(v, key.data, key.len) == NULL)
            fail_msg("no key %.*s", SLICE_ARG(key));
    }
}

/* The required keys of the official schema's UserResponse. */
#define USER_KEYS "id username avatar discriminator public_flags flags global_name primary_guild"

static inline struct guild_view *world_view(void)
{
    static const struct overwrite overwrites[] = {
        {1, OVERWRITE_ROLE, 0, UINT64_C(1) << 52},
        {100, OVERWRITE_MEMBER, UINT64_C(1) << 11, 0},
    };
    const struct guild guild = {.id = {1},
                                .tenant = TENANT_DEFAULT,
                                .name = SLICE("Hall"),
                                .owner = {100},
                                .system_channel = {10},
                                .afk_timeout = 300,
                                .preferred_locale = SLICE("en-US")};
    const struct role roles[] = {
        {.id = {1}, .guild = {1}, .name = SLICE("@everyone"), .permissions = 1024},
        {.id = {5},
         .guild = {1},
         .name = SLICE("Botty"),
         .permissions = UINT64_C(1) << 52,
         .position = 1,
         .color = 0x112233,
         .managed = true,
         .bot = {200}},
    };
    const struct channel channels[] = {
        {.id = {10},
         .guild = {1},
         .type = CHANNEL_TYPE_TEXT,
         .name = SLICE("general"),
         .parent = {12},
         .overwrites = overwrites,
         .overwrite_count = 2},
        {.id = {11},
         .guild = {1},
         .type = CHANNEL_TYPE_VOICE,
         .name = SLICE("General"),
         .bitrate = 64000},
        {.id = {12}, .guild = {1}, .type = CHANNEL_TYPE_CATEGORY, .name = SLICE("All")},
        {.id = {13}, .guild = {1}, .type = CHANNEL_TYPE_FORUM, .name = SLICE("ask")},
    };
    return guild_view_new(&guild, 7, 3, roles, 2, channels, 4);
}
