/*
 * A session: what one client is owed, in order, and for how long. Payloads are appended by push.c;
 * the connection, if there is one, is written once at the end of the turn (frames.c).
 */
#include <assert.h>
#include <string.h>

#include "gateway/gateway_priv.h"
#include "gateway/handover.h"
#include "gateway/inspect.h"
#include "gateway/member_request.h"
#include "gateway/presence.h"
#include "gateway/voice_list.h"

static const char HEX[] = "0123456789abcdef";

uint64_t session_key(struct slice id)
{
    uint64_t key = 0;
    if (id.len != SESSION_ID_LEN)
        return 0;
    for (size_t i = 2; i < 18; i++) {
        const char *p = memchr(HEX, id.data[i], 16);
        if (p == NULL)
            return 0;
        key = key << 4 | (uint64_t)(p - HEX);
    }
    return key;
}

static void make_id(struct session *s)
{
    uint8_t raw[SESSION_ID_LEN / 2];
    random_fill(s->hub->gateway->options.random, raw, sizeof raw);
    raw[0] = (uint8_t)s->hub->index;
    raw[1] |= 1; /* the key is never 0 */
    for (size_t i = 0; i < sizeof raw; i++) {
        s->id[2 * i] = HEX[raw[i] >> 4];
        s->id[2 * i + 1] = HEX[raw[i] & 15];
    }
    s->id[SESSION_ID_LEN] = '\0';
    s->key = session_key(slice_of(s->id, SESSION_ID_LEN));
}

/* `id`: of a session of before a restart; data NULL: a new one. */
static struct session *begin(struct hub *h, const struct principal *who, struct slice id)
{
    struct session *s = mem_zalloc(MEM_GATEWAY, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct session){.magic = SESSION_MAGIC, .hub = h, .who = *who, .shard_count = 1};
    if (id.data == NULL) {
        make_id(s);
    } else {
        memcpy(s->id, id.data, SESSION_ID_LEN);
        s->key = session_key(id);
    }
    s->user = user_sub_get(h, who->user.v);
    if (s->user == NULL || !map_put(&h->sessions, s->key, s) ||
        !counts_add(h->gateway->live, who->user.v)) {
        map_remove(&h->sessions, s->key);
        if (s->user != NULL)
            user_sub_release(s->user);
        mem_free(MEM_GATEWAY, s);
        return NULL;
    }
    list_push_back(&s->user->sessions, &s->user_node);
    metrics_add(loop_metrics(h->loop), METRIC_GATEWAY_SESSIONS, 1);
    return s;
}

struct session *session_new(struct hub *h, const struct principal *who)
{
    return begin(h, who, (struct slice){NULL, 0});
}

struct session *session_revive(struct hub *h, const struct principal *who, struct slice id)
{
    uint64_t key = session_key(id);
    if (key == 0 || map_get(&h->sessions, key) != NULL)
        return NULL;
    return begin(h, who, id);
}

void session_arrives(struct session *s)
{
    if (--s->restoring > 0)
        return;
    struct bytes *more = map_remove(&s->hub->more, s->key);
    if (more != NULL)
        handover_more_restore(s, slice_of(more->data, more->len));
    bytes_unref(&more);
    atomic_fetch_add(&s->hub->gateway->arrived, 1);
    atomic_fetch_sub(&s->hub->gateway->restoring, 1);
    metrics_add(loop_metrics(s->hub->loop), METRIC_GATEWAY_RESTORED, 1);
}

static void never_arrives(struct session *s)
{
    struct bytes *more = map_remove(&s->hub->more, s->key);
    bytes_unref(&more);
    atomic_fetch_sub(&s->hub->gateway->restoring, 1);
}

void session_free(struct session *s)
{
    assert(s->magic == SESSION_MAGIC);
    if (s->restoring > 0)
        never_arrives(s);
    if (s->conn != NULL)
        s->conn->session = NULL;
    loop_timer_stop(&s->timer);
    if (s->inspection != NULL)
        inspect_session_ends(s);
    visits_session_ends(s);
    voice_session_ends(s);
    map_remove(&s->hub->sessions, s->key);
    list_remove(&s->user_node);
    user_sub_release(s->user);
    while (s->link_count > 0)
        guild_link_free(s->links[s->link_count - 1]);
    presence_end(s);
    mem_free(MEM_GATEWAY, s->links);
    session_load_free(s);
    member_requests_free(s);
    for (uint32_t i = 0; i < s->held_count; i++)
        event_unref(&s->held[i]);
    mem_free(MEM_GATEWAY, s->held);
    replay_deinit(&s->replay);
    metrics_add(loop_metrics(s->hub->loop), METRIC_GATEWAY_SESSIONS, -1);
    s->magic = 0;
    mem_free(MEM_GATEWAY, s);
}

struct session *session_find(struct hub *h, struct slice id)
{
    uint64_t key = session_key(id);
    struct session *s = key == 0 ? NULL : map_get(&h->sessions, key);
    return s != NULL && !s->failed && memcmp(s->id, id.data, SESSION_ID_LEN) == 0 ? s : NULL;
}

void session_attach(struct session *s, struct gw_conn *g)
{
    assert(s->conn == NULL);
    loop_timer_stop(&s->timer);
    s->conn = g;
    g->session = s;
    g->state = GW_CONN_SESSION;
    conn_known(g->conn);
}

static void on_expired(struct timer *t)
{
    session_free(LIST_OWNER(t, struct session, timer));
}

void session_expire(struct session *s, uint64_t ms)
{
    loop_timer_start(s->hub->loop, &s->timer, ms, on_expired);
}

