/* Messages: post, list, edit, delete, mentions, replies, nonces. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"

/* A guild with its owner and a guest, in its text channel. */
struct scene {
    struct core_fixture *f;
    struct person *owner, *guest, *stranger;
    struct guild_id guild;
    struct channel_id general;
};

static struct scene scene_of(struct core_fixture *f)
{
    struct scene s = {
        f, cf_person(f, "owner"), cf_person(f, "guest"), cf_person(f, "stranger"), {0}, {0}};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    cf_forget_events(f);
    return s;
}

static void test_post(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message_id *last = NULL;
    struct message read;
    struct message m = cf_post(f, s.guest, s.general, "hello there");
    assert_true(cf_slice_is(m.content, "hello there"));
    assert_int_equal(m.type, MESSAGE_TYPE_DEFAULT);
    assert_int_equal(m.author.id.v, s.guest->who.user.v);
    assert_int_equal(m.guild.v, s.guild.v);
    assert_int_equal(f->event_count, 1);
    const struct event *e = cf_event_back(f, 0);
    assert_int_equal(e->kind, EVENT_MESSAGE_CREATE);
    assert_int_equal(e->stream.kind, STREAM_GUILD);
    assert_int_equal(e->stream.id, s.guild.v);
    assert_int_equal(e->channel_id, s.general.v);
    assert_int_equal(e->entity_id, m.id.v);
    assert_int_equal(e->actor_id, s.guest->who.user.v);
    assert_int_equal(e->at_ms, f->wall_ms);
    assert_string_equal(e->request_id, "guest");
    assert_int_equal(e->content_user_count, 1);
    assert_int_equal(e->content_users[0], s.guest->who.user.v);
    assert_true(cf_payload_has(e, "hello there"));
    assert_non_null(e->payload_blank);
    assert_null(memmem(e->payload_blank->data, e->payload_blank->len, "hello there", 11));
    struct access a = cf_in_channel(f, s.owner, s.general);
    assert_int_equal(message_get(f->core, &a, m.id, &f->arena, &read), ERR_OK);
    assert_true(cf_slice_is(read.content, "hello there"));
    assert_true(cf_slice_is(read.author.username, "guest"));
    assert_int_equal(message_get(f->core, &a, (struct message_id){1}, &f->arena, &read),
                     ERR_UNKNOWN_MESSAGE);
    assert_int_equal(channel_last_messages(f->core, a.view, &f->arena, &last), ERR_OK);
    for (size_t i = 0; i < a.view->channel_count; i++)
        assert_int_equal(last[i].v, a.view->channels[i].id.v == s.general.v ? m.id.v : 0);
    access_end(&a);
}

static void test_post_into_a_category(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    struct message_draft d = {.content = SLICE("x")};
    struct access a = cf_in_guild(f, s.owner, s.guild);
    struct channel_id category = guild_view_channel(a.view, s.general)->parent;
    access_end(&a);
    assert_int_equal(cf_try_post(f, s.owner, category, &d, &m), ERR_NON_TEXT_CHANNEL);
    assert_int_equal(f->event_count, 0);
}

enum { PAGE_MESSAGES = 12 };

/* Expected messages by number, newest first; -1 ends. */
static void test_pages(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message_id ids[PAGE_MESSAGES];
    for (int i = 0; i < PAGE_MESSAGES; i++) {
        ids[i] = cf_post(f, s.owner, s.general, "n").id;
        assert_true(i == 0 || ids[i].v > ids[i - 1].v);
    }
    const struct {
        struct message_page page;
        int expected[PAGE_MESSAGES + 1];
    } cases[] = {
        {{.limit = 3}, {11, 10, 9, -1}},
        {{.limit = 100}, {11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1}},
        {{.limit = 3, .before = ids[4]}, {3, 2, 1, -1}},
        {{.limit = 9, .before = ids[2]}, {1, 0, -1}},
        {{.limit = 9, .before = ids[0]}, {-1}},
        {{.limit = 2, .before = {UINT64_MAX}}, {11, 10, -1}},
        {{.limit = 3, .after = ids[4]}, {7, 6, 5, -1}},
        {{.limit = 9, .after = ids[9]}, {11, 10, -1}},
        {{.limit = 9, .after = ids[11]}, {-1}},
        {{.limit = 9, .after = {UINT64_MAX}}, {-1}},
        {{.limit = 2, .after = {1}}, {1, 0, -1}},
        {{.limit = 5, .around = ids[6]}, {8, 7, 6, 5, 4, -1}},
        {{.limit = 1, .around = ids[6]}, {6, -1}},
        {{.limit = 4, .around = ids[6]}, {7, 6, 5, 4, -1}},
        {{.limit = 4, .around = ids[0]}, {1, 0, -1}},
        {{.limit = 4, .around = ids[11]}, {11, 10, 9, -1}},
    };
    struct access a = cf_in_channel(f, s.guest, s.general);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message *list = NULL;
        size_t count = 0, want = 0;
        assert_int_equal(message_list(f->core, &a, &cases[i].page, &f->arena, &list, &count),
                         ERR_OK);
        while (cases[i].expected[want] >= 0)
            want++;
        assert_int_equal(count, want);
        for (size_t k = 0; k < want; k++)
            assert_int_equal(list[k].id.v, ids[cases[i].expected[k]].v);
    }
    access_end(&a);
}

