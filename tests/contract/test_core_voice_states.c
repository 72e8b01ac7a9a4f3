/* Voice states: who may be where, what is told of it, and everything that ends them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/moderation_fixture.h"
#include "contract/replay_fixture.h"
#include "contract/structure_fixture.h"
#include "core/guild_delete.h"
#include "core/user_erase.h"
#include "core/voice_states.h"

/* A hall with voice channels. */
struct club {
    struct hall hall;
    struct core_fixture *f;
    struct channel_id lounge;
    struct channel_id den; /* two fit in */
    struct channel_id stage;
    struct person *guest;
    struct person *other;
};

static struct channel_id room(struct core_fixture *f, const struct person *owner,
                              struct guild_id guild, enum channel_type type, uint32_t limit)
{
    struct channel_draft d = {
        .set = SETS(USER_LIMIT), .type = type, .name = SLICE("room"), .user_limit = limit};
    return make_channel(f, owner, guild, &d);
}

static struct club open_club(void **state)
{
    struct club c = {.hall = hall_make(*state), .f = *state};
    c.lounge = room(c.f, c.hall.owner, c.hall.guild, CHANNEL_TYPE_VOICE, 0);
    c.den = room(c.f, c.hall.owner, c.hall.guild, CHANNEL_TYPE_VOICE, 2);
    c.stage = room(c.f, c.hall.owner, c.hall.guild, CHANNEL_TYPE_STAGE, 0);
    c.guest = hall_member(&c.hall, "guest");
    c.other = hall_member(&c.hall, "other");
    cf_forget_events(c.f);
    return c;
}

static struct voice_wish wish(struct guild_id guild, struct channel_id channel, const char *session)
{
    struct voice_wish w = {.guild = guild, .channel = channel};
    snprintf(w.session, sizeof w.session, "%s", session);
    return w;
}

static enum err enter_as(const struct club *c, const struct person *p, struct channel_id channel,
                         const char *session)
{
    struct voice_wish w = wish(c->hall.guild, channel, session);
    return voice_state_set(c->f->core, &p->by, &w);
}

static enum err enter(const struct club *c, const struct person *p, struct channel_id channel)
{
    return enter_as(c, p, channel, "s1");
}

/* As somebody who sees everything; the channel 0: nobody is connected. */
static struct voice_state state_in(const struct club *c, const struct person *p,
                                   struct guild_id guild, const struct person *owner)
{
    struct voice_state s = {0};
    struct member m;
    struct access a = cf_in_guild(c->f, owner, guild);
    enum err e = voice_state_get(c->f->core, &a, p->who.user, &c->f->arena, &s, &m);
    access_end(&a);
    assert_true(e == ERR_OK || e == ERR_UNKNOWN_VOICE_STATE);
    return e == ERR_OK ? s : (struct voice_state){0};
}

static struct voice_state state_of(const struct club *c, const struct person *p)
{
    return state_in(c, p, c->hall.guild, c->hall.owner);
}

static uint64_t place_of(const struct club *c, const struct person *p)
{
    return state_of(c, p).channel.v;
}

/* The last VOICE_STATE_UPDATE since events were forgotten, of so many. */
static const struct event *told(const struct club *c, size_t count)
{
    assert_int_equal(events_of(c->f, EVENT_VOICE_STATE_UPDATE, c->hall.guild.v), count);
    return hall_event(&c->hall, EVENT_VOICE_STATE_UPDATE, count - 1);
}

static void check_told(const struct club *c, size_t count, const struct person *who,
                       struct channel_id from, struct channel_id to)
{
    const struct event *e = told(c, count);
    assert_int_equal(e->entity_id, who->who.user.v);
    assert_int_equal(e->channel_id, to.v);
    assert_non_null(e->voice);
    assert_int_equal(e->voice->state.channel.v, to.v);
    assert_int_equal(e->voice->from.v, from.v);
    assert_int_equal(e->voice->gone == NULL, from.v == 0 || to.v == 0);
    if (e->voice->gone == NULL)
        return;
    struct slice gone = {(const char *)e->voice->gone->data, e->voice->gone->total};
    const char *text = arena_dup(&c->f->arena, gone).data;
    assert_non_null(strstr(text, "\"channel_id\":null"));
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)to.v);
    assert_null(strstr(text, id));
}

