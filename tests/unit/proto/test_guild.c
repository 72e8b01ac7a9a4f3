/* Guild, role, channel, member, invite and application objects: the required keys of the official
 * schema, forms that clients depend on, and what belongs to which kind of channel. */

#include "proto_fixture.h"

#include "proto/guild.h"
#include "proto/invite.h"

static void begin(struct buf *out, struct json_writer *w)
{
    buf_init(out, MEM_WIRE, 65536);
    json_begin(w, out);
}

static void test_guild(void **state)
{
    (void)state;
    struct guild_view *view = world_view();
    struct buf out;
    struct json_writer w;
    begin(&out, &w);
    proto_guild(&w, view);
    json_t *v = take(&out);
    assert_keys(v, "id name icon description home_header splash discovery_splash features banner "
                   "owner_id application_id region afk_channel_id afk_timeout system_channel_id "
                   "system_channel_flags widget_enabled widget_channel_id verification_level roles "
                   "default_message_notifications mfa_level explicit_content_filter max_presences "
                   "max_members max_stage_video_channel_users max_video_channel_users "
                   "vanity_url_code premium_tier premium_subscription_count preferred_locale "
                   "rules_channel_id safety_alerts_channel_id public_updates_channel_id "
                   "premium_progress_bar_enabled nsfw nsfw_level emojis stickers incidents_data");
    assert_str(v, "owner_id", "100");
    assert_str(v, "system_channel_id", "10");
    assert_null_at(v, "afk_channel_id");
    assert_int_equal(json_array_size(at(v, "roles")), 2);
    json_decref(v);
    guild_view_unref(&view);
}

static void test_role(void **state)
{
    (void)state;
    struct guild_view *view = world_view();
    struct buf out;
    struct json_writer w;
    begin(&out, &w);
    proto_role(&w, guild_view_role(view, (struct role_id){5}));
    json_t *v = take(&out);
    assert_keys(v, "id name permissions position color colors hoist managed mentionable icon "
                   "unicode_emoji flags");
    assert_str(v, "permissions", "4503599627370496"); /* more than a double holds, as text */
    assert_num(v, "color", 0x112233);
    assert_num(v, "colors.primary_color", 0x112233);
    assert_null_at(v, "colors.secondary_color");
    assert_str(v, "tags.bot_id", "200");
    json_decref(v);
    begin(&out, &w);
    proto_role(&w, guild_view_role(view, (struct role_id){1}));
    v = take(&out);
    assert_null(at(v, "tags"));
    json_decref(v);
    guild_view_unref(&view);
}

static json_t *channel(uint64_t id, bool with_guild_id)
{
    struct guild_view *view = world_view();
    struct buf out;
    struct json_writer w;
    begin(&out, &w);
    proto_channel(&w, guild_view_channel(view, (struct channel_id){id}), with_guild_id);
    guild_view_unref(&view);
    return take(&out);
}

static void test_channels(void **state)
{
    (void)state;
    static const struct {
        uint64_t id;
        const char *has;
        const char *lacks;
    } cases[] = {
        {10, "topic last_message_id last_pin_timestamp rate_limit_per_user", "bitrate"},
        {11, "bitrate user_limit rtc_region last_message_id", "topic"},
        {12, "id", "topic"},
        {12, "id", "last_message_id"},
        {13, "topic available_tags default_sort_order default_forum_layout", "bitrate"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *v = channel(cases[i].id, true);
        assert_keys(v, "id type flags guild_id name position permission_overwrites parent_id nsfw");
        assert_keys(v, cases[i].has);
        assert_null(at(v, cases[i].lacks));
        json_decref(v);
    }
}

static void test_channel_overwrites(void **state)
{
    (void)state;
    json_t *v = channel(10, false);
    assert_null(at(v, "guild_id"));
    assert_str(v, "parent_id", "12");
    assert_str(v, "permission_overwrites.0.id", "1");
    assert_num(v, "permission_overwrites.0.type", 0);
    assert_str(v, "permission_overwrites.0.deny", "4503599627370496");
    assert_num(v, "permission_overwrites.1.type", 1);
    assert_str(v, "permission_overwrites.1.allow", "2048");
    json_decref(v);
}

static void test_member(void **state)
{
    (void)state;
    const struct role_id roles[] = {{5}, {6}};
    const struct member m = {.guild = {1},
                             .user = ADA,
                             .joined_at_ms = 1420070400123,
                             .timed_out_until_ms = 0,
                             .roles = roles,
                             .role_count = 2};
    for (int with_user = 0; with_user < 2; with_user++) {
        struct buf out;
        struct json_writer w;
        begin(&out, &w);
        proto_member(&w, &m, with_user);
        json_t *v = take(&out);
        assert_keys(v, "avatar banner communication_disabled_until flags joined_at nick pending "
                       "premium_since roles mute deaf");
        assert_str(v, "joined_at", "2015-01-01T00:00:00.123000+00:00");
        assert_str(v, "roles.1", "6");
        assert_null_at(v, "communication_disabled_until");
        assert_int_equal(at(v, "user") != NULL, with_user);
        json_decref(v);
    }
}

static void test_invite(void **state)
{
    (void)state;
    struct guild_view *view = world_view();
    struct invite_sheet sheet = {.invite = {.code = SLICE("abc"),
                                            .guild = {1},
                                            .channel = {10},
                                            .inviter = ADA,
                                            .max_age_s = 86400,
                                            .uses = 3,
                                            .created_at_ms = 1420070400000,
                                            .expires_at_ms = 0},
                                 .view = view};
    const struct invite_show all = {.metadata = true};
    const struct invite_show little = {0};
    struct buf out;
    struct json_writer w;
    begin(&out, &w);
    proto_invite(&w, &sheet, &all);
    json_t *v = take(&out);
    assert_keys(v, "type code expires_at guild guild_id channel inviter");
    assert_keys(at(v, "guild"), "id name splash banner description icon features "
                                "verification_level vanity_url_code nsfw_level nsfw "
                                "premium_subscription_count");
    assert_str(v, "channel.name", "general");
    assert_null_at(v, "expires_at");
    assert_num(v, "uses", 3);
    json_decref(v);
    sheet.invite.channel.v = 99; /* deleted since */
    begin(&out, &w);
    proto_invite(&w, &sheet, &little);
    v = take(&out);
    assert_str(v, "channel.id", "99");
    assert_null_at(v, "channel.name");
    assert_null(at(v, "uses"));
    json_decref(v);
    guild_view_unref(&view);
}

static void test_application(void **state)
{
    (void)state;
    const struct application a = {
        .id = {200}, .owner = {100}, .name = SLICE("Botty"), .description = SLICE(""), .flags = 9};
    struct buf out;
    struct json_writer w;
    begin(&out, &w);
    proto_application(&w, &a, &ADA, &BOT);
    json_t *v = take(&out);
    assert_keys(v, "id name icon description type verify_key flags redirect_uris "
                   "interactions_endpoint_url role_connections_verification_url owner "
                   "approximate_guild_count approximate_user_install_count "
                   "approximate_user_authorization_count explicit_content_filter team "
                   "eligible_oauth2_scopes bot");
    assert_str(v, "flags_new", "9");
    assert_null(at(v, "owner.email"));
    json_decref(v);
    begin(&out, &w);
    proto_application(&w, &a, &ADA, NULL);
    v = take(&out);
    assert_null(at(v, "bot"));
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guild),       cmocka_unit_test(test_role),
        cmocka_unit_test(test_channels),    cmocka_unit_test(test_channel_overwrites),
        cmocka_unit_test(test_member),      cmocka_unit_test(test_invite),
        cmocka_unit_test(test_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