static enum err edit(struct core_fixture *f, const struct person *p, struct channel_id channel,
                     struct message_id id, const struct message_edit *e, struct message *out)
{
    struct access a = cf_in_channel(f, p, channel);
    enum err failed = message_edit(f->core, &p->by, &a, id, e, &f->arena, out);
    access_end(&a);
    return failed;
}

static void test_edit(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m = cf_post(f, s.guest, s.general, "before"), out;
    struct message_edit text = {.has_content = true, .content = SLICE("after")};
    struct message_edit flags = {.has_flags = true, .flags = 4 | 8};
    atomic_fetch_add(&f->wall_ms, 5000);
    assert_int_equal(edit(f, s.owner, s.general, m.id, &text, &out), ERR_EDIT_OTHERS_MESSAGE);
    assert_int_equal(edit(f, s.guest, s.general, (struct message_id){1}, &text, &out),
                     ERR_UNKNOWN_MESSAGE);
    assert_int_equal(f->event_count, 1);
    assert_int_equal(edit(f, s.guest, s.general, m.id, &text, &out), ERR_OK);
    assert_true(cf_slice_is(out.content, "after"));
    assert_int_equal(out.edited_at_ms, f->wall_ms);
    const struct event *e = cf_event_back(f, 0);
    assert_int_equal(e->kind, EVENT_MESSAGE_UPDATE);
    assert_int_equal(e->position, cf_event_back(f, 1)->position + 1);
    assert_int_equal(e->entity_id, m.id.v);
    assert_true(cf_payload_has(e, "after"));
    /* Whoever manages messages may hide embeds, and change nothing else; that is no edit. */
    struct message own = cf_post(f, s.owner, s.general, "mine");
    assert_int_equal(edit(f, s.guest, s.general, own.id, &flags, &out), ERR_EDIT_OTHERS_MESSAGE);
    assert_int_equal(edit(f, s.owner, s.general, m.id, &flags, &out), ERR_OK);
    assert_int_equal(out.flags, 4);
    assert_true(cf_slice_is(out.content, "after"));
    assert_int_equal(out.edited_at_ms, f->wall_ms);
    size_t events = f->event_count;
    struct message_edit nothing = {0};
    assert_int_equal(edit(f, s.guest, s.general, m.id, &nothing, &out), ERR_OK);
    assert_int_equal(f->event_count, events);
}

static enum err delete_as(struct core_fixture *f, const struct person *p, struct channel_id channel,
                          struct message_id id)
{
    struct access a = cf_in_channel(f, p, channel);
    enum err e = message_delete(f->core, &p->by, &a, id);
    access_end(&a);
    return e;
}

static void test_delete(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message mine = cf_post(f, s.owner, s.general, "mine");
    struct message theirs = cf_post(f, s.guest, s.general, "theirs"), out;
    assert_int_equal(delete_as(f, s.guest, s.general, mine.id), ERR_MISSING_PERMISSIONS);
    assert_int_equal(f->event_count, 2);
    assert_int_equal(delete_as(f, s.owner, s.general, theirs.id), ERR_OK);
    const struct event *e = cf_event_back(f, 1);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_int_equal(e->kind, EVENT_MESSAGE_DELETE);
    assert_int_equal(e->entity_id, theirs.id.v);
    assert_int_equal(e->actor_id, s.owner->who.user.v);
    assert_int_equal(delete_as(f, s.owner, s.general, theirs.id), ERR_UNKNOWN_MESSAGE);
    assert_int_equal(delete_as(f, s.owner, s.general, mine.id), ERR_OK);
    assert_int_equal(f->event_count, 5);
    struct access a = cf_in_channel(f, s.owner, s.general);
    assert_int_equal(message_get(f->core, &a, mine.id, &f->arena, &out), ERR_UNKNOWN_MESSAGE);
    access_end(&a);
}

