/* Accounts and applications: register, log in, log out, tokens and bots. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/core_fixture.h"

static const struct account_registration ada = {.username = {"ada", 3},
                                                .password = {"correct horse", 13},
                                                .email = {"ada@example.org", 15},
                                                .global_name = {"Ada", 3}};

static struct user_id registered(struct core_fixture *f, char token[TOKEN_TEXT_MAX])
{
    struct user_id id = {0};
    enum account_conflict conflict = ACCOUNT_FREE;
    assert_int_equal(account_register(f->core, &ada, SLICE("r1"), token, &id, &conflict), ERR_OK);
    assert_int_not_equal(id.v, 0);
    return id;
}

static void test_register_login_logout(void **state)
{
    struct core_fixture *f = *state;
    char first[TOKEN_TEXT_MAX], second[TOKEN_TEXT_MAX];
    struct principal who, other;
    struct user_id by_name, by_email;
    struct user u;
    struct user_id id = registered(f, first);
    assert_int_equal(account_authenticate(f->core, slice_from(first), 0, &who), ERR_OK);
    assert_int_equal(who.user.v, id.v);
    assert_int_equal(who.tenant.v, TENANT_DEFAULT.v);
    assert_false(who.bot);
    assert_int_equal(account_get(f->core, id, &f->arena, &u), ERR_OK);
    assert_true(cf_slice_is(u.username, "ada"));
    assert_true(cf_slice_is(u.global_name, "Ada"));
    assert_true(cf_slice_is(u.email, "ada@example.org"));
    assert_int_equal(account_login(f->core, SLICE("Ada@Example.org"), ada.password, SLICE("r2"),
                                   second, &by_email),
                     ERR_OK);
    assert_int_equal(
        account_login(f->core, SLICE("ADA"), ada.password, SLICE("r3"), second, &by_name), ERR_OK);
    assert_int_equal(by_email.v, id.v);
    assert_int_equal(by_name.v, id.v);
    assert_string_not_equal(first, second);
    /* Logging out ends the one session and leaves the other. */
    struct actor by = {.who = &who, .request_id = SLICE("r4")};
    assert_int_equal(account_logout(f->core, &by), ERR_OK);
    assert_int_equal(account_authenticate(f->core, slice_from(first), 0, &other), ERR_UNAUTHORIZED);
    assert_int_equal(account_authenticate(f->core, slice_from(second), 0, &other), ERR_OK);
    assert_int_equal(f->event_count, 1);
    const struct event *e = cf_event_back(f, 0);
    assert_int_equal(e->kind, EVENT_TOKEN_REVOKED);
    assert_int_equal(e->stream.kind, STREAM_USER);
    assert_int_equal(e->stream.id, id.v);
    assert_int_equal(e->position, 1);
    assert_memory_equal(e->token_hash, who.token_hash, sizeof e->token_hash);
    assert_string_equal(e->request_id, "r4");
    /* Once more is no error, and no event. */
    assert_int_equal(account_logout(f->core, &by), ERR_OK);
    assert_int_equal(f->event_count, 1);
}

static void test_login_refusals(void **state)
{
    static const struct {
        const char *login, *password;
    } cases[] = {{"ada", "wrong"},
                 {"nobody", "correct horse"},
                 {"", "correct horse"},
                 {"not a name", "correct horse"},
                 {"eve@example.org", "wrong"},
                 {"ada", ""}};
    struct core_fixture *f = *state;
    char token[TOKEN_TEXT_MAX] = "kept";
    char first[TOKEN_TEXT_MAX];
    struct user_id id = {7};
    registered(f, first);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(account_login(f->core, slice_from(cases[i].login),
                                       slice_from(cases[i].password), SLICE("r"), token, &id),
                         ERR_UNAUTHORIZED);
        assert_string_equal(token, "kept");
        assert_int_equal(id.v, 7);
    }
}

static void test_register_conflicts(void **state)
{
    struct core_fixture *f = *state;
    char token[TOKEN_TEXT_MAX];
    struct user_id id;
    enum account_conflict conflict = ACCOUNT_FREE;
    registered(f, token);
    struct account_registration same_name = ada;
    same_name.email = SLICE("other@example.org");
    assert_int_equal(account_register(f->core, &same_name, SLICE("r"), token, &id, &conflict),
                     ERR_STORE_CONFLICT);
    assert_int_equal(conflict, ACCOUNT_USERNAME_TAKEN);
    struct account_registration same_email = ada;
    same_email.username = SLICE("other");
    assert_int_equal(account_register(f->core, &same_email, SLICE("r"), token, &id, &conflict),
                     ERR_STORE_CONFLICT);
    assert_int_equal(conflict, ACCOUNT_EMAIL_TAKEN);
}

