/* Forwards: what they keep of a message, who may make them, and what they outlive. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"

struct scene {
    struct core_fixture *f;
    struct person *owner, *guest;
    struct guild_id guild, elsewhere;
    struct channel_id general, other;
};

/* The guest is in both guilds. */
static struct scene scene_of(struct core_fixture *f)
{
    struct scene s = {.f = f, .owner = cf_person(f, "owner"), .guest = cf_person(f, "guest")};
    s.guild = cf_guild(f, s.owner);
    s.elsewhere = cf_guild(f, s.owner);
    s.general = cf_general(f, s.guild);
    s.other = cf_general(f, s.elsewhere);
    cf_join(f, s.guest, cf_invite(f, s.owner, s.general, 0, 0));
    cf_join(f, s.guest, cf_invite(f, s.owner, s.other, 0, 0));
    cf_forget_events(f);
    return s;
}

static struct message_draft forward_of(const struct message *m, struct channel_id to)
{
    struct message_draft d = {.reference = m->id, .reference_type = REFERENCE_FORWARD};
    if (m->channel.v != to.v)
        d.reference_channel = m->channel;
    return d;
}

static enum err forward(const struct scene *s, const struct person *p, const struct message *m,
                        struct channel_id to, struct message *out)
{
    struct message_draft d = forward_of(m, to);
    return cf_try_post(s->f, p, to, &d, out);
}

static struct message get(const struct scene *s, struct channel_id channel, struct message_id id)
{
    struct message m;
    struct access a = cf_in_channel(s->f, s->guest, channel);
    assert_int_equal(message_get(s->f->core, &a, id, &s->f->arena, &m), ERR_OK);
    access_end(&a);
    return m;
}

static bool has(struct slice text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void test_forward(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    char text[64];
    snprintf(text, sizeof text, "look <@%llu>", (unsigned long long)s.guest->who.user.v);
    struct message m;
    struct message original = cf_post(f, s.owner, s.general, text);
    cf_forget_events(f);
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_OK);
    assert_int_equal(m.type, MESSAGE_TYPE_DEFAULT);
    assert_int_equal(m.flags, MESSAGE_FLAG_HAS_SNAPSHOT);
    assert_int_equal(m.content.len, 0);
    const struct event *e = cf_event_back(f, 0);
    assert_int_equal(e->kind, EVENT_MESSAGE_CREATE);
    char reference[160];
    snprintf(reference, sizeof reference,
             "\"message_reference\":{\"type\":1,\"message_id\":\"%llu\",\"channel_id\":\"%llu\","
             "\"guild_id\":\"%llu\"}",
             (unsigned long long)original.id.v, (unsigned long long)s.general.v,
             (unsigned long long)s.guild.v);
    assert_true(cf_payload_has(e, reference));
    assert_true(cf_payload_has(e, "\"message_snapshots\":[{\"message\":{\"type\":0,"));
    assert_true(cf_payload_has(e, "\"content\":\"look <@"));
    /* The one mentioned in the snapshot is not mentioned by the forward. */
    assert_int_equal(e->content_user_count, 1);
    assert_true(cf_payload_has(e, "\"mentions\":[],\"mention_roles\":[]"));
    assert_true(cf_payload_has(e, "\"username\":\"guest\""));
    assert_non_null(e->payload_blank);
    assert_null(memmem(e->payload_blank->data, e->payload_blank->total, "look", 4));
    struct message read = get(&s, s.other, m.id);
    assert_int_equal(read.reference.v, original.id.v);
    assert_int_equal(read.reference_type, REFERENCE_FORWARD);
    assert_int_equal(read.reference_channel.v, s.general.v);
    assert_int_equal(read.reference_guild.v, s.guild.v);
    assert_true(has(read.snapshots, "\"content\":\"look <@"));
    assert_int_equal(read.mention_count, 1);
    assert_int_equal(read.parts & MESSAGE_PART_MENTIONS, 0);
}

static enum err delete_as(const struct scene *s, const struct person *p, const struct message *m)
{
    struct access a = cf_in_channel(s->f, p, m->channel);
    enum err e = message_delete(s->f->core, &p->by, &a, m->id);
    access_end(&a);
    return e;
}

static enum err edit_as(const struct scene *s, const struct person *p, const struct message *m,
                        const struct message_edit *e)
{
    struct message out;
    struct access a = cf_in_channel(s->f, p, m->channel);
    enum err failed = message_edit(s->f->core, &p->by, &a, m->id, e, &s->f->arena, &out);
    access_end(&a);
    return failed;
}

