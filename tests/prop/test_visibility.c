/*
 * Who sees what, under random changes of a guild: roles, overwrites, channels, the owner, members'
 * roles and time-outs, members who go, sessions that come and end at any moment, with memberships
 * that were read long before, on a bus that loses things, in slices of any size. Each session's
 * dispatches are read as a client would read them. At every position its channels must be those
 * that the model sees, it must have got just the messages that the model lets it see, and no
 * channel may come twice, go twice, or come before its category. GUILDHALL_SEED=n makes run n the
 * first.
 */

#include "unit/gateway/guild_fixture.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "base/random.h"
#include "prop/seed.h"

enum {
    RUNS = 1500,
    STEPS_MAX = 120,
    USERS = 5,
    ROLES = 4, /* the first is @everyone */
    CHANNELS = 6,
    OVERWRITES = 3,
    SESSIONS = 8,
    POSITIONS_MAX = FX_LOG_MAX,
    FIRST_USER = 10,
    FIRST_ROLE = FX_GUILD, /* @everyone has the guild's id */
    FIRST_CHANNEL = 3000,
    QUIET = INTENT_GUILDS | INTENT_GUILD_MESSAGES,
};

struct world_member {
    bool gone;
    unsigned roles; /* bits; bit 0 is not used */
    int64_t timed_out_until_ms;
    bool pending;
};

struct world_channel {
    bool there;
    bool category;
    struct overwrite overwrites[OVERWRITES];
    size_t overwrite_count;
};

/* The guild at one position. */
struct moment {
    struct guild_view *view;
    struct world_member members[USERS];
    enum event_kind kind; /* of the event that ends in it */
    uint64_t channel;     /* of a message */
    uint64_t user;        /* of a member's event */
};

struct seat {
    struct session *session;
    unsigned user;
    struct membership stale; /* read, but not used yet */
    struct role_id roles[ROLES];
    bool waiting;
};

static struct world {
    struct random_seeded random;
    uint64_t seed;
    uint64_t owner;
    uint64_t role_permissions[ROLES];
    struct world_channel channels[CHANNELS];
    struct world_member members[USERS];
    struct moment moments[POSITIONS_MAX];
    uint64_t head;
    struct seat seats[SESSIONS];
} W;

static struct reached {
    uint64_t sessions;
    uint64_t came;
    uint64_t went;
    uint64_t messages;
    uint64_t hidden;
    uint64_t slices;
    uint64_t readings;
    uint64_t removed;
} REACHED;

static uint64_t below(uint64_t bound)
{
    return random_seeded_next(&W.random) % bound;
}

#define FAIL(...)                                                                                  \
    do {                                                                                           \
        print_error("GUILDHALL_SEED=%" PRIu64 ": ", W.seed);                                       \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* --- the model --- */

static struct guild_view *build_view(uint64_t position)
{
    struct role roles[ROLES];
    struct channel channels[CHANNELS];
    size_t count = 0;
    for (size_t i = 0; i < ROLES; i++)
        roles[i] = (struct role){
            .id = {FIRST_ROLE + i}, .guild = {FX_GUILD}, .permissions = W.role_permissions[i]};
    for (size_t i = 0; i < CHANNELS; i++) {
        const struct world_channel *c = &W.channels[i];
        if (!c->there)
            continue;
        channels[count++] =
            (struct channel){.id = {FIRST_CHANNEL + i},
                             .guild = {FX_GUILD},
                             .type = c->category ? CHANNEL_TYPE_CATEGORY : CHANNEL_TYPE_TEXT,
                             .parent = {c->category ? 0 : FIRST_CHANNEL},
                             .overwrites = c->overwrites,
                             .overwrite_count = c->overwrite_count};
    }
    const struct guild g = {.id = {FX_GUILD}, .owner = {W.owner}};
    struct guild_view *v = guild_view_new(&g, position, position, roles, ROLES, channels, count);
    assert_non_null(v);
    return v;
}

static size_t roles_of(const struct world_member *m, struct role_id out[ROLES])
{
    size_t n = 0;
    for (unsigned i = 1; i < ROLES; i++) {
        if (m->roles & 1u << i)
            out[n++] = (struct role_id){FIRST_ROLE + i};
    }
    return n;
}

static bool sees(const struct moment *m, unsigned user, uint64_t channel_id)
{
    struct role_id roles[ROLES];
    const struct world_member *member = &m->members[user];
    const struct channel *c = guild_view_channel(m->view, (struct channel_id){channel_id});
    struct subject who = {.user = {FIRST_USER + user}, .roles = roles};
    who.role_count = roles_of(member, roles);
    who.timed_out_until_ms = member->timed_out_until_ms;
    who.pending = member->pending;
    return c != NULL && !member->gone && permissions_visible(m->view, &who, c, FX.wall_ms);
}

/* Which of the channels, as bits. */
static unsigned sight(const struct moment *m, unsigned user)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < CHANNELS; i++)
        bits |= sees(m, user, FIRST_CHANNEL + i) ? 1u << i : 0;
    return bits;
}