static const struct channel_id nowhere = {0};

static void test_in_about_and_out(void **state)
{
    struct club c = open_club(state);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    check_told(&c, 1, c.guest, nowhere, c.lounge);
    assert_true(cf_payload_has(told(&c, 1), "\"session_id\":\"s1\""));
    assert_true(cf_payload_has(told(&c, 1), "\"member\":{"));
    assert_true(cf_payload_has(told(&c, 1), "\"suppress\":false"));
    /* The same again says nothing new. */
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(events_of(c.f, EVENT_VOICE_STATE_UPDATE, c.hall.guild.v), 1);
    struct voice_wish w = wish(c.hall.guild, c.lounge, "s1");
    w.self_mute = true;
    w.self_video = true;
    assert_int_equal(voice_state_set(c.f->core, &c.guest->by, &w), ERR_OK);
    check_told(&c, 2, c.guest, nowhere, c.lounge);
    assert_true(cf_payload_has(told(&c, 2), "\"self_mute\":true"));
    assert_true(cf_payload_has(told(&c, 2), "\"self_video\":true"));
    assert_int_equal(enter(&c, c.guest, c.den), ERR_OK);
    check_told(&c, 3, c.guest, c.lounge, c.den);
    assert_int_equal(enter(&c, c.guest, nowhere), ERR_OK);
    check_told(&c, 4, c.guest, c.den, nowhere);
    assert_int_equal(place_of(&c, c.guest), 0);
    assert_int_equal(enter(&c, c.guest, nowhere), ERR_OK);
    told(&c, 4);
}

static void test_refusals(void **state)
{
    struct club c = open_club(state);
    struct guild_id elsewhere = cf_guild(c.f, c.other);
    struct channel_id far = room(c.f, c.other, elsewhere, CHANNEL_TYPE_VOICE, 0);
    assert_int_equal(enter(&c, c.guest, c.hall.general), ERR_CHANNEL_TYPE);
    assert_int_equal(enter(&c, c.guest, far), ERR_UNKNOWN_CHANNEL);
    struct voice_wish w = wish(elsewhere, far, "s1");
    assert_int_equal(voice_state_set(c.f->core, &c.guest->by, &w), ERR_MISSING_ACCESS);
    const struct overwrite shut = {
        .id = c.hall.guild.v, .type = OVERWRITE_ROLE, .deny = PERMISSION_CONNECT};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &shut), ERR_OK);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_MISSING_PERMISSIONS);
    const struct overwrite hidden = {
        .id = c.hall.guild.v, .type = OVERWRITE_ROLE, .deny = PERMISSION_VIEW_CHANNEL};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &hidden), ERR_OK);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_MISSING_ACCESS);
    struct member m;
    struct member_edit quiet = {.parts = MEMBER_TIME_OUT,
                                .timed_out_until_ms = INT64_C(1790000000000) + 60000};
    assert_int_equal(hall_edit(&c.hall, c.hall.owner, c.guest, &quiet, &m), ERR_OK);
    assert_int_equal(enter(&c, c.guest, c.den), ERR_MISSING_PERMISSIONS);
    assert_int_equal(events_of(c.f, EVENT_VOICE_STATE_UPDATE, c.hall.guild.v), 0);
}

static void test_room(void **state)
{
    struct club c = open_club(state);
    struct person *third = hall_member(&c.hall, "third");
    struct person *mover = hall_moderator(&c.hall, "mover", PERMISSION_MOVE_MEMBERS);
    assert_int_equal(enter(&c, c.guest, c.den), ERR_OK);
    assert_int_equal(enter(&c, c.other, c.den), ERR_OK);
    assert_int_equal(enter(&c, third, c.den), ERR_VOICE_CHANNEL_FULL);
    assert_int_equal(enter(&c, mover, c.den), ERR_OK);
    /* Whoever is in it takes no more room. */
    assert_int_equal(enter_as(&c, c.guest, c.den, "s2"), ERR_OK);
    assert_string_equal(state_of(&c, c.guest).session, "s2");
}

