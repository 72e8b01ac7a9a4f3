/*
 * Identify and Resume. The difficulty of Identify is to begin without a race: the session first
 * listens to its user's stream and holds what arrives, then reads its snapshot, stamped with the
 * position of the stream, then sends READY, enters its guilds (each again stamped, see guild.c),
 * and handles what it held from after the stamp. Everything between the steps runs on the loop; the
 * reading runs on workers.
 */
#include <string.h>

#include "core/accounts.h"
#include "gateway/gateway_priv.h"
#include "wire/json_read.h"

struct auth_job {
    struct gw_job job;    /* first */
    struct gw_conn *conn; /* NULL when the connection went away meanwhile */
    struct slice token;   /* in the arena */
    struct principal who;
    bool has_intents;
    uint32_t intents;
    uint32_t shard_id;
    uint32_t shard_count;
    uint32_t large_threshold;
};

static struct slice without_prefix(struct slice token)
{
    static const char *const prefixes[] = {"Bot ", "Bearer "};
    for (size_t i = 0; i < 2; i++) {
        struct slice p = slice_from(prefixes[i]);
        if (slice_starts_with(token, p))
            return slice_of(token.data + p.len, token.len - p.len);
    }
    return token;
}

/* The fields of an Identify; false if one has the wrong type. */
static enum err parse_identify(const json_t *d, struct auth_job *a)
{
    const json_t *token = json_object_get(d, "token");
    const json_t *intents = json_object_get(d, "intents");
    const json_t *large = json_object_get(d, "large_threshold");
    const json_t *shard = json_object_get(d, "shard");
    if (!json_is_string(token) || !json_is_object(json_object_get(d, "properties")))
        return ERR_GW_DECODE;
    if (intents != NULL && !json_is_null(intents)) {
        if (!json_is_integer(intents))
            return ERR_GW_DECODE;
        json_int_t bits = json_integer_value(intents);
        if (bits < 0 || (bits & ~(json_int_t)INTENTS_DEFINED) != 0)
            return ERR_GW_INVALID_INTENTS;
        a->has_intents = true;
        a->intents = (uint32_t)bits;
    }
    a->large_threshold = 50;
    if (json_is_integer(large)) {
        json_int_t n = json_integer_value(large);
        a->large_threshold = (uint32_t)(n < 50 ? 50 : n > 250 ? 250 : n);
    }
    a->shard_count = 1;
    if (shard != NULL && !json_is_null(shard)) {
        const json_t *id = json_array_get(shard, 0);
        const json_t *count = json_array_get(shard, 1);
        if (json_array_size(shard) != 2 || !json_is_integer(id) || !json_is_integer(count))
            return ERR_GW_INVALID_SHARD;
        json_int_t i = json_integer_value(id);
        json_int_t n = json_integer_value(count);
        if (n < 1 || n > UINT16_MAX || i < 0 || i >= n)
            return ERR_GW_INVALID_SHARD;
        a->shard_id = (uint32_t)i;
        a->shard_count = (uint32_t)n;
    }
    a->token = arena_dup(&a->job.arena, without_prefix(json_read_str(token)));
    return a->token.data == NULL ? ERR_NO_MEMORY : ERR_OK;
}

/* What the application may not have, or bots must say. People get everything. */
static enum err check_intents(struct auth_job *a)
{
    if (!a->who.bot) {
        if (!a->has_intents)
            a->intents = INTENTS_DEFINED;
        return ERR_OK;
    }
    if (!a->has_intents)
        return ERR_GW_INVALID_INTENTS;
    static const struct {
        uint32_t intent;
        uint32_t flag;
    } PRIVILEGED[] = {
        {INTENT_GUILD_MEMBERS, APPLICATION_FLAG_GATEWAY_GUILD_MEMBERS},
        {INTENT_GUILD_PRESENCES, APPLICATION_FLAG_GATEWAY_PRESENCE},
        {INTENT_MESSAGE_CONTENT, APPLICATION_FLAG_GATEWAY_MESSAGE_CONTENT},
    };
    for (size_t i = 0; i < sizeof PRIVILEGED / sizeof PRIVILEGED[0]; i++) {
        if ((a->intents & PRIVILEGED[i].intent) != 0 &&
            (a->who.application_flags & PRIVILEGED[i].flag) == 0)
            return ERR_GW_DISALLOWED_INTENTS;
    }
    return ERR_OK;
}