static enum err read_membership(struct user_id id, struct arena *arena, struct membership *out)
{
    const struct world_member *m = &W.members[id.v - FIRST_USER];
    if (m->gone)
        return ERR_UNKNOWN_MEMBER;
    struct role_id *roles = arena_array(arena, ROLES, sizeof *roles);
    assert_non_null(roles);
    *out = (struct membership){.guild = {FX_GUILD}, .position = W.head};
    out->member = (struct member){.guild = {FX_GUILD},
                                  .user = {.id = id, .username = SLICE("u")},
                                  .roles = roles,
                                  .role_count = roles_of(m, roles),
                                  .timed_out_until_ms = m->timed_out_until_ms,
                                  .pending = m->pending};
    REACHED.readings++;
    return ERR_OK;
}

/* --- changes --- */

/* The next position: what it is in the model, and the event that says so, lost by the bus or not.
 */
static void commit(struct event *e, enum event_kind kind, uint64_t channel, uint64_t user)
{
    struct moment *m = &W.moments[++W.head];
    char text[64];
    m->kind = kind;
    m->channel = channel;
    m->user = user;
    memcpy(m->members, W.members, sizeof m->members);
    m->view = guild_view_ref(e->view != NULL ? e->view : W.moments[W.head - 1].view);
    snprintf(text, sizeof text, "\"t\":\"P\",\"p\":%" PRIu64 "}", W.head);
    e->payload = fx_bytes(text);
    guild_view_unref(&FX.core.view);
    FX.core.view = guild_view_ref(m->view);
    FX.core.guild_position = W.head;
    if (below(12) == 0)
        fx_commit_silently(e);
    else
        fx_commit(e);
}

static struct event *next_event(enum event_kind kind)
{
    return fx_event(kind, (struct stream){STREAM_GUILD, FX_GUILD}, W.head + 1);
}

static void commit_structure(void)
{
    struct event *e = next_event(EVENT_GUILD_UPDATE);
    e->view = build_view(W.head + 1);
    commit(e, EVENT_GUILD_UPDATE, 0, 0);
}

static uint64_t random_permissions(void)
{
    uint64_t bits = PERMISSIONS_DEFAULT;
    if (below(3) == 0)
        bits &= ~PERMISSION_VIEW_CHANNEL;
    if (below(8) == 0)
        bits |= PERMISSION_ADMINISTRATOR;
    return bits;
}