static void test_one_place(void **state)
{
    struct club c = open_club(state);
    struct guild_id mine = cf_guild(c.f, c.guest);
    struct channel_id home = room(c.f, c.guest, mine, CHANNEL_TYPE_VOICE, 0);
    struct voice_wish w = wish(mine, home, "s2");
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(voice_state_set(c.f->core, &c.guest->by, &w), ERR_OK);
    check_told(&c, 2, c.guest, c.lounge, nowhere);
    assert_int_equal(place_of(&c, c.guest), 0);
    assert_int_equal(state_in(&c, c.guest, mine, c.guest).channel.v, home.v);
    /* And back, from the guild with the larger id to the one with the smaller. */
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(state_in(&c, c.guest, mine, c.guest).channel.v, 0);
    /* A bot is in one of each guild. */
    struct person robot = *c.guest;
    robot.who.bot = true;
    robot.by.who = &robot.who;
    assert_int_equal(voice_state_set(c.f->core, &robot.by, &w), ERR_OK);
    assert_int_equal(place_of(&c, c.guest), c.lounge.v);
    assert_int_equal(state_in(&c, c.guest, mine, c.guest).channel.v, home.v);
}

static void test_sessions(void **state)
{
    struct club c = open_club(state);
    assert_int_equal(enter_as(&c, c.guest, c.lounge, "s1"), ERR_OK);
    assert_int_equal(enter_as(&c, c.guest, nowhere, "s2"), ERR_OK);
    assert_int_equal(place_of(&c, c.guest), c.lounge.v);
    assert_int_equal(enter_as(&c, c.guest, c.lounge, "s2"), ERR_OK);
    check_told(&c, 2, c.guest, nowhere, c.lounge);
    /* The old one has lost it; its end means nothing. */
    assert_int_equal(voice_session_ended(c.f->core, c.guest->who.user, "s1"), ERR_OK);
    assert_int_equal(place_of(&c, c.guest), c.lounge.v);
    assert_int_equal(voice_session_ended(c.f->core, c.guest->who.user, "s2"), ERR_OK);
    check_told(&c, 3, c.guest, c.lounge, nowhere);
    assert_true(cf_payload_has(told(&c, 3), "\"session_id\":\"s2\""));
}

static bool keep_second(void *ctx, const char *session)
{
    (*(unsigned *)ctx)++;
    return strcmp(session, "s2") == 0;
}

static void test_sweep(void **state)
{
    enum { CROWD = 40 }; /* more than a page */
    struct club c = open_club(state);
    char name[16];
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf(name, sizeof name, "p%u", i);
        assert_int_equal(enter_as(&c, hall_member(&c.hall, name), c.lounge, "s1"), ERR_OK);
    }
    assert_int_equal(enter_as(&c, c.guest, c.lounge, "s2"), ERR_OK);
    cf_forget_events(c.f);
    unsigned asked = 0;
    assert_int_equal(voice_states_sweep(c.f->core, keep_second, &asked), ERR_OK);
    assert_int_equal(asked, CROWD + 1);
    assert_int_equal(events_of(c.f, EVENT_VOICE_STATE_UPDATE, c.hall.guild.v), CROWD);
    assert_int_equal(place_of(&c, c.guest), c.lounge.v);
    assert_int_equal(voice_states_sweep(c.f->core, NULL, NULL), ERR_OK);
    assert_int_equal(
        count_of(c.f, "SELECT COUNT(*) FROM voice_states WHERE guild_id = $1", c.hall.guild.v), 0);
}

static enum err move(const struct club *c, const struct person *by, const struct person *whom,
                     struct channel_id to)
{
    struct member m;
    struct member_edit d = {.parts = MEMBER_VOICE, .voice = to};
    return hall_edit(&c->hall, by, whom, &d, &m);
}

