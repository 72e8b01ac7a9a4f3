/* Emojis, stickers, sounds and scheduled events: what they leave in the view, the log, the audit
 * log, and what the log gives back. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/media_fixture.h"
#include "core/emojis.h"
#include "core/members.h"
#include "core/scheduled_events.h"
#include "core/sounds.h"
#include "core/stickers.h"

enum { HOUR_MS = 60 * 60 * 1000, REPLAYED_MAX = 64 };

/* ---- what the log gives back ---- */

struct replayed {
    struct event *events[REPLAYED_MAX];
    size_t count;
};

static void keep(void *ctx, struct event *e)
{
    struct replayed *r = ctx;
    assert_true(r->count < REPLAYED_MAX);
    r->events[r->count++] = e;
}

static const char *payload_text(struct core_fixture *f, const struct event *e)
{
    if (e->payload == NULL)
        return "";
    struct slice s = {(const char *)e->payload->data, e->payload->total};
    return arena_dup(&f->arena, s).data;
}

/* Every event of the guild's stream that was published, is read back with the same payload: `same`
 * false where the entity has changed since. */
static void assert_replayed(struct core_fixture *f, struct guild_id guild, enum event_kind kind,
                            bool same)
{
    struct replayed r = {0};
    const struct stream s = {STREAM_GUILD, guild.v};
    size_t seen = 0;
    assert_int_equal(events_replay(f->core, s, 0, REPLAYED_MAX, keep, &r), ERR_OK);
    for (size_t i = 0; i < f->event_count; i++) {
        const struct event *e = f->events[i];
        if (e->kind != kind || e->stream.id != guild.v)
            continue;
        const struct event *back = NULL;
        for (size_t k = 0; k < r.count; k++)
            if (r.events[k]->position == e->position)
                back = r.events[k];
        assert_non_null(back);
        assert_int_equal(back->kind, kind);
        assert_int_equal(back->entity_id, e->entity_id);
        assert_int_equal(back->channel_id, e->channel_id);
        if (same)
            assert_string_equal(payload_text(f, back), payload_text(f, e));
        seen++;
    }
    assert_int_not_equal(seen, 0);
    for (size_t k = 0; k < r.count; k++)
        event_unref(&r.events[k]);
}

/* ---- emojis ---- */

static struct emoji_id make_emoji(struct core_fixture *f, const struct person *p,
                                  struct guild_id guild, const char *name)
{
    struct media_image m = mf_take(f, 0, MEDIA_EMOJI);
    struct emoji_draft d = {.name = slice_from(name), .image = &m};
    struct access a = cf_in_guild(f, p, guild);
    struct guild_view *v = NULL;
    struct emoji_id id;
    assert_int_equal(emoji_create(f->core, &p->by, &a, &d, &id, &v), ERR_OK);
    assert_int_equal(v->emojis[v->emoji_count - 1].id.v, id.v);
    guild_view_unref(&v);
    access_end(&a);
    return id;
}

