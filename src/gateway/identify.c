/* Identify: who is it, what may they ask for. A worker finds out whose token it is; then the
 * session begins, and load.c reads what it needs. */
#include <string.h>

#include "core/accounts.h"
#include "gateway/gateway_priv.h"
#include "wire/json_read.h"

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
    struct slice text = gw_token(json_read_str(token));
    if (text.len > sizeof a->token)
        return ERR_GW_AUTHENTICATION_FAILED;
    memcpy(a->token, text.data, text.len);
    a->token_len = text.len;
    return ERR_OK;
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
