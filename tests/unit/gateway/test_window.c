/*
 * A feed that reads the log again gets structure and standings of the moment of reading, with rows
 * that lie before that moment. Until it has come there nobody is shown anything, or told anything
 * of it, that the structure or the standing before would have hidden.
 */

#include "guild_fixture.h"

enum {
    ROLE_A = 1101,
    ROLE_B = 1102,
    CATEGORY = 2100,
    CHILD = 2101, /* in CATEGORY; both are for those alone whom the plan names */
    NEW = 2200,
    MEMBER = 10,
    OTHER = 12,
    READER_INTENTS = INTENT_GUILDS | INTENT_GUILD_MESSAGES,
};

/* What a test varies. */
struct plan {
    uint64_t for_role; /* CHILD is for; 0: for everybody */
    bool extra;        /* there is NEW, too */
    uint64_t banners;  /* the role that has BAN_MEMBERS */
};

static struct guild_view *make_view(uint64_t position, const struct plan *p)
{
    const struct role roles[] = {
        {.id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT},
        {.id = {ROLE_A},
         .guild = {FX_GUILD},
         .permissions = p->banners == ROLE_A ? PERMISSION_BAN_MEMBERS : 0},
        {.id = {ROLE_B},
         .guild = {FX_GUILD},
         .permissions = p->banners == ROLE_B ? PERMISSION_BAN_MEMBERS : 0},
    };
    const struct overwrite only[] = {
        {FX_GUILD, OVERWRITE_ROLE, 0, PERMISSION_OF(VIEW_CHANNEL)},
        {p->for_role, OVERWRITE_ROLE, PERMISSION_OF(VIEW_CHANNEL), 0},
    };
    struct channel channels[] = {
        {.id = {FX_CHANNEL}},
        {.id = {CATEGORY}, .type = CHANNEL_TYPE_CATEGORY},
        {.id = {CHILD}, .parent = {CATEGORY}},
        {.id = {NEW}},
    };
    for (size_t i = 0; i < 4; i++)
        channels[i].guild = (struct guild_id){FX_GUILD};
    for (size_t i = 1; i < 3 && p->for_role != 0; i++) {
        channels[i].overwrites = only;
        channels[i].overwrite_count = 2;
    }
    const struct guild g = {.id = {FX_GUILD}, .owner = {FX_OWNER}};
    struct guild_view *v =
        guild_view_new(&g, position, position, roles, 3, channels, p->extra ? 4 : 3);
    assert_non_null(v);
    return v;
}

static int open_guild(void **state)
{
    return guild_open(state, make_view(1, &(struct plan){.for_role = ROLE_B}));
}

static int open_open(void **state)
{
    return guild_open(state, make_view(1, &(struct plan){0}));
}

/* ---- rows of a gap ---- */

/* Its first position, and the next one. */
static uint64_t START;
static uint64_t NEXT;

static void begin_gap(void)
{
    START = NEXT = next_position();
}

static void row(struct event *e)
{
    NEXT++;
    fx_commit_silently(e);
}

static void row_view(uint64_t view_position, const struct plan *p)
{
    struct event *e = fx_event(EVENT_CHANNEL_UPDATE, (struct stream){STREAM_GUILD, FX_GUILD}, NEXT);
    e->channel_id = CATEGORY;
    e->view = make_view(view_position, p);
    row(e);
}

static void row_text(enum event_kind kind, uint64_t channel, const char *text)
{
    struct event *e = fx_event(kind, (struct stream){STREAM_GUILD, FX_GUILD}, NEXT);
    e->channel_id = channel;
    e->payload = fx_bytes(text);
    row(e);
}

static void row_message(uint64_t channel, const char *text)
{
    row_text(EVENT_MESSAGE_CREATE, channel, text);
}

static void row_roles(uint64_t user, uint64_t role, uint64_t standing_position)
{
    const struct role_id roles[] = {{role}};
    struct member m = member_with(user, roles, role != 0);
    m.standing = standing_position;
    row(standing_event(NEXT, &m));
}

/* The feed learns that it has missed something, and reads. */
static void read_gap(void)
{
    feed_lost(&guild->feed);
    settle();
    assert_int_equal(guild->feed.position, NEXT - 1);
    assert_null(guild->floor);
    check_dense();
}

