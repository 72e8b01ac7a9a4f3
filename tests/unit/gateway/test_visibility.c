/*
 * What happens to a session's channels when the structure or its member changes: CHANNEL_CREATE and
 * CHANNEL_DELETE come from the difference of what it may see, in an order that a client can follow,
 * and nothing of a channel arrives before the one or after the other.
 */

#include "guild_fixture.h"

enum {
    ROLE_A = 1101,
    CATEGORY = 2100,
    CHILD = 2101, /* in CATEGORY; both are hidden together, but not from ROLE_A */
    EXTRA = 2200,
    PLAIN = 10,
    WITH_A = 11,
};

/* What a test varies. */
struct plan {
    bool hide;
    bool extra;           /* there is one more channel */
    uint64_t deny_user;   /* kept out of FX_CHANNEL by name */
    uint64_t owner;       /* 0: FX_OWNER */
    uint64_t permissions; /* of ROLE_A */
    const char *topic;
};

static struct guild_view *make_view(uint64_t position, const struct plan *p)
{
    const struct role roles[] = {
        {.id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT},
        {.id = {ROLE_A}, .guild = {FX_GUILD}, .permissions = p->permissions},
    };
    const struct overwrite only_a[] = {
        {FX_GUILD, OVERWRITE_ROLE, 0, PERMISSION_OF(VIEW_CHANNEL)},
        {ROLE_A, OVERWRITE_ROLE, PERMISSION_OF(VIEW_CHANNEL), 0},
    };
    const struct overwrite deny = {p->deny_user, OVERWRITE_MEMBER, 0, PERMISSION_OF(VIEW_CHANNEL)};
    struct channel channels[] = {
        {.id = {FX_CHANNEL}, .overwrites = &deny, .overwrite_count = p->deny_user != 0},
        {.id = {CATEGORY}, .type = CHANNEL_TYPE_CATEGORY},
        {.id = {CHILD}, .parent = {CATEGORY}},
        {.id = {EXTRA}},
    };
    for (size_t i = 0; i < 4; i++)
        channels[i].guild = (struct guild_id){FX_GUILD};
    for (size_t i = 1; i < 3 && p->hide; i++) {
        channels[i].overwrites = only_a;
        channels[i].overwrite_count = 2;
    }
    if (p->topic != NULL)
        channels[0].topic = slice_from(p->topic);
    const struct guild g = {.id = {FX_GUILD}, .owner = {p->owner != 0 ? p->owner : FX_OWNER}};
    struct guild_view *v =
        guild_view_new(&g, position, position, roles, 2, channels, p->extra ? 4 : 3);
    assert_non_null(v);
    return v;
}

static int open_open(void **state)
{
    return guild_open(state, make_view(1, &(struct plan){0}));
}

static int open_hidden(void **state)
{
    return guild_open(state, make_view(1, &(struct plan){.hide = true}));
}

static void change(const struct plan *p, enum event_kind kind, uint64_t channel)
{
    commit_view(make_view(next_position(), p), kind, channel);
}

static void set_roles(uint64_t user, uint64_t role)
{
    const struct role_id roles[] = {{role}};
    const struct member m = member_with(user, roles, role != 0);
    fx_commit(standing_event(next_position(), &m));
    fx_turn();
}

/* Children before their category, categories before their children; then the event. */
static void test_hidden_and_shown(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *a = enter(WITH_A, ALL_INTENTS, ROLE_A);
    uint64_t from = plain->replay.seq;
    change(&(struct plan){.hide = true}, EVENT_CHANNEL_UPDATE, CATEGORY);
    say(CHILD, "secret");
    assert_string_equal(heard(plain, from), "-2101 -2100");
    assert_string_equal(heard(a, from), "STRUCTURE secret");
    change(&(struct plan){0}, EVENT_CHANNEL_UPDATE, CATEGORY);
    say(CHILD, "open");
    /* Who has just got the channel needs no update of it. */
    assert_string_equal(heard(plain, from), "-2101 -2100 +2100 +2101 open");
    assert_string_equal(heard(a, from), "STRUCTURE secret STRUCTURE open");
    /* One payload for all who get it. */
    struct session *other = enter(12, ALL_INTENTS, 0);
    change(&(struct plan){.hide = true}, EVENT_CHANNEL_UPDATE, CATEGORY);
    assert_ptr_equal(replay_get(&plain->replay, plain->replay.seq),
                     replay_get(&other->replay, other->replay.seq));
}