static void test_moving(void **state)
{
    struct club c = open_club(state);
    struct person *mover = hall_moderator(&c.hall, "mover", PERMISSION_MOVE_MEMBERS);
    assert_int_equal(move(&c, mover, c.guest, c.lounge), ERR_NOT_IN_VOICE);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(move(&c, c.other, c.guest, c.den), ERR_MISSING_PERMISSIONS);
    assert_int_equal(move(&c, mover, c.guest, c.hall.general), ERR_CHANNEL_TYPE);
    assert_int_equal(move(&c, mover, c.guest, (struct channel_id){77}), ERR_UNKNOWN_CHANNEL);
    cf_forget_events(c.f);
    assert_int_equal(move(&c, mover, c.guest, c.den), ERR_OK);
    check_told(&c, 1, c.guest, c.lounge, c.den);
    assert_int_equal(told(&c, 1)->actor_id, mover->who.user.v);
    assert_true(cf_payload_has(hall_audit(&c.hall, "26"), "\"count\":\"1\""));
    /* Into a place that the moved may not enter, but the mover may; and not the other way round. */
    const struct overwrite shut = {
        .id = c.guest->who.user.v, .type = OVERWRITE_MEMBER, .deny = PERMISSION_CONNECT};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &shut), ERR_OK);
    assert_int_equal(move(&c, mover, c.guest, c.lounge), ERR_OK);
    const struct overwrite shut_mover = {
        .id = mover->who.user.v, .type = OVERWRITE_MEMBER, .deny = PERMISSION_CONNECT};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.den, &shut_mover), ERR_OK);
    assert_int_equal(move(&c, mover, c.guest, c.den), ERR_MISSING_PERMISSIONS);
    cf_forget_events(c.f);
    assert_int_equal(move(&c, mover, c.guest, nowhere), ERR_OK);
    check_told(&c, 1, c.guest, c.lounge, nowhere);
    hall_audit(&c.hall, "27");
}

static void test_members_change(void **state)
{
    struct club c = open_club(state);
    struct member m;
    struct member_edit d = {.parts = MEMBER_MUTE, .mute = true};
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(hall_edit(&c.hall, c.hall.owner, c.guest, &d, &m), ERR_OK);
    check_told(&c, 2, c.guest, nowhere, c.lounge);
    assert_true(cf_payload_has(told(&c, 2), "\"mute\":true"));
    assert_true(state_of(&c, c.guest).mute);
    /* Somebody who is not connected has nothing to tell. */
    assert_int_equal(hall_edit(&c.hall, c.hall.owner, c.other, &d, &m), ERR_OK);
    told(&c, 2);
    d = (struct member_edit){.parts = MEMBER_TIME_OUT,
                             .timed_out_until_ms = INT64_C(1790000000000) + 60000};
    assert_int_equal(hall_edit(&c.hall, c.hall.owner, c.guest, &d, &m), ERR_OK);
    check_told(&c, 3, c.guest, c.lounge, nowhere);
    assert_int_equal(place_of(&c, c.guest), 0);
}

static void test_role_lost(void **state)
{
    struct club c = open_club(state);
    const struct overwrite shut = {.id = c.hall.guild.v,
                                   .type = OVERWRITE_ROLE,
                                   .deny = PERMISSION_CONNECT | PERMISSION_SPEAK};
    struct role_id key = hall_role(&c.hall, "key", 0);
    struct role_id voice = hall_role(&c.hall, "voice", 0);
    const struct overwrite open = {
        .id = key.v, .type = OVERWRITE_ROLE, .allow = PERMISSION_CONNECT};
    const struct overwrite heard = {
        .id = voice.v, .type = OVERWRITE_ROLE, .allow = PERMISSION_SPEAK};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &shut), ERR_OK);
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &open), ERR_OK);
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &heard), ERR_OK);
    assert_int_equal(hall_give(&c.hall, c.hall.owner, c.guest, key), ERR_OK);
    cf_forget_events(c.f);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_true(state_of(&c, c.guest).suppress);
    assert_int_equal(hall_give(&c.hall, c.hall.owner, c.guest, voice), ERR_OK);
    assert_false(state_of(&c, c.guest).suppress);
    told(&c, 2);
    struct access a = cf_in_guild(c.f, c.hall.owner, c.hall.guild);
    assert_int_equal(member_take_role(c.f->core, &c.hall.owner->by, &a, c.guest->who.user, key),
                     ERR_OK);
    access_end(&a);
    check_told(&c, 3, c.guest, c.lounge, nowhere);
}

