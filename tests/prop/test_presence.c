/*
 * Presence: people and bots of several guilds come and go on several loops, change what they show,
 * leave guilds and join them, become friends and stop being it, while the loops tell in any order
 * and as seldom as they like. In the end everybody who looks shows of everybody what is so: bots of
 * the members of their guilds, people of their friends. In between nothing is told of who is no
 * friend, nor that somebody hidden is there. Each run has its own seed: GUILDHALL_SEED=n makes run
 * n the first, so a failure is repeated at once.
 */

#include "unit/gateway/guild_fixture.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/random.h"
#include "gateway/presence_priv.h"
#include "prop/seed.h"

enum {
    RUNS = 1200,
    STEPS = 250,
    LOOPS = 3,
    GUILDS = 3,
    USERS = 10, /* the last BOTS of them are bots, which look */
    BOTS = 3,
    SESSIONS = 16,
    FIRST_USER = 100,
    TICKS_MAX = 1000,
    STATUSES = 4, /* the last one is invisible */
    NONE = -1
};

/* What somebody is shown as. */
enum { OFFLINE = 0, ONLINE = 1, IDLE = 2, DND = 3 };
static const char *const SAID[STATUSES] = {"online", "idle", "dnd", "invisible"};

struct looker {
    struct session *session; /* NULL: free */
    unsigned user;
    unsigned status; /* of SAID */
    uint64_t read;   /* up to this number of its dispatches */
    int of_guild[GUILDS][USERS];
    int of_friend[USERS];
};

static struct world {
    struct random_seeded random;
    struct random ids; /* the same, as the gateway asks it */
    uint64_t seed;
    struct loop *loops[LOOPS];
    struct guild_view *views[GUILDS];
    bool member[GUILDS][USERS];
    bool friends[USERS][USERS];
    struct looker lookers[SESSIONS];
} W;

static struct reached {
    uint64_t told;
    uint64_t told_friends;
    uint64_t hidden;
    uint64_t kicks;
} REACHED;

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        print_error("GUILDHALL_SEED=%" PRIu64 ": ", W.seed);                                       \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

static unsigned below(unsigned bound)
{
    return (unsigned)(random_seeded_next(&W.random) % bound);
}

static bool is_bot(unsigned user)
{
    return user >= USERS - BOTS;
}

static uint64_t guild_id(unsigned g)
{
    return FX_GUILD + g;
}

/* ---- the loops ---- */

static void turn(void)
{
    for (unsigned i = 0; i < LOOPS; i++)
        uv_run(loop_uv(W.loops[i]), UV_RUN_NOWAIT);
}

/* Jobs of guilds that are loaded are told apart by what the core says while they run. */
static void run_jobs(unsigned g)
{
    FX.core.view = W.views[g];
    turn();
    while (FX.job_count > 0) {
        struct gw_job *j = (struct gw_job *)(void *)FX.jobs[--FX.job_count];
        j->work(j);
        loop_post(j->hub->loop, &j->task);
        turn();
    }
    turn();
    FX.core.view = NULL;
}

static void open_world(uint64_t seed)
{
    FX = (struct fx){.clock = {fx_wall_ms, fx_mono_ns, NULL}, .wall_ms = FX_TIME_MS};
    W = (struct world){.seed = seed};
    random_seeded_init(&W.random, seed);
    W.ids = random_seeded_as(&W.random);
    struct loop_options lo = {.clock = &FX.clock};
    for (unsigned i = 0; i < LOOPS; i++) {
        assert_int_equal(loop_new(&lo, &W.loops[i]), ERR_OK);
        atomic_store(&W.loops[i]->thread_self, (uintptr_t)pthread_self());
    }
    FX.bus = bus_new(NULL);
    struct gateway_options o = {
        .bus = FX.bus,
        .loops = W.loops,
        .loop_count = LOOPS,
        .clock = &FX.clock,
        .random = &W.ids,
        .public_url = "",
        .heartbeat_interval_ms = 41250,
        .identify_timeout_ms = 30000,
        .resume_window_ms = 120000,
        .session_bytes_max = 1024 * 1024,
        .replay_events_max = 4096,
        .queue_events = 64,
        .event_bytes_max = SIZE_MAX,
    };
    assert_int_equal(gateway_new(&o, &FX.gateway), ERR_OK);
    FX.core.guild_position = 1;
    for (unsigned g = 0; g < GUILDS; g++) {
        const struct role everyone = {
            .id = {guild_id(g)}, .guild = {guild_id(g)}, .permissions = PERMISSIONS_DEFAULT};
        const struct guild made = {.id = {guild_id(g)}, .owner = {FX_OWNER}};
        W.views[g] = guild_view_new(&made, 1, 1, &everyone, 1, NULL, 0);
        assert_non_null(W.views[g]);
        for (unsigned u = 0; u < USERS; u++)
            W.member[g][u] = below(3) > 0;
    }
}