static void test_made_and_deleted(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *deaf = enter(12, INTENT_GUILD_MESSAGES, 0); /* no GUILDS */
    uint64_t from = plain->replay.seq;
    change(&(struct plan){.extra = true}, EVENT_CHANNEL_CREATE, EXTRA);
    say(EXTRA, "in it");
    change(&(struct plan){0}, EVENT_CHANNEL_DELETE, EXTRA);
    say(EXTRA, "gone");
    assert_string_equal(heard(plain, from), "+2200 in it -2200");
    assert_string_equal(heard(deaf, 0), "in it");
}

/* What decides nothing costs nothing and tells nobody of channels. */
static void test_topic_only(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    const uint64_t *before = class_of(plain)->permissions;
    uint64_t structure = guild->structure;
    uint64_t from = plain->replay.seq;
    change(&(struct plan){.topic = "new"}, EVENT_CHANNEL_UPDATE, FX_CHANNEL);
    assert_string_equal(heard(plain, from), "STRUCTURE");
    assert_ptr_equal(class_of(plain)->permissions, before);
    assert_int_equal(guild->structure, structure);
    assert_true(slice_eq(guild->view->channels[0].topic, SLICE("new")));
}

static void test_role_changes(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *a = enter(WITH_A, ALL_INTENTS, ROLE_A);
    change(&(struct plan){.hide = true, .deny_user = WITH_A}, EVENT_CHANNEL_UPDATE, FX_CHANNEL);
    uint64_t from = a->replay.seq;
    const uint64_t *before = class_of(plain)->permissions;
    /* An administrator sees through the overwrite. */
    change(&(struct plan){.hide = true,
                          .deny_user = WITH_A,
                          .permissions = PERMISSION_OF(ADMINISTRATOR)},
           EVENT_GUILD_ROLE_UPDATE, 0);
    say(FX_CHANNEL, "seen");
    assert_string_equal(heard(a, from), "+2000 STRUCTURE seen");
    assert_ptr_not_equal(class_of(plain)->permissions, before); /* a new view, a new array */
    change(&(struct plan){.hide = true, .deny_user = WITH_A}, EVENT_GUILD_ROLE_UPDATE, 0);
    say(FX_CHANNEL, "unseen");
    assert_string_equal(heard(a, from), "+2000 STRUCTURE seen -2000 STRUCTURE");
}

static void test_owner_changes(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *owner = enter(FX_OWNER, ALL_INTENTS, 0);
    change(&(struct plan){.hide = true}, EVENT_CHANNEL_UPDATE, CATEGORY);
    uint64_t from[] = {plain->replay.seq, owner->replay.seq};
    change(&(struct plan){.hide = true, .owner = PLAIN}, EVENT_GUILD_UPDATE, 0);
    say(CHILD, "for the owner");
    assert_string_equal(heard(plain, from[0]), "+2100 +2101 STRUCTURE for the owner");
    assert_string_equal(heard(owner, from[1]), "-2101 -2100 STRUCTURE");
    check_dense();
}

/* The overwrite that names somebody moves all their sessions, and only them. */
static void test_overwrite_by_name(void **state)
{
    (void)state;
    struct session *named[] = {enter(PLAIN, ALL_INTENTS, 0), enter(PLAIN, NO_CONTENT, 0)};
    struct session *other = enter(12, ALL_INTENTS, 0);
    uint64_t from[] = {named[0]->replay.seq, named[1]->replay.seq, other->replay.seq};
    change(&(struct plan){.deny_user = PLAIN}, EVENT_CHANNEL_UPDATE, FX_CHANNEL);
    say(FX_CHANNEL, "others only");
    assert_string_equal(heard(named[0], from[0]), "-2000");
    assert_string_equal(heard(named[1], from[1]), "-2000");
    assert_string_equal(heard(other, from[2]), "STRUCTURE others only");
    change(&(struct plan){0}, EVENT_CHANNEL_UPDATE, FX_CHANNEL);
    assert_string_equal(heard(named[1], from[1]), "-2000 +2000");
    check_dense();
}