/* The structure changes without the member: the gateway asks. */
static void test_recheck(void **state)
{
    struct club c = open_club(state);
    const struct overwrite shut = {
        .id = c.hall.guild.v, .type = OVERWRITE_ROLE, .deny = PERMISSION_CONNECT};
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(voice_state_recheck(c.f->core, c.hall.guild, c.guest->who.user), ERR_OK);
    assert_int_equal(place_of(&c, c.guest), c.lounge.v);
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &shut), ERR_OK);
    assert_int_equal(voice_state_recheck(c.f->core, c.hall.guild, c.guest->who.user), ERR_OK);
    check_told(&c, 2, c.guest, c.lounge, nowhere);
    assert_int_equal(voice_state_recheck(c.f->core, c.hall.guild, c.guest->who.user), ERR_OK);
    assert_int_equal(voice_state_recheck(c.f->core, (struct guild_id){77}, c.guest->who.user),
                     ERR_OK);
}

static size_t index_of(const struct club *c, enum event_kind kind)
{
    for (size_t i = 0; i < c->f->event_count; i++)
        if (c->f->events[i]->kind == kind)
            return i;
    fail_msg("no such event");
    return 0;
}

static void test_leaving(void **state)
{
    struct club c = open_club(state);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(enter(&c, c.other, c.lounge), ERR_OK);
    cf_forget_events(c.f);
    assert_int_equal(hall_kick(&c.hall, c.hall.owner, c.guest), ERR_OK);
    check_told(&c, 1, c.guest, c.lounge, nowhere);
    assert_true(index_of(&c, EVENT_VOICE_STATE_UPDATE) < index_of(&c, EVENT_GUILD_MEMBER_REMOVE));
    cf_forget_events(c.f);
    assert_int_equal(hall_ban(&c.hall, c.hall.owner, c.other->who.user, NULL), ERR_OK);
    check_told(&c, 1, c.other, c.lounge, nowhere);
}

static void test_channel_deleted(void **state)
{
    enum { CROWD = 120 }; /* more than are told at once */
    struct club c = open_club(state);
    char name[16];
    for (unsigned i = 0; i < CROWD; i++) {
        snprintf(name, sizeof name, "p%u", i);
        assert_int_equal(enter(&c, hall_member(&c.hall, name), c.lounge), ERR_OK);
    }
    assert_int_equal(enter(&c, c.guest, c.den), ERR_OK);
    cf_forget_events(c.f);
    assert_int_equal(delete_channel(c.f, c.hall.owner, c.lounge), ERR_OK);
    size_t at_once = events_of(c.f, EVENT_VOICE_STATE_UPDATE, c.hall.guild.v);
    assert_true(at_once > 0 && at_once < CROWD);
    assert_true(index_of(&c, EVENT_VOICE_STATE_UPDATE) < index_of(&c, EVENT_CHANNEL_DELETE));
    run_tasks(c.f);
    assert_int_equal(events_of(c.f, EVENT_VOICE_STATE_UPDATE, c.hall.guild.v), CROWD);
    assert_int_equal(
        count_of(c.f, "SELECT COUNT(*) FROM voice_states WHERE guild_id = $1", c.hall.guild.v), 1);
}

static void test_guild_deleted(void **state)
{
    struct club c = open_club(state);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(guild_delete(c.f->core, c.hall.guild), ERR_OK);
    run_tasks(c.f);
    assert_int_equal(
        count_of(c.f, "SELECT COUNT(*) FROM voice_states WHERE guild_id = $1", c.hall.guild.v), 0);
}