/* ---- the structure is later ---- */

/* The channel was opened to a role after the member had lost it. */
static void test_role_taken_then_opened(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    struct session *kept = enter(OTHER, READER_INTENTS, ROLE_A);
    uint64_t from[] = {s->replay.seq, kept->replay.seq};
    begin_gap();
    uint64_t opened = START + 3;
    row_view(opened, &(struct plan){.for_role = ROLE_A}); /* something else, then */
    row_message(CHILD, "secret");
    row_roles(MEMBER, 0, NEXT);
    row_view(opened, &(struct plan){.for_role = ROLE_A});
    row_message(CHILD, "for A");
    read_gap();
    assert_string_equal(heard(s, from[0]), "GUILD_MEMBER_UPDATE");
    assert_string_equal(heard(kept, from[1]), "+2100 +2101 for A");
}

/* The same in two rows. */
static void test_taken_and_opened(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    uint64_t from = s->replay.seq;
    begin_gap();
    row_roles(MEMBER, 0, NEXT);
    row_view(NEXT, &(struct plan){.for_role = ROLE_A});
    row_message(CHILD, "for A");
    read_gap();
    assert_string_equal(heard(s, from), "GUILD_MEMBER_UPDATE");
}

/* Whoever keeps the role is told of the channel where structure and roles are of one moment. */
static void test_opened(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    struct session *plain = enter(OTHER, READER_INTENTS, 0);
    struct session *out = enter(13, READER_INTENTS, ROLE_B);
    uint64_t from[] = {s->replay.seq, plain->replay.seq, out->replay.seq};
    const struct plan later = {.for_role = ROLE_A, .extra = true};
    begin_gap();
    uint64_t opened = START + 4;
    row_message(CHILD, "for B");
    row_view(opened, &later);
    row_message(CHILD, "who knows");
    row_message(FX_CHANNEL, "before");
    row_view(opened, &later);
    row_message(CHILD, "for A");
    row_message(NEW, "for all");
    read_gap();
    assert_string_equal(heard(s, from[0]), "before +2100 +2101 +2200 for A for all");
    assert_string_equal(heard(plain, from[1]), "before +2200 for all");
    assert_string_equal(heard(out, from[2]), "for B -2101 -2100 before +2200 for all");
}

/* The channel was opened to all after the member had lost the role that showed it. */
static void test_role_taken(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_B);
    uint64_t from = s->replay.seq;
    begin_gap();
    uint64_t opened = START + 3;
    row_view(opened, &(struct plan){0});
    row_roles(MEMBER, 0, NEXT);
    row_message(CHILD, "for B");
    row_view(opened, &(struct plan){0});
    row_message(CHILD, "for all");
    read_gap();
    assert_string_equal(heard(s, from), "-2101 -2100 GUILD_MEMBER_UPDATE +2100 +2101 for all");
}

/* What the later structure hides goes at once. */
static void test_hidden(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, 0);
    uint64_t from = s->replay.seq;
    begin_gap();
    uint64_t hidden = START + 2;
    row_view(hidden, &(struct plan){.for_role = ROLE_A});
    row_message(CHILD, "not yet hidden");
    row_view(hidden, &(struct plan){.for_role = ROLE_A});
    row_message(CHILD, "hidden");
    read_gap();
    assert_string_equal(heard(s, from), "-2101 -2100");
}

/* A role that comes in the window shows nothing before its end, and then what it is good for. */
static void test_role_given(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, 0);
    struct session *with = enter(OTHER, READER_INTENTS, ROLE_A);
    uint64_t from = s->replay.seq;
    const struct plan later = {.for_role = ROLE_A};
    begin_gap();
    uint64_t opened = START + 4;
    row_view(opened, &later);
    row_roles(MEMBER, ROLE_B, NEXT); /* it sees CHILD in the structure before */
    row_roles(MEMBER, ROLE_A, NEXT);
    row_message(CHILD, "secret");
    row_view(opened, &later);
    row_message(CHILD, "for A");
    read_gap();
    assert_string_equal(heard(s, from),
                        "GUILD_MEMBER_UPDATE GUILD_MEMBER_UPDATE +2100 +2101 for A");
    assert_ptr_equal(class_of(s), class_of(with)); /* and nothing of the window is left */
}

