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
    assert_true((PERMISSIONS_OVERWRITABLE & PERMISSION_ADMINISTRATOR) == 0);
    assert_true((PERMISSIONS_OVERWRITABLE & PERMISSION_MANAGE_GUILD) == 0);
    assert_true((PERMISSIONS_OVERWRITABLE & PERMISSION_PIN_MESSAGES) != 0);
    assert_true((PERMISSIONS_OVERWRITABLE & PERMISSION_MANAGE_ROLES) != 0);
}

/* The bits that were split off others are held by who was given them, and by nobody else. */
static void test_split_bits(void **state)
{
    (void)state;
    const struct {
        uint64_t older;
        uint64_t split;
    } rows[] = {
        {PERMISSION_MANAGE_MESSAGES, PERMISSION_PIN_MESSAGES},
        {PERMISSION_MANAGE_MESSAGES | PERMISSION_MANAGE_CHANNELS | PERMISSION_MANAGE_THREADS,
         PERMISSION_BYPASS_SLOWMODE},
        {PERMISSION_MANAGE_GUILD_EXPRESSIONS, PERMISSION_CREATE_GUILD_EXPRESSIONS},
        {PERMISSION_MANAGE_EVENTS, PERMISSION_CREATE_EVENTS},
        {PERMISSION_SEND_MESSAGES, PERMISSION_SEND_POLLS | PERMISSION_SEND_VOICE_MESSAGES},
        {PERMISSION_USE_APPLICATION_COMMANDS, PERMISSION_USE_EXTERNAL_APPS},
    };
    struct channel channel = {.type = CHANNEL_TYPE_TEXT};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct guild_view *v = make_view(VIEW | SEND | rows[i].older, 0);
        assert_true((permissions_in_channel(v, &user, &channel, NOW) & rows[i].split) == 0);
        assert_true((permissions_in_guild(v, &user, NOW) & rows[i].split) == 0);
        guild_view_unref(&v);
    }
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

/* The rows' small numbers stand for bits from this one on, which overwrites may name. */
enum { FROM_BIT = PERMISSION_BIT_VIEW_CHANNEL };

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
        struct overwrite list[4];
        for (size_t k = 0; k < row->count; k++)
            list[k] = (struct overwrite){row->overwrites[k].id, row->overwrites[k].type,
                                         row->overwrites[k].allow << FROM_BIT,
                                         row->overwrites[k].deny << FROM_BIT};
        struct guild_view *v = make_view(row->everyone << FROM_BIT, 0);
        struct channel channel = {.overwrites = list, .overwrite_count = row->count};
        uint64_t expected = row->expected << FROM_BIT;
        if (permissions_before_implied(v, &user, &channel) != expected)
            fail_msg("%s", row->what);
        assert_true(permissions_overwrite(row->everyone << FROM_BIT, v, &user, &channel) ==
                    expected);
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
    assert_true(permissions_in_channel(v, &user, &granted, NOW) == VIEW);
    assert_true(permissions_before_implied(v, &user, &granted) == VIEW);
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

/* Who has not passed the screening reads, as who is timed out does; owner and administrators are
 * exempt. */
static void test_pending(void **state)
{
    (void)state;
    struct channel channel = {.type = CHANNEL_TYPE_TEXT};
    struct subject newcomer = user, boss = owner;
    newcomer.pending = boss.pending = true;
    struct guild_view *v = make_view(VIEW | SEND | HISTORY | PERMISSION_CONNECT, 0);
    assert_true(permissions_in_guild(v, &newcomer, NOW) == (VIEW | HISTORY));
    assert_true(permissions_in_channel(v, &newcomer, &channel, NOW) == (VIEW | HISTORY));
    assert_true(permissions_visible(v, &newcomer, &channel, NOW));
    assert_true(permissions_in_channel(v, &boss, &channel, NOW) == PERMISSIONS_ALL);
    guild_view_unref(&v);
    v = make_view(VIEW, PERMISSION_ADMINISTRATOR);
    assert_true(permissions_in_channel(v, &newcomer, &channel, NOW) == PERMISSIONS_ALL);
    guild_view_unref(&v);
}

