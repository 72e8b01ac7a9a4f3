/* User objects: every key that strict libraries need, and the e-mail only for its owner. */

#include "proto_fixture.h"

#include "proto/user.h"

static json_t *shown(const struct user *u, void (*write)(struct json_writer *, const struct user *))
{
    struct buf out;
    struct json_writer w;
    buf_init(&out, MEM_WIRE, 4096);
    json_begin(&w, &out);
    write(&w, u);
    return take(&out);
}

static void test_public(void **state)
{
    (void)state;
    json_t *v = shown(&ADA, proto_user);
    assert_keys(v, USER_KEYS);
    assert_str(v, "id", "100");
    assert_str(v, "global_name", "Ada \"L\"");
    assert_str(v, "discriminator", "0");
    assert_true(json_is_false(at(v, "bot")));
    assert_null(at(v, "email"));
    json_decref(v);
}

static void test_self(void **state)
{
    (void)state;
    json_t *v = shown(&ADA, proto_user_self);
    assert_keys(v, USER_KEYS " mfa_enabled locale premium_type verified");
    assert_str(v, "email", "ada@example.org");
    json_decref(v);
}

static void test_bot(void **state)
{
    (void)state;
    json_t *v = shown(&BOT, proto_user_self);
    assert_true(json_is_true(at(v, "bot")));
    assert_null_at(v, "email");
    assert_null_at(v, "global_name");
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_self),
        cmocka_unit_test(test_bot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