static void close_world(void)
{
    gateway_drain(FX.gateway);
    turn();
    for (unsigned i = 0; i < LOOPS; i++)
        hub_drop_sessions(&FX.gateway->hubs[i]);
    turn();
    for (unsigned i = 0; i < LOOPS; i++)
        loop_join(&W.loops[i]);
    gateway_free(&FX.gateway);
    bus_free(&FX.bus);
    for (unsigned g = 0; g < GUILDS; g++)
        guild_view_unref(&W.views[g]);
    assert_int_equal(mem_bytes(MEM_GATEWAY), 0);
    assert_int_equal(mem_bytes(MEM_VIEWS), 0);
    assert_int_equal(bytes_live(), 0);
}

/* ---- the model ---- */

static int shown(unsigned user)
{
    int best = OFFLINE;
    for (unsigned i = 0; i < SESSIONS; i++) {
        const struct looker *l = &W.lookers[i];
        if (l->session == NULL || l->user != user)
            continue;
        if (l->status == STATUSES - 1)
            return OFFLINE;
        if (best == OFFLINE || (int)l->status + 1 < best)
            best = (int)l->status + 1;
    }
    return best;
}

static bool has_sessions(unsigned user)
{
    for (unsigned i = 0; i < SESSIONS; i++)
        if (W.lookers[i].session != NULL && W.lookers[i].user == user)
            return true;
    return false;
}

/* ---- what those who look are told ---- */

static int status_of(const json_t *d)
{
    static const char *const NAMES[] = {"offline", "online", "idle", "dnd"};
    const char *name = json_string_value(json_object_get(d, "status"));
    for (int i = 0; name != NULL && i < 4; i++)
        if (strcmp(name, NAMES[i]) == 0)
            return i;
    FAIL("a status %s", name == NULL ? "that is none" : name);
    return NONE;
}

static unsigned user_of(const json_t *d)
{
    const json_t *id = json_object_get(json_object_get(d, "user"), "id");
    unsigned user = (unsigned)strtoul(json_string_value(id), NULL, 10) - FIRST_USER;
    assert_true(user < USERS);
    return user;
}

static unsigned guild_of(const json_t *d, const char *key)
{
    unsigned g = (unsigned)strtoul(json_string_value(json_object_get(d, key)), NULL, 10) - FX_GUILD;
    assert_true(g < GUILDS);
    return g;
}

/* Between two ticks somebody may be told what was so; but never of who is no friend. */
static void take_presence(struct looker *l, const json_t *d)
{
    unsigned user = user_of(d);
    int status = status_of(d);
    if (json_object_get(d, "guild_id") != NULL) {
        l->of_guild[guild_of(d, "guild_id")][user] = status;
        REACHED.told++;
        return;
    }
    if (!W.friends[l->user][user] && status != OFFLINE)
        FAIL("user %u is told of %u, who is no friend", l->user, user);
    if (status != OFFLINE && shown(user) == OFFLINE)
        FAIL("a friend reads that %u is there", user);
    l->of_friend[user] = status;
    REACHED.told_friends++;
}

static void take_guild(struct looker *l, const json_t *d)
{
    unsigned g = guild_of(d, "id");
    size_t i;
    json_t *p;
    for (unsigned u = 0; u < USERS; u++)
        l->of_guild[g][u] = OFFLINE;
    json_array_foreach(json_object_get(d, "presences"), i, p)
    {
        l->of_guild[g][user_of(p)] = status_of(p);
    }
}

static void take_dispatch(struct looker *l, struct bytes *b)
{
    struct buf text;
    buf_init(&text, MEM_GATEWAY, 1024 * 1024);
    buf_putc(&text, '{');
    assert_true(buf_reserve(&text, b->total));
    bytes_copy(b, text.data + text.len);
    text.len += b->total;
    json_t *root = json_loadb(text.data, text.len, 0, NULL);
    assert_non_null(root);
    const char *t = json_string_value(json_object_get(root, "t"));
    const json_t *d = json_object_get(root, "d");
    if (strcmp(t, "PRESENCE_UPDATE") == 0)
        take_presence(l, d);
    else if (strcmp(t, "GUILD_CREATE") == 0)
        take_guild(l, d);
    json_decref(root);
    buf_deinit(&text);
}