/* A member gets and loses a role: their sessions move before anything later is delivered. */
static void test_standing(void **state)
{
    (void)state;
    struct session *mine[] = {enter(PLAIN, ALL_INTENTS, 0), enter(PLAIN, NO_CONTENT, 0)};
    struct session *other = enter(12, ALL_INTENTS, 0);
    struct session *deaf = enter(13, NO_CONTENT, 0);
    uint64_t from[] = {mine[0]->replay.seq, mine[1]->replay.seq, other->replay.seq,
                       deaf->replay.seq};
    set_roles(PLAIN, ROLE_A);
    check_dense();
    say(CHILD, "now");
    set_roles(PLAIN, 0);
    say(CHILD, "later");
    assert_string_equal(heard(mine[0], from[0]), "+2100 +2101 GUILD_MEMBER_UPDATE now -2101 -2100 "
                                                 "GUILD_MEMBER_UPDATE");
    /* Members hear of themselves without the intent. */
    assert_string_equal(heard(mine[1], from[1]), "+2100 +2101 GUILD_MEMBER_UPDATE now -2101 -2100 "
                                                 "GUILD_MEMBER_UPDATE");
    assert_string_equal(heard(other, from[2]), "GUILD_MEMBER_UPDATE GUILD_MEMBER_UPDATE");
    assert_string_equal(heard(deaf, from[3]), "");
    assert_ptr_equal(class_of(mine[0]), class_of(other));
    check_dense();
    /* A nick: nothing moves. */
    fx_commit(member_event(EVENT_GUILD_MEMBER_UPDATE, next_position(), PLAIN));
    fx_turn();
    assert_ptr_equal(class_of(mine[0]), class_of(other));
}

/* The membership was read before the change, the link is made after it: it is read again. */
static void test_standing_while_entering(void **state)
{
    (void)state;
    struct session *in = enter(12, ALL_INTENTS, 0);
    struct session *late = session_of(PLAIN, ALL_INTENTS);
    const struct role_id roles[] = {{ROLE_A}};
    struct membership old = membership_with(PLAIN, NULL, 0);
    set_roles(PLAIN, ROLE_A);
    for (int i = 0; i < 5; i++)
        say(FX_CHANNEL, "meanwhile");
    FX.core.joined = membership_with(PLAIN, roles, 1);
    struct guild_link *l = guild_link_new(late, &old);
    assert_non_null(l);
    assert_false(guild_link_ready(l));
    assert_false(guild_link_ready(l)); /* and asks once */
    assert_int_equal(FX.job_count, 1);
    fx_read(0);
    say(FX_CHANNEL, "after the reading");
    fx_answer(0);
    fx_turn();
    assert_non_null(l->class);
    assert_int_equal(l->class->role_count, 1);
    say(CHILD, "hidden");
    assert_string_equal(heard(late, 0), "GUILD_CREATE hidden");
    assert_true(in->replay.seq > 5);
}

/* The same, but the member is out meanwhile. */
static void test_removed_while_entering(void **state)
{
    (void)state;
    enter(12, ALL_INTENTS, 0);
    struct session *late = session_of(PLAIN, ALL_INTENTS);
    struct membership old = membership_with(PLAIN, NULL, 0);
    fx_commit(member_event(EVENT_GUILD_MEMBER_REMOVE, next_position(), PLAIN));
    fx_turn();
    FX.core.join_err = ERR_UNKNOWN_MEMBER;
    struct guild_link *l = guild_link_new(late, &old);
    assert_non_null(l);
    assert_false(guild_link_ready(l));
    settle();
    say(FX_CHANNEL, "not for them");
    assert_null(l->class);
    assert_true(l->gone);
    assert_string_equal(heard(late, 0), "");
}

