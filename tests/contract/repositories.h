#pragma once

/* What the tests of the repositories share: a closure as a test, and rows to hang others on. */

#include "contract/core_fixture.h"
#include "store/channels.h"
#include "store/guilds.h"

/* Larger than a double holds, and the largest there is. */
#define ID_LARGE UINT64_C(9007199254740993)
#define ID_MAX ((uint64_t)INT64_MAX)

static struct arena *arena; /* the running test's fixture's */

UNUSED static void in_tx(void **state, store_fn fn)
{
    struct core_fixture *f = *state;
    arena = &f->arena;
    assert_int_equal(store_write(f->store, fn, NULL), ERR_OK);
}

UNUSED static void same_text(struct slice a, struct slice b)
{
    assert_int_equal(a.data == NULL, b.data == NULL);
    assert_int_equal(a.len, b.len);
    if (a.len > 0)
        assert_memory_equal(a.data, b.data, a.len);
}

static struct user user_of(uint64_t id, const char *name)
{
    return (struct user){
        .id = {id}, .tenant = TENANT_DEFAULT, .username = slice_from(name), .flags = id};
}

UNUSED static void add_user(struct sql_conn *c, uint64_t id, const char *name)
{
    struct user u = user_of(id, name);
    assert_int_equal(users_insert(c, &u, 1), ERR_OK);
}

UNUSED static struct guild guild_of(uint64_t id, uint64_t owner)
{
    return (struct guild){.id = {id},
                          .tenant = TENANT_DEFAULT,
                          .name = SLICE("G\xC3\xBCild 'quoted\""),
                          .owner = {owner},
                          .afk_timeout = 300,
                          .verification_level = 4,
                          .default_message_notifications = 1,
                          .explicit_content_filter = 2,
                          .preferred_locale = SLICE("de"),
                          .created_at_ms = INT64_C(1790000000123)};
}

UNUSED static void add_guild(struct sql_conn *c, uint64_t id, uint64_t owner)
{
    struct guild g = guild_of(id, owner);
    assert_int_equal(guilds_insert(c, &g), ERR_OK);
}

UNUSED static void add_channel(struct sql_conn *c, uint64_t id, uint64_t guild)
{
    struct channel ch = {.id = {id}, .guild = {guild}, .name = SLICE("c")};
    assert_int_equal(channels_insert(c, &ch), ERR_OK);
}
