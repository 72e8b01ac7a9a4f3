/* Repositories of accounts and structure: what is written comes back as it was, on every backend.
 * Each test is one closure. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/repositories.h"
#include "store/applications.h"
#include "store/tokens.h"

static enum err users_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct user u = user_of(ID_MAX, "ada"), got;
    bool taken;
    struct credential k;
    u.global_name = SLICE("");
    u.email = SLICE("ada@example.org");
    u.bot = true;
    assert_int_equal(users_find(c, u.id, arena, &got), ERR_UNKNOWN_USER);
    assert_int_equal(users_insert(c, &u, 5), ERR_OK);
    assert_int_equal(users_find(c, u.id, arena, &got), ERR_OK);
    assert_int_equal(got.id.v, ID_MAX);
    assert_int_equal(got.flags, ID_MAX);
    assert_true(got.bot);
    same_text(got.username, u.username);
    same_text(got.global_name, u.global_name);
    same_text(got.email, u.email);
    add_user(c, 8, "no_email");
    add_user(c, 9, "none_either");
    assert_int_equal(users_find(c, (struct user_id){8}, arena, &got), ERR_OK);
    assert_null(got.email.data);
    assert_null(got.global_name.data);
    assert_int_equal(users_username_taken(c, u.tenant, u.username, &taken), ERR_OK);
    assert_true(taken);
    assert_int_equal(users_username_taken(c, u.tenant, SLICE("eve"), &taken), ERR_OK);
    assert_false(taken);
    assert_int_equal(users_username_taken(c, (struct tenant_id){2}, u.username, &taken), ERR_OK);
    assert_false(taken);
    assert_int_equal(users_email_taken(c, u.tenant, u.email, &taken), ERR_OK);
    assert_true(taken);
    assert_int_equal(credentials_find(c, u.tenant, u.username, arena, &k), ERR_UNKNOWN_USER);
    assert_int_equal(credentials_insert(c, u.id, SLICE("$hash$")), ERR_OK);
    assert_int_equal(credentials_find(c, u.tenant, u.username, arena, &k), ERR_OK);
    assert_int_equal(k.user.v, u.id.v);
    assert_string_equal(k.password_hash.data, "$hash$");
    assert_int_equal(credentials_find(c, u.tenant, u.email, arena, &k), ERR_OK);
    assert_int_equal(credentials_find(c, u.tenant, SLICE("x@y.z"), arena, &k), ERR_UNKNOWN_USER);
    return ERR_OK;
}

static enum err duplicate_user(struct tx *tx, void *ctx)
{
    const char *const *names = ctx;
    struct user a = user_of(1, names[0]), b = user_of(2, names[1]);
    a.email = slice_from(names[2]);
    b.email = slice_from(names[3]);
    enum err e = users_insert(tx_sql(tx), &a, 1);
    return e == ERR_OK ? users_insert(tx_sql(tx), &b, 1) : e;
}

static void test_users(void **state)
{
    struct core_fixture *f = *state;
    const char *same_name[] = {"one", "one", "a@x.y", "b@x.y"};
    const char *same_email[] = {"one", "two", "a@x.y", "a@x.y"};
    in_tx(state, users_round_trip);
    assert_int_equal(store_write(f->store, duplicate_user, same_name), ERR_STORE_CONFLICT);
    assert_int_equal(store_write(f->store, duplicate_user, same_email), ERR_STORE_CONFLICT);
}

static enum err tokens_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct token_id person = {{0, 1, 2}}, bot = {{0xFF, 0, 3}}, bot_2 = {{0xFF, 0, 4}}, *list;
    struct application a = {.id = {50},
                            .owner = {1},
                            .name = SLICE("app"),
                            .description = SLICE(""),
                            .bot_public = true,
                            .flags = 1 << 18},
                       got;
    struct principal p;
    uint64_t count;
    size_t tokens;
    bool deleted;
    add_user(c, 1, "person");
    add_user(c, 50, "bot");
    assert_int_equal(applications_insert(c, &a, 7), ERR_OK);
    assert_int_equal(applications_find(c, a.id, arena, &got), ERR_OK);
    assert_int_equal(got.bot.v, 0);
    assert_int_equal(got.flags, a.flags);
    assert_true(got.bot_public);
    same_text(got.name, a.name);
    same_text(got.description, a.description);
    assert_int_equal(applications_set_bot(c, a.id, (struct user_id){50}), ERR_OK);
    assert_int_equal(applications_count(c, a.owner, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(applications_find(c, (struct application_id){51}, arena, &got),
                     ERR_UNKNOWN_APPLICATION);
    assert_int_equal(tokens_insert(c, &person, a.owner, TOKEN_KIND_PERSON, 1), ERR_OK);
    assert_int_equal(tokens_insert(c, &bot, (struct user_id){50}, TOKEN_KIND_BOT, 1), ERR_OK);
    assert_int_equal(tokens_insert(c, &bot_2, (struct user_id){50}, TOKEN_KIND_BOT, 1), ERR_OK);
    assert_int_equal(tokens_principal(c, &person, &p), ERR_OK);
    assert_int_equal(p.user.v, 1);
    assert_int_equal(p.tenant.v, 1);
    assert_int_equal(p.application.v, 0);
    assert_int_equal(tokens_principal(c, &bot, &p), ERR_OK);
    assert_int_equal(p.application.v, 50);
    assert_int_equal(p.application_flags, a.flags);
    assert_memory_equal(p.token_hash, bot.hash, sizeof bot.hash);
    assert_int_equal(tokens_of_user(c, (struct user_id){50}, arena, &list, &tokens), ERR_OK);
    assert_int_equal(tokens, 2);
    assert_memory_equal(list[1].hash, bot_2.hash, sizeof bot_2.hash);
    assert_int_equal(tokens_delete(c, &bot, &deleted), ERR_OK);
    assert_true(deleted);
    assert_int_equal(tokens_delete(c, &bot, &deleted), ERR_OK);
    assert_false(deleted);
    assert_int_equal(tokens_delete_of_user(c, (struct user_id){50}), ERR_OK);
    assert_int_equal(tokens_principal(c, &bot_2, &p), ERR_UNKNOWN_TOKEN);
    assert_int_equal(tokens_principal(c, &person, &p), ERR_OK);
    return ERR_OK;
}

static void test_tokens_and_applications(void **state)
{
    in_tx(state, tokens_round_trip);
}

static enum err guilds_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct guild g = guild_of(ID_LARGE, 1);
    struct guild_record r;
    uint64_t n;
    add_user(c, 1, "owner");
    g.system_channel.v = 77;
    g.description = SLICE("about");
    assert_int_equal(guilds_insert(c, &g), ERR_OK);
    assert_int_equal(guilds_restructure(c, g.id, 12), ERR_OK);
    assert_int_equal(guilds_restructure(c, g.id, 15), ERR_OK);
    assert_int_equal(guilds_count_member(c, g.id, 1), ERR_OK);
    assert_int_equal(guilds_find(c, g.id, arena, &r), ERR_OK);
    assert_int_equal(r.guild.id.v, ID_LARGE);
    assert_int_equal(r.guild.owner.v, 1);
    assert_int_equal(r.guild.system_channel.v, 77);
    assert_int_equal(r.guild.afk_channel.v, 0);
    assert_int_equal(r.guild.afk_timeout, 300);
    assert_int_equal(r.guild.verification_level, 4);
    assert_int_equal(r.guild.default_message_notifications, 1);
    assert_int_equal(r.guild.explicit_content_filter, 2);
    assert_int_equal(r.guild.created_at_ms, g.created_at_ms);
    same_text(r.guild.name, g.name);
    same_text(r.guild.description, g.description);
    same_text(r.guild.preferred_locale, g.preferred_locale);
    assert_int_equal(r.permission_generation, 2);
    assert_int_equal(r.structure_position, 15);
    assert_int_equal(r.member_count, 1);
    assert_int_equal(guilds_permission_generation(c, g.id, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(guilds_structure_position(c, g.id, &n), ERR_OK);
    assert_int_equal(n, 15);
    struct guild_id none = {4};
    assert_int_equal(guilds_find(c, none, arena, &r), ERR_UNKNOWN_GUILD);
    assert_int_equal(guilds_member_count(c, none, &n), ERR_UNKNOWN_GUILD);
    assert_int_equal(guilds_restructure(c, none, 1), ERR_UNKNOWN_GUILD);
    assert_int_equal(guilds_count_member(c, none, 1), ERR_UNKNOWN_GUILD);
    return ERR_OK;
}

static void test_guilds(void **state)
{
    in_tx(state, guilds_round_trip);
}

static enum err channels_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct overwrite given[] = {{30, OVERWRITE_MEMBER, 1, 2},
                                {20, OVERWRITE_ROLE, UINT64_C(1) << 52, UINT64_MAX},
                                {30, OVERWRITE_ROLE, 5, 6}},
                     *read;
    struct channel ch = {.id = {11},
                         .guild = {2},
                         .type = CHANNEL_TYPE_STAGE,
                         .position = -3,
                         .name = SLICE("stage"),
                         .topic = SLICE("topic"),
                         .parent = {10},
                         .nsfw = true,
                         .rate_limit_per_user = 21600,
                         .bitrate = 96000,
                         .user_limit = 99,
                         .overwrites = given,
                         .overwrite_count = 3},
                   got, *list;
    struct channel_last *last;
    size_t count;
    add_user(c, 1, "owner");
    add_guild(c, 2, 1);
    add_guild(c, 3, 1);
    add_channel(c, 10, 2);
    add_channel(c, 90, 3);
    assert_int_equal(channels_insert(c, &ch), ERR_OK);
    add_channel(c, 12, 2);
    assert_int_equal(channels_find(c, ch.id, arena, &got), ERR_OK);
    assert_int_equal(got.guild.v, 2);
    assert_int_equal(got.type, CHANNEL_TYPE_STAGE);
    assert_int_equal(got.position, -3);
    assert_int_equal(got.parent.v, 10);
    assert_true(got.nsfw);
    assert_int_equal(got.rate_limit_per_user, 21600);
    assert_int_equal(got.bitrate, 96000);
    assert_int_equal(got.user_limit, 99);
    same_text(got.name, ch.name);
    same_text(got.topic, ch.topic);
    assert_int_equal(channels_overwrites(c, ch.id, arena, &read, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(channels_of_guild(c, ch.guild, arena, &list, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(list[0].overwrite_count, 0);
    assert_int_equal(list[2].overwrite_count, 0);
    assert_null(list[0].topic.data);
    assert_int_equal(list[1].overwrite_count, 2);
    assert_memory_equal(list[1].overwrites, read, 2 * sizeof *read);
    assert_int_equal(read[0].id, 20);
    assert_int_equal(read[0].deny, UINT64_MAX);
    assert_int_equal(read[0].allow, UINT64_C(1) << 52);
    assert_int_equal(read[1].type, OVERWRITE_ROLE); /* the later of two for one target */
    assert_int_equal(read[1].allow, 5);
    assert_int_equal(channels_set_last_message(c, ch.id, (struct message_id){ID_LARGE}), ERR_OK);
    assert_int_equal(channels_last_messages(c, ch.guild, arena, &last, &count), ERR_OK);
    assert_int_equal(count, 3);
    assert_int_equal(last[1].message.v, ID_LARGE);
    assert_int_equal(last[2].message.v, 0);
    struct channel_id none = {5};
    assert_int_equal(channels_find(c, none, arena, &got), ERR_UNKNOWN_CHANNEL);
    assert_int_equal(channels_set_last_message(c, none, (struct message_id){1}), ERR_OK);
    return ERR_OK;
}

static void test_channels(void **state)
{
    in_tx(state, channels_round_trip);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_users),
        T(test_tokens_and_applications),
        T(test_guilds),
        T(test_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
