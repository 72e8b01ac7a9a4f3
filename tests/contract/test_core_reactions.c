/* Reactions: what each needs, counts, events, who may remove whose, what the log gives back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/media_fixture.h"
#include "contract/replay_fixture.h"
#include "contract/structure_fixture.h"
#include "core/emojis.h"
#include "core/reactions.h"
#include "core/user_erase.h"
#include "store/relationships.h"

#define THUMB "\xF0\x9F\x91\x8D"
#define HEART "\xE2\x9D\xA4\xEF\xB8\x8F"
#define BARE_HEART "\xE2\x9D\xA4"

struct stage {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild;
    struct channel_id general;
    struct message m; /* the owner's */
};

static struct stage stage_of(struct core_fixture *f)
{
    struct stage s = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    s.guild = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    s.m = cf_post(f, s.owner, s.general, "react to this");
    cf_forget_events(f);
    return s;
}

static enum err react_as(struct stage *s, const struct person *p, const char *text,
                         enum reaction_type type)
{
    struct emoji_ref emoji;
    enum err e = reaction_emoji_read(slice_from(text), &s->f->arena, &emoji);
    if (e != ERR_OK)
        return e;
    struct access a = cf_in_channel(s->f, p, s->general);
    e = reaction_add(s->f->core, &p->by, &a, s->m.id, &emoji, type);
    access_end(&a);
    return e;
}

static enum err react(struct stage *s, const struct person *p, const char *text)
{
    return react_as(s, p, text, REACTION_NORMAL);
}

static enum err take_back(struct stage *s, const struct person *p, const char *text,
                          const struct person *whose)
{
    struct emoji_ref emoji;
    assert_int_equal(reaction_emoji_read(slice_from(text), &s->f->arena, &emoji), ERR_OK);
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e =
        reaction_remove(s->f->core, &p->by, &a, s->m.id, &emoji, REACTION_TYPES, whose->who.user);
    access_end(&a);
    return e;
}

static enum err clear(struct stage *s, const struct person *p, const char *text)
{
    struct emoji_ref emoji;
    if (text != NULL)
        assert_int_equal(reaction_emoji_read(slice_from(text), &s->f->arena, &emoji), ERR_OK);
    struct access a = cf_in_channel(s->f, p, s->general);
    enum err e = reactions_clear(s->f->core, &p->by, &a, s->m.id, text != NULL ? &emoji : NULL);
    access_end(&a);
    return e;
}

static struct message as_seen_by(struct stage *s, const struct person *p)
{
    struct message m;
    struct access a = cf_in_channel(s->f, p, s->general);
    assert_int_equal(message_get(s->f->core, &a, s->m.id, &s->f->arena, &m), ERR_OK);
    access_end(&a);
    return m;
}

static struct stream stream_of(const struct stage *s)
{
    return (struct stream){STREAM_GUILD, s->guild.v};
}

static void test_adding_and_counting(void **state)
{
    struct stage s = stage_of(*state);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK);
    const struct event *e = cf_event_back(s.f, 0);
    assert_int_equal(e->kind, EVENT_MESSAGE_REACTION_ADD);
    assert_true(cf_payload_has(e, "\"emoji\":{\"id\":null,\"name\":\"" THUMB "\"}"));
    assert_true(cf_payload_has(e, "\"member\":{"));
    assert_true(cf_payload_has(e, "\"burst\":false,\"type\":0"));
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK); /* it is there */
    assert_int_equal(s.f->event_count, 1);
    assert_int_equal(react(&s, s.owner, BARE_HEART), ERR_OK);
    assert_int_equal(react(&s, s.guest, HEART), ERR_OK);
    assert_int_equal(react_as(&s, s.guest, HEART, REACTION_BURST), ERR_OK);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), "\"burst\":true,\"type\":1"));
    struct message m = as_seen_by(&s, s.guest);
    assert_int_equal(m.reaction_count, 2); /* in the order in which they first came */
    assert_true(cf_slice_is(m.reactions[0].emoji.name, THUMB));
    assert_int_equal(m.reactions[0].normal, 1);
    assert_true(m.reactions[0].me);
    assert_false(m.reactions[0].me_burst);
    assert_true(cf_slice_is(m.reactions[1].emoji.name, HEART));
    assert_int_equal(m.reactions[1].normal, 2);
    assert_int_equal(m.reactions[1].burst, 1);
    assert_true(m.reactions[1].me);
    assert_true(m.reactions[1].me_burst);
    m = as_seen_by(&s, s.owner);
    assert_false(m.reactions[0].me);
    assert_true(m.reactions[1].me);
    assert_false(m.reactions[1].me_burst);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_REACTION_ADD), 4);
}