static bool within_daily_limit(struct gw_conn *g, const struct principal *who)
{
    const struct gateway_options *o = &g->hub->gateway->options;
    if (!o->limits_enabled || !who->bot)
        return true;
    uint64_t key = ratelimit_key(RATELIMIT_IDENTIFY, who->user.v);
    return ratelimit_take(o->ratelimit, key, o->identifies_per_day, RATELIMIT_IDENTIFY_WINDOW_MS)
        .allowed;
}

static void auth_work(struct gw_job *j)
{
    struct auth_job *a = (struct auth_job *)j;
    j->err = account_authenticate(j->hub->gateway->options.core, a->token, -1, &a->who);
}

static void load_work(struct gw_job *j)
{
    struct session_load *l = (struct session_load *)j;
    j->err = session_snapshot_load(j->hub->gateway->options.core, &l->who, &j->arena, &l->snapshot);
}

static void load_done(struct gw_job *j);

/* False when memory is short. */
static bool start_load(struct session *s)
{
    struct session_load *l = gw_job_new(s->hub, sizeof *l, load_work, load_done);
    if (l == NULL)
        return false;
    l->session_key = s->key;
    l->who = s->who;
    gw_job_submit(&l->job, JOB_READ);
    return true;
}

/* The client must begin anew: nothing of this session is kept. */
static void fail(struct session *s, enum err why)
{
    if (s->conn != NULL)
        gw_conn_close(s->conn, why);
    session_free(s);
}

static void begin_session(struct gw_conn *g, struct auth_job *a)
{
    struct session *s = session_new(g->hub, &a->who);
    if (s == NULL) {
        gw_conn_close(g, ERR_NO_MEMORY);
        return;
    }
    s->intents = a->intents;
    s->shard_id = a->shard_id;
    s->shard_count = a->shard_count;
    s->large_threshold = a->large_threshold;
    s->version = g->version;
    session_attach(s, g);
    gw_conn_deadline(g, g->hub->gateway->options.heartbeat_interval_ms * 3 / 2);
    metrics_add(loop_metrics(g->hub->loop), METRIC_GATEWAY_IDENTIFIES, 1);
    if (!start_load(s))
        fail(s, ERR_NO_MEMORY);
}

static enum err auth_verdict(struct auth_job *a)
{
    if (a->job.err == ERR_UNAUTHORIZED)
        return ERR_GW_AUTHENTICATION_FAILED;
    return a->job.err != ERR_OK ? a->job.err : check_intents(a);
}

static void auth_done(struct gw_job *j)
{
    struct auth_job *a = (struct auth_job *)j;
    struct gw_conn *g = a->conn;
    if (g != NULL) {
        g->auth = NULL;
        enum err e = auth_verdict(a);
        if (e != ERR_OK) {
            gw_conn_close(g, e);
        } else if (!within_daily_limit(g, &a->who)) {
            g->state = GW_CONN_OPEN;
            gw_invalid_session(g, false);
        } else {
            begin_session(g, a);
        }
    }
    gw_job_free(j);
}

void gw_identify(struct gw_conn *g, const json_t *d)
{
    struct auth_job *a = gw_job_new(g->hub, sizeof *a, auth_work, auth_done);
    enum err e = a == NULL ? ERR_NO_MEMORY : parse_identify(d, a);
    if (e != ERR_OK) {
        if (a != NULL)
            gw_job_free(&a->job);
        gw_conn_close(g, e);
        return;
    }
    a->conn = g;
    g->auth = a;
    g->state = GW_CONN_IDENTIFYING;
    gw_job_submit(&a->job, JOB_READ);
}

void gw_identify_abandon(struct gw_conn *g)
{
    if (g->auth != NULL)
        g->auth->conn = NULL;
    g->auth = NULL;
}

void session_load_free(struct session *s)
{
    if (s->load != NULL)
        gw_job_free(&s->load->job);
    s->load = NULL;
}

static bool in_shard(const struct session *s, uint64_t guild_id)
{
    return (guild_id >> 22) % s->shard_count == s->shard_id;
}

/* Guilds that are not this shard's leave the snapshot. */
static void keep_shard(const struct session *s, struct session_snapshot *snap)
{
    size_t kept = 0;
    for (size_t i = 0; i < snap->membership_count; i++) {
        if (in_shard(s, snap->memberships[i].guild.v))
            snap->memberships[kept++] = snap->memberships[i];
    }
    snap->membership_count = kept;
}

