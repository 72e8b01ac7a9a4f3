/* events_replay: what is read back from the log is what was published. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"
#include "core/members.h"

enum { REPLAY_MAX = 256 };

struct replayed {
    struct event *events[REPLAY_MAX];
    size_t count;
};

static void on_event(void *ctx, struct event *e)
{
    struct replayed *r = ctx;
    assert_true(r->count < REPLAY_MAX);
    r->events[r->count++] = e;
}

static void forget(struct replayed *r)
{
    while (r->count > 0)
        event_unref(&r->events[--r->count]);
}

static struct replayed replay(struct core_fixture *f, struct stream s, uint64_t after, unsigned max)
{
    struct replayed r = {.count = 0};
    assert_int_equal(events_replay(f->core, s, after, max, on_event, &r), ERR_OK);
    return r;
}

static void same_bytes(const struct bytes *a, const struct bytes *b)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a == NULL)
        return;
    assert_int_equal(a->len, b->len);
    assert_memory_equal(a->data, b->data, a->len);
}

static void same_event(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->stream.kind, b->stream.kind);
    assert_int_equal(a->stream.id, b->stream.id);
    assert_int_equal(a->position, b->position);
    assert_int_equal(a->at_ms, b->at_ms);
    assert_int_equal(a->guild_id, b->guild_id);
    assert_int_equal(a->channel_id, b->channel_id);
    assert_int_equal(a->entity_id, b->entity_id);
    assert_int_equal(a->actor_id, b->actor_id);
    assert_memory_equal(a->token_hash, b->token_hash, sizeof a->token_hash);
    assert_int_equal(a->content_user_count, b->content_user_count);
    for (uint32_t i = 0; i < a->content_user_count; i++)
        assert_int_equal(a->content_users[i], b->content_users[i]);
    same_bytes(a->payload, b->payload);
    same_bytes(a->payload_blank, b->payload_blank);
    assert_int_equal(a->view == NULL, b->view == NULL);
}

/* Every committed event of the stream, in order, against the replay. */
static void same_as_published(struct core_fixture *f, struct stream s)
{
    struct replayed r = replay(f, s, 0, REPLAY_MAX);
    size_t at = 0;
    for (size_t i = 0; i < f->event_count; i++) {
        if (f->events[i]->stream.kind != s.kind || f->events[i]->stream.id != s.id)
            continue;
        assert_true(at < r.count);
        same_event(f->events[i], r.events[at++]);
    }
    assert_int_equal(at, r.count);
    forget(&r);
}

/* One of each kind; returns the guild. */
static struct guild_id lively_guild(struct core_fixture *f, const struct person *owner,
                                    const struct person *guest)
{
    char token[TOKEN_TEXT_MAX];
    char text[96];
    struct message m;
    struct application app;
    struct guild_view *v = NULL;
    struct draft_problem problem;
    struct channel_id id;
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    cf_join(f, guest, cf_invite(f, owner, general, 5, 3600));
    struct access a = cf_in_guild(f, owner, guild);
    struct overwrite o = {guild.v, OVERWRITE_ROLE, 0, PERMISSION_ADD_REACTIONS};
    struct channel_draft ch = {
        .type = CHANNEL_TYPE_TEXT, .name = SLICE("new"), .overwrites = &o, .overwrite_count = 1};
    assert_int_equal(channel_create(f->core, &owner->by, &a, &ch, &id, &v, &problem), ERR_OK);
    guild_view_unref(&v);
    assert_int_equal(
        application_create(f->core, &owner->by, SLICE("echo"), LOG_NONE, &f->arena, &app), ERR_OK);
    assert_int_equal(application_bot_token(f->core, &owner->by, app.id, token), ERR_OK);
    assert_int_equal(application_authorize(f->core, &owner->by, &a, app.id, 0), ERR_OK);
    access_end(&a);
    atomic_fetch_add(&f->wall_ms, 1234);
    m = cf_post(f, guest, general, "plain");
    snprintf(text, sizeof text, "<@%llu> <@&%llu> @here", (unsigned long long)owner->who.user.v,
             (unsigned long long)guild.v);
    struct message_draft reply = {.content = slice_from(text),
                                  .reference = m.id,
                                  .nonce = SLICE("nonce \"text\""),
                                  .flags = 4};
    assert_int_equal(cf_try_post(f, owner, id, &reply, &m), ERR_OK); /* not found: no reply */
    assert_int_equal(cf_try_post(f, owner, general, &reply, &m), ERR_OK);
    reply.nonce = SLICE("17");
    reply.nonce_is_number = true;
    assert_int_equal(cf_try_post(f, guest, general, &reply, &m), ERR_OK);
    return guild;
}

static void test_replay_is_what_was_published(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = lively_guild(f, owner, guest);
    atomic_fetch_add(&f->wall_ms, 99999);
    same_as_published(f, (struct stream){STREAM_GUILD, guild.v});
    same_as_published(f, (struct stream){STREAM_USER, owner->who.user.v});
    same_as_published(f, (struct stream){STREAM_USER, guest->who.user.v});
}

static void test_replay_of_revocations(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct application app;
    char token[TOKEN_TEXT_MAX];
    assert_int_equal(
        application_create(f->core, &owner->by, SLICE("echo"), LOG_NONE, &f->arena, &app), ERR_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(application_bot_token(f->core, &owner->by, app.id, token), ERR_OK);
    assert_int_equal(f->event_count, 2);
    same_as_published(f, (struct stream){STREAM_USER, app.id.v});
}

static void test_leaving_and_rejoining(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct slice code = cf_invite(f, owner, cf_general(f, guild), 0, 0);
    cf_join(f, guest, code);
    assert_int_equal(member_leave(f->core, &guest->by, guild), ERR_OK);
    same_as_published(f, (struct stream){STREAM_USER, guest->who.user.v});
    /* The joining of somebody who is out has nothing to show any more; the leaving has. */
    uint64_t joined = cf_event_back(f, 1)->position - 1;
    struct replayed r = replay(f, (struct stream){STREAM_GUILD, guild.v}, joined - 1, REPLAY_MAX);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.events[0]->kind, EVENT_GUILD_MEMBER_ADD);
    assert_null(r.events[0]->payload);
    same_event(r.events[1], cf_event_back(f, 1));
    forget(&r);
    cf_join(f, guest, code);
    same_as_published(f, (struct stream){STREAM_GUILD, guild.v});
}