static void test_taking_back(void **state)
{
    struct stage s = stage_of(*state);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK);
    assert_int_equal(react(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(react_as(&s, s.owner, THUMB, REACTION_BURST), ERR_OK);
    cf_forget_events(s.f);
    assert_int_equal(take_back(&s, s.guest, THUMB, s.owner), ERR_MISSING_PERMISSIONS);
    assert_int_equal(take_back(&s, s.guest, HEART, s.guest), ERR_OK); /* none: nothing */
    assert_int_equal(s.f->event_count, 0);
    assert_int_equal(take_back(&s, s.owner, THUMB, s.owner), ERR_OK); /* both */
    assert_int_equal(s.f->event_count, 2);
    struct message m = as_seen_by(&s, s.guest);
    assert_int_equal(m.reactions[0].normal, 1);
    assert_int_equal(m.reactions[0].burst, 0);
    assert_int_equal(take_back(&s, s.owner, THUMB, s.guest), ERR_OK);
    char who[48];
    snprintf(who, sizeof who, "\"user_id\":\"%llu\"", (unsigned long long)s.guest->who.user.v);
    assert_true(cf_payload_has(cf_event_back(s.f, 0), who));
    assert_int_equal(as_seen_by(&s, s.guest).reaction_count, 0);
    assert_int_equal(take_back(&s, s.owner, THUMB, s.guest), ERR_OK);
    assert_int_equal(s.f->event_count, 3);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_REACTION_REMOVE), 3);
}

static void test_clearing(void **state)
{
    struct stage s = stage_of(*state);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK);
    assert_int_equal(react(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(react(&s, s.owner, HEART), ERR_OK);
    assert_int_equal(react(&s, s.owner, "\xF0\x9F\x94\xA5"), ERR_OK);
    cf_forget_events(s.f);
    assert_int_equal(clear(&s, s.guest, THUMB), ERR_MISSING_PERMISSIONS);
    assert_int_equal(clear(&s, s.guest, NULL), ERR_MISSING_PERMISSIONS);
    assert_int_equal(clear(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(clear(&s, s.owner, THUMB), ERR_OK); /* gone already */
    assert_int_equal(s.f->event_count, 1);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_REACTION_REMOVE_EMOJI), 1);
    assert_int_equal(as_seen_by(&s, s.guest).reaction_count, 2);
    assert_int_equal(clear(&s, s.owner, NULL), ERR_OK);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_REACTION_REMOVE_ALL), 1);
    assert_int_equal(as_seen_by(&s, s.guest).reaction_count, 0);
    assert_int_equal(
        count_of(s.f, "SELECT COUNT(*) FROM reactions WHERE message_id = $1", s.m.id.v), 0);
}

