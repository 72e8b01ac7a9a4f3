/* What member lists are called: MurmurHash3 by its known values, and who makes "everyone". */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "gateway/member_roster.h"
#include "model/permissions.h"

static void test_hash(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t hash;
    } CASES[] = {
        /* By the reference implementation. */
        {"", 0},
        {"a", 0x3c2569b2},
        {"abc", 0xb3dd93fa},
        {"test", 0xba6bd213},
        {"Hello, world!", 0xc0363e43},
        {"The quick brown fox jumps over the lazy dog", 0x2e4ff723},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        assert_int_equal(member_list_hash(slice_from(CASES[i].text)), CASES[i].hash);
}

static void expect(uint64_t everyone, const struct overwrite *list, size_t count, const char *text)
{
    struct role role = {.id = {1}, .guild = {1}, .permissions = everyone};
    struct guild guild = {.id = {1}, .owner = {9}};
    struct channel channel = {
        .id = {5}, .guild = {1}, .name = SLICE("c"), .overwrites = list, .overwrite_count = count};
    struct guild_view *v = guild_view_new(&guild, 1, 1, &role, 1, &channel, 1);
    char id[MEMBER_LIST_ID_MAX];
    char hashed[MEMBER_LIST_ID_MAX];
    assert_non_null(v);
    member_list_id(v, &v->channels[0], id);
    snprintf(hashed, sizeof hashed, "%u",
             text == NULL ? 0 : (unsigned)member_list_hash(slice_from(text)));
    assert_string_equal(id, text == NULL ? "everyone" : hashed);
    guild_view_unref(&v);
}

static void test_ids(void **state)
{
    (void)state;
    const uint64_t view = PERMISSION_VIEW_CHANNEL;
    const uint64_t send = PERMISSION_SEND_MESSAGES;
    expect(view, NULL, 0, NULL);
    expect(0, NULL, 0, "");
    expect(PERMISSION_ADMINISTRATOR, (struct overwrite[]){{1, OVERWRITE_ROLE, 0, view}}, 1, NULL);
    expect(0, (struct overwrite[]){{1, OVERWRITE_ROLE, view, 0}}, 1, NULL);
    expect(view, (struct overwrite[]){{1, OVERWRITE_ROLE, 0, view}}, 1, "deny:1");
    /* Others than @everyone change nothing for it. */
    expect(view, (struct overwrite[]){{7, OVERWRITE_ROLE, 0, view}}, 1, NULL);
    /* Sorted as text; what does not decide is not in it; @everyone's member overwrite is nobody's.
     */
    expect(view,
           (struct overwrite[]){{1, OVERWRITE_ROLE, send, view},
                                {20, OVERWRITE_ROLE, view, 0},
                                {100, OVERWRITE_MEMBER, view, send},
                                {101, OVERWRITE_ROLE, send, 0}},
           4, "allow:100,allow:20,deny:1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
