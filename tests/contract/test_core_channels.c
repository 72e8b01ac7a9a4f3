/* Channels: editing, overwrites, order, deletion; what is written, told and audited. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "contract/structure_fixture.h"
#include "core/scheduled_events.h"
#include "core/stages.h"

struct world {
    struct person *owner;
    struct person *member;
    struct guild_id guild;
    struct channel_id general;
};

static struct world make_world(struct core_fixture *f)
{
    struct world w = {.owner = cf_person(f, "owner"), .member = cf_person(f, "member")};
    w.guild = cf_guild(f, w.owner);
    w.general = cf_general(f, w.guild);
    cf_join(f, w.member, cf_invite(f, w.owner, w.general, 0, 0));
    return w;
}

/* Somebody with a role of those permissions. */
static struct person *helper(struct core_fixture *f, const struct world *w, const char *name,
                             uint64_t bits)
{
    struct person *p = cf_person(f, name);
    cf_join(f, p, cf_invite(f, w->owner, w->general, 0, 0));
    give_role(f, w->guild, p, make_role(f, w->owner, w->guild, name, bits));
    return p;
}

static void test_edit(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct message m = cf_post(f, w.owner, w.general, "hello");
    struct channel_draft d = {.set = SETS(NAME) | SETS(TOPIC) | SETS(NSFW) | SETS(RATE_LIMIT) |
                                     SETS(BITRATE) | SETS(AUTO_ARCHIVE) | SETS(THREAD_RATE_LIMIT),
                              .name = SLICE("lounge"),
                              .topic = SLICE("all of it"),
                              .nsfw = true,
                              .rate_limit_per_user = 7,
                              .bitrate = 96000,
                              .default_auto_archive_duration = 4320,
                              .default_thread_rate_limit_per_user = 9};
    cf_forget_events(f);
    edit_channel(f, w.owner, w.general, &d);
    EXPECT_KINDS(f, EVENT_CHANNEL_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_true(cf_payload_has(f->events[0], "\"lounge\""));
    char last[64];
    snprintf(last, sizeof last, "\"last_message_id\":\"%llu\"", (unsigned long long)m.id.v);
    assert_true(cf_payload_has(f->events[0], last));
    assert_int_equal(f->events[0]->view->position, f->events[0]->position);
    expect_audit(f, 0, 11, "{\"key\":\"name\",\"old_value\":\"general\",\"new_value\":\"lounge\"}");
    const struct channel *ch = channel_now(f, w.guild, w.general);
    assert_true(cf_slice_is(ch->name, "lounge"));
    assert_true(cf_slice_is(ch->topic, "all of it"));
    assert_true(ch->nsfw);
    assert_int_equal(ch->rate_limit_per_user, 7);
    assert_int_equal(ch->bitrate, 0); /* text channels have none */
    assert_int_equal(ch->default_auto_archive_duration, 4320);
    assert_int_equal(ch->default_thread_rate_limit_per_user, 9);
    /* The same once more is no change. */
    cf_forget_events(f);
    edit_channel(f, w.owner, w.general, &d);
    assert_int_equal(f->event_count, 0);
}

static void test_forum(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct forum_tag tags[] = {{.name = SLICE("bug"), .moderated = true},
                               {.name = SLICE("idea"), .emoji_name = SLICE("\xF0\x9F\x92\xA1")}};
    struct channel_draft d = {.type = CHANNEL_TYPE_FORUM,
                              .name = SLICE("help"),
                              .tags = tags,
                              .tag_count = 2,
                              .flags = CHANNEL_FLAG_REQUIRE_TAG | 2,
                              .default_reaction_emoji_name = SLICE("\xE2\x9D\xA4")};
    struct channel_id id = make_channel(f, w.owner, w.guild, &d);
    const struct channel *ch = channel_now(f, w.guild, id);
    assert_int_equal(ch->tag_count, 2);
    assert_int_equal(ch->flags, CHANNEL_FLAG_REQUIRE_TAG);
    assert_int_equal(ch->default_sort_order, -1);
    assert_true(cf_slice_is(ch->default_reaction_emoji_name, "\xE2\x9D\xA4"));
    assert_true(ch->tags[0].moderated && ch->tags[0].id != 0);
    uint64_t idea = ch->tags[1].id;
    /* One goes, one keeps its id under another name, one is new. */
    struct forum_tag next[] = {{.name = SLICE("new")}, {.id = idea, .name = SLICE("proposal")}};
    struct channel_draft edit = {.set = SETS(TAGS) | SETS(SORT_ORDER),
                                 .tags = next,
                                 .tag_count = 2,
                                 .default_sort_order = 1};
    edit_channel(f, w.owner, id, &edit);
    ch = channel_now(f, w.guild, id);
    assert_int_equal(ch->tag_count, 2);
    assert_true(cf_slice_is(ch->tags[0].name, "new"));
    assert_int_equal(ch->tags[1].id, idea);
    assert_true(cf_slice_is(ch->tags[1].name, "proposal"));
    assert_int_equal(ch->default_sort_order, 1);
    struct draft_problem problem;
    struct forum_tag twice[] = {{.name = SLICE("x")}, {.name = SLICE("X")}};
    struct channel_draft bad = {.set = SETS(TAGS), .tags = twice, .tag_count = 2};
    assert_int_equal(try_edit(f, w.owner, id, &bad, &problem), ERR_TAG_NAMES);
    twice[1] = (struct forum_tag){.id = 5, .name = SLICE("y")};
    assert_int_equal(try_edit(f, w.owner, id, &bad, &problem), ERR_UNKNOWN_TAG);
    twice[1] = (struct forum_tag){.emoji = 5, .name = SLICE("y")};
    assert_int_equal(try_edit(f, w.owner, id, &bad, &problem), ERR_UNKNOWN_EMOJI);
    struct channel_draft reaction = {.set = SETS(REACTION), .default_reaction_emoji = 5};
    assert_int_equal(try_edit(f, w.owner, id, &reaction, &problem), ERR_UNKNOWN_EMOJI);
}

static void test_edit_refusals(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct draft_problem problem = {0};
    struct channel_draft voice = {.set = SETS(TYPE), .type = CHANNEL_TYPE_VOICE};
    struct channel_draft news = {.set = SETS(TYPE), .type = CHANNEL_TYPE_ANNOUNCEMENT};
    struct channel_draft in_itself = {.set = SETS(PARENT), .parent = w.general};
    struct channel_draft name = {.set = SETS(NAME), .name = SLICE("x")};
    cf_forget_events(f);
    assert_int_equal(try_edit(f, w.owner, w.general, &voice, &problem), ERR_INVALID_FORM);
    assert_string_equal(problem.field, "type");
    assert_int_equal(try_edit(f, w.owner, w.general, &news, &problem), ERR_INVALID_FORM);
    assert_string_equal(problem.code, "GUILD_FEATURE_REQUIRED");
    assert_int_equal(try_edit(f, w.owner, w.general, &in_itself, &problem), ERR_INVALID_FORM);
    assert_string_equal(problem.field, "parent_id");
    assert_int_equal(try_edit(f, w.member, w.general, &name, &problem), ERR_MISSING_PERMISSIONS);
    assert_int_equal(f->event_count, 0);
}

/* An authorisation of a moment ago does not help. */
static void test_edit_after_losing_the_right(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct person *helped = helper(f, &w, "helped", PERMISSION_MANAGE_CHANNELS);
    struct access before = cf_in_channel(f, helped, w.general);
    struct overwrite o = {helped->who.user.v, OVERWRITE_MEMBER, 0, PERMISSION_MANAGE_CHANNELS};
    struct channel_draft d = {.set = SETS(NAME), .name = SLICE("mine")};
    struct draft_problem problem;
    struct guild_view *v = NULL;
    struct message_id last;
    assert_int_equal(put_overwrite(f, w.owner, w.general, &o), ERR_OK);
    assert_int_equal(channel_edit(f->core, &helped->by, &before, &d, &v, &last, &problem),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(delete_channel(f, w.owner, w.general), ERR_OK);
    assert_int_equal(channel_edit(f->core, &helped->by, &before, &d, &v, &last, &problem),
                     ERR_UNKNOWN_CHANNEL);
    access_end(&before);
}

/* --- overwrites --------------------------------------------------------------------------------
 */

static void test_overwrites(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct overwrite o = {w.member->who.user.v, OVERWRITE_MEMBER, PERMISSION_MANAGE_MESSAGES,
                          PERMISSION_KICK_MEMBERS | PERMISSION_EMBED_LINKS};
    cf_forget_events(f);
    assert_int_equal(put_overwrite(f, w.owner, w.general, &o), ERR_OK);
    EXPECT_KINDS(f, EVENT_CHANNEL_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    expect_audit(f, 0, 13, "\"type\":\"1\"");
    const struct channel *ch = channel_now(f, w.guild, w.general);
    assert_int_equal(ch->overwrite_count, 1);
    assert_int_equal(ch->overwrites[0].deny, PERMISSION_EMBED_LINKS); /* what a channel can name */
    cf_forget_events(f);
    assert_int_equal(put_overwrite(f, w.owner, w.general, &o), ERR_OK);
    assert_int_equal(f->event_count, 0);
    o.deny = 0;
    assert_int_equal(put_overwrite(f, w.owner, w.general, &o), ERR_OK);
    expect_audit(f, 0, 14, "\"key\":\"deny\"");
    cf_forget_events(f);
    assert_int_equal(drop_overwrite(f, w.owner, w.general, o.id), ERR_OK);
    expect_audit(f, 0, 15, "\"old_value\"");
    assert_int_equal(channel_now(f, w.guild, w.general)->overwrite_count, 0);
    assert_int_equal(drop_overwrite(f, w.owner, w.general, o.id), ERR_UNKNOWN_OVERWRITE);
    struct overwrite nobody = {4711, OVERWRITE_MEMBER, 0, 0}, norole = {4711, OVERWRITE_ROLE, 0, 0};
    assert_int_equal(put_overwrite(f, w.owner, w.general, &nobody), ERR_UNKNOWN_USER);
    assert_int_equal(put_overwrite(f, w.owner, w.general, &norole), ERR_UNKNOWN_ROLE);
}

/* Nobody gives or takes in a channel what they do not have. */
static void test_overwrites_beyond_oneself(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct person *helped = helper(f, &w, "helped", PERMISSION_MANAGE_ROLES);
    struct overwrite fair = {w.guild.v, OVERWRITE_ROLE, 0, PERMISSION_SEND_MESSAGES};
    struct overwrite beyond = {w.guild.v, OVERWRITE_ROLE, PERMISSION_MANAGE_MESSAGES, 0};
    struct overwrite power = {w.guild.v, OVERWRITE_ROLE, PERMISSION_MANAGE_ROLES, 0};
    assert_int_equal(put_overwrite(f, helped, w.general, &fair), ERR_OK);
    assert_int_equal(put_overwrite(f, helped, w.general, &beyond), ERR_MISSING_PERMISSIONS);
    assert_int_equal(put_overwrite(f, helped, w.general, &power), ERR_MISSING_PERMISSIONS);
    assert_int_equal(put_overwrite(f, w.member, w.general, &fair), ERR_MISSING_PERMISSIONS);
}

static void test_category_pushes(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft c = {.type = CHANNEL_TYPE_CATEGORY, .name = SLICE("Rooms")};
    struct channel_id category = make_channel(f, w.owner, w.guild, &c);
    struct channel_id in_step = make_text(f, w.owner, w.guild, "a", category);
    struct channel_id apart = make_text(f, w.owner, w.guild, "b", category);
    struct overwrite own = {w.guild.v, OVERWRITE_ROLE, 0, PERMISSION_SEND_MESSAGES};
    struct overwrite hide = {w.guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL};
    assert_int_equal(put_overwrite(f, w.owner, apart, &own), ERR_OK);
    cf_forget_events(f);
    assert_int_equal(put_overwrite(f, w.owner, category, &hide), ERR_OK);
    EXPECT_KINDS(f, EVENT_CHANNEL_UPDATE, EVENT_CHANNEL_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_int_equal(f->events[1]->entity_id, in_step.v);
    assert_int_equal(channel_now(f, w.guild, in_step)->overwrites[0].deny, PERMISSION_VIEW_CHANNEL);
    assert_int_equal(channel_now(f, w.guild, apart)->overwrites[0].deny, PERMISSION_SEND_MESSAGES);
    struct access a;
    assert_int_equal(access_channel(f->core, &w.member->who, in_step, &f->arena, &a),
                     ERR_MISSING_ACCESS);
    /* And back in step by lock_permissions. */
    struct channel_draft lock = {.lock_permissions = true};
    edit_channel(f, w.owner, apart, &lock);
    assert_int_equal(channel_now(f, w.guild, apart)->overwrites[0].deny, PERMISSION_VIEW_CHANNEL);
}

/* --- order -------------------------------------------------------------------------------------
 */

static enum err move(struct core_fixture *f, const struct person *p, struct guild_id guild,
                     const struct channel_place *list, size_t n)
{
    struct access a = cf_in_guild(f, p, guild);
    struct draft_problem problem = {0};
    enum err e = channels_move(f->core, &p->by, &a, list, n, &problem);
    access_end(&a);
    return e;
}

static void test_order(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft c = {.type = CHANNEL_TYPE_CATEGORY, .name = SLICE("Rooms")};
    struct overwrite hide = {w.guild.v, OVERWRITE_ROLE, 0, PERMISSION_VIEW_CHANNEL};
    struct channel_id category = make_channel(f, w.owner, w.guild, &c);
    struct channel_id a = make_text(f, w.owner, w.guild, "a", (struct channel_id){0});
    struct channel_id b = make_text(f, w.owner, w.guild, "b", (struct channel_id){0});
    assert_int_equal(put_overwrite(f, w.owner, category, &hide), ERR_OK);
    int32_t stays = channel_now(f, w.guild, w.general)->position;
    struct channel_place list[] = {
        {.id = a, .has_position = true, .position = 40},
        {.id = b,
         .has_position = true,
         .position = 30,
         .has_parent = true,
         .parent = category,
         .lock_permissions = true},
        {.id = w.general, .has_position = true, .position = stays},
    };
    cf_forget_events(f);
    assert_int_equal(move(f, w.owner, w.guild, list, 3), ERR_OK);
    EXPECT_KINDS(f, EVENT_CHANNEL_UPDATE, EVENT_CHANNEL_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE,
                 EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_int_equal(channel_now(f, w.guild, a)->position, 40);
    const struct channel *moved = channel_now(f, w.guild, b);
    assert_int_equal(moved->position, 30);
    assert_int_equal(moved->parent.v, category.v);
    assert_int_equal(moved->overwrites[0].deny, PERMISSION_VIEW_CHANNEL);
    cf_forget_events(f);
    assert_int_equal(move(f, w.owner, w.guild, list, 3), ERR_OK); /* nothing moves */
    assert_int_equal(f->event_count, 0);
    struct channel_place two[] = {{.id = a, .has_parent = true, .parent = category},
                                  {.id = b, .has_parent = true}};
    assert_int_equal(move(f, w.owner, w.guild, two, 2), ERR_ONE_PARENT);
    two[0].id.v = 99;
    assert_int_equal(move(f, w.owner, w.guild, two, 1), ERR_UNKNOWN_CHANNEL);
    assert_int_equal(move(f, w.member, w.guild, two, 0), ERR_MISSING_PERMISSIONS);
    assert_int_equal(f->event_count, 0);
}

/* --- deletion ----------------------------------------------------------------------------------
 */

static void test_delete(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct access before = cf_in_channel(f, w.member, w.general);
    struct slice code = cf_invite(f, w.owner, w.general, 0, 0);
    post_many(f, w.member, w.general, "gone soon", 900);
    struct message m;
    struct message_draft nonce = {
        .content = SLICE("x"), .nonce = SLICE("n"), .enforce_nonce = true};
    assert_int_equal(cf_try_post(f, w.member, w.general, &nonce, &m), ERR_OK);
    cf_forget_events(f);
    assert_int_equal(delete_channel(f, w.owner, w.general), ERR_OK);
    const struct event *gone = NULL;
    for (size_t i = 0; i < f->event_count; i++)
        if (f->events[i]->kind == EVENT_CHANNEL_DELETE)
            gone = f->events[i];
    assert_non_null(gone);
    assert_int_equal(gone->view->position, gone->position);
    assert_null(guild_view_channel(gone->view, w.general));
    assert_int_equal(gone->view->guild.system_channel.v, 0);
    assert_int_equal(events_of(f, EVENT_INVITE_DELETE, w.guild.v), 2);
    assert_int_equal(events_of(f, EVENT_GUILD_UPDATE, w.guild.v),
                     1); /* it was the system channel */
    expect_audit(f, 0, 12, "\"old_value\":\"general\"");
    struct message_draft late = {.content = SLICE("too late")};
    assert_int_not_equal(message_post(f->core, &w.member->by, &before, &late, &f->arena, &m),
                         ERR_OK);
    access_end(&before);
    struct access a;
    assert_int_equal(access_channel(f->core, &w.owner->who, w.general, &f->arena, &a),
                     ERR_UNKNOWN_CHANNEL);
    assert_int_equal(count_of(f, "SELECT COUNT(*) FROM invites WHERE channel_id = $1", w.general.v),
                     0);
    assert_true(is_running(f, TASK_CHANNEL_DELETE, w.general.v));
    run_steps(f, 1);
    restart(f);
    assert_true(run_tasks(f) > 1);
    const char *messages = "SELECT COUNT(*) FROM messages WHERE channel_id = $1";
    const char *nonces = "SELECT COUNT(*) FROM recent_nonces WHERE channel_id = $1";
    assert_int_equal(count_of(f, messages, w.general.v), 0);
    assert_int_equal(count_of(f, nonces, w.general.v), 0);
    assert_false(is_running(f, TASK_CHANNEL_DELETE, w.general.v));
    assert_int_equal(code.len > 0, true);
}

static void test_delete_category(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft c = {.type = CHANNEL_TYPE_CATEGORY, .name = SLICE("Rooms")};
    struct channel_id category = make_channel(f, w.owner, w.guild, &c);
    struct channel_id child = make_text(f, w.owner, w.guild, "child", category);
    cf_forget_events(f);
    assert_int_equal(delete_channel(f, w.owner, category), ERR_OK);
    EXPECT_KINDS(f, EVENT_CHANNEL_DELETE, EVENT_CHANNEL_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_true(cf_payload_has(f->events[1], "\"parent_id\":null"));
    assert_int_equal(channel_now(f, w.guild, child)->parent.v, 0);
}

static struct scheduled_event_id schedule(struct core_fixture *f, const struct world *w,
                                          struct channel_id channel)
{
    struct access a = cf_in_guild(f, w->owner, w->guild);
    struct scheduled_event made;
    struct draft_problem problem = {0};
    struct scheduled_draft d = {.set = SCHEDULED_SETS_NAME | SCHEDULED_SETS_START |
                                       SCHEDULED_SETS_ENTITY_TYPE | SCHEDULED_SETS_CHANNEL,
                                .name = SLICE("Concert"),
                                .start_ms = f->wall_ms + 3600000,
                                .entity_type = SCHEDULED_VOICE,
                                .channel = channel};
    assert_int_equal(
        scheduled_event_create(f->core, &w->owner->by, &a, &d, &f->arena, &made, &problem), ERR_OK);
    access_end(&a);
    return made.id;
}

static void test_delete_cancels_events(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft d = {.type = CHANNEL_TYPE_VOICE, .name = SLICE("Voice")};
    struct channel_id id = make_channel(f, w.owner, w.guild, &d);
    struct scheduled_event_id event = schedule(f, &w, id);
    cf_forget_events(f);
    assert_int_equal(delete_channel(f, w.owner, id), ERR_OK);
    EXPECT_KINDS(f, EVENT_GUILD_SCHEDULED_EVENT_UPDATE, EVENT_CHANNEL_DELETE,
                 EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_true(cf_payload_has(f->events[0], "\"status\":4"));
    assert_int_equal(current(f, w.guild)->scheduled_count, 0);
    assert_int_equal(count_of(f, "SELECT status FROM scheduled_events WHERE id = $1", event.v),
                     SCHEDULED_CANCELED);
}

/* --- stages ------------------------------------------------------------------------------------
 */

static void test_stage(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft d = {.type = CHANNEL_TYPE_STAGE, .name = SLICE("Stage")};
    struct channel_id id = make_channel(f, w.owner, w.guild, &d);
    struct access a = cf_in_channel(f, w.owner, id), other = cf_in_channel(f, w.owner, w.general);
    struct access guest = cf_in_channel(f, w.member, id);
    struct stage_draft draft = {.topic = SLICE("Talk"), .privacy_level = 2};
    struct stage_draft next = {.topic = SLICE("More talk"), .privacy_level = 2};
    struct guild_view *v = NULL;
    cf_forget_events(f);
    assert_int_equal(stage_open(f->core, &w.member->by, &guest, &draft, &v),
                     ERR_MISSING_PERMISSIONS);
    assert_int_equal(stage_open(f->core, &w.owner->by, &other, &draft, &v), ERR_CHANNEL_TYPE);
    assert_int_equal(stage_edit(f->core, &w.owner->by, &a, &next, &v), ERR_UNKNOWN_STAGE);
    assert_int_equal(stage_open(f->core, &w.owner->by, &a, &draft, &v), ERR_OK);
    EXPECT_KINDS(f, EVENT_STAGE_INSTANCE_CREATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    expect_audit(f, 0, 83, "\"Talk\"");
    assert_true(cf_slice_is(guild_view_stage(v, id)->topic, "Talk"));
    guild_view_unref(&v);
    assert_int_equal(stage_open(f->core, &w.owner->by, &a, &draft, &v), ERR_STAGE_OPEN);
    cf_forget_events(f);
    assert_int_equal(stage_edit(f->core, &w.owner->by, &a, &next, &v), ERR_OK);
    EXPECT_KINDS(f, EVENT_STAGE_INSTANCE_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    guild_view_unref(&v);
    cf_forget_events(f);
    assert_int_equal(stage_close(f->core, &w.owner->by, &a), ERR_OK);
    EXPECT_KINDS(f, EVENT_STAGE_INSTANCE_DELETE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_int_equal(stage_close(f->core, &w.owner->by, &a), ERR_UNKNOWN_STAGE);
    /* It goes with its channel, and is told of before. */
    assert_int_equal(stage_open(f->core, &w.owner->by, &a, &draft, &v), ERR_OK);
    guild_view_unref(&v);
    cf_forget_events(f);
    assert_int_equal(delete_channel(f, w.owner, id), ERR_OK);
    EXPECT_KINDS(f, EVENT_STAGE_INSTANCE_DELETE, EVENT_CHANNEL_DELETE,
                 EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    assert_int_equal(current(f, w.guild)->stage_count, 0);
    access_end(&a);
    access_end(&other);
    access_end(&guest);
}

static void test_voice_status(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft d = {.type = CHANNEL_TYPE_VOICE, .name = SLICE("Voice")};
    struct channel_id id = make_channel(f, w.owner, w.guild, &d);
    struct access a = cf_in_channel(f, w.owner, id), text = cf_in_channel(f, w.owner, w.general);
    struct access guest = cf_in_channel(f, w.member, id);
    cf_forget_events(f);
    assert_int_equal(channel_voice_status(f->core, &w.owner->by, &a, SLICE("on air")), ERR_OK);
    EXPECT_KINDS(f, EVENT_VOICE_CHANNEL_STATUS_UPDATE, EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE);
    expect_audit(f, 0, 192, "\"status\":\"on air\"");
    assert_true(cf_slice_is(channel_now(f, w.guild, id)->voice_status, "on air"));
    cf_forget_events(f);
    assert_int_equal(channel_voice_status(f->core, &w.owner->by, &a, SLICE("")), ERR_OK);
    expect_audit(f, 0, 193, NULL);
    assert_null(channel_now(f, w.guild, id)->voice_status.data);
    assert_int_equal(channel_voice_status(f->core, &w.owner->by, &text, SLICE("x")),
                     ERR_CHANNEL_TYPE);
    assert_int_equal(channel_voice_status(f->core, &w.member->by, &guest, SLICE("x")),
                     ERR_MISSING_PERMISSIONS);
    access_end(&a);
    access_end(&text);
    access_end(&guest);
}

/* --- the log -----------------------------------------------------------------------------------
 */

struct replayed {
    struct event *list[256];
    size_t count;
};

static void on_event(void *ctx, struct event *e)
{
    struct replayed *r = ctx;
    assert_true(r->count < 256);
    r->list[r->count++] = e;
}

/* Every kind comes back with its payload and, where it changed the structure, with a view. */
static void test_replay(void **state)
{
    struct core_fixture *f = *state;
    struct world w = make_world(f);
    struct channel_draft name = {.set = SETS(NAME), .name = SLICE("renamed")};
    struct channel_draft v = {.type = CHANNEL_TYPE_VOICE, .name = SLICE("Voice")};
    struct channel_id gone = make_text(f, w.owner, w.guild, "gone", (struct channel_id){0});
    struct channel_id voice = make_channel(f, w.owner, w.guild, &v);
    struct role_id role = make_role(f, w.owner, w.guild, "r", 0);
    struct access a = cf_in_channel(f, w.owner, voice);
    uint64_t after = cf_event_back(f, 0)->position;
    edit_channel(f, w.owner, w.general, &name);
    assert_int_equal(channel_voice_status(f->core, &w.owner->by, &a, SLICE("on air")), ERR_OK);
    assert_int_equal(delete_channel(f, w.owner, gone), ERR_OK);
    assert_int_equal(delete_role(f, w.owner, w.guild, role), ERR_OK);
    access_end(&a);
    struct replayed r = {.count = 0};
    assert_int_equal(
        events_replay(f->core, (struct stream){STREAM_GUILD, w.guild.v}, after, 250, on_event, &r),
        ERR_OK);
    size_t structural = 0;
    for (size_t i = 0; i < r.count; i++) {
        const struct event *e = r.list[i];
        bool audit = e->kind == EVENT_GUILD_AUDIT_LOG_ENTRY_CREATE;
        assert_true(audit || e->view != NULL);
        structural += !audit;
        if (e->kind == EVENT_CHANNEL_UPDATE)
            assert_true(cf_payload_has(e, "\"renamed\""));
        if (e->kind == EVENT_VOICE_CHANNEL_STATUS_UPDATE)
            assert_true(cf_payload_has(e, "\"on air\""));
        if (e->kind == EVENT_GUILD_ROLE_DELETE)
            assert_true(cf_payload_has(e, "\"role_id\""));
    }
    assert_int_equal(structural, 4);
    while (r.count > 0)
        event_unref(&r.list[--r.count]);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, cf_setup, cf_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_edit),
        T(test_forum),
        T(test_edit_refusals),
        T(test_edit_after_losing_the_right),
        T(test_overwrites),
        T(test_overwrites_beyond_oneself),
        T(test_category_pushes),
        T(test_order),
        T(test_delete),
        T(test_delete_category),
        T(test_delete_cancels_events),
        T(test_stage),
        T(test_voice_status),
        T(test_replay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