/* A still later structure: the window goes on, from the structure that it began with. */
static void test_later_still(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    struct session *b = enter(OTHER, READER_INTENTS, ROLE_B);
    uint64_t from[] = {s->replay.seq, b->replay.seq};
    begin_gap();
    row_view(START + 2, &(struct plan){.for_role = ROLE_A});
    row_view(START + 4, &(struct plan){0}); /* of a second reading */
    row_message(CHILD, "who knows");
    row_message(FX_CHANNEL, "before");
    row_view(START + 4, &(struct plan){0});
    row_message(CHILD, "for all");
    read_gap();
    assert_string_equal(heard(s, from[0]), "before +2100 +2101 for all");
    assert_string_equal(heard(b, from[1]), "-2101 -2100 before +2100 +2101 for all");
}

/* What needs a permission in the guild: of both structures. */
static void test_guild_permissions(void **state)
{
    (void)state;
    enum { BANS = READER_INTENTS | INTENT_GUILD_MODERATION };
    struct session *a = enter(MEMBER, BANS, ROLE_A);
    struct session *owner = enter(FX_OWNER, BANS, 0);
    uint64_t from[] = {a->replay.seq, owner->replay.seq};
    const struct plan later = {.for_role = ROLE_B, .banners = ROLE_A};
    begin_gap();
    uint64_t allowed = START + 2;
    row_view(allowed, &later);
    row_text(EVENT_GUILD_BAN_ADD, 0, "ban");
    row_view(allowed, &later);
    row_text(EVENT_GUILD_BAN_ADD, 0, "next ban");
    read_gap();
    assert_string_equal(heard(a, from[0]), "next ban");
    assert_string_equal(heard(owner, from[1]), "ban next ban");
}

/* ---- a standing is later ---- */

/* A nickname, and then the role: the row of the nickname has the role already. */
static void test_standing_of_later(void **state)
{
    (void)state;
    struct session *gets = enter(MEMBER, READER_INTENTS, 0);
    struct session *loses = enter(OTHER, READER_INTENTS, ROLE_B);
    uint64_t from[] = {gets->replay.seq, loses->replay.seq};
    begin_gap();
    row_roles(MEMBER, ROLE_B, START + 3);
    row_roles(OTHER, 0, START + 4);
    row_message(CHILD, "for B");
    row_roles(MEMBER, ROLE_B, START + 3);
    row_roles(OTHER, 0, START + 4);
    row_message(CHILD, "next");
    read_gap();
    assert_string_equal(heard(gets, from[0]),
                        "GUILD_MEMBER_UPDATE +2100 +2101 GUILD_MEMBER_UPDATE next");
    assert_string_equal(heard(loses, from[1]), "-2101 -2100 GUILD_MEMBER_UPDATE "
                                               "GUILD_MEMBER_UPDATE");
    struct session *b = enter(14, READER_INTENTS, ROLE_B);
    assert_ptr_equal(class_of(gets), class_of(b));
}

/* The window ends before the standing is the member's: the others are shown what appears. */
static void test_standing_beyond_the_window(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, 0);
    struct session *with = enter(OTHER, READER_INTENTS, ROLE_A);
    uint64_t from[] = {s->replay.seq, with->replay.seq};
    const struct plan later = {.for_role = ROLE_A};
    begin_gap();
    row_view(START + 2, &later);
    row_roles(MEMBER, ROLE_A, START + 4);
    row_view(START + 2, &later);
    row_message(CHILD, "for A");
    row_roles(MEMBER, ROLE_A, START + 4);
    row_message(CHILD, "next");
    read_gap();
    assert_string_equal(heard(s, from[0]),
                        "GUILD_MEMBER_UPDATE +2100 +2101 GUILD_MEMBER_UPDATE next");
    assert_string_equal(heard(with, from[1]), "+2100 +2101 for A next");
}

/* Of who has left by now the log does not know which roles they lost before. */
static void test_gone_member(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_B);
    struct session *in = enter(OTHER, READER_INTENTS, ROLE_B);
    uint64_t from = s->replay.seq;
    begin_gap();
    struct event *e = member_event(EVENT_GUILD_MEMBER_UPDATE, NEXT, MEMBER);
    bytes_unref(&e->payload);
    row(e);
    row_message(CHILD, "for B");
    row(member_event(EVENT_GUILD_MEMBER_REMOVE, NEXT, MEMBER));
    read_gap();
    assert_string_equal(heard(s, from), "");
    assert_null(class_of(s));
    assert_true(last_is(in, "for B"));
}