void session_detach(struct session *s)
{
    s->conn->session = NULL;
    s->conn = NULL;
    session_expire(s, s->hub->gateway->options.resume_window_ms);
}

void session_fail(struct session *s)
{
    s->failed = true;
    if (s->conn != NULL)
        gw_conn_close(s->conn, ERR_GW_UNKNOWN);
    loop_timer_start(s->hub->loop, &s->timer, 0, on_expired);
}

/* Where the link to the guild is among those of the session, or would be. */
static uint32_t link_index(const struct session *s, uint64_t guild_id)
{
    uint32_t from = 0;
    uint32_t to = s->link_count;
    while (from < to) {
        uint32_t middle = from + (to - from) / 2;
        if (s->links[middle]->guild->feed.stream.id < guild_id)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

struct guild_link *session_link(struct session *s, uint64_t guild_id)
{
    uint32_t i = link_index(s, guild_id);
    bool there = i < s->link_count && s->links[i]->guild->feed.stream.id == guild_id;
    return there ? s->links[i] : NULL;
}

bool session_reserve_links(struct session *s, size_t count)
{
    if (count <= s->link_capacity)
        return true;
    struct guild_link **links =
        mem_realloc(MEM_GATEWAY, s->links, count * sizeof(struct guild_link *));
    if (links == NULL)
        return false;
    s->links = links;
    s->link_capacity = (uint32_t)count;
    return true;
}

bool session_add_link(struct session *s, struct guild_link *l)
{
    uint32_t capacity = s->link_capacity + s->link_capacity / 2 + 1;
    if (s->link_count == s->link_capacity && !session_reserve_links(s, capacity))
        return false;
    uint32_t at = link_index(s, l->guild->feed.stream.id);
    memmove(&s->links[at + 1], &s->links[at], (s->link_count - at) * sizeof(struct guild_link *));
    s->links[at] = l;
    s->link_count++;
    return true;
}

void session_remove_link(struct session *s, struct guild_link *l)
{
    uint32_t at = link_index(s, l->guild->feed.stream.id);
    assert(at < s->link_count && s->links[at] == l);
    s->link_count--;
    memmove(&s->links[at], &s->links[at + 1], (s->link_count - at) * sizeof(struct guild_link *));
}

static void hold_user_event(struct session *s, struct event *e)
{
    enum { HELD_FIRST = 16, HELD_MAX = 1024 };
    if (s->held_count == HELD_MAX && s->load != NULL) {
        session_fail(s); /* the snapshot is in use already: too late to start over */
        return;
    }
    bool room = s->held_count < s->held_capacity;
    if (!room && s->held_count < HELD_MAX) {
        uint32_t capacity = s->held_capacity == 0 ? HELD_FIRST : s->held_capacity * 2;
        struct event **held = mem_realloc(MEM_GATEWAY, s->held, capacity * sizeof(struct event *));
        room = held != NULL;
        s->held = room ? held : s->held;
        s->held_capacity = room ? capacity : s->held_capacity;
    }
    if (!room) {
        /* The snapshot that is under way cannot be completed: start over. */
        s->retry_load = true;
        return;
    }
    s->held[s->held_count++] = event_ref(e);
}

void session_push_guild_delete(struct session *s, uint64_t guild_id)
{
    if ((s->intents & INTENT_GUILDS) == 0)
        return;
    struct bytes *payload = guild_delete_payload(s->hub, guild_id);
    if (payload != NULL)
        session_push(s, payload);
    bytes_unref(&payload);
}

static void leave_guild(struct session *s, uint64_t guild_id)
{
    struct guild_link *l = session_link(s, guild_id);
    s->leaves++;
    if (l == NULL)
        return;
    guild_link_free(l);
    session_push_guild_delete(s, guild_id);
}

/* READY waits for its guilds; one that was left meanwhile may never come, and is not waited for. */
static bool leave_before_ready(struct session *s, const struct event *e)
{
    if (e->kind != EVENT_GUILD_DELETE || !s->ready_pending || s->load == NULL ||
        e->position <= s->load->snapshot.user_position)
        return false;
    struct guild_link *l = session_link(s, e->guild_id);
    if (l == NULL || l->class != NULL)
        return false;
    guild_link_free(l);
    session_try_ready(s);
    return true;
}

/* What is about the user alone goes to the first shard. */
static bool wants(const struct session *s, const struct event *e)
{
    uint32_t intents = event_info(e->kind)->intents;
    return e->payload != NULL && s->shard_id == 0 && (intents == 0 || (intents & s->intents) != 0);
}

void session_user_event(struct session *s, struct event *e)
{
    if (e->kind == EVENT_TOKEN_REVOKED) {
        if (memcmp(e->token_hash, s->who.token_hash, sizeof e->token_hash) != 0)
            return;
        if (s->conn != NULL)
            gw_conn_close(s->conn, ERR_GW_AUTHENTICATION_FAILED);
        session_free(s);
        return;
    }
    if (s->state == SESSION_LOADING) {
        if (e->position != 0 && !leave_before_ready(s, e))
            hold_user_event(s, e);
        return;
    }
    bool known = e->position != 0 && e->position <= s->stamp;
    if (!known && event_info(e->kind)->audience == AUDIENCE_USER && wants(s, e))
        session_push(s, e->payload);
    /* The bus may be behind the snapshot, and say again what is in it already. */
    if (known || (e->guild_id >> 22) % s->shard_count != s->shard_id)
        return;
    if (e->kind == EVENT_GUILD_CREATE)
        session_join_guild(s, e->guild_id);
    else if (e->kind == EVENT_GUILD_DELETE)
        leave_guild(s, e->guild_id);
}