static void test_user_erased(void **state)
{
    struct club c = open_club(state);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(user_erase(c.f->core, c.guest->who.user), ERR_OK);
    run_tasks(c.f);
    assert_int_equal(
        count_of(c.f, "SELECT COUNT(*) FROM voice_states WHERE user_id = $1", c.guest->who.user.v),
        0);
    check_told(&c, 2, c.guest, c.lounge, nowhere);
}

static enum err speak(const struct club *c, const struct person *by, const struct person *whom,
                      const struct voice_edit *d)
{
    struct access a = cf_in_guild(c->f, by, c->hall.guild);
    enum err e = voice_state_edit(c->f->core, &by->by, &a, whom->who.user, d);
    access_end(&a);
    return e;
}

static void test_stage(void **state)
{
    struct club c = open_club(state);
    struct person *host = hall_moderator(&c.hall, "host", PERMISSION_MUTE_MEMBERS);
    const struct voice_edit ask = {.parts = VOICE_EDIT_REQUEST, .request_to_speak_at_ms = 5000};
    const struct voice_edit take_back = {.parts = VOICE_EDIT_REQUEST};
    const struct voice_edit up = {.parts = VOICE_EDIT_SUPPRESS};
    const struct voice_edit down = {.parts = VOICE_EDIT_SUPPRESS, .suppress = true};
    const struct voice_edit here = {.parts = VOICE_EDIT_SUPPRESS | VOICE_EDIT_CHANNEL,
                                    .channel = c.lounge};
    cf_forget_events(c.f);
    assert_int_equal(speak(&c, c.guest, c.guest, &ask), ERR_UNKNOWN_VOICE_STATE);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    assert_int_equal(speak(&c, c.guest, c.guest, &ask), ERR_CHANNEL_TYPE);
    assert_int_equal(enter(&c, c.guest, c.stage), ERR_OK);
    assert_true(state_of(&c, c.guest).suppress);
    assert_int_equal(speak(&c, c.guest, c.guest, &here), ERR_UNKNOWN_VOICE_STATE);
    assert_int_equal(speak(&c, c.guest, c.guest, &up), ERR_MISSING_PERMISSIONS);
    assert_int_equal(speak(&c, c.other, c.guest, &up), ERR_MISSING_PERMISSIONS);
    cf_forget_events(c.f);
    assert_int_equal(speak(&c, c.guest, c.guest, &ask), ERR_OK);
    assert_int_equal(state_of(&c, c.guest).request_to_speak_at_ms, 5000);
    assert_true(cf_payload_has(told(&c, 1), "\"request_to_speak_timestamp\":\"1970-"));
    assert_int_equal(speak(&c, c.guest, c.guest, &take_back), ERR_OK);
    assert_int_equal(speak(&c, c.guest, c.guest, &ask), ERR_OK);
    assert_int_equal(speak(&c, host, c.guest, &up), ERR_OK);
    assert_false(state_of(&c, c.guest).suppress);
    assert_int_equal(state_of(&c, c.guest).request_to_speak_at_ms, 0);
    told(&c, 4);
    assert_int_equal(speak(&c, c.guest, c.guest, &down), ERR_OK);
    assert_true(state_of(&c, c.guest).suppress);
    const struct overwrite mute = {
        .id = c.hall.guild.v, .type = OVERWRITE_ROLE, .deny = PERMISSION_REQUEST_TO_SPEAK};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.stage, &mute), ERR_OK);
    assert_int_equal(speak(&c, c.guest, c.guest, &ask), ERR_MISSING_PERMISSIONS);
}

