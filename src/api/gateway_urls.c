/* Where the gateway is. GET /gateway is the cheapest useful request there is, and is benchmarked:
 * it runs on its loop and allocates nothing beyond the exchange's own buffers. */

#include "api/api_priv.h"
#include "api/handlers.h"

static void kv_url(struct request *r, struct json_writer *w)
{
    char text[2 * API_URL_MAX];
    struct buf url = {.data = text, .cap = sizeof text, .max = sizeof text};
    request_write_url(r, &url, true);
    json_kv_str(w, "url", buf_slice(&url));
}

enum err route_gateway_url(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    kv_url(r, w);
    json_object_end(w);
    return ERR_OK;
}

static void session_limit(struct request *r, struct json_writer *w)
{
    const struct api_options *o = &r->api->o;
    uint32_t remaining = o->identifies_per_day;
    uint64_t reset_after_ms = 0;
    if (o->limits_enabled) {
        uint64_t key = ratelimit_key(RATELIMIT_IDENTIFY, r->principal.user.v);
        struct ratelimit_verdict v =
            ratelimit_peek(o->ratelimit, key, o->identifies_per_day, RATELIMIT_IDENTIFY_WINDOW_MS);
        remaining = v.remaining;
        reset_after_ms = v.reset_after_ms;
    }
    json_key(w, "session_start_limit");
    json_object_begin(w);
    json_kv_u64(w, "total", o->identifies_per_day);
    json_kv_u64(w, "remaining", remaining);
    json_kv_u64(w, "reset_after", reset_after_ms);
    json_kv_u64(w, "max_concurrency", o->identify_concurrency > 0 ? o->identify_concurrency : 1);
    json_object_end(w);
}

enum err route_gateway_url_bot(struct request *r)
{
    struct json_writer *w = reply_json(r);
    json_object_begin(w);
    kv_url(r, w);
    json_kv_u64(w, "shards", 1);
    session_limit(r, w);
    json_object_end(w);
    return ERR_OK;
}