static int compare_overwrites(const void *a, const void *b)
{
    const struct overwrite *x = a;
    const struct overwrite *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void random_overwrites(struct world_channel *c)
{
    c->overwrite_count = 0;
    for (size_t i = 0; i < below(OVERWRITES + 1); i++) {
        bool member = below(3) == 0;
        struct overwrite o = {
            .id = member ? FIRST_USER + below(USERS) : FIRST_ROLE + below(ROLES),
            .type = member ? OVERWRITE_MEMBER : OVERWRITE_ROLE,
        };
        *(below(2) == 0 ? &o.allow : &o.deny) = PERMISSION_VIEW_CHANNEL;
        bool twice = false;
        for (size_t k = 0; k < c->overwrite_count; k++)
            twice = twice || c->overwrites[k].id == o.id;
        if (!twice)
            c->overwrites[c->overwrite_count++] = o;
    }
    qsort(c->overwrites, c->overwrite_count, sizeof c->overwrites[0], compare_overwrites);
}

static void change_structure(void)
{
    struct world_channel *c = &W.channels[below(CHANNELS)];
    switch (below(6)) {
    case 0:
        W.role_permissions[below(ROLES)] = random_permissions();
        break;
    case 1:
        W.owner = FIRST_USER + below(USERS);
        break;
    case 2:
        c->there = !c->there;
        break;
    case 3:
        break; /* a rename: nothing of this */
    default:
        random_overwrites(c);
        break;
    }
    commit_structure();
}

static void change_member(void)
{
    unsigned user = (unsigned)below(USERS);
    struct world_member *m = &W.members[user];
    if (m->gone)
        return;
    if (below(12) == 0) {
        m->gone = true;
        struct event *e = next_event(EVENT_GUILD_MEMBER_REMOVE);
        e->entity_id = FIRST_USER + user;
        commit(e, EVENT_GUILD_MEMBER_REMOVE, 0, FIRST_USER + user);
        REACHED.removed++;
        return;
    }
    m->roles = (unsigned)below(1u << ROLES) & ~1u;
    m->timed_out_until_ms = below(3) == 0 ? FX.wall_ms + 1000 : 0;
    m->pending = below(4) == 0;
    struct role_id roles[ROLES];
    const struct member member = {.roles = roles,
                                  .role_count = roles_of(m, roles),
                                  .timed_out_until_ms = m->timed_out_until_ms,
                                  .pending = m->pending};
    struct event *e = next_event(EVENT_GUILD_MEMBER_UPDATE);
    e->entity_id = FIRST_USER + user;
    e->standing = standing_new(&member);
    assert_non_null(e->standing);
    commit(e, EVENT_GUILD_MEMBER_UPDATE, 0, FIRST_USER + user);
}

static void say_something(void)
{
    uint64_t channel = FIRST_CHANNEL + below(CHANNELS);
    if (guild_view_channel(W.moments[W.head].view, (struct channel_id){channel}) == NULL)
        return;
    struct event *e = next_event(EVENT_MESSAGE_CREATE);
    e->channel_id = channel;
    e->entity_id = W.head;
    commit(e, EVENT_MESSAGE_CREATE, channel, 0);
}

/* --- what a client makes of it --- */

struct client_side {
    const struct seat *seat;
    unsigned channels; /* bits */
    uint64_t position; /* of the last event that it got; 0: none yet */
    bool begun;
};

static json_t *parse(const struct bytes *b)
{
    char *text = malloc((size_t)b->total + 2);
    assert_non_null(text);
    text[0] = '{';
    bytes_copy(b, text + 1);
    json_t *root = json_loadb(text, (size_t)b->total + 1, 0, NULL);
    assert_non_null(root);
    free(text);
    return root;
}

static unsigned bit_of(const json_t *channel)
{
    const char *id = json_string_value(json_object_get(channel, "id"));
    assert_non_null(id);
    return 1u << (strtoull(id, NULL, 10) - FIRST_CHANNEL);
}

static bool is_category(const json_t *channel)
{
    return json_integer_value(json_object_get(channel, "type")) == CHANNEL_TYPE_CATEGORY;
}

static void channel_came(struct client_side *c, const json_t *channel)
{
    unsigned bit = bit_of(channel);
    if (!c->begun || (c->channels & bit) != 0)
        FAIL("a channel came that was there");
    c->channels |= bit;
    REACHED.came++;
}

static void channel_went(struct client_side *c, const json_t *channel)
{
    unsigned bit = bit_of(channel);
    if (!c->begun || (c->channels & bit) == 0)
        FAIL("a channel went that was not there");
    c->channels &= ~bit;
    REACHED.went++;
}

/* Is this session to get the event of the position? */
static bool is_owed(const struct seat *seat, uint64_t position)
{
    const struct moment *m = &W.moments[position];
    if (m->members[seat->user].gone)
        return false;
    if (m->kind == EVENT_MESSAGE_CREATE)
        return sees(m, seat->user, m->channel);
    if (m->kind == EVENT_GUILD_UPDATE || m->user == FIRST_USER + seat->user)
        return true;
    return (seat->session->intents & INTENT_GUILD_MEMBERS) != 0;
}

static void got(struct client_side *c, uint64_t position)
{
    const struct moment *m = &W.moments[position];
    if (!c->begun)
        FAIL("position %" PRIu64 " before GUILD_CREATE", position);
    if (!is_owed(c->seat, position))
        FAIL("user %u got position %" PRIu64, c->seat->user, position);
    for (uint64_t p = c->position + 1; c->position != 0 && p < position; p++) {
        if (is_owed(c->seat, p))
            FAIL("user %u did not get position %" PRIu64, c->seat->user, p);
    }
    if (c->channels != sight(m, c->seat->user))
        FAIL("user %u has channels %x, not %x, at %" PRIu64, c->seat->user, c->channels,
             sight(m, c->seat->user), position);
    c->position = position;
    REACHED.messages += m->kind == EVENT_MESSAGE_CREATE;
}

static void guild_came(struct client_side *c, const json_t *guild_json)
{
    size_t i;
    json_t *channel;
    if (c->begun)
        FAIL("GUILD_CREATE twice");
    c->begun = true;
    json_array_foreach(json_object_get(guild_json, "channels"), i, channel) c->channels |=
        bit_of(channel);
}

/* Within one run of them: categories last to go, first to come. */
static void check_order(const char *name, const char *last_name, const json_t *d,
                        bool last_category)
{
    if (strcmp(name, last_name) != 0)
        return;
    if (strcmp(name, "CHANNEL_DELETE") == 0 && last_category && !is_category(d))
        FAIL("a category went before a channel");
    if (strcmp(name, "CHANNEL_CREATE") == 0 && !last_category && is_category(d))
        FAIL("a channel came before a category");
}

static void read_session(const struct seat *seat)
{
    struct client_side c = {.seat = seat};
    char last_name[32] = "";
    bool last_category = false;
    const struct replay *r = &seat->session->replay;
    for (uint64_t seq = r->seq - r->count + 1; seq <= r->seq; seq++) {
        json_t *root = parse(replay_get(r, seq));
        const json_t *d = json_object_get(root, "d");
        const char *name = json_string_value(json_object_get(root, "t"));
        check_order(name, last_name, d, last_category);
        if (strcmp(name, "GUILD_CREATE") == 0)
            guild_came(&c, d);
        else if (strcmp(name, "CHANNEL_CREATE") == 0)
            channel_came(&c, d);
        else if (strcmp(name, "CHANNEL_DELETE") == 0)
            channel_went(&c, d);
        else
            got(&c, (uint64_t)json_integer_value(json_object_get(root, "p")));
        snprintf(last_name, sizeof last_name, "%s", name);
        last_category = d != NULL && is_category(d);
        json_decref(root);
    }
    if (seat->session->failed)
        FAIL("a session failed");
    /* All of them, to the last that is finished: unless it never got in, being gone. */
    uint64_t last = guild->feed.position - (guild->feed.paused ? 1 : 0);
    for (uint64_t p = c.position + 1; c.begun && p <= last; p++) {
        if (c.position != 0 && is_owed(seat, p))
            FAIL("user %u did not get position %" PRIu64, seat->user, p);
    }
    REACHED.hidden += c.begun && c.channels == 0;
}

/* --- sessions --- */

static void begin_session(struct seat *s)
{
    unsigned user = (unsigned)below(USERS);
    struct arena arena;
    struct membership m;
    if (W.members[user].gone)
        return;
    s->user = user;
    s->session = session_of(FIRST_USER + user, below(2) == 0 ? ALL_INTENTS : (uint32_t)QUIET);
    arena_init(&arena, MEM_GATEWAY, 4096);
    assert_int_equal(read_membership((struct user_id){FIRST_USER + user}, &arena, &m), ERR_OK);
    s->stale = m;
    memcpy(s->roles, m.member.roles, sizeof s->roles);
    s->stale.member.roles = s->roles;
    arena_deinit(&arena);
    s->waiting = true;
    REACHED.sessions++;
}

static void step_session(struct seat *s)
{
    if (s->session == NULL) {
        begin_session(s);
    } else if (s->waiting) {
        s->waiting = false;
        struct guild_link *l = guild_link_new(s->session, &s->stale);
        assert_non_null(l);
        if (guild_link_ready(l))
            guild_link_activate(l);
    } else if (below(6) == 0) {
        guild = map_get(&FX.hub->guilds, FX_GUILD);
        if (guild != NULL)
            read_session(s);
        session_free(s->session);
        s->session = NULL;
    }
}

/* --- a run --- */

static void work(void)
{
    if (below(3) == 0 && FX.job_count > 0)
        fx_run_job((size_t)below(FX.job_count));
    FX.hub->work_per_turn = below(2) == 0 ? (int)below(6) + 1 : HUB_WORK_PER_TURN;
    FX.hub->sliced_min = below(2) == 0 ? 1 : GUILD_SLICED_MIN;
    REACHED.slices += !list_empty(&FX.hub->busy);
    fx_turn();
}

static void step(void)
{
    switch (below(8)) {
    case 0:
        change_structure();
        return;
    case 1:
        change_member();
        return;
    case 2:
    case 3:
        say_something();
        return;
    case 4:
    case 5:
        step_session(&W.seats[below(SESSIONS)]);
        return;
    default:
        work();
        return;
    }
}

static void finish(void)
{
    for (size_t i = 0; i < SESSIONS; i++) {
        if (W.seats[i].waiting)
            step_session(&W.seats[i]);
    }
    FX.hub->work_per_turn = HUB_WORK_PER_TURN;
    struct event *e = next_event(EVENT_GUILD_UPDATE);
    e->view = build_view(W.head + 1);
    do {
        commit(e, EVENT_GUILD_UPDATE, 0, 0);
        settle();
        guild = map_get(&FX.hub->guilds, FX_GUILD);
        e = next_event(EVENT_GUILD_UPDATE);
        e->view = build_view(W.head + 1);
    } while (guild != NULL && guild->feed.position != W.head); /* the bus lost it */
    event_unref(&e);
    for (size_t i = 0; i < SESSIONS; i++) {
        if (W.seats[i].session != NULL && guild != NULL)
            read_session(&W.seats[i]);
    }
    if (guild != NULL)
        check_dense();
}

static void open_world(uint64_t seed)
{
    W = (struct world){.seed = seed, .owner = FX_OWNER};
    random_seeded_init(&W.random, seed);
    for (size_t i = 0; i < ROLES; i++)
        W.role_permissions[i] = random_permissions();
    for (size_t i = 0; i < CHANNELS; i++) {
        W.channels[i].there = below(3) != 0;
        W.channels[i].category = i < 2;
        random_overwrites(&W.channels[i]);
    }
    W.head = 1;
    W.moments[1].view = build_view(1);
    W.moments[1].kind = EVENT_GUILD_UPDATE;
    guild_open(NULL, guild_view_ref(W.moments[1].view));
    FX.core.membership = read_membership;
    FX.gateway->options.session_bytes_max = SIZE_MAX;
    FX.gateway->options.replay_events_max = 1 << 16;
}

static void close_world(void)
{
    for (uint64_t p = 1; p <= W.head; p++)
        guild_view_unref(&W.moments[p].view);
    fx_close(NULL);
}

static void test_everybody_sees_their_channels(void **state)
{
    (void)state;
    uint64_t seed = first_seed();
    for (uint64_t i = 0; i < rounds(RUNS); i++) {
        open_world(seed + i);
        uint64_t steps = 10 + below(STEPS_MAX);
        for (uint64_t k = 0; k < steps && W.head < POSITIONS_MAX - 20; k++)
            step();
        finish();
        close_world();
    }
    /* The generator must reach what it is there for. */
    const struct reached *r = &REACHED;
    if (r->sessions < RUNS || r->came < RUNS || r->went < RUNS || r->messages < RUNS ||
        r->hidden < RUNS / 50 || r->slices < RUNS / 4 || r->readings < r->sessions + RUNS / 10 ||
        r->removed < RUNS / 10)
        fail_msg("%" PRIu64 " sessions, %" PRIu64 " came, %" PRIu64 " went, %" PRIu64
                 " messages, %" PRIu64 " saw nothing, %" PRIu64 " slices, %" PRIu64
                 " readings, %" PRIu64 " removed",
                 r->sessions, r->came, r->went, r->messages, r->hidden, r->slices, r->readings,
                 r->removed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_everybody_sees_their_channels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