/* ---- the ends of a window ---- */

/* A window that is open, in the middle of a reading. */
static void open_window(const struct plan *p)
{
    begin_gap();
    uint64_t end = START + REFILL_ROWS + 1;
    row_view(end, p);
    while (NEXT < end)
        row_message(CHILD, "who knows");
    row_view(end, p);
    row_message(CHILD, "after");
    feed_lost(&guild->feed);
    fx_turn();
    fx_run_job(0);
    fx_turn();
    assert_int_equal(guild->feed.state, FEED_REFILLING);
    assert_non_null(guild->floor);
}

static void test_nobody_enters(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    uint64_t from = s->replay.seq;
    open_window(&(struct plan){.for_role = ROLE_A});
    struct session *late = session_of(OTHER, READER_INTENTS);
    const struct role_id roles[] = {{ROLE_A}};
    const struct membership m = membership_with(OTHER, roles, 1);
    struct guild_link *l = guild_link_new(late, &m);
    assert_non_null(l);
    assert_false(guild_link_ready(l));
    settle();
    assert_non_null(l->class);
    assert_ptr_equal(class_of(s), l->class);
    assert_string_equal(heard(s, from), "+2100 +2101 after");
    assert_string_equal(heard(late, 0), "GUILD_CREATE");
}

static void test_guild_goes(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    open_window(&(struct plan){.for_role = ROLE_A});
    session_free(s);
    settle();
    assert_null(map_get(&FX.hub->guilds, FX_GUILD));
}

/* The log is trimmed past the feed. */
static void test_starts_over(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, ROLE_A);
    open_window(&(struct plan){.for_role = ROLE_A});
    FX.core.trimmed = FX.core.guild_position = NEXT + 10;
    struct session *late = session_of(OTHER, READER_INTENTS);
    const struct membership m = membership_with(OTHER, NULL, 0);
    assert_non_null(guild_link_new(late, &m)); /* the guild stays */
    fx_run_job(0);
    fx_turn();
    assert_null(guild->floor);
    assert_false(guild->narrowed);
    assert_true(list_empty(&guild->classes));
    settle();
    assert_int_equal(guild->feed.position, FX.core.guild_position);
    (void)s;
}

/* A time-out that ends in the window is over with the window. */
static void test_timeout_ends(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, 0);
    struct member m = member_with(MEMBER, NULL, 0);
    m.timed_out_until_ms = FX.wall_ms + 5000;
    fx_commit(standing_event(next_position(), &m));
    fx_turn();
    open_window(&(struct plan){.for_role = ROLE_B, .banners = ROLE_A});
    loop_timer_stop(&guild->expiry);
    FX.wall_ms += 5000;
    guild->expiry.fn(&guild->expiry);
    assert_false(list_linked(&guild->expiry.node));
    assert_true((class_of(s)->permissions[0] & PERMISSION_SEND_MESSAGES) == 0);
    settle();
    assert_true((class_of(s)->permissions[0] & PERMISSION_SEND_MESSAGES) != 0);
}

/* In slices of any size it is the same, in the same order. */
static void test_slices(void **state)
{
    (void)state;
    for (int work = 1; work < 12; work++) {
        struct session *s[] = {enter(MEMBER, READER_INTENTS, ROLE_A),
                               enter(OTHER, READER_INTENTS, ROLE_A),
                               enter(13, READER_INTENTS, ROLE_B), enter(14, READER_INTENTS, 0)};
        uint64_t from[4];
        for (int i = 0; i < 4; i++)
            from[i] = s[i]->replay.seq;
        FX.hub->work_per_turn = work;
        fx_turn();
        FX.hub->work = work;
        const struct plan later = {.for_role = ROLE_A};
        begin_gap();
        row_view(START + 3, &later);
        row_roles(OTHER, 0, NEXT);
        row_message(CHILD, "who knows");
        row_view(START + 3, &later);
        row_message(CHILD, "for A");
        read_gap();
        assert_string_equal(heard(s[0], from[0]), "+2100 +2101 for A");
        assert_string_equal(heard(s[1], from[1]), "GUILD_MEMBER_UPDATE");
        assert_string_equal(heard(s[2], from[2]), "-2101 -2100");
        assert_string_equal(heard(s[3], from[3]), "");
        assert_ptr_equal(class_of(s[1]), class_of(s[3]));
        FX.hub->work_per_turn = HUB_WORK_PER_TURN;
        for (int i = 0; i < 4; i++)
            session_free(s[i]);
        fx_turn(); /* the guild goes, and is loaded anew */
        for (size_t i = 0; i < FX.core.log_count; i++)
            event_unref(&FX.core.log[i]);
        FX.core.log_count = 0;
    }
}