/* Live at last: what the user's stream said meanwhile, after the stamp. May free s. */
static void go_live(struct session *s, uint64_t stamp)
{
    struct hub *h = s->hub;
    uint64_t key = s->key;
    struct event **held = s->held;
    uint32_t count = s->held_count;
    s->held = NULL;
    s->held_count = 0;
    s->stamp = stamp;
    s->state = SESSION_LIVE;
    for (uint32_t i = 0; i < count; i++) {
        if (map_get(&h->sessions, key) == s)
            session_user_event(s, held[i]);
        event_unref(&held[i]);
    }
    mem_free(MEM_GATEWAY, held);
}

static bool push_ready(struct session *s, const struct session_load *l)
{
    struct bytes *payload = ready_payload(s, l);
    if (payload == NULL)
        return false;
    session_push(s, payload);
    bytes_unref(&payload);
    if (s->conn != NULL) {
        mem_free(MEM_GATEWAY, s->conn->host);
        s->conn->host = NULL;
    }
    return true;
}

/* Links for every membership; false when memory is short. */
static bool link_all(struct session *s, const struct session_snapshot *snap)
{
    for (size_t i = 0; i < snap->membership_count; i++) {
        struct guild_link *l = guild_link_new(s, &snap->memberships[i]);
        if (l == NULL)
            return false;
        if (!s->ready_pending && guild_link_ready(l))
            guild_link_activate(l);
    }
    return true;
}

void session_try_ready(struct session *s)
{
    if (!s->ready_pending || s->load == NULL)
        return;
    for (uint32_t i = 0; i < s->link_count; i++) {
        if (!guild_link_ready(s->links[i]))
            return;
    }
    bool ok = true;
    for (uint32_t i = 0; i < s->link_count && ok; i++) {
        ok = s->links[i]->class != NULL || audience_join(s->links[i]);
        list_remove(&s->links[i]->waiting);
    }
    if (!ok || !push_ready(s, s->load)) {
        fail(s, ERR_NO_MEMORY);
        return;
    }
    s->ready_pending = false;
    for (uint32_t i = 0; i < s->link_count; i++)
        guild_link_forget_member(s->links[i]);
    uint64_t stamp = s->load->snapshot.user_position;
    session_load_free(s);
    go_live(s, stamp);
}

/* The snapshot is here: READY, and into the guilds. Takes over l. */
static void finish_load(struct session *s, struct session_load *l)
{
    uint64_t stamp = l->snapshot.user_position;
    s->load = l;
    keep_shard(s, &l->snapshot);
    if (l->snapshot.membership_count > SESSION_GUILDS_MAX) {
        fail(s, ERR_GW_SHARDING_REQUIRED);
        return;
    }
    s->ready_pending = !s->who.bot;
    if (s->who.bot && !push_ready(s, l)) {
        fail(s, ERR_NO_MEMORY);
        return;
    }
    if (!link_all(s, &l->snapshot)) {
        fail(s, ERR_NO_MEMORY);
        return;
    }
    if (s->ready_pending) {
        session_try_ready(s);
        return;
    }
    session_load_free(s);
    go_live(s, stamp);
}

static void load_again(struct session *s)
{
    s->retry_load = false;
    for (uint32_t i = 0; i < s->held_count; i++)
        event_unref(&s->held[i]);
    s->held_count = 0;
    if (!start_load(s))
        fail(s, ERR_NO_MEMORY);
}

static void load_done(struct gw_job *j)
{
    struct session_load *l = (struct session_load *)j;
    struct session *s = map_get(&j->hub->sessions, l->session_key);
    if (s == NULL) {
        gw_job_free(j);
        return;
    }
    if (j->err != ERR_OK) {
        enum err e = j->err == ERR_UNKNOWN_USER ? ERR_GW_AUTHENTICATION_FAILED : j->err;
        gw_job_free(j);
        fail(s, e);
        return;
    }
    /* More happened than could be held, or another session's newer snapshot started the feed: what
     * lies between is neither in this one nor held. */
    if (s->retry_load || l->snapshot.user_position < s->user->started_at) {
        gw_job_free(j);
        load_again(s);
        return;
    }
    if (s->user->feed.state == FEED_LOADING) {
        s->user->started_at = l->snapshot.user_position;
        feed_start(&s->user->feed, l->snapshot.user_position);
    }
    /* The feed may have brought a revocation of this session's token. */
    s = map_get(&j->hub->sessions, l->session_key);
    if (s == NULL)
        gw_job_free(j);
    else
        finish_load(s, l);
}