/* More than one closure takes: all go, and it is told once. */
static void test_clearing_many(void **state)
{
    struct stage s = stage_of(*state);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK);
    assert_int_equal(react_as(&s, s.guest, HEART, REACTION_BURST), ERR_OK);
    run_sql(s.f,
            "INSERT INTO reactions (channel_id, message_id, emoji_id, emoji, type, user_id) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500) "
            "SELECT $1, $2, 0, '" THUMB "', 0, i FROM n",
            s.general.v, s.m.id.v);
    run_sql(s.f,
            "UPDATE reaction_counts SET normal = 2501 WHERE channel_id = $1 AND message_id = $2 "
            "AND normal > 0",
            s.general.v, s.m.id.v);
    assert_int_equal(as_seen_by(&s, s.owner).reactions[0].normal, 2501);
    cf_forget_events(s.f);
    assert_int_equal(clear(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(s.f->event_count, 1);
    struct message m = as_seen_by(&s, s.owner);
    assert_int_equal(m.reaction_count, 1);
    assert_int_equal(m.reactions[0].burst, 1);
    run_sql(s.f,
            "INSERT INTO reactions (channel_id, message_id, emoji_id, emoji, type, user_id) "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) "
            "SELECT $1, $2, 0, '" HEART "', 1, i FROM n",
            s.general.v, s.m.id.v);
    run_sql(s.f,
            "UPDATE reaction_counts SET burst = 1501 WHERE channel_id = $1 AND message_id = $2",
            s.general.v, s.m.id.v);
    assert_int_equal(clear(&s, s.owner, NULL), ERR_OK);
    assert_int_equal(s.f->event_count, 2);
    assert_int_equal(
        count_of(s.f, "SELECT COUNT(*) FROM reactions WHERE message_id = $1", s.m.id.v), 0);
}

/* A kind takes ADD_REACTIONS, joining in does not. */
static void test_permissions(void **state)
{
    struct stage s = stage_of(*state);
    struct overwrite no_adding = {s.guild.v, OVERWRITE_ROLE, 0, PERMISSION_ADD_REACTIONS};
    assert_int_equal(react(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(put_overwrite(s.f, s.owner, s.general, &no_adding), ERR_OK);
    assert_int_equal(react(&s, s.guest, HEART), ERR_MISSING_PERMISSIONS);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK);
    struct overwrite no_history = {s.guild.v, OVERWRITE_ROLE, 0, PERMISSION_READ_MESSAGE_HISTORY};
    assert_int_equal(put_overwrite(s.f, s.owner, s.general, &no_history), ERR_OK);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_MISSING_PERMISSIONS);
    s.m.id.v = 1;
    assert_int_equal(react(&s, s.owner, THUMB), ERR_UNKNOWN_MESSAGE);
}

static const char *numbered(unsigned i, char out[8])
{
    snprintf(out, 8, "\xF0\x9F\x98%c", (char)(unsigned char)(0x80 + i)); /* U+1F600 and on */
    return out;
}

static void test_twenty_kinds(void **state)
{
    struct stage s = stage_of(*state);
    char text[8];
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(react(&s, s.owner, numbered(i, text)), ERR_OK);
    assert_int_equal(react(&s, s.owner, numbered(20, text)), ERR_MAX_REACTIONS);
    assert_int_equal(react(&s, s.guest, numbered(7, text)), ERR_OK);
    assert_int_equal(take_back(&s, s.owner, numbered(3, text), s.owner), ERR_OK);
    assert_int_equal(react(&s, s.owner, numbered(20, text)), ERR_OK);
    struct message m = as_seen_by(&s, s.owner);
    assert_int_equal(m.reaction_count, 20);
    assert_true(cf_slice_is(m.reactions[19].emoji.name, text));
}

static void test_no_emoji(void **state)
{
    static const char *const wrong[] = {"",        "x",
                                        "smile",   ":1",
                                        "name:",   "name:0",
                                        "name:x",  "na me:1",
                                        "a:b:c:1", "name:99999999999999999999"};
    struct stage s = stage_of(*state);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(react(&s, s.owner, wrong[i]), ERR_UNKNOWN_EMOJI);
}

