/* Event payloads: the frame's form, routing fields, who sees content, and no leak when memory is
 * short at any allocation. */

#include "proto_fixture.h"

#include "base/snowflake.h"
#include "proto/events.h"
#include "proto/invite_events.h"

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_EVENTS) == 0 && mem_bytes(MEM_VIEWS) == 0 ? 0 : -1;
}

/* A session's frame: what the gateway sends for sequence 1. */
static json_t *frame(struct bytes *payload)
{
    struct buf out;
    buf_init(&out, MEM_WIRE, 65536);
    buf_append_cstr(&out, "{\"s\":1,");
    assert_non_null(payload);
    buf_append(&out, payload->data, payload->len);
    return take(&out);
}

static struct message hello(void)
{
    return (struct message){.id = {snowflake_at(1500000000000)},
                            .channel = {10},
                            .guild = {1},
                            .author = ADA,
                            .content = SLICE("secret"),
                            .nonce = SLICE("n1"),
                            .mentions = &BOT,
                            .mention_count = 1};
}

static struct member ada_member(void)
{
    return (struct member){.guild = {1}, .user = ADA, .joined_at_ms = 1420070400000};
}

static void test_message_create(void **state)
{
    (void)state;
    struct message m = hello();
    struct member author = ada_member();
    struct event *e = event_message_create(&m, &author, CHANNEL_TYPE_TEXT);
    assert_int_equal(e->kind, EVENT_MESSAGE_CREATE);
    assert_int_equal(e->stream.kind, STREAM_GUILD);
    assert_int_equal(e->stream.id, 1);
    assert_int_equal(e->guild_id, 1);
    assert_int_equal(e->channel_id, 10);
    assert_int_equal(e->entity_id, m.id.v);
    assert_int_equal(e->actor_id, 100);
    assert_int_equal(e->content_user_count, 2);
    assert_int_equal(e->content_users[0], 100);
    assert_int_equal(e->content_users[1], 200);
    json_t *v = frame(e->payload);
    assert_num(v, "op", 0);
    assert_str(v, "t", "MESSAGE_CREATE");
    assert_str(v, "d.content", "secret");
    assert_str(v, "d.nonce", "n1");
    assert_str(v, "d.guild_id", "1");
    assert_num(v, "d.channel_type", 0);
    assert_non_null(at(v, "d.member.roles"));
    assert_null(at(v, "d.member.user"));
    json_decref(v);
    v = frame(e->payload_blank);
    assert_str(v, "d.content", "");
    assert_str(v, "d.author.id", "100");
    json_decref(v);
    event_unref(&e);
}

/* Who sees a reply but not what it replies to gets a payload of their own, if they are bots. */
static void test_reply_of_a_bot(void **state)
{
    (void)state;
    struct message first = hello();
    struct message m = hello();
    first.content = SLICE("private");
    first.mention_count = 0;
    m.author = BOT;
    m.mention_count = 0;
    m.reference = first.id;
    m.referenced = &first;
    struct event *e = event_message_create(&m, NULL, CHANNEL_TYPE_TEXT);
    assert_int_equal(e->content_user_count, 1);
    assert_int_equal(e->content_whole_count, 0);
    json_t *v = frame(e->payload_own);
    assert_str(v, "d.content", "secret");
    assert_str(v, "d.referenced_message.content", "");
    json_decref(v);
    v = frame(e->payload_blank);
    assert_str(v, "d.content", "");
    assert_str(v, "d.referenced_message.content", "");
    json_decref(v);
    event_unref(&e);
    first.mentions = &BOT;
    first.mention_count = 1;
    e = event_message_create(&m, NULL, CHANNEL_TYPE_TEXT);
    assert_int_equal(e->content_whole_count, 1);
    assert_null(e->payload_own);
    event_unref(&e);
}

static void test_message_without_content(void **state)
{
    (void)state;
    struct message m = hello();
    m.content = SLICE("");
    struct event *e = event_message_create(&m, NULL, CHANNEL_TYPE_TEXT);
    assert_null(e->payload_blank);
    json_t *v = frame(e->payload);
    assert_null(at(v, "d.member"));
    json_decref(v);
    event_unref(&e);
}

static void test_message_update(void **state)
{
    (void)state;
    struct message m = hello();
    m.edited_at_ms = 1500000001000;
    struct event *e = event_message_update(&m, NULL, CHANNEL_TYPE_TEXT, 77);
    assert_int_equal(e->actor_id, 77);
    json_t *v = frame(e->payload);
    assert_str(v, "t", "MESSAGE_UPDATE");
    assert_str(v, "d.edited_timestamp", "2017-07-14T02:40:01.000000+00:00");
    assert_null(at(v, "d.nonce"));
    json_decref(v);
    event_unref(&e);
}