struct join_job {
    struct gw_job job; /* first */
    uint64_t session_key;
    uint32_t leaves; /* the session's, when this was asked for */
    struct user_id user;
    struct guild_id guild;
    struct membership membership;
};

static void join_work(struct gw_job *j)
{
    struct join_job *m = (struct join_job *)j;
    j->err = membership_load(j->hub->gateway->options.core, m->user, m->guild, &j->arena,
                             &m->membership);
}

static void join_done(struct gw_job *j)
{
    struct join_job *m = (struct join_job *)j;
    struct session *s = map_get(&j->hub->sessions, m->session_key);
    if (s != NULL && m->leaves != s->leaves) {
        session_join_guild(s, m->guild.v); /* perhaps left since it was read: read it again */
    } else if (s != NULL && j->err == ERR_OK && session_link(s, m->guild.v) == NULL) {
        struct guild_link *l = guild_link_new(s, &m->membership);
        if (l == NULL)
            fail(s, ERR_NO_MEMORY);
        else if (guild_link_ready(l))
            guild_link_activate(l);
    } else if (s != NULL && j->err != ERR_OK && j->err != ERR_UNKNOWN_MEMBER) {
        fail(s, j->err); /* a guild would be missing: begin anew */
    }
    gw_job_free(j);
}

void session_join_guild(struct session *s, uint64_t guild_id)
{
    if (session_link(s, guild_id) != NULL)
        return;
    struct join_job *m = gw_job_new(s->hub, sizeof *m, join_work, join_done);
    if (m == NULL) {
        fail(s, ERR_NO_MEMORY);
        return;
    }
    m->session_key = s->key;
    m->leaves = s->leaves;
    m->user = s->who.user;
    m->guild = (struct guild_id){guild_id};
    gw_job_submit(&m->job, JOB_READ);
}

/* The loop that a session id names; NULL if there is none. */
static struct hub *hub_of(struct gateway *g, struct slice id)
{
    if (id.len != SESSION_ID_LEN)
        return NULL;
    unsigned index = 0;
    for (size_t i = 0; i < 2; i++) {
        char c = id.data[i];
        if (c >= '0' && c <= '9')
            index = index * 16 + (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            index = index * 16 + (unsigned)(c - 'a' + 10);
        else
            return NULL;
    }
    return index < g->hub_count ? &g->hubs[index] : NULL;
}

static bool owns(const struct session *s, struct slice token)
{
    uint8_t hash[TOKEN_HASH_LEN];
    token_hash(without_prefix(token), hash);
    return memcmp(hash, s->who.token_hash, sizeof hash) == 0;
}

void gw_resume(struct gw_conn *g, struct slice token, struct slice session_id, uint64_t seq,
               struct slice text)
{
    struct hub *home = hub_of(g->hub->gateway, session_id);
    if (home != NULL && home != g->hub) {
        gw_conn_move(g, home, text);
        return;
    }
    struct session *s = home == NULL ? NULL : session_find(home, session_id);
    if (s == NULL || !owns(s, token)) {
        gw_invalid_session(g, false);
        return;
    }
    if (seq > s->replay.seq) {
        gw_conn_close(g, ERR_GW_INVALID_SEQ);
        return;
    }
    if (s->conn != NULL)
        gw_conn_close(s->conn, ERR_GW_UNKNOWN); /* one live connection a session: the newest */
    if (!replay_rewind(&s->replay, seq)) {
        session_free(s);
        gw_invalid_session(g, false);
        return;
    }
    replay_confirm(&s->replay, seq);
    session_attach(s, g);
    gw_conn_deadline(g, g->hub->gateway->options.heartbeat_interval_ms * 3 / 2);
    metrics_add(loop_metrics(g->hub->loop), METRIC_GATEWAY_RESUMES, 1);
    /* First what is owed, or RESUMED could pass the cap on unsent bytes, Resume after Resume. */
    session_flush(s);
    struct bytes *payload = resumed_payload(s);
    if (payload != NULL)
        session_push(s, payload);
    bytes_unref(&payload);
}