static void test_emojis(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct emoji_id id = make_emoji(f, owner, guild, "first");
    assert_int_equal(cf_event_back(f, 1)->kind, EVENT_GUILD_EMOJIS_UPDATE);
    assert_non_null(cf_event_back(f, 1)->view);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_true(cf_payload_has(cf_event_back(f, 1), "\"name\":\"first\""));
    assert_replayed(f, guild, EVENT_GUILD_EMOJIS_UPDATE, true);
    struct access a = cf_in_guild(f, owner, guild);
    struct role_id roles[] = {{guild.v}};
    struct emoji_draft d = {
        .name = SLICE("second"), .sets_roles = true, .roles = roles, .role_count = 1};
    struct guild_view *v = NULL;
    assert_int_equal(emoji_edit(f->core, &owner->by, &a, id, &d, &v), ERR_OK);
    assert_true(cf_slice_is(v->emojis[0].name, "second"));
    assert_int_equal(v->emojis[0].role_count, 1);
    assert_int_equal(v->emojis[0].roles[0].v, guild.v);
    guild_view_unref(&v);
    /* The same again is no event. */
    size_t events = f->event_count;
    assert_int_equal(emoji_edit(f->core, &owner->by, &a, id, &d, &v), ERR_OK);
    assert_int_equal(v->emoji_count, 1);
    guild_view_unref(&v);
    assert_int_equal(f->event_count, events);
    roles[0].v = 12345;
    assert_int_equal(emoji_edit(f->core, &owner->by, &a, id, &d, &v), ERR_INVALID_ROLE);
    assert_int_equal(emoji_delete(f->core, &owner->by, &a, (struct emoji_id){99}),
                     ERR_UNKNOWN_EMOJI);
    assert_int_equal(emoji_delete(f->core, &owner->by, &a, id), ERR_OK);
    assert_true(cf_payload_has(cf_event_back(f, 1), "\"emojis\":[]"));
    struct media_file file;
    assert_int_equal(media_find(f->core, MEDIA_EMOJI, (struct guild_id){0}, id.v,
                                (struct slice){NULL, 0}, &f->arena, &file),
                     ERR_UNKNOWN_ASSET);
    access_end(&a);
}

/* An access that was right once does not outlive the right. */
static void test_rights_are_rechecked(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 1, 0));
    struct emoji_id others = make_emoji(f, owner, guild, "others");
    struct access a = cf_in_guild(f, guest, guild);
    /* @everyone may make, and change what is their own. */
    assert_int_equal(emoji_delete(f->core, &guest->by, &a, others), ERR_MISSING_PERMISSIONS);
    struct emoji_id own = make_emoji(f, guest, guild, "own");
    assert_int_equal(emoji_delete(f->core, &guest->by, &a, own), ERR_OK);
    access_end(&a);
}

/* ---- stickers and sounds ---- */

static void test_stickers(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct media_image m = mf_take(f, 2, MEDIA_STICKER);
    struct sticker_draft d = {.name = SLICE("wave"), .tags = SLICE("hi"), .image = &m};
    struct access a = cf_in_guild(f, owner, guild);
    struct guild_view *v = NULL;
    struct sticker_id id;
    struct sticker found;
    assert_int_equal(sticker_create(f->core, &owner->by, &a, &d, &id, &v), ERR_OK);
    assert_int_equal(v->sticker_count, 1);
    assert_int_equal(v->stickers[0].format, STICKER_FORMAT_PNG);
    guild_view_unref(&v);
    assert_replayed(f, guild, EVENT_GUILD_STICKERS_UPDATE, true);
    d = (struct sticker_draft){.set = STICKER_SETS_DESCRIPTION, .description = SLICE("a wave")};
    assert_int_equal(sticker_edit(f->core, &owner->by, &a, id, &d, &v), ERR_OK);
    assert_true(cf_slice_is(v->stickers[0].description, "a wave"));
    assert_true(cf_slice_is(v->stickers[0].name, "wave"));
    guild_view_unref(&v);
    assert_int_equal(sticker_get(f->core, id, &f->arena, &found), ERR_OK);
    assert_int_equal(sticker_delete(f->core, &owner->by, &a, id), ERR_OK);
    assert_int_equal(sticker_get(f->core, id, &f->arena, &found), ERR_UNKNOWN_STICKER);
    access_end(&a);
}

/* Three frames of nothing. */
static struct media_image take_sound(struct core_fixture *f)
{
    static char bytes[3 * 417];
    struct media_image m;
    struct media_problem problem;
    for (size_t i = 0; i < sizeof bytes; i += 417)
        memcpy(bytes + i, "\xff\xfb\x90\x00", 4);
    assert_int_equal(
        media_bytes_take(f->core, slice_of(bytes, sizeof bytes), MEDIA_SOUND, &m, &problem),
        ERR_OK);
    return m;
}