enum { RACERS = 4 };

struct racer {
    struct core_fixture *f;
    enum err result;
    enum account_conflict conflict;
};

static void *race_register(void *ctx)
{
    struct racer *r = ctx;
    char token[TOKEN_TEXT_MAX];
    struct user_id id;
    r->result = account_register(r->f->core, &ada, SLICE("r"), token, &id, &r->conflict);
    return NULL;
}

static void test_one_of_many_gets_the_name(void **state)
{
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    int won = 0;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.f = *state};
        assert_int_equal(pthread_create(&threads[i], NULL, race_register, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < RACERS; i++) {
        won += racers[i].result == ERR_OK;
        if (racers[i].result != ERR_OK) {
            assert_int_equal(racers[i].result, ERR_STORE_CONFLICT);
            /* The winner has taken both: which is seen depends on when one looks. */
            assert_int_not_equal(racers[i].conflict, ACCOUNT_FREE);
        }
    }
    assert_int_equal(won, 1);
}

static void test_authenticate_refuses_nonsense(void **state)
{
    static const char *const tokens[] = {"", "x", "a.b.c", "MTIz.AAAAAAAA.AAAAAAAAAAAAAAAAAAAAA"};
    struct core_fixture *f = *state;
    struct principal who;
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++)
        assert_int_equal(account_authenticate(f->core, slice_from(tokens[i]), -1, &who),
                         ERR_UNAUTHORIZED);
    /* The right form, and nobody's. */
    char token[TOKEN_TEXT_MAX];
    token_make(random_system(), 42, token);
    assert_int_equal(account_authenticate(f->core, slice_from(token), -1, &who), ERR_UNAUTHORIZED);
}

static struct application created(struct core_fixture *f, const struct person *owner,
                                  const char *name)
{
    struct application a;
    assert_int_equal(
        application_create(f->core, &owner->by, slice_from(name), LOG_NONE, &f->arena, &a), ERR_OK);
    return a;
}

static void test_bot_tokens(void **state)
{
    struct core_fixture *f = *state;
    char first[TOKEN_TEXT_MAX], second[TOKEN_TEXT_MAX];
    struct principal who;
    struct person *owner = cf_person(f, "owner"), *other = cf_person(f, "other");
    struct application a = created(f, owner, "Écho Bot"), read;
    assert_int_equal(application_bot_token(f->core, &other->by, a.id, first),
                     ERR_NOT_APPLICATION_OWNER);
    assert_int_equal(application_bot_token(f->core, &owner->by, (struct application_id){5}, first),
                     ERR_UNKNOWN_APPLICATION);
    assert_int_equal(application_bot_token(f->core, &owner->by, a.id, first), ERR_OK);
    /* Over HTTP a bot's token needs its prefix; the gateway takes both. */
    assert_int_equal(account_authenticate(f->core, slice_from(first), 0, &who), ERR_UNAUTHORIZED);
    assert_int_equal(account_authenticate(f->core, slice_from(first), 1, &who), ERR_OK);
    assert_int_equal(account_authenticate(f->core, slice_from(first), -1, &who), ERR_OK);
    assert_true(who.bot);
    assert_int_equal(who.application.v, a.id.v);
    assert_true(who.application_flags & APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT);
    assert_int_equal(application_get(f->core, a.id, &f->arena, &read), ERR_OK);
    assert_int_equal(read.bot.v, who.user.v);
    assert_int_equal(f->event_count, 0);
    /* A new one revokes the old. */
    assert_int_equal(application_bot_token(f->core, &owner->by, a.id, second), ERR_OK);
    assert_int_equal(account_authenticate(f->core, slice_from(first), -1, &who), ERR_UNAUTHORIZED);
    assert_int_equal(account_authenticate(f->core, slice_from(second), -1, &who), ERR_OK);
    assert_int_equal(f->event_count, 1);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_TOKEN_REVOKED);
    assert_int_equal(cf_event_back(f, 0)->stream.id, who.user.v);
}