static void read_all(void)
{
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct looker *l = &W.lookers[i];
        if (l->session == NULL)
            continue;
        if (l->session->failed)
            FAIL("a session of %u has failed", l->user);
        while (l->read < l->session->replay.seq)
            take_dispatch(l, replay_get(&l->session->replay, ++l->read));
        replay_confirm(&l->session->replay, l->read);
    }
}

/* ---- what happens ---- */

static struct friend_list *friends_of(unsigned user)
{
    uint64_t ids[USERS];
    size_t n = 0;
    for (unsigned u = 0; u < USERS; u++)
        if (W.friends[user][u])
            ids[n++] = FIRST_USER + u;
    return friend_list_new(ids, n);
}

static void link_to(struct looker *l, unsigned g)
{
    struct membership m = {.guild = {guild_id(g)}, .position = 1};
    m.member = (struct member){.guild = {guild_id(g)},
                               .user = {.id = {FIRST_USER + l->user}, .username = SLICE("u")}};
    struct guild_link *link = guild_link_new(l->session, &m);
    assert_non_null(link);
    if (guild_link_ready(link))
        guild_link_activate(link);
    else
        run_jobs(g);
    assert_non_null(link->class);
}

/* As READY says it. */
static void read_friends(struct looker *l)
{
    struct buf text;
    struct json_writer w;
    buf_init(&text, MEM_GATEWAY, 1024 * 1024);
    json_begin(&w, &text);
    json_array_begin(&w);
    presence_write_friend_list(&w, l->session);
    json_array_end(&w);
    json_t *list = json_loadb(text.data, text.len, 0, NULL);
    assert_non_null(list);
    size_t i;
    json_t *p;
    json_array_foreach(list, i, p)
    {
        l->of_friend[user_of(p)] = status_of(p);
    }
    json_decref(list);
    buf_deinit(&text);
}

static void come(unsigned at)
{
    struct looker *l = &W.lookers[at];
    char text[64];
    *l = (struct looker){.user = below(USERS), .status = below(STATUSES)};
    struct principal who = {.user = {FIRST_USER + l->user}, .bot = is_bot(l->user)};
    struct hub *h = &FX.gateway->hubs[below(LOOPS)];
    l->session = session_new(h, &who);
    assert_non_null(l->session);
    l->session->intents = ALL_INTENTS;
    snprintf(text, sizeof text, "{\"status\":\"%s\"}", SAID[l->status]);
    json_t *d = json_loads(text, 0, NULL);
    assert_int_equal(presence_sit(l->session, NULL, d), ERR_OK);
    json_decref(d);
    presence_join(l->session, PRESENCE_ONLINE, who.bot ? NULL : friends_of(l->user), NULL);
    l->session->state = SESSION_LIVE;
    if (l->session->user->feed.state == FEED_LOADING)
        feed_start(&l->session->user->feed, 1);
    if (!who.bot)
        read_friends(l);
    for (unsigned g = 0; g < GUILDS; g++)
        if (W.member[g][l->user])
            link_to(l, g);
}

static void go(struct looker *l)
{
    session_free(l->session);
    l->session = NULL;
}

static void change(struct looker *l)
{
    char text[96];
    l->status = below(STATUSES);
    REACHED.hidden += l->status == STATUSES - 1;
    snprintf(text, sizeof text,
             "{\"status\":\"%s\",\"activities\":[],\"since\":null,\"afk\":false}", SAID[l->status]);
    json_t *d = json_loads(text, 0, NULL);
    assert_int_equal(presence_change(l->session, d), ERR_OK);
    json_decref(d);
}

/* Out of the guild, or into it. Clients forget who is removed. */
static void move(unsigned g, unsigned user)
{
    W.member[g][user] = !W.member[g][user];
    REACHED.kicks += !W.member[g][user];
    for (unsigned i = 0; i < SESSIONS; i++) {
        struct looker *l = &W.lookers[i];
        if (l->session == NULL)
            continue;
        l->of_guild[g][user] = OFFLINE;
        if (l->user != user)
            continue;
        struct guild_link *link = session_link(l->session, guild_id(g));
        if (W.member[g][user]) {
            link_to(l, g);
        } else if (link != NULL) {
            link->gone = true;
            guild_link_free(link);
        }
    }
    turn();
}

