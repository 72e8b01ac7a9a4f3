/*
 * Guilds take turns: a busy one holds up no other, its backlog stays bounded and comes from the log
 * in the end, everything in order.
 */

#include "guild_fixture.h"

enum { BUSY = FX_GUILD, QUIET = FX_GUILD + 1, SESSIONS = 12 };

static int open_guild(void **state)
{
    const struct role everyone = {
        .id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT};
    const struct channel channel = {.id = {FX_CHANNEL}, .guild = {FX_GUILD}};
    const struct guild g = {.id = {FX_GUILD}, .owner = {FX_OWNER}};
    return guild_open(state, guild_view_new(&g, 1, 1, &everyone, 1, &channel, 1));
}

/* Without GUILDS: what a session has got is events alone. */
static struct session *enter_one(uint64_t user, uint64_t guild_id)
{
    struct session *s = session_of(user, INTENT_GUILD_MESSAGES | INTENT_GUILD_MESSAGE_TYPING);
    struct membership m = membership_with(user, NULL, 0);
    struct guild_sub *g = map_get(&FX.hub->guilds, guild_id);
    m.guild = (struct guild_id){guild_id};
    m.position = g == NULL ? FX.core.guild_position : g->feed.position;
    struct guild_link *l = guild_link_new(s, &m);
    assert_non_null(l);
    if (guild_link_ready(l))
        guild_link_activate(l);
    else
        settle();
    assert_non_null(l->class);
    return s;
}

static void enter_many(struct session *s[], size_t count, uint64_t guild_id)
{
    for (size_t i = 0; i < count; i++)
        s[i] = enter_one(100 + i, guild_id);
}

/* Onto the bus, and into the log if it has a position. */
static void publish(uint64_t guild_id, uint64_t position, const char *text)
{
    enum event_kind kind = position == 0 ? EVENT_TYPING_START : EVENT_MESSAGE_CREATE;
    struct event *e = fx_event(kind, (struct stream){STREAM_GUILD, guild_id}, position);
    e->channel_id = FX_CHANNEL;
    e->payload = fx_bytes(text);
    if (position != 0) {
        fx_commit(e);
        return;
    }
    bus_publish(FX.bus, &e, 1);
    event_unref(&e);
}

static void budget(int units)
{
    FX.hub->work_per_turn = units;
    FX.hub->work = units;
}

/* All payloads of a session, in order. */
static const char *got(const struct session *s)
{
    static char all[16384];
    size_t n = 0;
    for (uint64_t seq = 1; seq <= s->replay.seq; seq++) {
        const struct bytes *b = replay_get(&s->replay, seq);
        assert_non_null(b);
        n += (size_t)snprintf(all + n, sizeof all - n, "%.*s ", (int)b->len, b->data);
        assert_true(n < sizeof all);
    }
    all[n] = '\0';
    return all;
}

/* The quiet guild's event comes last, and is there long before the busy guild's are all delivered.
 */
static void test_turns(void **state)
{
    (void)state;
    struct session *busy[SESSIONS];
    enter_many(busy, SESSIONS, BUSY);
    struct session *quiet = enter_one(10, QUIET);
    FX.hub->sliced_min = 2;
    budget(1);
    publish(BUSY, 2, "b2");
    publish(BUSY, 3, "b3");
    publish(BUSY, 4, "b4");
    publish(QUIET, 2, "q2");
    unsigned turns = 0;
    for (; quiet->replay.seq == 0; turns++) {
        assert_true(turns < 8);
        fx_turn();
    }
    assert_true(uv_is_active((uv_handle_t *)&FX.loop->awake)); /* there is more: it may not sleep */
    uint64_t pushed = 0;
    for (size_t i = 0; i < SESSIONS; i++)
        pushed += busy[i]->replay.seq;
    assert_true(pushed <=
                PUSHES_PER_WORK * (turns + 1)); /* no more than the account of the turns */
    settle();
    assert_string_equal(got(quiet), "q2 ");
    for (size_t i = 0; i < SESSIONS; i++)
        assert_string_equal(got(busy[i]), "b2 b3 b4 ");
    fx_turn();
    fx_turn();
    assert_false(uv_is_active((uv_handle_t *)&FX.loop->awake));
}

/* Between two guilds that have as much to do the turns alternate. */
static void test_alternate(void **state)
{
    (void)state;
    struct session *one[SESSIONS];
    struct session *two[SESSIONS];
    enter_many(one, SESSIONS, BUSY);
    enter_many(two, SESSIONS, QUIET);
    FX.hub->sliced_min = 2;
    budget(3);
    for (uint64_t p = 2; p <= 5; p++)
        publish(BUSY, p, "x");
    for (uint64_t p = 2; p <= 5; p++)
        publish(QUIET, p, "x");
    uint64_t sums[2] = {0};
    while (sums[0] < 4 * SESSIONS || sums[1] < 4 * SESSIONS) {
        uint64_t before = sums[0] + sums[1];
        fx_turn();
        sums[0] = sums[1] = 0;
        for (size_t i = 0; i < SESSIONS; i++) {
            sums[0] += one[i]->replay.seq;
            sums[1] += two[i]->replay.seq;
        }
        assert_true(sums[0] + sums[1] > before);
        uint64_t apart = sums[0] > sums[1] ? sums[0] - sums[1] : sums[1] - sums[0];
        assert_true(apart <= 2 * SESSIONS);
    }
}

