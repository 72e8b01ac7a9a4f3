/* Permissions, case by case; tests/prop/test_permissions.c compares with a model at random. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/guild_view.h"
#include "model/permissions.h"

enum { GUILD = 1, OWNER = 100, USER = 101, MODS = 10, MUTED = 11, OTHER = 12 };
enum { NOW = 5000 };

#define VIEW PERMISSION_VIEW_CHANNEL
#define SEND PERMISSION_SEND_MESSAGES
#define HISTORY PERMISSION_READ_MESSAGE_HISTORY

static struct guild_view *make_view(uint64_t everyone, uint64_t mods)
{
    struct guild guild = {.id = {GUILD}, .owner = {OWNER}};
    struct role roles[] = {{.id = {GUILD}, .permissions = everyone},
                           {.id = {MODS}, .permissions = mods},
                           {.id = {MUTED}},
                           {.id = {OTHER}, .permissions = PERMISSION_BAN_MEMBERS}};
    struct guild_view *v = guild_view_new(&guild, 1, 1, roles, 4, NULL, 0);
    assert_non_null(v);
    return v;
}

static const struct role_id both[] = {{MODS}, {MUTED}};
static const struct subject user = {.user = {USER}, .roles = both, .role_count = 2};
static const struct subject owner = {.user = {OWNER}};
static const struct subject nobody_special = {.user = {USER}};

static void test_table(void **state)
{
    (void)state;
    uint64_t all = 0;
    for (unsigned bit = 0; bit < 80; bit++)
        if (permission_name(bit) != NULL)
            all |= UINT64_C(1) << bit;
    assert_true(all == PERMISSIONS_ALL);
    assert_null(permission_name(47));
    assert_null(permission_name(64));
    assert_string_equal(permission_name(3), "ADMINISTRATOR");
    assert_string_equal(permission_name(52), "BYPASS_SLOWMODE");
    assert_true(PERMISSIONS_DEFAULT == UINT64_C(2107735977479745));
    assert_true(PERMISSIONS_TIMED_OUT == (VIEW | HISTORY));
    assert_true((PERMISSIONS_DEFAULT & ~PERMISSIONS_ALL) == 0);
}

static void test_guild(void **state)
{
    (void)state;
    struct guild_view *v = make_view(VIEW | SEND, PERMISSION_KICK_MEMBERS);
    assert_true(permissions_in_guild(v, &nobody_special, NOW) == (VIEW | SEND));
    assert_true(permissions_in_guild(v, &user, NOW) == (VIEW | SEND | PERMISSION_KICK_MEMBERS));
    assert_true(permissions_in_guild(v, &owner, NOW) == PERMISSIONS_ALL);
    guild_view_unref(&v);
    v = make_view(VIEW, PERMISSION_ADMINISTRATOR);
    assert_true(permissions_in_guild(v, &user, NOW) == PERMISSIONS_ALL);
    assert_true(permissions_in_guild(v, &nobody_special, NOW) == VIEW);
    guild_view_unref(&v);
}

/* A guild whose owner is not known (0) must not make an unknown subject (0) its owner. */
static void test_nobody_is_not_the_owner(void **state)
{
    (void)state;
    struct guild guild = {.id = {GUILD}};
    struct guild_view *v = guild_view_new(&guild, 1, 1, NULL, 0, NULL, 0);
    struct subject nobody = {.user = {0}};
    assert_true(permissions_in_guild(v, &nobody, NOW) == 0);
    guild_view_unref(&v);
}

struct overwrite_row {
    const char *what;
    uint64_t everyone; /* of the @everyone role */
    struct overwrite overwrites[4];
    size_t count;
    uint64_t expected; /* before implied denials, for `user` */
};

static const struct overwrite_row overwrite_rows[] = {
    {"none", 5, {{0, OVERWRITE_ROLE, 0, 0}}, 0, 5},
    {"everyone denies", 7, {{GUILD, OVERWRITE_ROLE, 0, 2}}, 1, 5},
    {"everyone allows", 1, {{GUILD, OVERWRITE_ROLE, 2, 0}}, 1, 3},
    {"allow beats deny in one step", 1, {{GUILD, OVERWRITE_ROLE, 2, 2}}, 1, 3},
    {"role beats everyone", 1, {{GUILD, OVERWRITE_ROLE, 0, 2}, {MODS, OVERWRITE_ROLE, 2, 0}}, 2, 3},
    {"whatever their order",
     1,
     {{MODS, OVERWRITE_ROLE, 2, 0}, {GUILD, OVERWRITE_ROLE, 0, 2}},
     2,
     3},
    {"one role's allow beats another's deny",
     3,
     {{MODS, OVERWRITE_ROLE, 2, 0}, {MUTED, OVERWRITE_ROLE, 0, 2}},
     2,
     3},
    {"roles deny", 3, {{MUTED, OVERWRITE_ROLE, 0, 2}}, 1, 1},
    {"role not held", 3, {{OTHER, OVERWRITE_ROLE, 16, 2}}, 1, 3},
    {"member beats roles", 3, {{MODS, OVERWRITE_ROLE, 2, 0}, {USER, OVERWRITE_MEMBER, 0, 2}}, 2, 1},
    {"member allows", 1, {{USER, OVERWRITE_MEMBER, 2, 0}, {MUTED, OVERWRITE_ROLE, 0, 2}}, 2, 3},
    {"another member", 1, {{OWNER, OVERWRITE_MEMBER, 2, 0}}, 1, 1},
    {"a role's id as a member", 1, {{MODS, OVERWRITE_MEMBER, 2, 0}}, 1, 1},
    {"the user's id as a role", 1, {{USER, OVERWRITE_ROLE, 2, 0}}, 1, 1},
};