/* As their streams would say on every loop where they have sessions (presence_person.c). */
static void befriend(unsigned a, unsigned b)
{
    if (a == b || is_bot(a) || is_bot(b))
        return;
    bool now = !W.friends[a][b];
    W.friends[a][b] = W.friends[b][a] = now;
    const unsigned both[] = {a, b};
    for (unsigned k = 0; k < 2; k++) {
        unsigned user = both[k], other = both[1 - k];
        if (!now)
            presence_drop_friend(FX.gateway, FIRST_USER + user, FIRST_USER + other);
        if (has_sessions(user))
            presence_set_person(&FX.gateway->hubs[0], FIRST_USER + user, friends_of(user), NULL);
        for (unsigned i = 0; i < SESSIONS; i++) {
            struct looker *l = &W.lookers[i];
            if (l->session != NULL && l->user == user)
                l->of_friend[other] = now ? shown(other) : OFFLINE; /* show_friend */
        }
    }
}

static void step(void)
{
    unsigned at = below(SESSIONS);
    struct looker *l = &W.lookers[at];
    switch (below(10)) {
    case 0:
    case 1:
    case 2:
        if (l->session == NULL)
            come(at);
        else if (below(2) == 0)
            go(l);
        break;
    case 3:
    case 4:
    case 5:
        if (l->session != NULL)
            change(l);
        break;
    case 6:
        move(below(GUILDS), below(USERS));
        break;
    case 7:
        befriend(below(USERS), below(USERS));
        break;
    default:
        presence_tick(&FX.gateway->hubs[below(LOOPS)]);
        break;
    }
    read_all();
}

/* ---- the end ---- */

static bool anything_due(void)
{
    for (unsigned i = 0; i < LOOPS; i++) {
        struct hub *h = &FX.gateway->hubs[i];
        size_t cursor = 0;
        uint64_t key;
        void *value;
        for (unsigned u = 0; u < USERS; u++)
            if (desk_knows(h, FIRST_USER + u))
                return true;
        while (map_next(&h->guilds, &cursor, &key, &value)) {
            const struct guild_sub *s = value;
            if (s->presences != NULL && s->presences->dirty.count > 0)
                return true;
        }
    }
    return false;
}

static void check_looker(const struct looker *l)
{
    for (unsigned u = 0; u < USERS; u++) {
        for (unsigned g = 0; is_bot(l->user) && g < GUILDS; g++) {
            int is = W.member[g][u] ? shown(u) : OFFLINE;
            if (W.member[g][l->user] && l->of_guild[g][u] != is)
                FAIL("in guild %u bot %u shows %u as %d, who is %d", g, l->user, u,
                     l->of_guild[g][u], is);
        }
        if (W.friends[l->user][u] && l->of_friend[u] != shown(u))
            FAIL("%u shows the friend %u as %d, who is %d", l->user, u, l->of_friend[u], shown(u));
    }
}

static void check_counts(void)
{
    for (unsigned g = 0; g < GUILDS; g++) {
        size_t there = 0;
        for (unsigned u = 0; u < USERS; u++)
            there += W.member[g][u] && shown(u) != OFFLINE;
        assert_int_equal(presence_count(FX.gateway, guild_id(g)), there);
    }
}

static void run(uint64_t seed)
{
    open_world(seed);
    for (unsigned i = 0; i < STEPS; i++)
        step();
    for (unsigned ticks = 0; anything_due(); ticks++) {
        presence_tick(&FX.gateway->hubs[below(LOOPS)]);
        read_all();
        if (ticks == TICKS_MAX)
            FAIL("there is no end of telling");
    }
    for (unsigned i = 0; i < SESSIONS; i++)
        if (W.lookers[i].session != NULL)
            check_looker(&W.lookers[i]);
    check_counts();
    close_world();
}

static void test_everybody_shows_what_is(void **state)
{
    (void)state;
    uint64_t first = first_seed();
    for (uint64_t i = 0; i < rounds(RUNS); i++)
        run(first + i);
    print_message("told %" PRIu64 ", friends %" PRIu64 ", hidden %" PRIu64 ", kicks %" PRIu64 "\n",
                  REACHED.told, REACHED.told_friends, REACHED.hidden, REACHED.kicks);
    assert_true(REACHED.told > 1000 && REACHED.told_friends > 100);
    assert_true(REACHED.hidden > 100 && REACHED.kicks > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_everybody_shows_what_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