static void test_bot_names_are_unique(void **state)
{
    struct core_fixture *f = *state;
    char token[TOKEN_TEXT_MAX];
    struct user first, second;
    struct person *owner = cf_person(f, "owner");
    struct application a = created(f, owner, "My Bot"), b = created(f, owner, "my bot");
    assert_int_equal(application_bot_token(f->core, &owner->by, a.id, token), ERR_OK);
    assert_int_equal(application_bot_token(f->core, &owner->by, b.id, token), ERR_OK);
    assert_int_equal(account_get(f->core, (struct user_id){a.id.v}, &f->arena, &first), ERR_OK);
    assert_int_equal(account_get(f->core, (struct user_id){b.id.v}, &f->arena, &second), ERR_OK);
    assert_true(cf_slice_is(first.username, "my_bot"));
    assert_false(slice_eq(first.username, second.username));
    assert_true(second.bot);
}

static void test_authorize_adds_the_bot(void **state)
{
    struct core_fixture *f = *state;
    char token[TOKEN_TEXT_MAX];
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct application a = created(f, owner, "echo");
    struct access in = cf_in_guild(f, owner, guild);
    uint64_t bits = PERMISSION_SEND_MESSAGES | PERMISSION_MANAGE_MESSAGES;
    assert_int_equal(application_authorize(f->core, &owner->by, &in, a.id, bits), ERR_NO_BOT);
    assert_int_equal(application_bot_token(f->core, &owner->by, a.id, token), ERR_OK);
    cf_forget_events(f);
    assert_int_equal(application_authorize(f->core, &owner->by, &in, a.id, bits), ERR_OK);
    static const enum event_kind kinds[] = {
        EVENT_GUILD_ROLE_CREATE,
        EVENT_GUILD_MEMBER_ADD,
        EVENT_GUILD_CREATE,
        EVENT_INTEGRATION_CREATE,
        EVENT_GUILD_INTEGRATIONS_UPDATE,
        EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, /* the integration */
        EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, /* the bot */
    };
    size_t count_of = sizeof kinds / sizeof *kinds;
    assert_int_equal(f->event_count, count_of);
    for (size_t i = 0; i < count_of; i++)
        assert_int_equal(f->events[i]->kind, kinds[i]);
    const struct event *role = f->events[0], *joined = f->events[2];
    assert_int_equal(role->view->position, role->position);
    assert_int_equal(joined->stream.kind, STREAM_USER);
    assert_int_equal(joined->stream.id, a.id.v);
    assert_int_equal(joined->guild_id, guild.v);
    /* The view in the cache has the role, and the bot holds it. */
    struct principal bot;
    struct access as_bot;
    uint64_t count = 0;
    assert_int_equal(account_authenticate(f->core, slice_from(token), 1, &bot), ERR_OK);
    assert_int_equal(access_guild(f->core, &bot, guild, &f->arena, &as_bot), ERR_OK);
    assert_int_equal(as_bot.member.role_count, 1);
    assert_int_equal(as_bot.permissions, PERMISSIONS_DEFAULT | bits);
    access_end(&as_bot);
    assert_int_equal(guild_member_count(f->core, guild, &count), ERR_OK);
    assert_int_equal(count, 2);
    /* Again: it is in already. */
    assert_int_equal(application_authorize(f->core, &owner->by, &in, a.id, bits), ERR_OK);
    assert_int_equal(f->event_count, count_of);
    access_end(&in);
}

static void test_authorize_gives_no_more_than_the_actor_has(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    struct application a = created(f, owner, "echo");
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 0, 0));
    struct access in = cf_in_guild(f, guest, guild);
    assert_int_equal(application_authorize(f->core, &guest->by, &in, a.id, 0),
                     ERR_MISSING_PERMISSIONS);
    access_end(&in);
}

static void test_applications_have_a_maximum(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct application a;
    for (int i = 0; i < 50; i++)
        created(f, owner, "one of many");
    assert_int_equal(
        application_create(f->core, &owner->by, SLICE("too many"), LOG_NONE, &f->arena, &a),
        ERR_MAX_APPLICATIONS);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_register_login_logout),
        T(test_login_refusals),
        T(test_register_conflicts),
        T(test_one_of_many_gets_the_name),
        T(test_authenticate_refuses_nonsense),
        T(test_bot_tokens),
        T(test_bot_names_are_unique),
        T(test_authorize_adds_the_bot),
        T(test_authorize_gives_no_more_than_the_actor_has),
        T(test_applications_have_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