/* More members change than the guild remembers: whoever's membership is older reads it again. */
static void test_more_changes_than_remembered(void **state)
{
    (void)state;
    struct session *in = enter(12, ALL_INTENTS, 0);
    struct session *late = session_of(PLAIN, ALL_INTENTS);
    struct membership old = membership_with(PLAIN, NULL, 0);
    for (int i = 0; i < GUILD_RECENT_MAX; i++)
        set_roles(12, i % 2 == 0 ? ROLE_A : 0);
    struct guild_link *l = guild_link_new(late, &old);
    assert_non_null(l);
    assert_true(guild_link_ready(l)); /* none of them theirs, all of them known */
    guild_link_free(l);
    set_roles(12, ROLE_A);
    FX.core.joined = membership_with(PLAIN, NULL, 0);
    l = guild_link_new(late, &old);
    assert_non_null(l);
    assert_false(guild_link_ready(l));
    settle();
    assert_non_null(l->class);
    assert_true(in->replay.seq > 0);
}

/* A member who waits because the guild's feed is not there yet is overtaken by nothing. */
static void test_enters_at_a_later_position(void **state)
{
    (void)state;
    struct session *in = enter(12, ALL_INTENTS, 0);
    struct session *late = session_of(PLAIN, ALL_INTENTS);
    struct membership m = membership_with(PLAIN, NULL, 0);
    m.position += 2; /* read when the role was already gone again */
    struct guild_link *l = guild_link_new(late, &m);
    assert_non_null(l);
    assert_false(guild_link_ready(l));
    set_roles(PLAIN, ROLE_A);
    set_roles(PLAIN, 0);
    assert_non_null(l->class);
    assert_int_equal(l->class->role_count, 0);
    assert_int_equal(FX.job_count, 0);
    assert_string_equal(heard(late, 0), "GUILD_CREATE"); /* which knows both */
    assert_true(in->replay.seq > 0);
}

/* Events of the log carry the view of today; the older ones of the bus do not bring it back. */
static void test_older_view(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    uint64_t from = plain->replay.seq;
    uint64_t at = next_position();
    struct event *e = fx_event(EVENT_CHANNEL_UPDATE, (struct stream){STREAM_GUILD, FX_GUILD}, at);
    e->channel_id = CATEGORY;
    e->view = make_view(at + 1, &(struct plan){.hide = true}); /* of the next event already */
    fx_commit(e);
    e = fx_event(EVENT_CHANNEL_UPDATE, (struct stream){STREAM_GUILD, FX_GUILD}, at + 1);
    e->view = make_view(at, &(struct plan){0});
    fx_commit(e);
    fx_turn();
    assert_string_equal(heard(plain, from), "-2101 -2100");
}

static void timed_out_until(uint64_t user, int64_t until_ms)
{
    struct member m = member_with(user, NULL, 0);
    m.timed_out_until_ms = until_ms;
    fx_commit(standing_event(next_position(), &m));
    fx_turn();
}

static bool may_send(struct session *s)
{
    return (class_of(s)->permissions[0] & PERMISSION_SEND_MESSAGES) != 0;
}

static void test_timeout_ends(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *longer = enter(12, ALL_INTENTS, 0);
    timed_out_until(PLAIN, FX.wall_ms + 5000);
    timed_out_until(12, FX.wall_ms + 500000);
    assert_false(may_send(plain) || may_send(longer));
    assert_int_equal(guild->expiry_ms, FX.wall_ms + 5000);
    assert_true(list_linked(&guild->expiry.node));
    /* The timer rings (its wheel is not what is tested here), a little early, then in time. */
    loop_timer_stop(&guild->expiry);
    FX.wall_ms += 4999;
    guild->expiry.fn(&guild->expiry);
    assert_false(may_send(plain));
    assert_true(list_linked(&guild->expiry.node));
    loop_timer_stop(&guild->expiry);
    FX.wall_ms += 1;
    guild->expiry.fn(&guild->expiry);
    assert_true(may_send(plain));
    assert_false(may_send(longer));
    assert_int_equal(guild->expiry_ms, FX_TIME_MS + 500000);
    /* Taken back early: at once. */
    timed_out_until(12, 0);
    assert_true(may_send(longer));
    assert_ptr_not_equal(class_of(longer), class_of(plain));
}

