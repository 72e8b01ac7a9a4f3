/* Repositories of members, messages and invites: what is written comes back as it was, on every
 * backend; and what any of them does without memory. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/repositories.h"
#include "store/invites.h"
#include "store/members.h"
#include "store/messages.h"
#include "store/roles.h"

static enum err members_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct role role = {.id = {21},
                        .guild = {2},
                        .name = SLICE("role"),
                        .permissions = PERMISSIONS_ALL,
                        .position = 7,
                        .color = 0xFFFFFF,
                        .hoist = true,
                        .managed = true,
                        .mentionable = true,
                        .bot = {1}},
                *roles;
    struct member m, *list;
    struct member_standing st;
    size_t count;
    uint64_t n;
    bool exists;
    struct guild_id guild = {2}, other = {3};
    struct user_id user = {1}, stranger = {9};
    add_user(c, 1, "member");
    add_user(c, 9, "stranger");
    add_guild(c, 2, 1);
    add_guild(c, 3, 1);
    add_channel(c, 10, 2);
    assert_int_equal(roles_insert(c, &role), ERR_OK);
    role.id.v = 20;
    assert_int_equal(roles_insert(c, &role), ERR_OK);
    assert_int_equal(roles_of_guild(c, guild, arena, &roles, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(roles[0].id.v, 20);
    assert_int_equal(roles[1].permissions, PERMISSIONS_ALL);
    assert_int_equal(roles[1].position, 7);
    assert_int_equal(roles[1].color, 0xFFFFFF);
    assert_true(roles[1].hoist && roles[1].managed && roles[1].mentionable);
    assert_int_equal(roles[1].bot.v, 1);
    same_text(roles[1].name, role.name);
    assert_int_equal(roles_count(c, guild, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(members_insert(c, other, user, 111), ERR_OK);
    assert_int_equal(members_insert(c, guild, user, 222), ERR_OK);
    assert_int_equal(members_add_role(c, guild, user, (struct role_id){21}), ERR_OK);
    assert_int_equal(members_add_role(c, guild, user, (struct role_id){20}), ERR_OK);
    assert_int_equal(members_find(c, guild, user, arena, &m), ERR_OK);
    assert_int_equal(m.guild.v, 2);
    assert_int_equal(m.joined_at_ms, 222);
    assert_int_equal(m.user.id.v, 1);
    assert_null(m.nick.data);
    assert_int_equal(m.role_count, 2);
    assert_int_equal(m.roles[0].v, 20);
    assert_int_equal(m.roles[1].v, 21);
    assert_int_equal(members_find(c, guild, stranger, arena, &m), ERR_UNKNOWN_MEMBER);
    assert_int_equal(members_exists(c, guild, user, &exists), ERR_OK);
    assert_true(exists);
    assert_int_equal(members_exists(c, guild, stranger, &exists), ERR_OK);
    assert_false(exists);
    assert_int_equal(members_of_user(c, user, arena, &list, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(list[0].guild.v, 2);
    assert_int_equal(list[0].role_count, 2);
    assert_int_equal(list[0].roles[1].v, 21);
    assert_int_equal(list[1].guild.v, 3);
    assert_int_equal(list[1].role_count, 0);
    struct channel_id channel = {10}, no_channel = {4};
    assert_int_equal(members_standing_in_channel(c, channel, user, arena, &st), ERR_OK);
    assert_true(st.is_member);
    assert_int_equal(st.guild.v, 2);
    assert_int_equal(st.member.role_count, 2);
    assert_int_equal(st.member.user.id.v, 1);
    assert_int_equal(members_standing_in_channel(c, channel, stranger, arena, &st), ERR_OK);
    assert_false(st.is_member);
    assert_int_equal(members_standing_in_channel(c, no_channel, user, arena, &st),
                     ERR_UNKNOWN_CHANNEL);
    assert_int_equal(members_standing_in_guild(c, other, user, arena, &st), ERR_OK);
    assert_true(st.is_member);
    assert_int_equal(st.member.role_count, 0);
    assert_int_equal(members_standing_in_guild(c, (struct guild_id){4}, user, arena, &st),
                     ERR_UNKNOWN_GUILD);
    return ERR_OK;
}

static enum err member_twice(struct tx *tx, void *ctx)
{
    (void)ctx;
    return members_insert(tx_sql(tx), (struct guild_id){2}, (struct user_id){1}, 1);
}

static void test_members_and_roles(void **state)
{
    struct core_fixture *f = *state;
    in_tx(state, members_round_trip);
    assert_int_equal(store_write(f->store, member_twice, NULL), ERR_STORE_CONFLICT);
}

static enum err messages_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct user mentions[] = {user_of(9, "nine"), user_of(ID_MAX, "max")};
    struct role_id roles[] = {{7}};
    struct message m = {.id = {ID_LARGE},
                        .channel = {10},
                        .guild = {2},
                        .author = user_of(1, "author"),
                        .type = MESSAGE_TYPE_REPLY,
                        .content = SLICE("text with \xF0\x9F\x90\xA6 and ' and \""),
                        .flags = 4,
                        .tts = true,
                        .mention_everyone = true,
                        .mentions = mentions,
                        .mention_count = 2,
                        .mention_roles = roles,
                        .mention_role_count = 1,
                        .reference = {3}};
    struct message_record r, page[4];
    size_t count = 0;
    add_user(c, 1, "author");
    assert_int_equal(messages_insert(c, &m), ERR_OK);
    assert_int_equal(messages_find(c, m.channel, m.id, arena, &r), ERR_OK);
    assert_int_equal(r.message.id.v, ID_LARGE);
    assert_int_equal(r.message.guild.v, 2);
    assert_int_equal(r.message.author.id.v, 1);
    same_text(r.message.author.username, SLICE("author"));
    assert_int_equal(r.message.type, MESSAGE_TYPE_REPLY);
    same_text(r.message.content, m.content);
    assert_int_equal(r.message.flags, 4);
    assert_true(r.message.tts && r.message.mention_everyone);
    assert_int_equal(r.message.edited_at_ms, 0);
    assert_int_equal(r.message.reference.v, 3);
    assert_int_equal(r.mention_count, 2);
    assert_int_equal(r.mention_ids[0], 9);
    assert_int_equal(r.mention_ids[1], ID_MAX);
    assert_int_equal(r.message.mention_role_count, 1);
    assert_int_equal(r.message.mention_roles[0].v, 7);
    m.content = SLICE("");
    m.mention_count = m.mention_role_count = 0;
    m.mention_everyone = false;
    m.edited_at_ms = 555;
    assert_int_equal(messages_update(c, &m), ERR_OK);
    m.id.v++;
    m.author.id.v = 99; /* nobody */
    assert_int_equal(messages_update(c, &m), ERR_UNKNOWN_MESSAGE);
    assert_int_equal(messages_insert(c, &m), ERR_OK);
    assert_int_equal(messages_before(c, m.channel, UINT64_MAX, 4, arena, page, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_int_equal(page[0].message.author.id.v, 99);
    same_text(page[0].message.author.username, SLICE("deleted_user"));
    assert_int_equal(page[1].message.edited_at_ms, 555);
    assert_int_equal(page[1].message.content.len, 0);
    assert_non_null(page[1].message.content.data);
    assert_int_equal(page[1].mention_count, 0);
    count = 0;
    assert_int_equal(messages_from(c, m.channel, ID_LARGE, 1, arena, page, &count), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(page[0].message.id.v, ID_LARGE);
    assert_int_equal(messages_delete(c, m.channel, m.id, 1), ERR_OK);
    assert_int_equal(messages_delete(c, m.channel, m.id, 1), ERR_UNKNOWN_MESSAGE);
    assert_int_equal(
        messages_find(c, (struct channel_id){11}, (struct message_id){ID_LARGE}, arena, &r),
        ERR_UNKNOWN_MESSAGE);
    return ERR_OK;
}

static enum err nonces_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct message m = {.id = {1000}, .channel = {10}, .author = {.id = {1}}, .nonce = SLICE("n")};
    struct message_id first;
    assert_int_equal(nonces_use(c, &m, 0, true, &first), ERR_OK);
    assert_int_equal(first.v, 1000);
    m.id.v = 1001;
    assert_int_equal(nonces_use(c, &m, 0, true, &first), ERR_OK);
    assert_int_equal(first.v, 1000);
    assert_int_equal(nonces_use(c, &m, 1000, true, &first), ERR_OK); /* too old to count */
    assert_int_equal(first.v, 1001);
    m.id.v = 1002;
    assert_int_equal(nonces_use(c, &m, 0, false, &first), ERR_OK);
    assert_int_equal(first.v, 1002);
    m.id.v = 1003;
    assert_int_equal(nonces_forget(c, 1002), ERR_OK);
    assert_int_equal(nonces_use(c, &m, 0, true, &first), ERR_OK);
    assert_int_equal(first.v, 1002);
    assert_int_equal(nonces_forget(c, 1003), ERR_OK);
    assert_int_equal(nonces_use(c, &m, 0, true, &first), ERR_OK);
    assert_int_equal(first.v, 1003);
    return ERR_OK;
}

static void test_messages(void **state)
{
    in_tx(state, messages_round_trip);
    in_tx(state, nonces_round_trip);
}

static enum err invites_round_trip(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct sql_conn *c = tx_sql(tx);
    struct invite i = {.code = SLICE("abCD2345"),
                       .guild = {2},
                       .channel = {10},
                       .inviter = user_of(1, "inviter"),
                       .max_age_s = 60,
                       .max_uses = 2,
                       .temporary = true,
                       .created_at_ms = 1000,
                       .expires_at_ms = 61000,
                       .flags = 8,
                       .target_type = 1,
                       .target_user = {1},
                       .roles = (const struct role_id[]){{3}, {UINT64_C(1) << 62}},
                       .role_count = 2},
                  got, *over;
    uint64_t n;
    size_t over_count;
    struct guild_id expired;
    bool inserted, deleted;
    add_user(c, 1, "inviter");
    add_guild(c, 2, 1);
    add_channel(c, 10, 2);
    assert_int_equal(invites_insert(c, &i, arena, &inserted), ERR_OK);
    assert_true(inserted);
    assert_int_equal(invites_insert(c, &i, arena, &inserted), ERR_OK);
    assert_false(inserted);
    assert_int_equal(invites_find(c, i.code, arena, &got), ERR_OK);
    same_text(got.code, i.code);
    same_text(got.inviter.username, i.inviter.username);
    assert_int_equal(got.guild.v, 2);
    assert_int_equal(got.channel.v, 10);
    assert_int_equal(got.max_age_s, 60);
    assert_int_equal(got.max_uses, 2);
    assert_true(got.temporary);
    assert_int_equal(got.created_at_ms, 1000);
    assert_int_equal(got.expires_at_ms, 61000);
    assert_int_equal(got.flags, 8);
    assert_int_equal(got.target_type, 1);
    assert_int_equal(got.target_user.v, 1);
    assert_int_equal(got.target_application.v, 0);
    assert_int_equal(got.role_count, 2);
    assert_int_equal(got.roles[0].v, 3);
    assert_int_equal(got.roles[1].v, UINT64_C(1) << 62);
    assert_int_equal(invites_find(c, SLICE("ABcd2345"), arena, &got), ERR_UNKNOWN_INVITE);
    /* One with roles is like no other. */
    assert_int_equal(invites_find_equal(c, &i, 60999, arena, &got), ERR_UNKNOWN_INVITE);
    assert_int_equal(invites_delete(c, i.code, &deleted), ERR_OK);
    assert_true(deleted);
    assert_int_equal(invites_delete(c, i.code, &deleted), ERR_OK);
    assert_false(deleted);
    i.role_count = 0;
    assert_int_equal(invites_insert(c, &i, arena, &inserted), ERR_OK);
    assert_int_equal(invites_find_equal(c, &i, 60999, arena, &got), ERR_OK);
    assert_int_equal(invites_find_equal(c, &i, 61000, arena, &got), ERR_UNKNOWN_INVITE);
    assert_int_equal(invites_use(c, i.code), ERR_OK);
    assert_int_equal(invites_over(c, i.guild, 60999, 5, arena, &over, &over_count), ERR_OK);
    assert_int_equal(over_count, 0);
    assert_int_equal(invites_first_expired(c, 60999, &expired), ERR_OK);
    assert_int_equal(expired.v, 0);
    assert_int_equal(invites_of_channel(c, i.channel, 60999, 5, arena, &over, &over_count), ERR_OK);
    assert_int_equal(over_count, 1);
    assert_int_equal(invites_use(c, i.code), ERR_OK);
    assert_int_equal(invites_use(c, i.code), ERR_UNKNOWN_INVITE);
    assert_int_equal(invites_find_equal(c, &i, 1, arena, &got), ERR_UNKNOWN_INVITE);
    assert_int_equal(invites_of_guild(c, i.guild, 1, 5, arena, &over, &over_count), ERR_OK);
    assert_int_equal(over_count, 0);
    assert_int_equal(invites_over(c, i.guild, 1, 5, arena, &over, &over_count), ERR_OK);
    assert_int_equal(over_count, 1);
    same_text(over[0].code, i.code);
    assert_int_equal(invites_first_expired(c, 61000, &expired), ERR_OK);
    assert_int_equal(expired.v, 2);
    assert_int_equal(invites_count(c, i.guild, &n), ERR_OK);
    assert_int_equal(n, 1);
    return ERR_OK;
}

static void test_invites(void **state)
{
    in_tx(state, invites_round_trip);
}

/* --- without memory -----------------------------------------------------------------------------
 */

static enum err read_everything(struct tx *tx, void *ctx)
{
    struct arena small;
    const size_t *bytes = ctx;
    struct sql_conn *c = tx_sql(tx);
    struct user u;
    struct member m, *members;
    struct role *roles;
    struct channel *channels;
    struct guild_record g;
    struct message_record page[1];
    size_t count = 0;
    arena_init(&small, MEM_CORE, *bytes);
    enum err e = users_find(c, (struct user_id){1}, &small, &u);
    if (e == ERR_OK)
        e = guilds_find(c, (struct guild_id){2}, &small, &g);
    if (e == ERR_OK)
        e = members_find(c, (struct guild_id){2}, (struct user_id){1}, &small, &m);
    if (e == ERR_OK)
        e = members_of_user(c, (struct user_id){1}, &small, &members, &count);
    if (e == ERR_OK)
        e = roles_of_guild(c, (struct guild_id){2}, &small, &roles, &count);
    if (e == ERR_OK)
        e = channels_of_guild(c, (struct guild_id){2}, &small, &channels, &count);
    count = 0;
    if (e == ERR_OK)
        e = messages_before(c, (struct channel_id){10}, UINT64_MAX, 1, &small, page, &count);
    arena_deinit(&small);
    return e;
}

static enum err add_message(struct tx *tx, void *ctx)
{
    (void)ctx;
    struct user mention = user_of(9, "nine");
    struct message m = {.id = {5},
                        .channel = {10},
                        .author = {.id = {1}},
                        .content = SLICE("content"),
                        .mentions = &mention,
                        .mention_count = 1};
    return messages_insert(tx_sql(tx), &m);
}

/* An arena of every size from nothing to enough: a typed error, never half a row. */
static void test_rows_without_memory(void **state)
{
    struct core_fixture *f = *state;
    enum err e = ERR_NO_MEMORY;
    in_tx(state, members_round_trip);
    in_tx(state, add_message);
    for (size_t bytes = 16; e != ERR_OK; bytes += 16) {
        assert_true(bytes < 65536);
        e = store_read(f->store, read_everything, &bytes);
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_members_and_roles),
        T(test_messages),
        T(test_invites),
        T(test_rows_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
