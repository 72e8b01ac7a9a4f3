/* Identify: who is it, what may they ask for. A worker finds out whose token it is; then the
 * session begins, and load.c reads what it needs. */
#include <string.h>

#include "core/accounts.h"
#include "gateway/gateway_priv.h"
#include "gateway/presence.h"
#include "wire/json_read.h"

enum { LARGE_THRESHOLD_MIN = 50, LARGE_THRESHOLD_MAX = 250 }; /* docs */

struct auth_job {
    struct gw_job job;    /* first */
    struct gw_conn *conn; /* NULL when the connection went away meanwhile */
    /* Here and not in the arena: thousands may identify at once, and a block each would be a peak.
     */
    char token[TOKEN_TEXT_MAX];
    size_t token_len;
    struct principal who;
    bool has_intents;
    uint32_t intents;
    uint32_t shard_id;
    uint32_t shard_count;
    uint32_t large_threshold;
    uint64_t capabilities;
    /* For the presence; small, unlike the whole Identify. */
    json_t *properties;
    json_t *presence;
};

struct slice gw_token(struct slice token)
{
    static const char *const prefixes[] = {"Bot ", "Bearer "};
    for (size_t i = 0; i < 2; i++) {
        struct slice p = slice_from(prefixes[i]);
        if (slice_starts_with(token, p))
            return slice_of(token.data + p.len, token.len - p.len);
    }
    return token;
}

/* The fields of an Identify that must have a type, if they are there and not null. Those of shard
 * and of the presence are judged where they are read; anything else is let through. */
static const struct identify_field {
    const char *name;
    unsigned types; /* bits 1 << json_type */
    bool required;
} FIELDS[] = {
    {"token", 1U << JSON_STRING, true},
    {"properties", 1U << JSON_OBJECT, true}, /* os, browser, device; or $os ... */
    {"intents", 1U << JSON_INTEGER, false},  /* bots: see check_intents */
    /* The server may compress single frames; it does not. oceanic.js names its transport here. */
    {"compress", 1U << JSON_TRUE | 1U << JSON_FALSE | 1U << JSON_STRING, false},
    {"large_threshold", 1U << JSON_INTEGER, false},
    {"presence", 1U << JSON_OBJECT, false},
    {"capabilities", 1U << JSON_INTEGER, false},
    {"client_state", 1U << JSON_OBJECT,
     false}, /* what a person's client has kept; we send it all */
};

static bool well_typed(const json_t *d)
{
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        const json_t *v = json_object_get(d, FIELDS[i].name);
        bool absent = v == NULL || json_is_null(v);
        if (absent ? FIELDS[i].required : (FIELDS[i].types & 1U << json_typeof(v)) == 0)
            return false;
    }
    return true;
}

static enum err parse_shard(const json_t *shard, struct auth_job *a)
{
    a->shard_count = 1;
    if (shard == NULL || json_is_null(shard))
        return ERR_OK;
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
    return ERR_OK;
}

static enum err parse_intents(const json_t *intents, struct auth_job *a)
{
    if (!json_is_integer(intents))
        return ERR_OK;
    json_int_t bits = json_integer_value(intents);
    if (bits < 0 || (bits & ~(json_int_t)INTENTS_DEFINED) != 0)
        return ERR_GW_INVALID_INTENTS;
    a->has_intents = true;
    a->intents = (uint32_t)bits;
    return ERR_OK;
}

static uint32_t large_threshold(const json_t *large)
{
    json_int_t n = json_is_integer(large) ? json_integer_value(large) : LARGE_THRESHOLD_MIN;
    if (n < LARGE_THRESHOLD_MIN)
        return LARGE_THRESHOLD_MIN;
    return n > LARGE_THRESHOLD_MAX ? LARGE_THRESHOLD_MAX : (uint32_t)n;
}

static enum err parse_identify(const json_t *d, struct auth_job *a)
{
    if (!well_typed(d))
        return ERR_GW_DECODE;
    enum err e = parse_intents(json_object_get(d, "intents"), a);
    if (e == ERR_OK)
        e = parse_shard(json_object_get(d, "shard"), a);
    if (e != ERR_OK)
        return e;
    struct slice text = gw_token(json_read_str(json_object_get(d, "token")));
    if (text.len > sizeof a->token)
        return ERR_GW_AUTHENTICATION_FAILED;
    memcpy(a->token, text.data, text.len);
    a->token_len = text.len;
    a->large_threshold = large_threshold(json_object_get(d, "large_threshold"));
    a->capabilities = (uint64_t)json_integer_value(json_object_get(d, "capabilities"));
    a->properties = json_incref(json_object_get(d, "properties"));
    a->presence = json_incref(json_object_get(d, "presence"));
    return ERR_OK;
}

