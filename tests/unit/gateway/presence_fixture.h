#pragma once

/* Presence in the one guild of the fixture: who comes with what, and what others were told. */

#include "gateway/presence_priv.h"
#include "guild_fixture.h"

enum { ALICE = 10, BOB = 11, WATCHER = 20, DEAF = 21, CROWD = 1000 };

static inline int open_guild(void **state)
{
    const struct role everyone = {
        .id = {FX_GUILD}, .guild = {FX_GUILD}, .permissions = PERMISSIONS_DEFAULT};
    const struct channel channel = {.id = {FX_CHANNEL}, .guild = {FX_GUILD}};
    const struct guild g = {.id = {FX_GUILD}, .owner = {FX_OWNER}};
    return guild_open(state, guild_view_new(&g, 1, 1, &everyone, 1, &channel, 1));
}

static inline json_t *parse(const char *text)
{
    json_t *d = NULL;
    if (text != NULL)
        assert_int_equal(json_read(slice_from(text), 16, &d), ERR_OK);
    return d;
}

/* On a phone, say, with that presence in its Identify. */
static inline struct session *identify_on(uint64_t user, bool bot, uint32_t intents,
                                          const char *properties, const char *presence,
                                          struct friend_list *friends)
{
    struct principal who = {.user = {user}, .bot = bot};
    struct session *s = session_new(FX.hub, &who);
    assert_non_null(s);
    s->intents = intents;
    json_t *p = parse(properties);
    json_t *d = parse(presence);
    assert_int_equal(presence_sit(s, p, d), ERR_OK);
    json_decref(p);
    json_decref(d);
    presence_join(s, PRESENCE_ONLINE, friends, NULL);
    s->state = SESSION_LIVE;
    if (s->user->feed.state == FEED_LOADING) {
        s->user->started_at = 1; /* as if its snapshot had been read */
        feed_start(&s->user->feed, 1);
    }
    return s;
}

static inline struct session *come(uint64_t user, bool bot, uint32_t intents, const char *presence)
{
    struct session *s = identify_on(user, bot, intents, "{\"os\":\"linux\"}", presence, NULL);
    bring_in(s, NULL, 0);
    return s;
}

static inline void say_op3(struct session *s, const char *text)
{
    json_t *d = parse(text);
    gw_op_presence(s, d);
    json_decref(d);
}

/* Everything that is due, and how many rounds it took. */
static inline unsigned tell_all(void)
{
    unsigned rounds = 0;
    uint64_t before;
    do {
        before = mem_bytes(MEM_GATEWAY);
        presence_tick(FX.hub);
        rounds++;
        assert_true(rounds < 10000);
    } while ((guild != NULL && guild->presences != NULL && guild->presences->dirty.count > 0) ||
             mem_bytes(MEM_GATEWAY) != before);
    return rounds;
}

/* The d of the last such payload about the user (0: any); "" if there is none. Valid until the next
 * call. */
static inline const char *last_about(const struct session *s, const char *name, uint64_t user)
{
    static char text[8192];
    char about[64], begin[64];
    snprintf(begin, sizeof begin, "\"t\":\"%s\"", name);
    snprintf(about, sizeof about, "\"id\":\"%llu\"", (unsigned long long)user);
    for (uint64_t seq = s->replay.seq; seq > s->replay.seq - s->replay.count; seq--) {
        struct bytes *b = replay_get(&s->replay, seq);
        assert_true(b->total < sizeof text);
        bytes_copy(b, text);
        text[b->total] = '\0';
        if (strncmp(text, begin, strlen(begin)) == 0 && (user == 0 || strstr(text, about) != NULL))
            return text;
    }
    return "";
}

static inline void expect_state(const struct session *s, uint64_t user, const char *what)
{
    const char *text = last_about(s, "PRESENCE_UPDATE", user);
    if (strstr(text, what) == NULL)
        fail_msg("%s is not in %s", what, text);
}

static inline const char *json_of(uint64_t user)
{
    static char text[8192];
    struct presence *p = presence_get(FX.gateway, user);
    text[0] = '\0';
    if (p != NULL)
        snprintf(text, sizeof text, "%.*s", (int)p->json->len, p->json->data);
    presence_unref(&p);
    return text;
}

#define STATUS(s) "{\"status\":\"" s "\",\"activities\":[],\"since\":0,\"afk\":false}"
