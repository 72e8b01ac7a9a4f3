#pragma once

/* One guild of the gateway's fixture with sessions in it: they have no connection; what they were
 * given is in their replay buffers. */

#include "gateway_fixture.h"

enum {
    ALL_INTENTS = INTENTS_DEFINED,
    NO_CONTENT = INTENT_GUILDS | INTENT_GUILD_MESSAGES,
};

static struct guild_sub *guild;

static inline int guild_open(void **state, struct guild_view *view)
{
    fx_open(state);
    FX.core.view = view;
    FX.core.guild_position = 1;
    guild = NULL; /* the first session brings it */
    return 0;
}

/* Until the feed, and whoever wants to enter, has nothing left to do. */
static inline void settle(void)
{
    do {
        fx_run_all();
    } while (!list_empty(&FX.hub->busy) || !list_empty(&FX.hub->ahead) || FX.job_count > 0);
}

static inline struct membership membership_with(uint64_t user, const struct role_id *roles,
                                                size_t role_count)
{
    struct membership m = {.guild = {FX_GUILD}};
    guild = map_get(&FX.hub->guilds, FX_GUILD); /* it goes with its last session */
    m.position = guild == NULL ? FX.core.guild_position : guild->feed.position;
    m.member = (struct member){.guild = {FX_GUILD},
                               .user = {.id = {user}, .username = SLICE("u")},
                               .roles = roles,
                               .role_count = role_count};
    return m;
}

static inline struct session *session_of(uint64_t user, uint32_t intents)
{
    struct principal who = {.user = {user}, .bot = true};
    struct session *s = session_new(FX.hub, &who);
    assert_non_null(s);
    s->intents = intents;
    s->state = SESSION_LIVE;
    return s;
}

/* The session is in the guild from here on. */
static inline void bring_in(struct session *s, const struct role_id *roles, size_t role_count)
{
    struct membership m = membership_with(s->who.user.v, roles, role_count);
    struct guild_link *l = guild_link_new(s, &m);
    assert_non_null(l);
    guild = l->guild;
    if (guild_link_ready(l))
        guild_link_activate(l);
    else
        settle();
    assert_non_null(l->class);
}

/* A live session in the guild, with these roles. */
static inline struct session *enter_with(uint64_t user, uint32_t intents,
                                         const struct role_id *roles, size_t role_count)
{
    struct session *s = session_of(user, intents);
    bring_in(s, roles, role_count);
    return s;
}

/* role 0: none. */
static inline struct session *enter(uint64_t user, uint32_t intents, uint64_t role)
{
    const struct role_id roles[] = {{role}};
    return enter_with(user, intents, roles, role != 0);
}

static inline struct audience_class *class_of(struct session *s)
{
    return session_link(s, FX_GUILD)->class;
}

/* Both directions of every link agree, nothing is empty, and every class can be found. */
static inline void check_dense(void)
{
    size_t found = 0, chained = 0, cursor = 0;
    uint64_t key;
    void *value;
    LIST_FOREACH (it, &guild->classes) {
        struct audience_class *c = LIST_OWNER(it, struct audience_class, node);
        found++;
        assert_true(c->count > 0 && c->count <= c->capacity);
        for (uint32_t i = 0; i < c->count; i++) {
            assert_ptr_equal(c->links[i]->class, c);
            assert_int_equal(c->links[i]->class_index, i);
            assert_ptr_equal(c->links[i]->session, c->sessions[i]);
        }
    }
    while (map_next(&guild->by_key, &cursor, &key, &value)) {
        for (struct audience_class *c = value; c != NULL; c = c->same_hash)
            chained++;
    }
    assert_int_equal(found, chained);
}

static inline uint64_t next_position(void)
{
    return guild->feed.position + 1;
}

static inline void say_in(uint64_t channel, enum event_kind kind, const char *text,
                          const char *blank, const uint64_t *users, uint32_t user_count)
{
    struct event *e = event_new(kind, (struct stream){STREAM_GUILD, FX_GUILD}, users, user_count);
    assert_non_null(e);
    e->position = kind == EVENT_TYPING_START ? 0 : next_position();
    e->guild_id = FX_GUILD;
    e->channel_id = channel;
    e->payload = fx_bytes(text);
    e->payload_blank = blank == NULL ? NULL : fx_bytes(blank);
    bus_publish(FX.bus, &e, 1);
    event_unref(&e);
    fx_turn();
}

static inline void say(uint64_t channel, const char *text)
{
    say_in(channel, EVENT_MESSAGE_CREATE, text, NULL, NULL, 0);
}

/* The event of that kind and channel carries the view; takes it over. */
static inline void commit_view(struct guild_view *v, enum event_kind kind, uint64_t channel)
{
    struct event *e = fx_event(kind, (struct stream){STREAM_GUILD, FX_GUILD}, v->position);
    e->channel_id = channel;
    e->view = v;
    e->payload = fx_bytes("\"t\":\"STRUCTURE\"}");
    fx_commit(e);
    fx_turn();
}

static inline struct event *member_event(enum event_kind kind, uint64_t position, uint64_t user)
{
    struct event *e = fx_event(kind, (struct stream){STREAM_GUILD, FX_GUILD}, position);
    e->entity_id = user;
    e->payload = fx_bytes(kind == EVENT_GUILD_MEMBER_UPDATE ? "\"t\":\"GUILD_MEMBER_UPDATE\"}"
                                                            : "\"t\":\"GUILD_MEMBER_REMOVE\"}");
    return e;
}

/* GUILD_MEMBER_UPDATE with a standing. */
static inline struct event *standing_event(uint64_t position, const struct member *m)
{
    struct event *e = member_event(EVENT_GUILD_MEMBER_UPDATE, position, m->user.id.v);
    e->standing = standing_new(m);
    assert_non_null(e->standing);
    return e;
}

/* The dispatches after number `from`: "-2101 -2100 +2100 NAME ...". */
static inline const char *heard(const struct session *s, uint64_t from)
{
    static char out[4096];
    size_t used = 0;
    out[0] = '\0';
    for (uint64_t seq = from + 1; seq <= s->replay.seq; seq++) {
        const struct bytes *b = replay_get(&s->replay, seq);
        assert_non_null(b);
        char name[64] = "";
        unsigned long long id = 0;
        char text[512];
        snprintf(text, sizeof text, "%.*s", (int)b->len, b->data);
        if (sscanf(text, "\"t\":\"%63[A-Z_]\"", name) != 1)
            snprintf(name, sizeof name, "%.60s", text); /* of say() */
        const char *at = strstr(text, "\"d\":{\"id\":\"");
        if (at != NULL)
            sscanf(at + 11, "%llu", &id);
        const char *space = used == 0 ? "" : " ";
        int n = strcmp(name, "CHANNEL_CREATE") == 0 ? snprintf(out + used, 64, "%s+%llu", space, id)
                : strcmp(name, "CHANNEL_DELETE") == 0
                    ? snprintf(out + used, 64, "%s-%llu", space, id)
                    : snprintf(out + used, 64, "%s%s", space, name);
        used += (size_t)n;
        assert_true(used < sizeof out - 128);
    }
    return out;
}

static inline struct member member_with(uint64_t user, const struct role_id *roles, size_t count)
{
    return (struct member){.guild = {FX_GUILD},
                           .user = {.id = {user}, .username = SLICE("u")},
                           .roles = roles,
                           .role_count = count};
}

static inline bool last_is(const struct session *s, const char *text)
{
    const struct bytes *b = replay_get(&s->replay, s->replay.seq);
    return b != NULL && b->len == strlen(text) && memcmp(b->data, text, b->len) == 0;
}