/* Whoever catches up, from wherever, ends with the structure of today. */
static void test_catching_up_with_the_structure(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = lively_guild(f, owner, guest);
    struct guild_view *v = NULL;
    assert_int_equal(guild_view_get(f->core, guild, &v), ERR_OK);
    assert_true(v->position > 1);
    for (uint64_t after = 0; after < v->position; after++) {
        struct replayed r = replay(f, (struct stream){STREAM_GUILD, guild.v}, after, REPLAY_MAX);
        const struct event *e = r.events[v->position - after - 1];
        assert_int_equal(e->position, v->position);
        assert_non_null(e->view);
        assert_int_equal(e->view->position, v->position);
        forget(&r);
    }
    guild_view_unref(&v);
}

static void test_edits_and_deletions(void **state)
{
    struct core_fixture *f = *state;
    struct message out;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct channel_id general = cf_general(f, guild);
    struct message edited = cf_post(f, owner, general, "before");
    struct message deleted = cf_post(f, owner, general, "doomed");
    struct access a = cf_in_channel(f, owner, general);
    struct message_edit e = {.has_content = true, .content = SLICE("after")};
    assert_int_equal(message_edit(f->core, &owner->by, &a, edited.id, &e, &f->arena, &out), ERR_OK);
    assert_int_equal(message_delete(f->core, &owner->by, &a, deleted.id), ERR_OK);
    access_end(&a);
    struct replayed r = replay(f, (struct stream){STREAM_GUILD, guild.v}, 1, REPLAY_MAX);
    assert_int_equal(r.count, 4);
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(r.events[i]->position, i + 2);
    /* The creation tells what the message says now; the erased text is nowhere. */
    assert_int_equal(r.events[0]->kind, EVENT_MESSAGE_CREATE);
    assert_true(cf_payload_has(r.events[0], "after"));
    assert_false(cf_payload_has(r.events[0], "before"));
    assert_int_equal(r.events[1]->kind, EVENT_MESSAGE_CREATE);
    assert_int_equal(r.events[1]->entity_id, deleted.id.v);
    assert_null(r.events[1]->payload);
    assert_null(r.events[1]->payload_blank);
    same_event(r.events[2], cf_event_back(f, 1));
    same_event(r.events[3], cf_event_back(f, 0));
    forget(&r);
}

static void test_parts(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct stream s = {STREAM_GUILD, lively_guild(f, owner, guest).v};
    struct replayed all = replay(f, s, 0, REPLAY_MAX);
    struct replayed some = replay(f, s, 3, 2);
    assert_int_equal(some.count, 2);
    assert_int_equal(some.events[0]->position, 4);
    same_event(some.events[0], all.events[3]);
    same_event(some.events[1], all.events[4]);
    struct replayed none = replay(f, s, all.count, 10);
    assert_int_equal(none.count, 0);
    struct replayed nowhere = replay(f, (struct stream){STREAM_GUILD, 5}, 0, 10);
    assert_int_equal(nowhere.count, 0);
    forget(&all);
    forget(&some);
}

static enum err emit_odd(struct tx *tx, void *ctx)
{
    const struct stream *s = ctx;
    struct event *e = event_new(EVENT_MESSAGE_CREATE, *s, NULL, 0);
    if (e == NULL)
        return ERR_NO_MEMORY;
    e->kind = (enum event_kind)9999; /* of a later version */
    e->entity_id = 3;
    return tx_emit(tx, e);
}

static void test_unknown_kinds_keep_their_position(void **state)
{
    struct core_fixture *f = *state;
    struct stream s = {STREAM_GUILD, 77};
    assert_int_equal(store_write(f->store, emit_odd, &s), ERR_OK);
    struct replayed r = replay(f, s, 0, 10);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.events[0]->position, 1);
    assert_int_equal(r.events[0]->entity_id, 3);
    assert_null(r.events[0]->payload);
    assert_non_null(event_info(r.events[0]->kind));
    forget(&r);
}

/* Short of memory a replay stops with an error and leaks nothing, wherever it happens. */
static void test_replay_without_memory(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct stream s = {STREAM_GUILD, lively_guild(f, owner, guest).v};
    struct replayed all = replay(f, s, 0, REPLAY_MAX);
    enum err e = ERR_NO_MEMORY;
    for (uint64_t n = 0; e != ERR_OK; n++) {
        struct replayed r = {.count = 0};
        assert_true(n < 10000);
        mem_fail_after(n, 1);
        e = events_replay(f->core, s, 0, REPLAY_MAX, on_event, &r);
        mem_fail_never();
        for (size_t i = 0; i < r.count; i++)
            same_event(r.events[i], all.events[i]);
        if (e == ERR_OK)
            assert_int_equal(r.count, all.count);
        forget(&r);
    }
    forget(&all);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_replay_is_what_was_published),
        T(test_replay_of_revocations),
        T(test_leaving_and_rejoining),
        T(test_catching_up_with_the_structure),
        T(test_edits_and_deletions),
        T(test_parts),
        T(test_unknown_kinds_keep_their_position),
        T(test_replay_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