/* Wherever memory is short: nobody is told too much, or misses something without beginning anew. */
static void test_no_memory(void **state)
{
    (void)state;
    unsigned untouched = 0;
    for (uint64_t n = 0; untouched < 3 && n < 200; n++) {
        struct session *s[] = {enter(MEMBER, READER_INTENTS, ROLE_A),
                               enter(OTHER, READER_INTENTS, ROLE_A),
                               enter(13, READER_INTENTS, ROLE_B)};
        uint64_t from[3];
        for (int i = 0; i < 3; i++)
            from[i] = s[i]->replay.seq;
        const struct plan later = {.for_role = ROLE_A};
        begin_gap();
        row_view(START + 2, &later);
        row_roles(MEMBER, 0, NEXT);
        row_view(START + 2, &later);
        row_message(CHILD, "for A");
        row_message(FX_CHANNEL, "for all");
        feed_lost(&guild->feed);
        fx_turn();
        fx_run_job(0);
        mem_fail_after(n, 1);
        fx_turn();
        mem_fail_never();
        settle();
        check_dense();
        assert_null(strstr(heard(s[0], from[0]), "+2101"));
        assert_null(strstr(heard(s[0], from[0]), "for A"));
        assert_null(strstr(heard(s[2], from[2]), "for A"));
        assert_true(s[1]->failed || strcmp(heard(s[1], from[1]), "+2100 +2101 for A for all") == 0);
        untouched += !s[0]->failed && !s[1]->failed && !s[2]->failed;
        for (int i = 0; i < 3; i++) {
            assert_true(s[i]->failed || last_is(s[i], "for all"));
            session_free(s[i]);
        }
        fx_turn(); /* the guild goes, and is loaded anew */
        for (size_t i = 0; i < FX.core.log_count; i++)
            event_unref(&FX.core.log[i]);
        FX.core.log_count = 0;
    }
    assert_int_equal(untouched, 3);
}

/* What the bus brings opens no window, and costs a class nothing. */
static void test_none_by_the_bus(void **state)
{
    (void)state;
    struct session *s = enter(MEMBER, READER_INTENTS, 0);
    uint64_t structure = guild->structure;
    const uint64_t *before = class_of(s)->permissions;
    commit_view(make_view(next_position(), &(struct plan){0}), EVENT_CHANNEL_UPDATE, CATEGORY);
    assert_null(guild->floor);
    assert_int_equal(guild->structure, structure);
    assert_ptr_equal(class_of(s)->permissions, before);
    commit_view(make_view(next_position(), &(struct plan){.for_role = ROLE_A}),
                EVENT_CHANNEL_UPDATE, CATEGORY);
    assert_null(guild->floor);
    assert_false(guild->narrowed);
    assert_int_equal(guild->structure, structure + 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_guild, fx_close)
#define TEST_OPEN(f) cmocka_unit_test_setup_teardown(f, open_open, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_role_taken_then_opened),
        TEST(test_taken_and_opened),
        TEST(test_opened),
        TEST(test_role_taken),
        TEST_OPEN(test_hidden),
        TEST(test_role_given),
        TEST(test_later_still),
        TEST(test_guild_permissions),
        TEST(test_standing_of_later),
        TEST(test_standing_beyond_the_window),
        TEST(test_gone_member),
        TEST(test_nobody_enters),
        TEST(test_guild_goes),
        TEST(test_starts_over),
        TEST(test_timeout_ends),
        TEST(test_slices),
        TEST(test_no_memory),
        TEST_OPEN(test_none_by_the_bus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