static struct emoji_id make_emoji(struct core_fixture *f, const struct person *p,
                                  struct guild_id guild, const struct role_id *role)
{
    struct media_image m = mf_take(f, 0, MEDIA_EMOJI);
    struct emoji_draft d = {.name = SLICE("wave"),
                            .image = &m,
                            .sets_roles = role != NULL,
                            .roles = role,
                            .role_count = role != NULL};
    struct access a = cf_in_guild(f, p, guild);
    struct guild_view *v = NULL;
    struct emoji_id id;
    assert_int_equal(emoji_create(f->core, &p->by, &a, &d, &id, &v), ERR_OK);
    guild_view_unref(&v);
    access_end(&a);
    return id;
}

static const char *custom(struct emoji_id id, char out[40])
{
    snprintf(out, 40, "whatever:%llu", (unsigned long long)id.v);
    return out;
}

static void test_custom(void **state)
{
    struct stage s = stage_of(*state);
    char text[40];
    struct emoji_id id = make_emoji(s.f, s.owner, s.guild, NULL);
    assert_int_equal(react(&s, s.guest, "nothing:1"), ERR_UNKNOWN_EMOJI);
    assert_int_equal(react(&s, s.guest, custom(id, text)), ERR_OK);
    snprintf(text, sizeof text, "a:wave:%llu", (unsigned long long)id.v);
    assert_int_equal(react(&s, s.owner, text), ERR_OK);
    struct message m = as_seen_by(&s, s.guest);
    assert_int_equal(m.reaction_count, 1);
    assert_int_equal(m.reactions[0].emoji.id, id.v);
    assert_true(cf_slice_is(m.reactions[0].emoji.name, "wave")); /* the guild's word, not theirs */
    assert_int_equal(m.reactions[0].normal, 2);
    assert_int_equal(rf_check(s.f, stream_of(&s), EVENT_MESSAGE_REACTION_ADD), 2);
    struct access a = cf_in_guild(s.f, s.owner, s.guild);
    assert_int_equal(emoji_delete(s.f->core, &s.owner->by, &a, id), ERR_OK);
    access_end(&a);
    assert_int_equal(take_back(&s, s.owner, text, s.owner), ERR_OK);
    assert_int_equal(react(&s, s.owner, text), ERR_OK); /* still somebody's: it can be joined */
}

static void test_custom_of_others(void **state)
{
    struct stage s = stage_of(*state);
    char text[40];
    struct person *far = cf_person(s.f, "far");
    struct guild_id elsewhere = cf_guild(s.f, far);
    struct channel_id there = cf_general(s.f, elsewhere);
    struct emoji_id id = make_emoji(s.f, far, elsewhere, NULL);
    assert_int_equal(react(&s, s.guest, custom(id, text)), ERR_UNKNOWN_EMOJI); /* not a member */
    cf_join(s.f, s.guest, cf_invite(s.f, far, there, 0, 0));
    struct overwrite no = {s.guild.v, OVERWRITE_ROLE, 0, PERMISSION_USE_EXTERNAL_EMOJIS};
    assert_int_equal(put_overwrite(s.f, s.owner, s.general, &no), ERR_OK);
    assert_int_equal(react(&s, s.guest, text), ERR_MISSING_PERMISSIONS);
    assert_int_equal(drop_overwrite(s.f, s.owner, s.general, s.guild.v), ERR_OK);
    assert_int_equal(react(&s, s.guest, text), ERR_OK);
    assert_int_equal(react(&s, s.owner, text), ERR_OK); /* joins in */
}

static void test_custom_of_a_role(void **state)
{
    struct stage s = stage_of(*state);
    char text[40];
    struct role_id role = make_role(s.f, s.owner, s.guild, "vips", 0);
    struct emoji_id id = make_emoji(s.f, s.owner, s.guild, &role);
    assert_int_equal(react(&s, s.guest, custom(id, text)), ERR_UNKNOWN_EMOJI);
    give_role(s.f, s.guild, s.guest, role);
    assert_int_equal(react(&s, s.guest, text), ERR_OK);
}

struct blocking {
    struct user_id by, whom;
};

static enum err block(struct tx *tx, void *ctx)
{
    const struct blocking *x = ctx;
    struct relationship r = {
        .other = {.id = x->whom}, .type = RELATIONSHIP_BLOCKED, .since_ms = tx_now_ms(tx)};
    return relationships_set(tx_sql(tx), x->by, &r);
}