/* A forward keeps what it forwarded, also a forward of it. */
static void test_outlives_the_original(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message once, twice;
    struct message original = cf_post(f, s.owner, s.general, "first words");
    assert_int_equal(forward(&s, s.guest, &original, s.general, &once), ERR_OK);
    assert_int_equal(once.reference_channel.v, 0);
    struct message_edit e = {.has_content = true, .content = SLICE("other words")};
    assert_int_equal(edit_as(&s, s.owner, &original, &e), ERR_OK);
    assert_int_equal(delete_as(&s, s.owner, &original), ERR_OK);
    assert_true(has(get(&s, s.general, once.id).snapshots, "first words"));
    assert_int_equal(forward(&s, s.guest, &once, s.other, &twice), ERR_OK);
    struct message read = get(&s, s.other, twice.id);
    assert_int_equal(read.reference.v, once.id.v);
    assert_true(has(read.snapshots, "first words"));
    assert_int_equal(forward(&s, s.guest, &original, s.other, &twice), ERR_UNKNOWN_MESSAGE);
}

static void test_who_may(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    struct person *stranger = cf_person(f, "stranger");
    cf_join(f, stranger, cf_invite(f, s.owner, s.other, 0, 0));
    struct message original = cf_post(f, s.owner, s.general, "words");
    assert_int_equal(forward(&s, stranger, &original, s.other, &m), ERR_MISSING_ACCESS);
    struct overwrite o = {.id = s.guild.v, .type = OVERWRITE_ROLE};
    o.deny = PERMISSION_READ_MESSAGE_HISTORY;
    assert_int_equal(put_overwrite(f, s.owner, s.general, &o), ERR_OK);
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_MISSING_ACCESS);
    assert_int_equal(forward(&s, s.guest, &original, s.general, &m), ERR_MISSING_ACCESS);
    o.deny = PERMISSION_VIEW_CHANNEL;
    assert_int_equal(put_overwrite(f, s.owner, s.general, &o), ERR_OK);
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_MISSING_ACCESS);
    assert_int_equal(forward(&s, s.owner, &original, s.other, &m), ERR_OK);
}

/* A bot that may not read messages forwards none of others, but its own, and those that name it. */
static void test_guarded_content(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    char text[64];
    struct message original = cf_post(f, s.owner, s.general, "words");
    snprintf(text, sizeof text, "<@%llu>", (unsigned long long)s.guest->who.user.v);
    struct message named = cf_post(f, s.owner, s.general, text);
    struct message own = cf_post(f, s.guest, s.general, "words");
    s.guest->who.bot = true;
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_FORWARD_CONTENT);
    assert_int_equal(forward(&s, s.guest, &named, s.other, &m), ERR_OK);
    assert_int_equal(forward(&s, s.guest, &own, s.other, &m), ERR_OK);
    s.guest->who.application_flags = APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT;
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_OK);
}

/* Nothing can be added to a forward, nor is it edited; what is no message of somebody's is not
 * forwarded. */
static void test_refused(void **state)
{
    struct core_fixture *f = *state;
    struct scene s = scene_of(f);
    struct message m;
    struct draft_problem problem = {0};
    struct message original = cf_post(f, s.owner, s.general, "words");
    struct message_draft d = forward_of(&original, s.other);
    d.content = SLICE("look at this");
    d.problem = &problem;
    assert_int_equal(cf_try_post(f, s.guest, s.other, &d, &m), ERR_INVALID_FORM);
    assert_string_equal(problem.field, "message_reference");
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_OK);
    struct message_edit e = {.has_content = true, .content = SLICE("more")};
    assert_int_equal(edit_as(&s, s.guest, &m, &e), ERR_SYSTEM_MESSAGE);
    struct message_edit hide = {.has_flags = true, .flags = MESSAGE_FLAG_SUPPRESS_EMBEDS};
    assert_int_equal(edit_as(&s, s.guest, &m, &hide), ERR_OK);
    assert_true(get(&s, s.other, m.id).flags ==
                (MESSAGE_FLAG_HAS_SNAPSHOT | MESSAGE_FLAG_SUPPRESS_EMBEDS));
    /* A poll. */
    struct poll_draft poll = {.json = SLICE("{\"question\":{\"text\":\"?\"},\"answers\":[]}"),
                              .answer_count = 2,
                              .duration_ms = 3600000};
    struct message_draft asked = {.poll = &poll};
    assert_int_equal(cf_try_post(f, s.owner, s.general, &asked, &original), ERR_OK);
    assert_int_equal(forward(&s, s.guest, &original, s.other, &m), ERR_MESSAGE_TYPE);
    assert_int_equal(edit_as(&s, s.owner, &original, &e), ERR_POLL_EDIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define OPEN(t) cmocka_unit_test_setup_teardown(t, cf_setup, cf_teardown)
        OPEN(test_forward), OPEN(test_outlives_the_original),
        OPEN(test_who_may), OPEN(test_guarded_content),
        OPEN(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