/* --- ranks and grants --- */

enum { TOP = 20, TWIN = 21, LOW = 22 };

static struct guild_view *make_ranks(uint64_t top)
{
    struct guild guild = {.id = {GUILD}, .owner = {OWNER}};
    struct role roles[] = {{.id = {GUILD}, .position = 9}, /* whatever it says, it is the lowest */
                           {.id = {TOP}, .position = 3, .permissions = top},
                           {.id = {TWIN}, .position = 3},
                           {.id = {LOW}, .position = 1}};
    struct guild_view *v = guild_view_new(&guild, 1, 1, roles, 4, NULL, 0);
    assert_non_null(v);
    return v;
}

static const struct role_id top_role[] = {{TOP}};
static const struct role_id twin_role[] = {{TWIN}};
static const struct role_id low_role[] = {{LOW}};
static const struct subject top = {.user = {1}, .roles = top_role, .role_count = 1};
static const struct subject twin = {.user = {2}, .roles = twin_role, .role_count = 1};
static const struct subject low = {.user = {3}, .roles = low_role, .role_count = 1};
static const struct subject none = {.user = {4}};

static void test_ranks(void **state)
{
    (void)state;
    struct guild_view *v = make_ranks(PERMISSION_ADMINISTRATOR);
    const struct subject *order[] = {&owner, &top, &twin, &low, &none};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++)
            assert_int_equal(permissions_outranks(v, order[i], order[k]), i < k);
    const uint64_t roles[] = {0, TOP, TWIN, LOW, GUILD};
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 1; k < 5; k++)
            assert_int_equal(permissions_outranks_role(
                                 v, order[i], guild_view_role(v, (struct role_id){roles[k]})),
                             i < k);
    /* Two without a role are equals, also if they are the same. */
    struct subject other = {.user = {5}};
    assert_false(permissions_outranks(v, &none, &other));
    assert_false(permissions_outranks(v, &owner, &owner));
    assert_int_equal(permissions_highest_role(v, &twin)->id.v, TWIN);
    assert_int_equal(permissions_highest_role(v, &none)->id.v, GUILD);
    guild_view_unref(&v);
}

static void test_grants(void **state)
{
    (void)state;
    assert_true(permissions_may_grant(VIEW | SEND, 0, VIEW));
    assert_false(permissions_may_grant(VIEW, 0, VIEW | SEND));
    assert_true(permissions_may_grant(VIEW, SEND, VIEW | SEND)); /* was there */
    assert_true(permissions_may_grant(0, VIEW | SEND, SEND));    /* taken away */
    assert_false(permissions_may_grant(PERMISSIONS_ALL & ~PERMISSION_ADMINISTRATOR, 0,
                                       PERMISSION_ADMINISTRATOR));
}