static void test_pending(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *other = enter(12, ALL_INTENTS, 0);
    struct member m = member_with(PLAIN, NULL, 0);
    m.pending = true;
    fx_commit(standing_event(next_position(), &m));
    fx_turn();
    assert_ptr_not_equal(class_of(plain), class_of(other));
    assert_true(class_of(plain)->pending);
    m.pending = false;
    fx_commit(standing_event(next_position(), &m));
    fx_turn();
    assert_ptr_equal(class_of(plain), class_of(other));
}

/* A scheduled event that takes place elsewhere is the guild's, one in a channel that channel's. */
static void test_events_without_channel(void **state)
{
    (void)state;
    struct session *plain = enter(PLAIN, ALL_INTENTS, 0);
    struct session *a = enter(WITH_A, ALL_INTENTS, ROLE_A);
    uint64_t from[] = {plain->replay.seq, a->replay.seq};
    say_in(0, EVENT_GUILD_SCHEDULED_EVENT_CREATE, "elsewhere", NULL, NULL, 0);
    say_in(CHILD, EVENT_STAGE_INSTANCE_CREATE, "on stage", NULL, NULL, 0);
    assert_string_equal(heard(plain, from[0]), "elsewhere");
    assert_string_equal(heard(a, from[1]), "elsewhere on stage");
}

/* --- slices --- */

static void one_unit_a_turn(void)
{
    FX.hub->work_per_turn = 1;
    fx_turn();
    FX.hub->work = 1;
}

/* Puts events on the bus without turning the loop. */
static void publish_message(uint64_t position, uint64_t channel, const char *text)
{
    struct event *e =
        fx_event(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, FX_GUILD}, position);
    e->channel_id = channel;
    e->payload = fx_bytes(text);
    fx_commit(e);
}

static void publish_view(uint64_t position, const struct plan *p)
{
    struct event *e =
        fx_event(EVENT_CHANNEL_UPDATE, (struct stream){STREAM_GUILD, FX_GUILD}, position);
    e->channel_id = CATEGORY;
    e->view = make_view(position, p);
    fx_commit(e);
}

/* The guild's later events wait for its change and keep their order; unlogged ones wait too. */
static void test_slices(void **state)
{
    (void)state;
    struct session *s[] = {enter(PLAIN, ALL_INTENTS, 0), enter(12, NO_CONTENT, 0),
                           enter(WITH_A, ALL_INTENTS, ROLE_A), enter(13, ALL_INTENTS, 0)};
    uint64_t from[4];
    for (int i = 0; i < 4; i++)
        from[i] = s[i]->replay.seq;
    one_unit_a_turn();
    uint64_t at = next_position();
    publish_view(at, &(struct plan){.hide = true});
    publish_message(at + 1, CHILD, "secret");
    publish_message(at + 2, FX_CHANNEL, "open");
    publish_view(at + 3, &(struct plan){0});
    publish_message(at + 4, CHILD, "shown");
    struct event *typing =
        event_new(EVENT_TYPING_START, (struct stream){STREAM_GUILD, FX_GUILD}, NULL, 0);
    typing->guild_id = FX_GUILD;
    typing->channel_id = CHILD;
    typing->payload = fx_bytes("typing");
    bus_publish(FX.bus, &typing, 1);
    event_unref(&typing);
    fx_turn();
    assert_true(guild->feed.paused);
    assert_int_equal(guild->feed.position, at);
    /* Who wants to enter in the middle of it waits. */
    struct session *late = session_of(14, ALL_INTENTS);
    struct membership m = membership_with(14, NULL, 0);
    struct guild_link *l = guild_link_new(late, &m);
    assert_non_null(l);
    assert_false(guild_link_ready(l));
    unsigned turns = 0;
    while (guild->feed.paused || guild->feed.position < at + 4) {
        fx_turn();
        assert_true(++turns < 100);
    }
    assert_true(turns >= 4);
    check_dense();
    assert_string_equal(heard(s[0], from[0]), "-2101 -2100 open +2100 +2101 shown");
    assert_string_equal(heard(s[3], from[3]), "-2101 -2100 open +2100 +2101 shown");
    assert_string_equal(heard(s[1], from[1]), "-2101 -2100 open +2100 +2101 shown");
    settle();
    /* Unlogged ones have no place in the stream, but come in their turn. */
    assert_string_equal(heard(s[2], from[2]), "secret open shown typing");
    assert_non_null(l->class);
}

