/*
 * A session: what one client is owed, in order. Dispatches are appended as references; the
 * connection, if there is one, is marked dirty and written once at the end of the turn, all unsent
 * frames in one system call. The difficulty is the slow client: its unsent bytes are capped, then
 * the connection is closed with a resumable code, and if the session's memory fills meanwhile it
 * cannot be resumed.
 */
#include <assert.h>
#include <string.h>

#include "gateway/gateway_priv.h"

static const char HEX[] = "0123456789abcdef";

static uint64_t key_of(struct slice id)
{
    uint64_t key = 0;
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
    s->key = key_of(slice_of(s->id, SESSION_ID_LEN));
}

struct session *session_new(struct hub *h, const struct principal *who)
{
    struct session *s = mem_zalloc(MEM_GATEWAY, sizeof *s);
    if (s == NULL)
        return NULL;
    *s = (struct session){.magic = SESSION_MAGIC, .hub = h, .who = *who, .shard_count = 1};
    make_id(s);
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

void session_free(struct session *s)
{
    assert(s->magic == SESSION_MAGIC);
    if (s->conn != NULL)
        s->conn->session = NULL;
    loop_timer_stop(&s->timer);
    visits_session_ends(s);
    map_remove(&s->hub->sessions, s->key);
    list_remove(&s->user_node);
    user_sub_release(s->user);
    while (s->link_count > 0)
        guild_link_free(s->links[s->link_count - 1]);
    mem_free(MEM_GATEWAY, s->links);
    session_load_free(s);
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
    if (id.len != SESSION_ID_LEN)
        return NULL;
    uint64_t key = key_of(id);
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
}

static void on_expired(struct timer *t)
{
    session_free(LIST_OWNER(t, struct session, timer));
}

void session_detach(struct session *s)
{
    s->conn->session = NULL;
    s->conn = NULL;
    loop_timer_start(s->hub->loop, &s->timer, s->hub->gateway->options.resume_window_ms,
                     on_expired);
}

/* Too much is kept for a client that does not take it. READY does not count: it is what the client
 * has asked for, as large as its guilds are, and refusing it would shut it out for good. */
static bool over_cap(const struct session *s)
{
    const struct gateway_options *o = &s->hub->gateway->options;
    const struct bytes *ready = s->replay.sent == 0 ? replay_get(&s->replay, 1) : NULL;
    size_t asked = ready != NULL ? ready->total : 0;
    return s->replay.unsent_bytes - asked > o->session_bytes_max;
}

/* What was sent may be resumed only within the same cap, or a Resume could never be served: it
 * would pass the cap at once, and be closed for it, again and again. */
static void forget_beyond_cap(struct session *s)
{
    size_t max = s->hub->gateway->options.session_bytes_max;
    while (s->replay.bytes > max && s->replay.bytes > s->replay.unsent_bytes)
        replay_limit(&s->replay, s->replay.count - 1);
}

void session_push(struct session *s, struct bytes *payload)
{
    if (s->failed)
        return;
    const struct gateway_options *o = &s->hub->gateway->options;
    if (s->replay.count >= o->replay_events_max)
        replay_limit(&s->replay, o->replay_events_max - 1);
    forget_beyond_cap(s);
    bool full = s->replay.count >= o->replay_events_max && s->conn == NULL;
    if (full || !replay_push(&s->replay, payload)) {
        session_fail(s); /* a hole in the sequence can never be resumed over */
        return;
    }
    if (over_cap(s)) {
        metrics_add(loop_metrics(s->hub->loop), METRIC_GATEWAY_SLOW_CLOSED, 1);
        if (s->conn == NULL)
            session_fail(s);
        else
            gw_conn_close(s->conn, ERR_GW_UNKNOWN); /* resumable, while the window lasts */
        return;
    }
    if (s->conn == NULL)
        return;
    if (s->hub->bulk)
        conn_mark_bulk(s->conn->conn);
    else
        conn_mark_dirty(s->conn->conn);
}

void session_fail(struct session *s)
{
    s->failed = true;
    if (s->conn != NULL)
        gw_conn_close(s->conn, ERR_GW_UNKNOWN);
    loop_timer_start(s->hub->loop, &s->timer, 0, on_expired);
}

struct guild_link *session_link(struct session *s, uint64_t guild_id)
{
    for (uint32_t i = 0; i < s->link_count; i++) {
        if (s->links[i]->guild->feed.stream.id == guild_id)
            return s->links[i];
    }
    return NULL;
}

bool session_add_link(struct session *s, struct guild_link *l)
{
    if (s->link_count == s->link_capacity) {
        uint32_t capacity = s->link_capacity == 0 ? 2 : s->link_capacity * 2;
        struct guild_link **links =
            mem_realloc(MEM_GATEWAY, s->links, capacity * sizeof(struct guild_link *));
        if (links == NULL)
            return false;
        s->links = links;
        s->link_capacity = capacity;
    }
    s->links[s->link_count++] = l;
    return true;
}

void session_remove_link(struct session *s, struct guild_link *l)
{
    for (uint32_t i = 0; i < s->link_count; i++) {
        if (s->links[i] == l) {
            s->links[i] = s->links[--s->link_count];
            return;
        }
    }
}

/* Frame header and `{"s":N,` of one dispatch; the shared payload follows it. */
static size_t frame_prefix(char out[FRAME_PREFIX_MAX], uint64_t seq, const struct bytes *payload)
{
    char own[32] = "{\"s\":";
    size_t n = 5 + slice_put_u64(own + 5, seq);
    own[n++] = ',';
    size_t header = ws_header_encode((uint8_t *)out, WS_TEXT, n + payload->total);
    memcpy(out + header, own, n);
    return header + n;
}

/* As many unsent frames as fit into the scratch memory; returns the bytes. */
static size_t encode_frames(struct session *s, char *out, size_t capacity, uint64_t *frames)
{
    size_t used = 0;
    while (s->replay.sent < s->replay.seq) {
        struct bytes *payload = replay_get(&s->replay, s->replay.sent + 1);
        if (used + FRAME_PREFIX_MAX + payload->total > capacity)
            break;
        used += frame_prefix(out + used, s->replay.sent + 1, payload);
        bytes_copy(payload, out + used);
        used += payload->total;
        replay_advance(&s->replay);
        (*frames)++;
    }
    return used;
}

/* A frame larger than the scratch memory goes out by itself, part by part. */
static bool send_large(struct session *s, size_t *sent)
{
    const struct bytes *payload = replay_get(&s->replay, s->replay.sent + 1);
    char prefix[FRAME_PREFIX_MAX];
    size_t n = frame_prefix(prefix, s->replay.sent + 1, payload);
    *sent = n + payload->total;
    bool ok = conn_send(s->conn->conn, prefix, n);
    struct slice part;
    bool second = false;
    for (const struct bytes *at = payload; ok && bytes_part(&at, &second, &part);)
        ok = part.len == 0 || conn_send(s->conn->conn, part.data, part.len);
    replay_advance(&s->replay);
    return ok;
}

void session_flush(struct session *s)
{
    struct conn *c = s->conn->conn;
    struct metrics *m = loop_metrics(s->hub->loop);
    while (s->replay.sent < s->replay.seq && conn_queued(c) < CONN_QUEUED_MAX) {
        uint64_t frames = 0;
        char *out = loop_scratch(s->hub->loop);
        size_t n = encode_frames(s, out, LOOP_SCRATCH_BYTES, &frames);
        bool ok;
        if (frames == 0) {
            frames = 1;
            ok = send_large(s, &n);
        } else {
            ok = conn_send(c, out, n);
        }
        metrics_add(m, METRIC_GATEWAY_FRAMES, (int64_t)frames);
        metrics_add(m, METRIC_GATEWAY_BYTES, (int64_t)n);
        metrics_add(m, METRIC_GATEWAY_WRITES, 1);
        if (!ok)
            return; /* closing: on_closed detaches the session */
    }
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