/* A backlog beyond the inbox is left to the log; the other guild's inbox is its own. */
static void test_overflow(void **state)
{
    (void)state;
    enum { MANY = INBOX_EVENTS_MAX + 200, PORTION = 40 };
    struct session *busy = enter_one(10, BUSY);
    struct session *quiet = enter_one(11, QUIET);
    struct guild_sub *b = map_get(&FX.hub->guilds, BUSY);
    struct guild_sub *q = map_get(&FX.hub->guilds, QUIET);
    budget(0);
    size_t most = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        publish(BUSY, 2 + i, "b");
        if (i % PORTION != 0)
            continue;
        fx_turn(); /* the queue of the bus is small */
        FX.hub->work = 0;
        most =
            mem_bytes(MEM_GATEWAY) > most && i < INBOX_EVENTS_MAX ? mem_bytes(MEM_GATEWAY) : most;
    }
    publish(QUIET, 2, "q2");
    fx_turn();
    assert_int_equal(b->inbox.count, INBOX_EVENTS_MAX);
    assert_true(b->inbox.lost);
    assert_int_equal(q->inbox.count, 1);
    assert_false(q->inbox.lost);
    /* What was left to the log takes no memory here: as much as when the inbox was nearly full. */
    assert_true(mem_bytes(MEM_GATEWAY) <= most + INBOX_EVENTS_MAX * sizeof(struct event *));
    budget(HUB_WORK_PER_TURN);
    settle();
    assert_int_equal(b->feed.position, 1 + MANY);
    assert_int_equal(busy->replay.seq, MANY);
    assert_string_equal(got(quiet), "q2 ");
    assert_false(inbox_waits(&b->inbox));
}

/* The rows of the log, too, are applied as far as the account goes, and none is read twice for
 * that.
 */
static void test_log_in_turns(void **state)
{
    (void)state;
    enum { ROWS = 60 };
    struct session *busy[SESSIONS];
    enter_many(busy, SESSIONS, BUSY);
    struct guild_sub *b = map_get(&FX.hub->guilds, BUSY);
    for (uint64_t p = 2; p < 2 + ROWS; p++) {
        struct event *e = fx_event(EVENT_MESSAGE_CREATE, (struct stream){STREAM_GUILD, BUSY}, p);
        e->channel_id = FX_CHANNEL;
        e->payload = fx_bytes("r");
        FX.core.log[FX.core.log_count++] = e; /* the bus never brings it */
    }
    feed_lost(&b->feed);
    fx_turn();
    unsigned submitted = FX.submitted;
    assert_int_equal(FX.job_count, 1);
    FX.hub->sliced_min = 2;
    budget(SESSIONS);
    fx_run_job(0);
    fx_turn();
    assert_true(b->feed.paused);
    assert_true(b->feed.position < 2 + ROWS - 1);
    settle();
    assert_int_equal(FX.submitted, submitted);
    for (size_t i = 0; i < SESSIONS; i++)
        assert_int_equal(busy[i]->replay.seq, ROWS);
}

/* What has no position is given in slices as well, in its turn. */
static void test_unlogged_in_slices(void **state)
{
    (void)state;
    struct session *s[SESSIONS];
    enter_many(s, SESSIONS, BUSY);
    FX.hub->sliced_min = 2;
    budget(1);
    publish(BUSY, 0, "t");
    publish(BUSY, 2, "m");
    fx_turn();
    size_t there = 0;
    for (size_t i = 0; i < SESSIONS; i++)
        there += s[i]->replay.seq > 0;
    assert_in_range(there, 1, SESSIONS - 1);
    settle();
    for (size_t i = 0; i < SESSIONS; i++)
        assert_string_equal(got(s[i]), "t m ");
}

/* A big guild waits for its sessions' frames to be written when it is far ahead of that. */
static void test_ahead_of_the_writing(void **state)
{
    (void)state;
    enum { MORE = 20 };
    struct session *s[GUILD_BULK_MIN];
    enter_many(s, GUILD_BULK_MIN, BUSY);
    struct session *quiet = enter_one(10, QUIET);
    struct conn unwritten = {.magic = CONN_MAGIC, .state = CONN_CLOSED};
    struct bulk_lane other;
    bulk_lane_init(&other);
    for (unsigned i = 0; i < GUILD_AHEAD_MAX + MORE + 40; i++) {
        if (i < GUILD_AHEAD_MAX + MORE)
            publish(BUSY, 2 + i, "b");
        if (!list_linked(&unwritten.dirty_node)) /* the loop's portion takes it every time */
            list_push_back(&other.conns, &unwritten.dirty_node);
        if (!list_linked(&other.node))
            list_push_back(&FX.loop->lanes, &other.node);
        fx_turn();
    }
    assert_int_equal(s[0]->replay.seq, GUILD_AHEAD_MAX);
    assert_int_equal(s[GUILD_BULK_MIN - 1]->replay.seq, GUILD_AHEAD_MAX);
    publish(QUIET, 2, "q2");
    fx_turn();
    assert_string_equal(got(quiet), "q2 ");
    list_remove(&unwritten.dirty_node);
    list_remove(&other.node);
    settle();
    assert_int_equal(s[0]->replay.seq, GUILD_AHEAD_MAX + MORE);
    assert_int_equal(s[GUILD_BULK_MIN - 1]->replay.seq, GUILD_AHEAD_MAX + MORE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, open_guild, fx_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_turns),        TEST(test_alternate),          TEST(test_overflow),
        TEST(test_log_in_turns), TEST(test_unlogged_in_slices), TEST(test_ahead_of_the_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