/* Sessions that end in the middle do not make others hear twice, or not at all. */
static void test_sessions_end_in_a_slice(void **state)
{
    (void)state;
    enum { SESSIONS = 9 };
    for (unsigned stop = 0; stop < 12; stop++) {
        struct session *s[SESSIONS];
        uint64_t from[SESSIONS];
        for (uint64_t i = 0; i < SESSIONS; i++) {
            s[i] = enter(20 + i, ALL_INTENTS, 0);
            from[i] = s[i]->replay.seq;
        }
        FX.hub->work_per_turn = 2; /* one session, of two dispatches, a turn */
        fx_turn();
        FX.hub->work = 2;
        publish_view(next_position(), &(struct plan){.hide = true});
        for (unsigned i = 0; i < stop; i++)
            fx_turn();
        session_free(s[stop % SESSIONS]);
        session_free(s[(stop + 4) % SESSIONS]);
        settle();
        check_dense();
        for (unsigned i = 0; i < SESSIONS; i++) {
            if (i == stop % SESSIONS || i == (stop + 4) % SESSIONS)
                continue;
            assert_string_equal(heard(s[i], from[i]), "-2101 -2100");
            session_free(s[i]);
        }
        FX.hub->work_per_turn = HUB_WORK_PER_TURN;
        fx_turn(); /* the guild goes, and is loaded anew */
        for (size_t i = 0; i < FX.core.log_count; i++)
            event_unref(&FX.core.log[i]);
        FX.core.log_count = 0;
    }
}

/* To a big guild even a message goes in slices, and still once to each, in order, whoever leaves.
 */
static void test_sliced_delivery(void **state)
{
    (void)state;
    enum { SESSIONS = 7 };
    for (unsigned stop = 0; stop < 8; stop++) {
        struct session *s[SESSIONS];
        uint64_t from[SESSIONS];
        for (uint64_t i = 0; i < SESSIONS; i++) {
            s[i] = enter(20 + i, i % 3 == 0 ? (uint32_t)NO_CONTENT : (uint32_t)ALL_INTENTS, 0);
            from[i] = s[i]->replay.seq;
        }
        one_unit_a_turn();
        FX.hub->sliced_min = 1;
        uint64_t at = next_position();
        publish_message(at, FX_CHANNEL, "one");
        publish_message(at + 1, FX_CHANNEL, "two");
        const struct member m = member_with(22, NULL, 0);
        fx_commit(standing_event(at + 2, &m));
        for (unsigned i = 0; i < stop; i++)
            fx_turn();
        session_free(s[stop % SESSIONS]);
        settle();
        assert_int_equal(guild->feed.position, at + 2);
        for (unsigned i = 0; i < SESSIONS; i++) {
            if (i == stop % SESSIONS)
                continue;
            assert_string_equal(heard(s[i], from[i]),
                                i % 3 == 0 ? "one two" : "one two GUILD_MEMBER_UPDATE");
            session_free(s[i]);
        }
        FX.hub->work_per_turn = HUB_WORK_PER_TURN;
        FX.hub->sliced_min = GUILD_SLICED_MIN;
        fx_turn();
    }
}

/* The last session ends in the middle of a change. */
static void test_guild_goes_in_a_slice(void **state)
{
    (void)state;
    struct session *s[] = {enter(PLAIN, ALL_INTENTS, 0), enter(12, NO_CONTENT, 0)};
    one_unit_a_turn();
    publish_view(next_position(), &(struct plan){.hide = true});
    fx_turn();
    assert_non_null(guild->change);
    session_free(s[0]);
    session_free(s[1]);
    fx_turn();
    assert_null(map_get(&FX.hub->guilds, FX_GUILD));
    assert_true(list_empty(&FX.hub->busy));
}