static void test_sounds(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct media_image m = take_sound(f);
    struct sound_draft d = {.name = SLICE("quack"), .volume = 500000, .sound = &m};
    struct access a = cf_in_guild(f, owner, guild);
    struct guild_view *v = NULL;
    struct sound_id id;
    assert_int_equal(sound_create(f->core, &owner->by, &a, &d, &id, &v), ERR_OK);
    assert_int_equal(v->sound_count, 1);
    guild_view_unref(&v);
    assert_true(cf_payload_has(cf_event_back(f, 1), "\"volume\":0.5"));
    d = (struct sound_draft){.set = SOUND_SETS_VOLUME, .volume = 250000};
    assert_int_equal(sound_edit(f->core, &owner->by, &a, id, &d, &v), ERR_OK);
    assert_int_equal(v->sounds[0].volume, 250000);
    guild_view_unref(&v);
    d = (struct sound_draft){.set = SOUND_SETS_EMOJI, .emoji = 99};
    assert_int_equal(sound_edit(f->core, &owner->by, &a, id, &d, &v), ERR_UNKNOWN_EMOJI);
    assert_replayed(f, guild, EVENT_GUILD_SOUNDBOARD_SOUND_UPDATE, false);
    assert_int_equal(sound_delete(f->core, &owner->by, &a, id), ERR_OK);
    assert_replayed(f, guild, EVENT_GUILD_SOUNDBOARD_SOUND_DELETE, true);
    assert_int_equal(sound_delete(f->core, &owner->by, &a, id), ERR_UNKNOWN_SOUND);
    access_end(&a);
}

/* ---- scheduled events ---- */

static struct scheduled_draft picnic(struct core_fixture *f)
{
    return (struct scheduled_draft){
        .set = SCHEDULED_SETS_NAME | SCHEDULED_SETS_START | SCHEDULED_SETS_END |
               SCHEDULED_SETS_ENTITY_TYPE | SCHEDULED_SETS_LOCATION,
        .name = SLICE("Picnic"),
        .start_ms = f->wall_ms + HOUR_MS,
        .end_ms = f->wall_ms + 2 * HOUR_MS,
        .entity_type = SCHEDULED_EXTERNAL,
        .location = SLICE("the park"),
    };
}

static void test_scheduled_events(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner");
    struct guild_id guild = cf_guild(f, owner);
    struct access a = cf_in_guild(f, owner, guild);
    struct scheduled_draft d = picnic(f);
    struct scheduled_event made, now;
    struct draft_problem problem = {0};
    assert_int_equal(
        scheduled_event_create(f->core, &owner->by, &a, &d, &f->arena, &made, &problem), ERR_OK);
    assert_int_equal(cf_event_back(f, 1)->kind, EVENT_GUILD_SCHEDULED_EVENT_CREATE);
    assert_int_equal(cf_event_back(f, 1)->view->scheduled_count, 1);
    assert_replayed(f, guild, EVENT_GUILD_SCHEDULED_EVENT_CREATE, true);
    d = (struct scheduled_draft){.set = SCHEDULED_SETS_STATUS, .status = SCHEDULED_COMPLETED};
    assert_int_equal(
        scheduled_event_edit(f->core, &owner->by, &a, made.id, &d, &f->arena, &now, &problem),
        ERR_INVALID_FORM);
    assert_string_equal(problem.field, "status");
    d.status = SCHEDULED_CANCELED;
    assert_int_equal(
        scheduled_event_edit(f->core, &owner->by, &a, made.id, &d, &f->arena, &now, &problem),
        ERR_OK);
    assert_int_equal(now.status, SCHEDULED_CANCELED);
    assert_true(cf_slice_is(now.name, "Picnic"));
    assert_int_equal(cf_event_back(f, 1)->view->scheduled_count, 0);
    assert_int_equal(
        scheduled_event_edit(f->core, &owner->by, &a, made.id, &d, &f->arena, &now, &problem),
        ERR_EVENT_FINISHED);
    assert_int_equal(scheduled_event_delete(f->core, &owner->by, &a, made.id), ERR_OK);
    /* What is gone is told again as it was. */
    assert_replayed(f, guild, EVENT_GUILD_SCHEDULED_EVENT_DELETE, true);
    assert_int_equal(scheduled_event_get(f->core, &a, made.id, &f->arena, &now),
                     ERR_UNKNOWN_SCHEDULED_EVENT);
    access_end(&a);
}