/* Someone else's channel does not lead to a message, not even with its id. */
static void test_other_channels_message(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message out;
    struct channel_id other = cf_general(f, cf_guild(f, s.guest));
    struct message m = cf_post(f, s.owner, s.general, "here");
    struct message_edit e = {.has_content = true, .content = SLICE("x")};
    struct access a = cf_in_channel(f, s.guest, other);
    assert_int_equal(message_get(f->core, &a, m.id, &f->arena, &out), ERR_UNKNOWN_MESSAGE);
    assert_int_equal(message_edit(f->core, &s.guest->by, &a, m.id, &e, &f->arena, &out),
                     ERR_UNKNOWN_MESSAGE);
    assert_int_equal(message_delete(f->core, &s.guest->by, &a, m.id), ERR_UNKNOWN_MESSAGE);
    access_end(&a);
}

/* --- mentions -----------------------------------------------------------------------------------
 */

struct mention_case {
    const char *text; /* 'O', 'G' and 'S' stand for the ids of owner, guest and stranger */
    struct message_draft d;
    size_t users;
    bool everyone;
};

static struct slice with_ids(struct core_fixture *f, const struct scene *s, const char *text)
{
    char *out = arena_printf(&f->arena, "%s", "");
    for (; *text != '\0' && out != NULL; text++) {
        const struct person *p = *text == 'O' ? s->owner : *text == 'G' ? s->guest : s->stranger;
        out = *text == 'O' || *text == 'G' || *text == 'S'
                  ? arena_printf(&f->arena, "%s%llu", out, (unsigned long long)p->who.user.v)
                  : arena_printf(&f->arena, "%s%c", out, *text);
    }
    assert_non_null(out);
    return slice_from(out);
}

static void test_mentions(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    const uint64_t only_owner[] = {s.owner->who.user.v};
    const struct mention_case cases[] = {
        {.text = "nobody"},
        {.text = "<@O> <@!G> <@S>", .users = 2},
        {.text = "<@O> <@G>", .d = {.allowed = {.given = true}}},
        {.text = "<@O> <@G>", .d = {.allowed = {.given = true, .parse_users = true}}, .users = 2},
        {.text = "<@O> <@G>",
         .d = {.allowed = {.given = true, .users = only_owner, .user_count = 1}},
         .users = 1},
        {.text = "@everyone", .everyone = true},
        {.text = "@here", .d = {.allowed = {.given = true}}},
        {.text = "@here",
         .d = {.allowed = {.given = true, .parse_everyone = true}},
         .everyone = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct message m;
        struct message_draft d = cases[i].d;
        d.content = with_ids(f, &s, cases[i].text);
        assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &m), ERR_OK);
        assert_int_equal(m.mention_count, cases[i].users);
        assert_int_equal(m.mention_everyone, cases[i].everyone);
        if (cases[i].users > 0)
            assert_int_equal(m.mentions[0].id.v, s.owner->who.user.v);
        /* Who is mentioned gets the content also without the intent. */
        assert_int_equal(cf_event_back(f, 0)->content_user_count, cases[i].users == 0 ? 1 : 2);
    }
}

static void test_role_mentions(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    char text[128];
    struct message m, read;
    /* @everyone's role is not mentionable, but guests hold MENTION_EVERYONE; an unknown role is
     * not. */
    snprintf(text, sizeof text, "<@&%llu> <@&99>", (unsigned long long)s.guild.v);
    m = cf_post(f, s.guest, s.general, text);
    assert_int_equal(m.mention_role_count, 1);
    struct access a = cf_in_channel(f, s.guest, s.general);
    assert_int_equal(message_get(f->core, &a, m.id, &f->arena, &read), ERR_OK);
    assert_int_equal(read.mention_role_count, 1);
    assert_int_equal(read.mention_roles[0].v, s.guild.v);
    access_end(&a);
}

/* --- replies ------------------------------------------------------------------------------------
 */

static void test_reply(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m, read;
    struct message first = cf_post(f, s.owner, s.general, "question");
    struct message_draft d = {.content = SLICE("answer"), .reference = first.id};
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_TYPE_REPLY);
    assert_int_equal(m.reference.v, first.id.v);
    assert_true(cf_slice_is(m.referenced->content, "question"));
    assert_int_equal(m.mention_count, 1);
    assert_int_equal(m.mentions[0].id.v, s.owner->who.user.v);
    /* An edit keeps the author replied to mentioned. */
    struct message_edit e = {.has_content = true, .content = SLICE("better answer")};
    assert_int_equal(edit(f, s.guest, s.general, m.id, &e, &read), ERR_OK);
    assert_int_equal(read.mention_count, 1);
    d.allowed.given = true;
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &read), ERR_OK);
    assert_int_equal(read.mention_count, 0);
    /* The referenced message is as it is now: then, gone. */
    assert_int_equal(delete_as(f, s.owner, s.general, first.id), ERR_OK);
    struct access a = cf_in_channel(f, s.guest, s.general);
    assert_int_equal(message_get(f->core, &a, m.id, &f->arena, &read), ERR_OK);
    access_end(&a);
    assert_int_equal(read.reference.v, first.id.v);
    assert_null(read.referenced);
    assert_true(read.referenced_known);
    /* Replying to what is gone. */
    d.fail_if_not_exists = true;
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &read), ERR_UNKNOWN_MESSAGE);
    d.fail_if_not_exists = false;
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &read), ERR_OK);
    assert_int_equal(read.type, MESSAGE_TYPE_DEFAULT);
    assert_int_equal(read.reference.v, 0);
}