static void test_overwrites(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof overwrite_rows / sizeof *overwrite_rows; i++) {
        const struct overwrite_row *row = &overwrite_rows[i];
        struct guild_view *v = make_view(row->everyone, 0);
        struct channel channel = {.overwrites = row->overwrites, .overwrite_count = row->count};
        if (permissions_before_implied(v, &user, &channel) != row->expected)
            fail_msg("%s", row->what);
        assert_true(permissions_overwrite(row->everyone, v, &user, &channel) == row->expected);
        assert_true(permissions_before_implied(v, &owner, &channel) == PERMISSIONS_ALL);
        guild_view_unref(&v);
    }
}

static void test_administrator_ignores_overwrites(void **state)
{
    (void)state;
    struct overwrite deny = {USER, OVERWRITE_MEMBER, 0, PERMISSIONS_ALL};
    struct overwrite grant = {USER, OVERWRITE_MEMBER, PERMISSION_ADMINISTRATOR, 0};
    struct channel denied = {.overwrites = &deny, .overwrite_count = 1};
    struct channel granted = {.overwrites = &grant, .overwrite_count = 1};
    struct subject late = user;
    late.timed_out_until_ms = NOW + 1;
    struct guild_view *v = make_view(VIEW, PERMISSION_ADMINISTRATOR);
    assert_true(permissions_in_channel(v, &user, &denied, NOW) == PERMISSIONS_ALL);
    assert_true(permissions_in_channel(v, &late, &denied, NOW) == PERMISSIONS_ALL);
    guild_view_unref(&v);
    /* ADMINISTRATOR is a guild's to give: an overwrite that names it makes nobody one. */
    v = make_view(VIEW, 0);
    assert_true(permissions_in_channel(v, &user, &granted, NOW) ==
                (VIEW | PERMISSION_ADMINISTRATOR));
    assert_true(permissions_in_channel(v, &late, &granted, NOW) == VIEW);
    guild_view_unref(&v);
}

static void test_implied(void **state)
{
    (void)state;
    const uint64_t sending = PERMISSION_MENTION_EVERYONE | PERMISSION_SEND_TTS_MESSAGES |
                             PERMISSION_ATTACH_FILES | PERMISSION_EMBED_LINKS;
    const struct {
        uint64_t everyone;
        enum channel_type type;
        uint64_t expected;
    } rows[] = {
        {SEND | HISTORY | PERMISSION_MANAGE_CHANNELS, CHANNEL_TYPE_TEXT, 0},
        {VIEW | sending | HISTORY, CHANNEL_TYPE_TEXT, VIEW | HISTORY},
        {VIEW | SEND | sending, CHANNEL_TYPE_TEXT, VIEW | SEND | sending},
        {VIEW | SEND | PERMISSION_MANAGE_CHANNELS, CHANNEL_TYPE_VOICE, VIEW},
        {VIEW | SEND | PERMISSION_MANAGE_CHANNELS, CHANNEL_TYPE_STAGE, VIEW},
        {VIEW | SEND | PERMISSION_CONNECT, CHANNEL_TYPE_VOICE, VIEW | SEND | PERMISSION_CONNECT},
        {VIEW | sending | PERMISSION_CONNECT, CHANNEL_TYPE_STAGE, VIEW | PERMISSION_CONNECT},
        {VIEW | SEND, CHANNEL_TYPE_CATEGORY, VIEW | SEND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guild_view *v = make_view(rows[i].everyone, 0);
        struct channel channel = {.type = rows[i].type};
        assert_true(permissions_in_channel(v, &user, &channel, NOW) == rows[i].expected);
        assert_true(permissions_before_implied(v, &user, &channel) == rows[i].everyone);
        guild_view_unref(&v);
    }
}

static void test_timeout(void **state)
{
    (void)state;
    struct guild_view *v = make_view(VIEW | SEND | HISTORY, 0);
    struct channel channel = {.type = CHANNEL_TYPE_TEXT};
    struct subject late = user, boss = owner;
    late.timed_out_until_ms = NOW;
    assert_true(permissions_in_guild(v, &late, NOW) == (VIEW | SEND | HISTORY));
    late.timed_out_until_ms = NOW + 1;
    assert_true(permissions_in_guild(v, &late, NOW) == (VIEW | HISTORY));
    assert_true(permissions_in_channel(v, &late, &channel, NOW) == (VIEW | HISTORY));
    assert_true(permissions_before_implied(v, &late, &channel) == (VIEW | SEND | HISTORY));
    boss.timed_out_until_ms = NOW + 1;
    assert_true(permissions_in_channel(v, &boss, &channel, NOW) == PERMISSIONS_ALL);
    guild_view_unref(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_guild),
        cmocka_unit_test(test_nobody_is_not_the_owner),
        cmocka_unit_test(test_overwrites),
        cmocka_unit_test(test_administrator_ignores_overwrites),
        cmocka_unit_test(test_implied),
        cmocka_unit_test(test_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