/* The status line: who is there needs no more than the permission for it. */
static void test_status(void **state)
{
    struct club c = open_club(state);
    struct person *dj = hall_moderator(&c.hall, "dj", PERMISSION_SET_VOICE_CHANNEL_STATUS);
    struct access a = cf_in_channel(c.f, dj, c.lounge);
    assert_int_equal(channel_voice_status(c.f->core, &dj->by, &a, SLICE("jazz")),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(enter(&c, dj, c.den), ERR_OK);
    assert_int_equal(channel_voice_status(c.f->core, &dj->by, &a, SLICE("jazz")),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(enter(&c, dj, c.lounge), ERR_OK);
    assert_int_equal(channel_voice_status(c.f->core, &dj->by, &a, SLICE("jazz")), ERR_OK);
    access_end(&a);
}

static void test_hidden(void **state)
{
    struct club c = open_club(state);
    struct voice_state s;
    struct member m;
    const struct overwrite hidden = {
        .id = c.other->who.user.v, .type = OVERWRITE_MEMBER, .deny = PERMISSION_VIEW_CHANNEL};
    assert_int_equal(put_overwrite(c.f, c.hall.owner, c.lounge, &hidden), ERR_OK);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    struct access a = cf_in_guild(c.f, c.other, c.hall.guild);
    assert_int_equal(voice_state_get(c.f->core, &a, c.guest->who.user, &c.f->arena, &s, &m),
                     ERR_UNKNOWN_VOICE_STATE);
    access_end(&a);
}

/* What is read back names the channel of now, and the one that was left then. */
static void test_replay(void **state)
{
    struct club c = open_club(state);
    struct stream stream = {STREAM_GUILD, c.hall.guild.v};
    assert_int_equal(enter(&c, c.guest, c.den), ERR_OK);
    assert_int_equal(rf_check(c.f, stream, EVENT_VOICE_STATE_UPDATE), 1);
    assert_int_equal(enter(&c, c.guest, c.lounge), ERR_OK);
    struct rf_replayed r = {.count = 0};
    assert_int_equal(events_replay(c.f->core, stream, told(&c, 2)->position - 2, 2, rf_keep, &r),
                     ERR_OK);
    assert_int_equal(r.count, 2);
    for (size_t i = 0; i < r.count; i++) {
        assert_int_equal(r.events[i]->kind, EVENT_VOICE_STATE_UPDATE);
        assert_int_equal(r.events[i]->voice->state.channel.v, c.lounge.v);
        assert_int_equal(r.events[i]->voice->from.v, c.den.v);
        event_unref(&r.events[i]);
    }
    /* Of somebody who is gone: that they left. */
    assert_int_equal(hall_kick(&c.hall, c.hall.owner, c.guest), ERR_OK);
    r.count = 0;
    assert_int_equal(events_replay(c.f->core, stream, told(&c, 3)->position - 1, 1, rf_keep, &r),
                     ERR_OK);
    assert_int_equal(r.events[0]->voice->state.channel.v, 0);
    assert_int_equal(r.events[0]->voice->from.v, c.lounge.v);
    assert_non_null(r.events[0]->payload);
    event_unref(&r.events[0]);
}

static void test_snapshot(void **state)
{
    struct club c = open_club(state);
    struct guild_snapshot snap;
    assert_int_equal(enter(&c, c.guest, c.den), ERR_OK);
    assert_int_equal(enter(&c, c.other, c.stage), ERR_OK);
    assert_int_equal(guild_snapshot_load(c.f->core, c.hall.guild, &c.f->arena, &snap), ERR_OK);
    assert_int_equal(snap.voice_count, 2);
    assert_int_equal(snap.voice[0].user.v, c.guest->who.user.v);
    assert_int_equal(snap.voice[0].channel.v, c.den.v);
    assert_int_equal(snap.voice[1].channel.v, c.stage.v);
    assert_true(snap.voice[1].suppress);
    assert_int_equal(snap.position, told(&c, 2)->position);
    guild_view_unref(&snap.view);
}

#define T(name) cmocka_unit_test_setup_teardown(name, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_in_about_and_out), T(test_refusals),    T(test_room),     T(test_one_place),
        T(test_sessions),         T(test_sweep),       T(test_moving),   T(test_members_change),
        T(test_role_lost),        T(test_recheck),     T(test_leaving),  T(test_channel_deleted),
        T(test_guild_deleted),    T(test_user_erased), T(test_stage),    T(test_status),
        T(test_hidden),           T(test_replay),      T(test_snapshot),
    };
    return cmocka_run_group_tests_name("core voice states", tests, NULL, NULL);
}