static void test_followers(void **state)
{
    struct core_fixture *f = *state;
    struct person *owner = cf_person(f, "owner"), *guest = cf_person(f, "guest");
    struct guild_id guild = cf_guild(f, owner);
    cf_join(f, guest, cf_invite(f, owner, cf_general(f, guild), 1, 0));
    struct access a = cf_in_guild(f, owner, guild), b = cf_in_guild(f, guest, guild);
    struct scheduled_draft d = picnic(f);
    struct scheduled_event made;
    struct draft_problem problem = {0};
    struct scheduled_follower *list;
    size_t count;
    assert_int_equal(
        scheduled_event_create(f->core, &owner->by, &a, &d, &f->arena, &made, &problem), ERR_OK);
    assert_int_equal(scheduled_event_follow(f->core, &guest->by, &b, made.id, true), ERR_OK);
    assert_int_equal(cf_event_back(f, 0)->kind, EVENT_GUILD_SCHEDULED_EVENT_USER_ADD);
    size_t events = f->event_count;
    assert_int_equal(scheduled_event_follow(f->core, &guest->by, &b, made.id, true), ERR_OK);
    assert_int_equal(f->event_count, events);
    assert_int_equal(scheduled_event_follow(f->core, &owner->by, &a, made.id, true), ERR_OK);
    assert_replayed(f, guild, EVENT_GUILD_SCHEDULED_EVENT_USER_ADD, true);
    struct scheduled_followers_query q = {.event = made.id, .limit = 100, .with_member = true};
    assert_int_equal(scheduled_event_followers(f->core, &a, &q, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 2);
    assert_true(list[0].user.id.v < list[1].user.id.v);
    assert_true(list[0].is_member && list[1].is_member);
    assert_int_equal(scheduled_event_get(f->core, &a, made.id, &f->arena, &made), ERR_OK);
    assert_int_equal(made.user_count, 2);
    assert_int_equal(scheduled_event_follow(f->core, &guest->by, &b, made.id, false), ERR_OK);
    assert_int_equal(scheduled_event_follow(f->core, &guest->by, &b, made.id, false), ERR_OK);
    assert_int_equal(scheduled_event_get(f->core, &a, made.id, &f->arena, &made), ERR_OK);
    assert_int_equal(made.user_count, 1);
    /* Who leaves is not interested any more. */
    assert_int_equal(scheduled_event_follow(f->core, &guest->by, &b, made.id, true), ERR_OK);
    assert_int_equal(member_leave(f->core, &guest->by, guild), ERR_OK);
    assert_int_equal(scheduled_event_get(f->core, &a, made.id, &f->arena, &made), ERR_OK);
    assert_int_equal(made.user_count, 1);
    assert_int_equal(scheduled_event_followers(f->core, &a, &q, &f->arena, &list, &count), ERR_OK);
    assert_int_equal(count, 1);
    access_end(&a);
    access_end(&b);
}

int main(void)
{
#define MEDIA_TEST(fn) cmocka_unit_test_setup_teardown(fn, mf_setup, mf_teardown)
    const struct CMUnitTest tests[] = {
        MEDIA_TEST(test_emojis), MEDIA_TEST(test_rights_are_rechecked), MEDIA_TEST(test_stickers),
        MEDIA_TEST(test_sounds), MEDIA_TEST(test_scheduled_events),     MEDIA_TEST(test_followers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