/* --- nonces -------------------------------------------------------------------------------------
 */

static void test_enforced_nonce(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message first, again;
    struct message_draft d = {.content = SLICE("once"),
                              .nonce = SLICE("12345"),
                              .nonce_is_number = true,
                              .enforce_nonce = true};
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &first), ERR_OK);
    assert_true(cf_slice_is(first.nonce, "12345"));
    assert_true(cf_payload_has(cf_event_back(f, 0), "\"nonce\":12345"));
    d.content = SLICE("twice");
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &again), ERR_OK);
    assert_int_equal(again.id.v, first.id.v);
    assert_true(cf_slice_is(again.content, "once"));
    assert_true(cf_slice_is(again.nonce, "12345"));
    assert_int_equal(f->event_count, 1);
    /* Another author's nonce is another nonce. */
    assert_int_equal(cf_try_post(f, s.owner, s.general, &d, &again), ERR_OK);
    assert_int_not_equal(again.id.v, first.id.v);
    /* Without enforcement it is a label only. */
    d.enforce_nonce = false;
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &again), ERR_OK);
    assert_int_not_equal(again.id.v, first.id.v);
    assert_int_equal(f->event_count, 3);
    /* The latest use counts; after some minutes none does. */
    first = again;
    d.enforce_nonce = true;
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &again), ERR_OK);
    assert_int_equal(again.id.v, first.id.v);
    atomic_fetch_add(&f->wall_ms, 4 * 60 * 1000);
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &again), ERR_OK);
    assert_int_not_equal(again.id.v, first.id.v);
}

static void test_nonce_of_a_deleted_message_is_free(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message first, second, third;
    struct message_draft d = {.content = SLICE("once"), .nonce = SLICE("n"), .enforce_nonce = true};
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &first), ERR_OK);
    assert_int_equal(delete_as(f, s.guest, s.general, first.id), ERR_OK);
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &second), ERR_OK);
    assert_int_not_equal(second.id.v, first.id.v);
    assert_int_equal(cf_try_post(f, s.guest, s.general, &d, &third), ERR_OK);
    assert_int_equal(third.id.v, second.id.v);
}

/* --- many at once -------------------------------------------------------------------------------
 */

enum { POSTERS = 8, POSTS = 50 };

struct poster {
    struct scene *s;
    bool failed;
};

static void *post_many(void *ctx)
{
    struct poster *p = ctx;
    struct scene *s = p->s;
    struct arena arena;
    struct message_draft d = {.content = SLICE("one of many")};
    arena_init(&arena, MEM_CORE, 4 * 1024 * 1024);
    for (int i = 0; i < POSTS; i++) {
        struct access a;
        struct message m;
        enum err e = access_channel(s->f->core, &s->guest->who, s->general, &arena, &a);
        if (e == ERR_OK) {
            e = message_post(s->f->core, &s->guest->by, &a, &d, &arena, &m);
            access_end(&a);
        }
        p->failed = p->failed || e != ERR_OK;
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return NULL;
}

/* Ids increase with positions: who polls with after= misses nothing. */
static void test_ids_increase_in_the_order_of_commits(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&s, false};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < POSTERS; i++)
        assert_false(posters[i].failed);
    assert_int_equal(f->event_count, POSTERS * POSTS);
    for (size_t i = 1; i < f->event_count; i++) {
        assert_int_equal(f->events[i]->position, f->events[i - 1]->position + 1);
        assert_true(f->events[i]->entity_id > f->events[i - 1]->entity_id);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_post),
        T(test_post_into_a_category),
        T(test_pages),
        T(test_edit),
        T(test_delete),
        T(test_other_channels_message),
        T(test_mentions),
        T(test_role_mentions),
        T(test_reply),
        T(test_enforced_nonce),
        T(test_nonce_of_a_deleted_message_is_free),
        T(test_ids_increase_in_the_order_of_commits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