static void auth_free(struct auth_job *a)
{
    json_decref(a->properties);
    json_decref(a->presence);
    gw_job_free(&a->job);
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

static bool take(struct gw_conn *g, const char *bucket, uint64_t subject, uint32_t limit,
                 uint64_t window_ms)
{
    uint64_t key = ratelimit_key(bucket, subject);
    return ratelimit_take(g->hub->gateway->options.ratelimit, key, limit, window_ms).allowed;
}

/* One in 5 s for each shard_id % max_concurrency, and so many a day. What the first refuses does
 * not count for the second. */
static bool within_start_limit(struct gw_conn *g, const struct auth_job *a)
{
    const struct gateway_options *o = &g->hub->gateway->options;
    if (!o->limits_enabled || !a->who.bot)
        return true;
    uint64_t user = a->who.user.v;
    uint32_t place = o->identify_concurrency > 0 ? a->shard_id % o->identify_concurrency : 0;
    uint64_t bucket = ratelimit_key(RATELIMIT_IDENTIFY, user) + place;
    return take(g, RATELIMIT_IDENTIFY_PLACE, bucket, 1, RATELIMIT_IDENTIFY_PLACE_WINDOW_MS) &&
           take(g, RATELIMIT_IDENTIFY, user, o->identifies_per_day, RATELIMIT_IDENTIFY_WINDOW_MS);
}

/* Of all loops; two that begin at the same moment on different ones may both be the last. */
static bool within_sessions(struct gw_conn *g, const struct principal *who)
{
    const struct gateway_options *o = &g->hub->gateway->options;
    return !o->limits_enabled || o->sessions_per_user == 0 ||
           counts_get(g->hub->gateway->live, who->user.v) < o->sessions_per_user;
}

/* Bots come again later, with what they have; people are told which it is (4015 is for them only).
 */
static void refuse_start(struct gw_conn *g, bool bot)
{
    if (!bot) {
        gw_conn_close(g, ERR_GW_TOO_MANY_SESSIONS);
        return;
    }
    g->state = GW_CONN_OPEN;
    gw_invalid_session(g, false);
}

static void auth_work(struct gw_job *j)
{
    struct auth_job *a = (struct auth_job *)j;
    j->err = account_authenticate(j->hub->gateway->options.core, slice_of(a->token, a->token_len),
                                  -1, &a->who);
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
    s->capabilities = a->capabilities;
    enum err e = presence_sit(s, a->properties, a->presence);
    if (e != ERR_OK) {
        session_free(s);
        gw_conn_close(g, e);
        return;
    }
    session_attach(s, g);
    gw_conn_deadline(g, g->hub->gateway->options.heartbeat_interval_ms * 3 / 2);
    metrics_add(loop_metrics(g->hub->loop), METRIC_GATEWAY_IDENTIFIES, 1);
    if (!session_start_load(s))
        session_end(s, ERR_NO_MEMORY);
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
        } else if (!within_sessions(g, &a->who) || !within_start_limit(g, a)) {
            refuse_start(g, a->who.bot);
        } else {
            begin_session(g, a);
        }
    }
    auth_free(a);
}

void gw_identify(struct gw_conn *g, const json_t *d)
{
    struct auth_job *a = gw_job_new(g->hub, sizeof *a, auth_work, auth_done);
    enum err e = a == NULL ? ERR_NO_MEMORY : parse_identify(d, a);
    if (e != ERR_OK) {
        if (a != NULL)
            auth_free(a);
        gw_conn_close(g, e);
        return;
    }
    a->conn = g;
    g->auth = a;
    g->state = GW_CONN_IDENTIFYING;
    /* It has said in time who it is; how long it takes to find that out is not its doing. */
    gw_conn_deadline(g, g->hub->gateway->options.heartbeat_interval_ms * 3 / 2);
    gw_job_submit(&a->job, JOB_READ);
}

void gw_identify_abandon(struct gw_conn *g)
{
    if (g->auth != NULL)
        g->auth->conn = NULL;
    g->auth = NULL;
}
