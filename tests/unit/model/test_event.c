/* Events: the table, and what goes with the last reference. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "base/mem.h"
#include "model/event.h"
#include "model/permissions.h"

static int check_memory(void **state)
{
    (void)state;
    mem_fail_never();
    return mem_bytes(MEM_EVENTS) == 0 && mem_bytes(MEM_VIEWS) == 0 ? 0 : -1;
}

static void test_table(void **state)
{
    (void)state;
    unsigned rows = 0;
    for (unsigned i = 0; i < EVENT_KIND_END; i++) {
        const struct event_info *info = event_info((enum event_kind)i);
        if (info == NULL)
            continue;
        rows++;
        assert_int_equal(info->kind, i);
        assert_true(strlen(info->name) > 0);
        assert_true((info->intents & ~(unsigned)INTENTS_DEFINED) == 0);
        assert_true(info->stream == STREAM_GUILD || info->stream == STREAM_USER);
        /* What is not logged cannot be replayed, and all the rest can. */
        assert_int_equal(info->kept == KEPT_EPHEMERAL, info->replay == REPLAY_NEVER);
        /* Only a guild's stream has a guild's sessions for audience. */
        if (info->audience != AUDIENCE_USER && info->audience != AUDIENCE_NONE)
            assert_int_equal(info->stream, STREAM_GUILD);
        /* "One of them": seeing the channel is asked for besides, so naming it would open the rest.
         */
        assert_true((info->permissions & PERMISSION_VIEW_CHANNEL) == 0);
        assert_true((info->permissions & ~PERMISSIONS_ALL) == 0);
    }
    assert_true(rows >= 10);
    const struct event_info *info = event_info(EVENT_MESSAGE_CREATE);
    assert_string_equal(info->name, "MESSAGE_CREATE");
    assert_int_equal(info->audience, AUDIENCE_CHANNEL);
    assert_int_equal(info->intents, INTENT_GUILD_MESSAGES);
    assert_null(event_info((enum event_kind)0));
    assert_null(event_info(EVENT_KIND_END));
    assert_null(event_info((enum event_kind) - 1));
    assert_null(event_info((enum event_kind)100000));
}

static void test_new(void **state)
{
    (void)state;
    uint64_t users[] = {5, 6, 7};
    struct event *e = event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 9}, users, 3);
    assert_non_null(e);
    memset(users, 0, sizeof users);
    assert_int_equal(e->kind, EVENT_MESSAGE_CREATE);
    assert_int_equal(e->stream.kind, STREAM_GUILD);
    assert_int_equal(e->stream.id, 9);
    assert_int_equal(e->content_user_count, 3);
    assert_int_equal(e->content_users[0], 5);
    assert_int_equal(e->content_users[2], 7);
    assert_int_equal(e->position, 0);
    assert_null(e->payload);
    assert_null(e->view);
    assert_string_equal(e->request_id, "");
    event_unref(&e);
    assert_null(e);
    event_unref(&e);
    e = event_new(EVENT_TYPING_START, (struct stream){STREAM_GUILD, 9}, NULL, 0);
    assert_null(e->content_users);
    event_unref(&e);
}

static void test_drops_what_it_owns(void **state)
{
    (void)state;
    struct guild guild = {.id = {1}};
    struct event *e = event_new(EVENT_CHANNEL_CREATE, (struct stream){STREAM_GUILD, 1}, NULL, 0);
    e->payload = bytes_new(SLICE("full"));
    e->payload_blank = bytes_new(SLICE("blank"));
    e->view = guild_view_new(&guild, 1, 1, NULL, 0, NULL, 0);
    struct bytes *kept = bytes_ref(e->payload);
    struct event *second = event_ref(e);
    event_unref(&e);
    assert_memory_equal(second->payload_blank->data, "blank", 5);
    event_unref(&second);
    assert_memory_equal(kept->data, "full", 4); /* somebody else's reference */
    assert_int_equal(mem_bytes(MEM_VIEWS), 0);
    bytes_unref(&kept);
}

static void test_short_memory(void **state)
{
    (void)state;
    mem_fail_after(0, 1);
    assert_null(event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 9}, NULL, 0));
}

static void *ref_and_unref(void *arg)
{
    struct event *own = arg;
    for (int i = 0; i < 20000; i++) {
        struct event *more = event_ref(own);
        event_unref(&more);
    }
    event_unref(&own);
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct event *e = event_new(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, 9}, NULL, 0);
    e->payload = bytes_new(SLICE("x"));
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ref_and_unref, event_ref(e)), 0);
    event_unref(&e);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_table, check_memory),
        cmocka_unit_test_teardown(test_new, check_memory),
        cmocka_unit_test_teardown(test_drops_what_it_owns, check_memory),
        cmocka_unit_test_teardown(test_short_memory, check_memory),
        cmocka_unit_test_teardown(test_threads, check_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