static void test_overwriting(void **state)
{
    (void)state;
    struct overwrite parents = {USER, OVERWRITE_MEMBER, HISTORY, 0};
    struct overwrite manages = {USER, OVERWRITE_MEMBER, PERMISSION_MANAGE_ROLES, 0};
    struct channel plain = {.type = CHANNEL_TYPE_TEXT};
    struct channel parent = {.overwrites = &parents, .overwrite_count = 1};
    struct channel own = {.overwrites = &manages, .overwrite_count = 1};
    struct overwrite send = {MUTED, OVERWRITE_ROLE, 0, SEND}, other = {MUTED, OVERWRITE_ROLE, 0, 0};
    struct overwrite history = {MUTED, OVERWRITE_ROLE, HISTORY, 0};
    struct overwrite manage = {MUTED, OVERWRITE_ROLE, PERMISSION_MANAGE_ROLES, 0};
    struct guild_view *v = make_view(VIEW | SEND, PERMISSION_MANAGE_ROLES);
    assert_true(permissions_may_overwrite(v, &user, &plain, NULL, NULL, &send, NOW));
    assert_true(permissions_may_overwrite(v, &user, &plain, NULL, &send, NULL, NOW));
    assert_true(permissions_may_overwrite(v, &user, &plain, NULL, &history, &history, NOW));
    /* Neither given nor taken by who lacks it; the parent lends it. */
    assert_false(permissions_may_overwrite(v, &user, &plain, NULL, NULL, &history, NOW));
    assert_false(permissions_may_overwrite(v, &user, &plain, NULL, &history, &other, NOW));
    assert_true(permissions_may_overwrite(v, &user, &plain, &parent, NULL, &history, NOW));
    assert_true(permissions_may_overwrite(v, &user, NULL, &parent, NULL, &history, NOW));
    /* Who manages roles by the channel itself. MANAGE_ROLES is an administrator's to give. */
    assert_true(permissions_may_overwrite(v, &user, &own, NULL, NULL, &history, NOW));
    assert_false(permissions_may_overwrite(v, &user, &own, NULL, NULL, &manage, NOW));
    assert_true(permissions_may_overwrite(v, &owner, &own, NULL, NULL, &manage, NOW));
    /* Not while timed out. */
    struct subject late = user;
    late.timed_out_until_ms = NOW + 1;
    assert_false(permissions_may_overwrite(v, &late, &own, NULL, NULL, &history, NOW));
    guild_view_unref(&v);
}

/* --- why --- */

static void test_explanation(void **state)
{
    (void)state;
    struct overwrite overwrites[] = {{MODS, OVERWRITE_ROLE, 0, SEND | HISTORY},
                                     {MUTED, OVERWRITE_ROLE, HISTORY, 0}};
    struct channel channel = {
        .type = CHANNEL_TYPE_TEXT, .overwrites = overwrites, .overwrite_count = 2};
    struct guild_view *v =
        make_view(VIEW | SEND | PERMISSION_ATTACH_FILES, PERMISSION_KICK_MEMBERS);
    struct permission_explanation x;
    struct subject late = user;
    late.timed_out_until_ms = NOW + 1;
    permissions_explain(v, &late, &channel, NOW, &x);
    const struct {
        unsigned bit;
        bool allowed;
        enum permission_reason reason;
        uint64_t id;
        unsigned because;
    } rows[] = {
        {PERMISSION_BIT_VIEW_CHANNEL, true, PERMISSION_REASON_EVERYONE, GUILD, 0},
        {PERMISSION_BIT_SEND_MESSAGES, false, PERMISSION_REASON_OVERWRITE, MODS, 0},
        {PERMISSION_BIT_READ_MESSAGE_HISTORY, true, PERMISSION_REASON_OVERWRITE, MUTED, 0},
        {PERMISSION_BIT_ATTACH_FILES, false, PERMISSION_REASON_IMPLIED, 0,
         PERMISSION_BIT_SEND_MESSAGES},
        {PERMISSION_BIT_KICK_MEMBERS, false, PERMISSION_REASON_TIMED_OUT, 0, 0},
        {PERMISSION_BIT_BAN_MEMBERS, false, PERMISSION_REASON_NONE, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct permission_verdict *verdict = &x.bits[rows[i].bit];
        assert_int_equal(verdict->allowed, rows[i].allowed);
        assert_int_equal(verdict->reason, rows[i].reason);
        assert_int_equal(verdict->id, rows[i].id);
        assert_int_equal(verdict->because, rows[i].because);
    }
    assert_true(x.permissions == (VIEW | HISTORY));
    assert_true(x.before_implied ==
                (VIEW | HISTORY | PERMISSION_ATTACH_FILES | PERMISSION_KICK_MEMBERS));
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
        cmocka_unit_test(test_split_bits),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_grants),
        cmocka_unit_test(test_overwriting),
        cmocka_unit_test(test_explanation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
