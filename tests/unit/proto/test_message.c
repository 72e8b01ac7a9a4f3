/* Message objects: required keys, nonce in both kinds, replies in their three states, and what the
 * MESSAGE_CONTENT intent hides. */

#include "proto_fixture.h"

#include "base/snowflake.h"
#include "proto/message.h"

static struct message hello(void)
{
    return (struct message){.id = {snowflake_at(1500000000000)},
                            .channel = {10},
                            .guild = {1},
                            .author = ADA,
                            .content = SLICE("hi \"you\"\n")};
}

static json_t *shown(const struct message *m, enum message_shown how)
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_WIRE, 65536);
    json_begin(&w, &out);
    proto_message(&w, m, how);
    return take(&out);
}

static void test_plain(void **state)
{
    (void)state;
    struct message m = hello();
    json_t *v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_keys(v, "type content mentions mention_roles attachments embeds timestamp "
                   "edited_timestamp flags components id channel_id author pinned "
                   "mention_everyone tts");
    assert_keys(at(v, "author"), USER_KEYS);
    assert_str(v, "content", "hi \"you\"\n");
    assert_str(v, "timestamp", "2017-07-14T02:40:00.000000+00:00");
    assert_null_at(v, "edited_timestamp");
    assert_null(at(v, "nonce"));
    assert_null(at(v, "referenced_message"));
    assert_null(at(v, "message_reference"));
    json_decref(v);
}

static void test_nonce(void **state)
{
    (void)state;
    struct message m = hello();
    m.nonce = SLICE("12");
    json_t *v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_str(v, "nonce", "12");
    json_decref(v);
    m.nonce_is_number = true;
    v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_num(v, "nonce", 12);
    json_decref(v);
}

static void test_mentions(void **state)
{
    (void)state;
    const struct role_id roles[] = {{5}};
    struct message m = hello();
    m.mentions = &BOT;
    m.mention_count = 1;
    m.mention_roles = roles;
    m.mention_role_count = 1;
    m.mention_everyone = true;
    json_t *v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_str(v, "mentions.0.username", "botty");
    assert_str(v, "mention_roles.0", "5");
    assert_true(json_is_true(at(v, "mention_everyone")));
    json_decref(v);
}

static void test_reply(void **state)
{
    (void)state;
    struct message first = hello();
    struct message m = hello();
    first.reference.v = 4; /* itself a reply: not nested further */
    first.referenced_known = true;
    m.type = MESSAGE_TYPE_REPLY;
    m.reference = first.id;
    m.referenced = &first;
    m.referenced_known = true;
    json_t *v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_num(v, "type", 19);
    assert_num(v, "message_reference.type", 0);
    assert_str(v, "message_reference.guild_id", "1");
    assert_str(v, "referenced_message.content", "hi \"you\"\n");
    assert_null(at(v, "referenced_message.referenced_message"));
    json_decref(v);
    m.referenced = NULL; /* deleted */
    v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_null_at(v, "referenced_message");
    json_decref(v);
    m.referenced_known = false; /* not fetched */
    v = shown(&m, MESSAGE_SHOWN_WHOLE);
    assert_null(at(v, "referenced_message"));
    assert_non_null(at(v, "message_reference"));
    json_decref(v);
}

static void test_blank(void **state)
{
    (void)state;
    struct message first = hello();
    struct message m = hello();
    m.reference = first.id;
    m.referenced = &first;
    json_t *v = shown(&m, MESSAGE_SHOWN_BLANK);
    assert_str(v, "content", "");
    assert_str(v, "referenced_message.content", "");
    assert_str(v, "author.username", "ada");
    json_decref(v);
    v = shown(&m, MESSAGE_SHOWN_OWN);
    assert_str(v, "content", "hi \"you\"\n");
    assert_str(v, "referenced_message.content", "");
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain), cmocka_unit_test(test_nonce), cmocka_unit_test(test_mentions),
        cmocka_unit_test(test_reply), cmocka_unit_test(test_blank),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