static void test_message_delete(void **state)
{
    (void)state;
    struct event *e = event_message_delete((struct guild_id){1}, (struct channel_id){10},
                                           (struct message_id){50}, 100);
    json_t *v = frame(e->payload);
    assert_str(v, "d.id", "50");
    assert_str(v, "d.channel_id", "10");
    assert_str(v, "d.guild_id", "1");
    assert_int_equal(json_object_size(at(v, "d")), 3);
    assert_null(e->payload_blank);
    json_decref(v);
    event_unref(&e);
}

static void test_structure_events(void **state)
{
    (void)state;
    struct guild_view *view = world_view();
    struct event *e =
        event_channel_create(guild_view_channel(view, (struct channel_id){10}), view, 100);
    assert_ptr_equal(e->view, view);
    assert_int_equal(e->channel_id, 10);
    json_t *v = frame(e->payload);
    assert_str(v, "d.guild_id", "1");
    assert_str(v, "d.name", "general");
    json_decref(v);
    event_unref(&e);
    e = event_role_create(guild_view_role(view, (struct role_id){5}), NULL, 100);
    assert_null(e->view);
    v = frame(e->payload);
    assert_str(v, "d.guild_id", "1");
    assert_str(v, "d.role.id", "5");
    json_decref(v);
    event_unref(&e);
    guild_view_unref(&view); /* the events' references are gone: check_memory sees a leak */
}

static void test_member_events(void **state)
{
    (void)state;
    struct member m = ada_member();
    struct event *e = event_member_add(&m);
    json_t *v = frame(e->payload);
    assert_str(v, "t", "GUILD_MEMBER_ADD");
    assert_str(v, "d.user.id", "100");
    assert_str(v, "d.guild_id", "1");
    assert_int_equal(e->entity_id, 100);
    json_decref(v);
    event_unref(&e);
    struct guild_view *view = world_view();
    e = event_member_remove(&m, view, 77);
    v = frame(e->payload);
    assert_str(v, "t", "GUILD_MEMBER_REMOVE");
    assert_str(v, "d.user.id", "100");
    assert_str(v, "d.guild_id", "1");
    assert_int_equal(json_object_size(at(v, "d")), 2);
    assert_int_equal(e->entity_id, 100);
    assert_int_equal(e->actor_id, 77);
    json_decref(v);
    event_unref(&e);
    guild_view_unref(&view);
    e = event_typing_start(&m, (struct channel_id){10}, 1500000000999);
    v = frame(e->payload);
    assert_num(v, "d.timestamp", 1500000000);
    assert_str(v, "d.user_id", "100");
    assert_str(v, "d.member.user.id", "100");
    json_decref(v);
    event_unref(&e);
}

static void test_steering_events(void **state)
{
    (void)state;
    uint8_t hash[32];
    memset(hash, 7, sizeof hash);
    struct event *e = event_guild_joined((struct user_id){100}, (struct guild_id){1});
    assert_int_equal(e->stream.kind, STREAM_USER);
    assert_int_equal(e->stream.id, 100);
    assert_int_equal(e->guild_id, 1);
    assert_null(e->payload);
    event_unref(&e);
    e = event_token_revoked((struct user_id){100}, hash);
    assert_memory_equal(e->token_hash, hash, sizeof hash);
    event_unref(&e);
}

static void test_invite_create(void **state)
{
    (void)state;
    const struct invite_sheet i = {.invite = {.code = SLICE("abc"),
                                              .guild = {1},
                                              .channel = {10},
                                              .inviter = ADA,
                                              .max_uses = 5,
                                              .created_at_ms = 1420070400000,
                                              .expires_at_ms = 1420070400000}};
    struct event *e = event_invite_create(&i, 100);
    json_t *v = frame(e->payload);
    assert_keys(at(v, "d"), "channel_id code created_at guild_id inviter max_age max_uses "
                            "temporary uses expires_at type");
    assert_num(v, "d.max_uses", 5);
    json_decref(v);
    event_unref(&e);
}

/* Every allocation fails in its turn: NULL, and nothing left behind. */
static void test_short_of_memory(void **state)
{
    (void)state;
    struct message m = hello();
    struct member author = ada_member();
    unsigned failures = 0;
    for (uint64_t n = 0;; n++) {
        mem_fail_after(n, 1);
        struct event *e = event_message_create(&m, &author, CHANNEL_TYPE_TEXT);
        mem_fail_never();
        if (e != NULL) {
            event_unref(&e);
            break;
        }
        failures++;
        assert_int_equal(mem_bytes(MEM_EVENTS), 0);
    }
    assert_true(failures >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_message_create, check_memory),
        cmocka_unit_test_teardown(test_reply_of_a_bot, check_memory),
        cmocka_unit_test_teardown(test_message_without_content, check_memory),
        cmocka_unit_test_teardown(test_message_update, check_memory),
        cmocka_unit_test_teardown(test_message_delete, check_memory),
        cmocka_unit_test_teardown(test_structure_events, check_memory),
        cmocka_unit_test_teardown(test_member_events, check_memory),
        cmocka_unit_test_teardown(test_steering_events, check_memory),
        cmocka_unit_test_teardown(test_invite_create, check_memory),
        cmocka_unit_test_teardown(test_short_of_memory, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