static void test_blocked(void **state)
{
    struct stage s = stage_of(*state);
    struct blocking x = {s.owner->who.user, s.guest->who.user};
    assert_int_equal(store_write(s.f->store, block, &x), ERR_OK);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_REACTION_BLOCKED);
    assert_int_equal(react(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_REACTION_BLOCKED);
}

static void test_users_in_pages(void **state)
{
    struct stage s = stage_of(*state);
    struct person *people[5];
    char name[16];
    for (unsigned i = 0; i < 5; i++) {
        snprintf(name, sizeof name, "person%u", i);
        people[i] = cf_person(s.f, name);
        cf_join(s.f, people[i], cf_invite(s.f, s.owner, s.general, 0, 0));
        assert_int_equal(react(&s, people[i], THUMB), ERR_OK);
    }
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    const struct emoji_ref emoji = {.name = SLICE(THUMB)};
    struct user *list;
    size_t count;
    struct user_id after = {0};
    size_t seen = 0;
    do {
        assert_int_equal(reaction_users(s.f->core, &a, s.m.id, &emoji, REACTION_NORMAL, after, 2,
                                        &s.f->arena, &list, &count),
                         ERR_OK);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(list[i].id.v, people[seen++]->who.user.v);
        if (count > 0)
            after = list[count - 1].id;
    } while (count == 2);
    assert_int_equal(seen, 5);
    assert_int_equal(reaction_users(s.f->core, &a, s.m.id, &emoji, REACTION_BURST,
                                    (struct user_id){0}, 2, &s.f->arena, &list, &count),
                     ERR_OK);
    assert_int_equal(count, 0);
    assert_int_equal(reaction_users(s.f->core, &a, (struct message_id){1}, &emoji, REACTION_NORMAL,
                                    after, 2, &s.f->arena, &list, &count),
                     ERR_UNKNOWN_MESSAGE);
    access_end(&a);
}

/* With the message everything goes; with the person, theirs. */
static void test_going(void **state)
{
    struct stage s = stage_of(*state);
    assert_int_equal(react(&s, s.guest, THUMB), ERR_OK);
    assert_int_equal(react(&s, s.owner, THUMB), ERR_OK);
    assert_int_equal(react(&s, s.guest, HEART), ERR_OK);
    assert_int_equal(user_erase(s.f->core, s.guest->who.user), ERR_OK);
    run_tasks(s.f);
    struct message m = as_seen_by(&s, s.owner);
    assert_int_equal(m.reaction_count, 1);
    assert_int_equal(m.reactions[0].normal, 1);
    assert_int_equal(events_of(s.f, EVENT_MESSAGE_REACTION_REMOVE, s.guild.v), 2);
    struct access a = cf_in_channel(s.f, s.owner, s.general);
    assert_int_equal(message_delete(s.f->core, &s.owner->by, &a, s.m.id), ERR_OK);
    access_end(&a);
    assert_int_equal(
        count_of(s.f, "SELECT COUNT(*) FROM reactions WHERE message_id = $1", s.m.id.v), 0);
    assert_int_equal(
        count_of(s.f, "SELECT COUNT(*) FROM reaction_counts WHERE message_id = $1", s.m.id.v), 0);
}

#define ON_CORE(test) cmocka_unit_test_setup_teardown(test, mf_setup, mf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_CORE(test_adding_and_counting),
        ON_CORE(test_taking_back),
        ON_CORE(test_clearing),
        ON_CORE(test_permissions),
        ON_CORE(test_twenty_kinds),
        ON_CORE(test_no_emoji),
        ON_CORE(test_custom),
        ON_CORE(test_custom_of_others),
        ON_CORE(test_custom_of_a_role),
        ON_CORE(test_blocked),
        ON_CORE(test_clearing_many),
        ON_CORE(test_users_in_pages),
        ON_CORE(test_going),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