/* What a paused feed cannot hold it reads from the log. */
static void test_more_than_can_wait(void **state)
{
    (void)state;
    enum { MANY = FEED_HELD_MAX + 40, PORTION = 50 };
    struct session *s = enter(PLAIN, ALL_INTENTS, 0);
    struct session *other = enter(12, NO_CONTENT, 0);
    uint64_t from = s->replay.seq;
    one_unit_a_turn();
    uint64_t at = next_position();
    publish_view(at, &(struct plan){.hide = true});
    fx_turn();
    assert_true(guild->feed.paused);
    FX.hub->work_per_turn = 0; /* it gets no further */
    fx_turn();
    FX.hub->work = 0;
    for (uint64_t i = 1; i <= MANY; i++) {
        char text[32];
        snprintf(text, sizeof text, "m%llu", (unsigned long long)i);
        publish_message(at + i, FX_CHANNEL, text);
        if (i % PORTION == 0)
            fx_turn(); /* the queue of the bus is small */
    }
    fx_turn();
    assert_true(guild->inbox.lost);
    FX.hub->work_per_turn = HUB_WORK_PER_TURN;
    fx_turn();
    settle();
    assert_int_equal(guild->feed.position, at + MANY);
    assert_int_equal(s->replay.seq, from + 2 + MANY);
    assert_true(last_is(s, "m296") && last_is(other, "m296"));
}

/* Wherever memory is short: nobody is told too much, or misses something without beginning anew. */
static void test_no_memory(void **state)
{
    (void)state;
    for (uint64_t n = 0; n < 40; n++) {
        struct session *s[] = {enter(PLAIN, ALL_INTENTS, 0), enter(PLAIN, NO_CONTENT, 0),
                               enter(WITH_A, ALL_INTENTS, ROLE_A)};
        uint64_t at = next_position();
        const struct member m = member_with(WITH_A, NULL, 0);
        struct event *e[] = {
            fx_event(EVENT_CHANNEL_UPDATE, (struct stream){STREAM_GUILD, FX_GUILD}, at),
            standing_event(at + 1, &m)};
        e[0]->view = make_view(at, &(struct plan){.hide = true, .deny_user = PLAIN});
        bus_publish(FX.bus, e, 2);
        mem_fail_after(n, 1);
        fx_turn();
        mem_fail_never();
        settle();
        event_unref(&e[0]);
        event_unref(&e[1]);
        check_dense();
        for (int i = 0; i < 3; i++) {
            if (!s[i]->failed && class_of(s[i]) == NULL)
                fail_msg("%llu: in no class, and not told", (unsigned long long)n);
        }
        say(CHILD, "secret");
        say(FX_CHANNEL, "open");
        assert_false(last_is(s[0], "open") || last_is(s[1], "open"));
        assert_true(s[2]->failed || last_is(s[2], "open"));
        assert_null(strstr(heard(s[2], s[2]->replay.seq - s[2]->replay.count), "secret"));
        for (int i = 0; i < 3; i++)
            session_free(s[i]);
        fx_turn();
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_open, fx_close)
#define TEST_HIDDEN(f) cmocka_unit_test_setup_teardown(f, open_hidden, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_hidden_and_shown),
        TEST(test_made_and_deleted),
        TEST(test_topic_only),
        TEST(test_role_changes),
        TEST(test_owner_changes),
        TEST(test_overwrite_by_name),
        TEST_HIDDEN(test_standing),
        TEST_HIDDEN(test_standing_while_entering),
        TEST(test_removed_while_entering),
        TEST(test_more_changes_than_remembered),
        TEST(test_enters_at_a_later_position),
        TEST(test_older_view),
        TEST(test_timeout_ends),
        TEST(test_pending),
        TEST_HIDDEN(test_events_without_channel),
        TEST(test_slices),
        TEST(test_sessions_end_in_a_slice),
        TEST(test_sliced_delivery),
        TEST(test_guild_goes_in_a_slice),
        TEST(test_more_than_can_wait),
        TEST(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
