/*
 * Rate limits of requests: which key a request counts against, and what is told about it. Without a
 * credential that is the peer's address; with one it is the account, together with the guild or
 * channel of the path (Discord's "major parameter"). Whoever is refused over and over, with bad
 * tokens say, is refused before any work is done.
 */

#include "api/api_priv.h"
#include "base/map.h"

enum {
    GLOBAL_WINDOW_MS = 1000,
    REFUSALS_MAX = 10000, /* docs, "Invalid Request Limit": 401, 403 and 429 in 10 minutes */
    REFUSALS_WINDOW_MS = 600000
};

#define BUCKET_GLOBAL "http.global"
#define BUCKET_REFUSED "http.refused"

/* FNV-1a, 64 bit: short inputs, and the limiter mixes the result with its own seed. */
static uint64_t hash_text(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *text != '\0'; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t address_of(const struct request *r)
{
    return hash_text(r->address);
}

static bool is_limited(const struct request *r)
{
    return r->api->o.limits_enabled && r->route != NULL && r->route->bucket != NULL;
}

/* The guild or channel of the path, as text: ids that are none get the same treatment. */
static uint64_t major_of(const struct request *r)
{
    static const char *const majors[] = {"guild_id", "channel_id"};
    for (size_t i = 0; i < sizeof majors / sizeof *majors; i++) {
        unsigned at = router_param_index(r->route->path, majors[i]);
        uint64_t id;
        if (at < r->match.param_count && slice_to_u64(r->match.params[at], &id))
            return id;
    }
    return 0;
}

static enum err refuse(struct request *r, enum request_limit which, struct ratelimit_verdict v)
{
    r->limit = which;
    r->verdict = v;
    metrics_add(r->api->o.metrics, METRIC_HTTP_RATE_LIMITED, 1);
    return ERR_RATE_LIMITED;
}

static enum err take(struct request *r, uint64_t subject)
{
    const struct api_options *o = &r->api->o;
    struct ratelimit_verdict all =
        ratelimit_take(o->ratelimit, ratelimit_key(BUCKET_GLOBAL, subject), o->requests_per_second,
                       GLOBAL_WINDOW_MS);
    if (!all.allowed)
        return refuse(r, REQUEST_LIMIT_GLOBAL, all);
    uint64_t major = major_of(r);
    uint64_t key = ratelimit_key(r->route->bucket, major != 0 ? map_hash(subject, major) : subject);
    struct ratelimit_verdict own =
        ratelimit_take(o->ratelimit, key, r->route->limit, r->route->window_ms);
    if (!own.allowed)
        return refuse(r, REQUEST_LIMIT_BUCKET, own);
    r->limit = REQUEST_LIMIT_WITHIN;
    r->verdict = own;
    return ERR_OK;
}

enum err limits_take_address(struct request *r)
{
    if (!is_limited(r))
        return ERR_OK;
    uint64_t address = address_of(r);
    struct ratelimit_verdict refused =
        ratelimit_peek(r->api->o.ratelimit, ratelimit_key(BUCKET_REFUSED, address), REFUSALS_MAX,
                       REFUSALS_WINDOW_MS);
    if (!refused.allowed)
        return refuse(r, REQUEST_LIMIT_GLOBAL, refused);
    return r->route->auth == ROUTE_AUTH_NONE ? take(r, address) : ERR_OK;
}

enum err limits_take_account(struct request *r)
{
    if (!is_limited(r) || r->route->auth == ROUTE_AUTH_NONE)
        return ERR_OK;
    return take(r, r->principal.user.v);
}

void limits_note_status(struct request *r)
{
    int status = r->x->status;
    if (!is_limited(r) || (status != 401 && status != 403 && status != 429))
        return;
    (void)ratelimit_take(r->api->o.ratelimit, ratelimit_key(BUCKET_REFUSED, address_of(r)),
                         REFUSALS_MAX, REFUSALS_WINDOW_MS);
}

uint64_t limits_bucket_hash(const char *bucket)
{
    return hash_text(bucket);
}

static void write_bucket(struct request *r, struct buf *head)
{
    const struct ratelimit_verdict *v = &r->verdict;
    int64_t reset_ms = request_now_ms(r) + (int64_t)v->reset_after_ms;
    buf_printf(head,
               "X-RateLimit-Limit: %u\r\nX-RateLimit-Remaining: %u\r\n"
               "X-RateLimit-Reset: %lld.%03lld\r\nX-RateLimit-Reset-After: %llu.%03llu\r\n"
               "X-RateLimit-Bucket: %016llx\r\n",
               v->limit, v->remaining, (long long)(reset_ms / 1000), (long long)(reset_ms % 1000),
               (unsigned long long)(v->reset_after_ms / 1000),
               (unsigned long long)(v->reset_after_ms % 1000),
               (unsigned long long)limits_bucket_hash(r->route->bucket));
    buf_append_cstr(head, "Access-Control-Expose-Headers: Retry-After, X-RateLimit-Limit, "
                          "X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Reset-After, "
                          "X-RateLimit-Bucket, X-RateLimit-Scope, X-RateLimit-Global, "
                          "X-Request-Id\r\n");
}

/* Whole seconds, rounded up and never 0: two libraries parse an integer, none should come early. */
static void write_refusal(const struct request *r, struct buf *head)
{
    uint64_t seconds = (r->verdict.reset_after_ms + 999) / 1000;
    bool global = r->limit == REQUEST_LIMIT_GLOBAL;
    buf_printf(head, "Retry-After: %llu\r\nX-RateLimit-Scope: %s\r\n",
               (unsigned long long)(seconds > 0 ? seconds : 1), global ? "global" : "user");
    if (global)
        buf_append_cstr(head, "X-RateLimit-Global: true\r\n");
}

void limits_write_headers(struct request *r)
{
    if (r->limit == REQUEST_LIMIT_WITHIN || r->limit == REQUEST_LIMIT_BUCKET)
        write_bucket(r, &r->x->head);
    if (r->limit == REQUEST_LIMIT_BUCKET || r->limit == REQUEST_LIMIT_GLOBAL)
        write_refusal(r, &r->x->head);
}
